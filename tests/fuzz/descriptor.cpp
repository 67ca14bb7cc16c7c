// SPDX-License-Identifier: Apache-2.0
// The descriptor of a section: read again as the same value; its audience ascends, without repeats.
#include <algorithm>

#include "bus/message/envelope.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    check_again(input, message::parse_descriptor, message::encode_descriptor);
    const auto descriptor = message::parse_descriptor(input);
    if (!descriptor) return;
    CHECK(input.size() <= message::kDescriptorBytesMax);
    CHECK(is_name(descriptor->name));
    CHECK(descriptor->audience.size() <= message::kAudienceMax);
    CHECK(std::ranges::is_sorted(descriptor->audience, std::ranges::less_equal()));
    CHECK(descriptor->chunk_count <= message::kChunksMax);
    CHECK(descriptor->sealed_to.size() <= message::kSealedToMax);
}

const Registered registered({"descriptor", run, message::kDescriptorBytesMax + 64, alter_flat});

}  // namespace
}  // namespace lienthong::fuzz
