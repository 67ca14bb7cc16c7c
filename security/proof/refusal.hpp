// SPDX-License-Identifier: Apache-2.0
// Refusals: what the broker signs when it refuses a batch for good, so that a node gives its
// messages up on a word that it can show, and on no other.
#pragma once

#include "bus/base/bytes.hpp"
#include "bus/base/error.hpp"
#include "bus/base/ids.hpp"

namespace lienthong::proof {

struct Refusal {
    BusId bus{};
    AgencyId agency{};  // whose node asked
    std::uint64_t stream = 0;
    std::uint64_t first = 0;  // number of the first message
    std::uint32_t count = 0;
    Hash batch{};  // SHA-256 of the data frame, as it was sent
    Code code = Code::forbidden;
    Millis time = 0;
};

// The bytes that the log key signs: label, suite, then the fields in their order.
Bytes encode_refusal(const Refusal& refusal);

}  // namespace lienthong::proof
