// SPDX-License-Identifier: Apache-2.0
#include "bus/core/case_machine.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace lienthong::core {
namespace {

using enum CaseState;
using message::Kind;

struct StateName {
    CaseState state;
    std::string_view name;
};

constexpr auto kStates = std::to_array<StateName>({
    {none, "none"},
    {received, "received"},
    {notified, "notified"},
    {initial_check, "initial-check"},
    {verification_requested, "verification-requested"},
    {acknowledged, "acknowledged"},
    {information_requested, "information-requested"},
    {in_verification, "in-verification"},
    {extended, "extended"},
    {result_confirmed, "confirmed"},
    {result_not_a_victim, "not-a-victim"},
    {result_insufficient, "insufficient-grounds"},
    {result_withdrawn, "withdrawn"},
    {result_transferred, "transferred"},
    {result_duplicate, "duplicate"},
    {certified, "certified"},
    {support_referred, "support-referred"},
    {in_support, "in-support"},
});

bool any_of(CaseState state, std::initializer_list<CaseState> allowed) {
    return std::ranges::find(allowed, state) != allowed.end();
}

std::optional<CaseState> to_if(bool allowed, CaseState next) {
    return allowed ? std::optional(next) : std::nullopt;
}

CaseState result_state(message::Outcome outcome) {
    switch (outcome) {
        case message::Outcome::confirmed:
            return result_confirmed;
        case message::Outcome::not_a_victim:
            return result_not_a_victim;
        case message::Outcome::insufficient_grounds:
            return result_insufficient;
        case message::Outcome::withdrawn:
            return result_withdrawn;
        case message::Outcome::transferred:
            return result_transferred;
        case message::Outcome::duplicate:
            return result_duplicate;
        case message::Outcome::none:
            break;
    }
    return none;
}

bool under_verification(CaseState state) {
    return any_of(state, {acknowledged, information_requested, in_verification, extended});
}

}  // namespace

std::string_view name(CaseState state) {
    const auto* found = std::ranges::find(kStates, state, &StateName::state);
    return found == kStates.end() ? std::string_view("none") : found->name;
}

std::optional<CaseState> maybe_case_state(std::uint8_t number) {
    const auto* found =
        std::ranges::find(kStates, static_cast<CaseState>(number), &StateName::state);
    if (found == kStates.end()) return std::nullopt;
    return found->state;
}

std::optional<CaseState> maybe_next(CaseState from, Kind kind, const message::CaseFacts& facts) {
    switch (kind) {
        case Kind::intake_record:
            return to_if(from == none && facts.opens, received);
        case Kind::commune_notice:
            return to_if(from == received, notified);
        case Kind::initial_check:
            return to_if(from == notified, initial_check);
        case Kind::verification_request:
            return to_if(any_of(from, {initial_check, result_insufficient}),
                         verification_requested);
        case Kind::verification_acknowledgement:
            return to_if(from == verification_requested, acknowledged);
        case Kind::information_request:
            return to_if(under_verification(from), information_requested);
        case Kind::information_reply:
            return to_if(from == information_requested, in_verification);
        case Kind::verification_extension:
            return to_if(under_verification(from), extended);
        case Kind::verification_result: {
            const CaseState next = result_state(facts.outcome);
            return to_if(under_verification(from) && next != none, next);
        }
        case Kind::victim_certificate:
            return to_if(from == result_confirmed, certified);
        case Kind::support_referral:
            return to_if(any_of(from, {certified, support_referred, in_support}),
                         from == in_support ? in_support : support_referred);
        case Kind::shelter_intake:
            return to_if(from == support_referred,
                         facts.answer == message::Answer::accepted ? in_support : support_referred);
        case Kind::handover_record:
        case Kind::consent:
        case Kind::correction:
            return to_if(from != none, from);
        default:
            return std::nullopt;
    }
}

bool moves_case(Kind kind) {
    switch (kind) {
        case Kind::handover_record:
        case Kind::consent:
        case Kind::correction:
            return false;
        default:
            return true;
    }
}

}  // namespace lienthong::core
