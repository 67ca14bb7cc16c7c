// SPDX-License-Identifier: Apache-2.0
// The inside of a sealed section, after it was opened: a sender may have sealed anything. What is
// written again has the size of a size class.
#include <bit>

#include "bus/message/envelope.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    check_again(input, message::parse_sealed_body, message::encode_sealed_body);
    const auto body = message::parse_sealed_body(input);
    if (!body) return;
    CHECK(body->plaintext.size() <= input.size());
    CHECK(body->audience.size() <= message::kAudienceMax);
    const std::size_t size = message::encode_sealed_body(*body).size();
    constexpr std::size_t kStep = 16 * 1024;
    CHECK(size >= 1024 && (size < kStep ? std::has_single_bit(size) : size % kStep == 0));
}

const Registered registered({"sealed_body", run, 32 * 1024, alter_flat});

}  // namespace
}  // namespace lienthong::fuzz
