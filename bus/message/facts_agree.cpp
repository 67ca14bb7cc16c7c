// SPDX-License-Identifier: Apache-2.0
#include "bus/message/facts_agree.hpp"

#include <string>
#include <utility>

#include "bus/message/flat.hpp"
#include "schemas/procedure_messages_generated.h"

namespace lienthong::message {
namespace {

constexpr std::size_t kConsentAgenciesMax = 64;

// The codes of facts.hpp and of schemas/facts.fbs have the same numbers.
template <class Ours, class Flat>
bool same(Ours ours, Flat flat) {
    return std::to_underlying(ours) == std::to_underlying(flat);
}

Result<void> require(bool agrees, std::string_view path) {
    if (agrees) return {};
    return fail(Code::malformed_section, "contradicts the facts", std::string(path));
}

template <class Root>
const Root& root_of(const AlignedCopy& aligned) {
    return *flatbuffers::GetRoot<Root>(aligned.view().data());
}

Result<void> consent_agrees(const CaseFacts& facts, const fb::Consent& consent) {
    if (auto state = require(same(facts.consent, consent.state()), "consent.state"); !state) {
        return state;
    }
    const auto agencies = maybe_agencies(consent.agencies(), 1, kConsentAgenciesMax);
    return require(agencies && *agencies == facts.consent_for, "consent.agencies");
}

}  // namespace

Result<void> facts_agree(Kind kind,
                         const CaseFacts& facts,
                         std::string_view section,
                         BytesView plaintext) {
    // No copy of what is not compared: sections may be large.
    const bool compared =
        section == "result" || section == "outcome" || section == "intake" || section == "consent";
    if (!compared) return {};
    const AlignedCopy aligned(plaintext);
    if (kind == Kind::verification_result && section == "result") {
        return require(same(facts.outcome, root_of<fb::VerificationResult>(aligned).outcome()),
                       "result.outcome");
    }
    if (section == "outcome") {
        const fb::Outcome told = root_of<fb::OutcomeNotice>(aligned).outcome();
        // The broker takes a certificate only where the newest result confirmed, so there is one
        // outcome that it can repeat; its facts name none.
        if (kind == Kind::victim_certificate && told != fb::Outcome::confirmed) {
            return fail(Code::malformed_section,
                        "a certificate says the outcome of its result: confirmed",
                        "outcome.outcome");
        }
        const bool names = kind == Kind::verification_result || facts.outcome != Outcome::none;
        return require(!names || same(facts.outcome, told), "outcome.outcome");
    }
    if (kind == Kind::shelter_intake && section == "intake") {
        return require(same(facts.answer, root_of<fb::Intake>(aligned).answer()), "intake.answer");
    }
    if (kind == Kind::consent && section == "consent") {
        return consent_agrees(facts, root_of<fb::Consent>(aligned));
    }
    return {};
}

}  // namespace lienthong::message
