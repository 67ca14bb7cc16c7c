// SPDX-License-Identifier: Apache-2.0
// CaseFacts: what the broker must know of a message to run a case. No names, no document numbers.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"
#include "bus/message/kind.hpp"

namespace lienthong::message {

enum class Outcome : std::uint8_t {
    none = 0,
    confirmed = 1,
    not_a_victim = 2,
    insufficient_grounds = 3,
    withdrawn = 4,
    transferred = 5,
    duplicate = 6,
};
enum class ConsentState : std::uint8_t { none = 0, given = 1, withdrawn = 2 };
enum class Answer : std::uint8_t { none = 0, accepted = 1, declined = 2 };

struct CaseFacts {
    bool opens = false;
    std::vector<AgencyId> parties;
    AgencyId holder;
    Millis due = 0;
    Outcome outcome = Outcome::none;
    ConsentState consent = ConsentState::none;
    std::vector<AgencyId> consent_for;
    Answer answer = Answer::none;
    std::uint16_t persons = 0;
    bool capacity_yes = false;
    std::uint16_t adult_count = 0;
    std::uint16_t minor_count = 0;
    std::array<std::uint8_t, 16> opening_nonce{};  // with `opens`; the case id is made of it
    std::uint16_t capacity_normal = 0;             // of a shelter
    std::uint16_t capacity_max = 0;
    bool operator==(const CaseFacts&) const = default;
};

inline constexpr std::size_t kFactsBytesMax = 4096;
Bytes encode_facts(const CaseFacts& facts);
Result<CaseFacts> parse_facts(BytesView bytes);  // malformed_section, oversized

// Whether a message of this kind may say these facts: each kind has its own fields, so that nothing
// but a consent gives consent, nothing but a result an outcome. malformed_section, with the field
// in `where`.
Result<void> check_facts(Kind kind, const CaseFacts& facts);

}  // namespace lienthong::message
