// SPDX-License-Identifier: Apache-2.0
// The header of a message: what parses is written and read again as the same value, in its limits.
#include "bus/message/envelope.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    check_again(input, message::parse_header, message::encode_header);
    const auto header = message::parse_header(input);
    if (!header) return;
    CHECK(input.size() <= message::kHeaderBytesMax);
    CHECK(is_name(header->bus.text()) && is_name(header->sender.text()));
    CHECK(message::maybe_kind(static_cast<std::uint16_t>(header->kind)).has_value());
    CHECK(header->commitments.size() <= message::kSectionsMax);
}

const Registered registered({"header", run, message::kHeaderBytesMax + 64, alter_flat});

}  // namespace
}  // namespace lienthong::fuzz
