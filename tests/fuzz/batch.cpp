// SPDX-License-Identifier: Apache-2.0
// A batch as it travels, and each header and descriptor inside: what parses is written and read
// again, and holds no more bytes than the frame gave.
#include "bus/message/envelope.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    check_again(input, message::parse_batch, message::encode_batch);
    const auto batch = message::parse_batch(input);
    if (!batch) return;
    CHECK(!batch->envelopes.empty() && batch->envelopes.size() <= message::kBatchMessagesMax);
    std::size_t copied = batch->proof.size();
    for (const message::Envelope& envelope : batch->envelopes) {
        copied += envelope.header.size();
        for (const message::Section& section : envelope.sections) {
            copied += section.descriptor.size() + section.body.size();
            judge(section.descriptor,
                  [](BytesView b) { return error_of(message::parse_descriptor(b)); });
        }
        judge(envelope.header, [](BytesView b) { return error_of(message::parse_header(b)); });
    }
    CHECK(copied <= input.size());
}

const Registered registered({"batch", run, 64 * 1024, alter_flat});

}  // namespace
}  // namespace lienthong::fuzz
