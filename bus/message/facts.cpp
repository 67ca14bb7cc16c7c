// SPDX-License-Identifier: Apache-2.0
#include "bus/message/facts.hpp"

#include <algorithm>

#include "bus/message/flat.hpp"
#include "schemas/facts_generated.h"

namespace lienthong::message {
namespace {

constexpr std::size_t kPartiesMax = 64;
using flatbuffers::FlatBufferBuilder;
using Names = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

flatbuffers::Offset<Names> write(FlatBufferBuilder& builder, const std::vector<AgencyId>& names) {
    if (names.empty()) return {};
    std::vector<flatbuffers::Offset<flatbuffers::String>> flat;
    flat.reserve(names.size());
    for (const AgencyId& name : names) flat.push_back(builder.CreateString(name.text()));
    return builder.CreateVector(flat);
}

// In the order given, once each.
std::optional<std::vector<AgencyId>> maybe_parties(const Names* names) {
    std::vector<AgencyId> parties;
    const std::size_t count = names == nullptr ? 0 : names->size();
    if (count > kPartiesMax) return std::nullopt;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::string_view name = text_of(names->Get(i));
        if (!is_name(name)) return std::nullopt;
        for (const AgencyId& before : parties) {
            if (before.text() == name) return std::nullopt;
        }
        parties.push_back(AgencyId::of(name));
    }
    return parties;
}

std::optional<Outcome> maybe_outcome(fb::Outcome outcome) {
    switch (outcome) {
        case fb::Outcome::none:
            return Outcome::none;
        case fb::Outcome::confirmed:
            return Outcome::confirmed;
        case fb::Outcome::not_a_victim:
            return Outcome::not_a_victim;
        case fb::Outcome::insufficient_grounds:
            return Outcome::insufficient_grounds;
        case fb::Outcome::withdrawn:
            return Outcome::withdrawn;
        case fb::Outcome::transferred:
            return Outcome::transferred;
        case fb::Outcome::duplicate:
            return Outcome::duplicate;
    }
    return std::nullopt;
}

std::optional<ConsentState> maybe_consent(fb::ConsentState consent) {
    switch (consent) {
        case fb::ConsentState::none:
            return ConsentState::none;
        case fb::ConsentState::given:
            return ConsentState::given;
        case fb::ConsentState::withdrawn:
            return ConsentState::withdrawn;
    }
    return std::nullopt;
}

std::optional<Answer> maybe_answer(fb::Answer answer) {
    switch (answer) {
        case fb::Answer::none:
            return Answer::none;
        case fb::Answer::accepted:
            return Answer::accepted;
        case fb::Answer::declined:
            return Answer::declined;
    }
    return std::nullopt;
}

}  // namespace

Bytes encode_facts(const CaseFacts& facts) {
    FlatBufferBuilder builder(512);
    const auto parties = write(builder, facts.parties);
    const auto consent_for = write(builder, facts.consent_for);
    flatbuffers::Offset<flatbuffers::String> holder;
    if (!facts.holder.empty()) holder = builder.CreateString(facts.holder.text());
    flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> nonce;
    if (facts.opens) {
        nonce = builder.CreateVector(facts.opening_nonce.data(), facts.opening_nonce.size());
    }
    builder.Finish(fb::CreateCaseFacts(builder,
                                       facts.opens,
                                       parties,
                                       holder,
                                       facts.due,
                                       fb::Outcome{static_cast<std::uint8_t>(facts.outcome)},
                                       fb::ConsentState{static_cast<std::uint8_t>(facts.consent)},
                                       consent_for,
                                       fb::Answer{static_cast<std::uint8_t>(facts.answer)},
                                       facts.persons,
                                       facts.capacity_yes,
                                       facts.adult_count,
                                       facts.minor_count,
                                       nonce,
                                       facts.capacity_normal,
                                       facts.capacity_max));
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

Result<CaseFacts> parse_facts(BytesView bytes) {
    const auto bad = [](std::string_view field) {
        return fail(
            Code::malformed_section, "not what the facts of a case may hold", std::string(field));
    };
    if (bytes.size() > kFactsBytesMax) return fail(Code::oversized, {}, "facts");
    const AlignedCopy aligned(bytes);
    if (verify_root<fb::CaseFacts, flatbuffers::Verifier>(aligned.view(), kTablesMax) !=
        Verdict::ok) {
        return bad("facts");
    }
    const auto& flat = *flatbuffers::GetRoot<fb::CaseFacts>(aligned.view().data());
    CaseFacts facts;
    facts.opens = flat.opens();
    auto parties = maybe_parties(flat.parties());
    if (!parties) return bad("parties");
    facts.parties = std::move(*parties);
    if (flat.holder() != nullptr) {
        if (!is_name(text_of(flat.holder()))) return bad("holder");
        facts.holder = AgencyId::of(text_of(flat.holder()));
    }
    facts.due = flat.due();
    if (facts.due < 0 || facts.due > kMillisMax) return bad("due");
    const auto outcome = maybe_outcome(flat.outcome());
    if (!outcome) return bad("outcome");
    facts.outcome = *outcome;
    const auto consent = maybe_consent(flat.consent());
    if (!consent) return bad("consent");
    facts.consent = *consent;
    auto consent_for = maybe_parties(flat.consent_for());
    if (!consent_for) return bad("consent_for");
    facts.consent_for = std::move(*consent_for);
    if (facts.consent == ConsentState::none && !facts.consent_for.empty()) {
        return bad("consent_for");
    }
    const auto answer = maybe_answer(flat.answer());
    if (!answer) return bad("answer");
    facts.answer = *answer;
    facts.persons = flat.persons();
    facts.capacity_yes = flat.capacity_yes();
    facts.adult_count = flat.adult_count();
    facts.minor_count = flat.minor_count();
    const auto* nonce = flat.opening_nonce();
    if (facts.opens != (nonce != nullptr)) return bad("opening_nonce");
    if (nonce != nullptr) {
        if (nonce->size() != facts.opening_nonce.size()) return bad("opening_nonce");
        std::ranges::copy(*nonce, facts.opening_nonce.begin());
    }
    facts.capacity_normal = flat.capacity_normal();
    facts.capacity_max = flat.capacity_max();
    if (facts.capacity_normal > facts.capacity_max) return bad("capacity_normal");
    return facts;
}

}  // namespace lienthong::message
