// SPDX-License-Identifier: Apache-2.0
// The steps of a verification: which message moves a case from where to where. This table stands in
// for the procedure document that a later version adopts like a policy; decide() and apply() ask
// only the functions below.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bus/message/facts.hpp"
#include "bus/message/kind.hpp"

namespace lienthong::core {

// Stored by number: append only.
enum class CaseState : std::uint8_t {
    none = 0,
    received = 1,
    notified = 2,
    initial_check = 3,
    verification_requested = 4,
    acknowledged = 5,
    information_requested = 6,
    in_verification = 7,
    extended = 8,
    result_confirmed = 9,
    result_not_a_victim = 10,
    result_insufficient = 11,
    result_withdrawn = 12,
    result_transferred = 13,
    result_duplicate = 14,
    certified = 15,
    support_referred = 16,
    in_support = 17,
};

std::string_view name(CaseState state);  // "verification-requested"
std::optional<CaseState> maybe_case_state(std::uint8_t number);

// Where the message would lead from `from`; nothing if the step is not allowed there. A kind that
// moves nothing (consent, handover, correction) leads to where the case stands.
std::optional<CaseState> maybe_next(CaseState from,
                                    message::Kind kind,
                                    const message::CaseFacts& facts);

// Whether the kind changes the state and so must know the newest version of the case.
bool moves_case(message::Kind kind);

}  // namespace lienthong::core
