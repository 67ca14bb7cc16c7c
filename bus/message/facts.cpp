// SPDX-License-Identifier: Apache-2.0
#include "bus/message/facts.hpp"

#include <algorithm>
#include <array>

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

// The fields of the facts, for the table of which kind may say what.
enum Field : std::uint16_t {
    kOpens = 1 << 0,
    kParties = 1 << 1,
    kHolder = 1 << 2,
    kDue = 1 << 3,
    kOutcome = 1 << 4,
    kConsent = 1 << 5,
    kAnswer = 1 << 6,
    kPersons = 1 << 7,
    kYes = 1 << 8,
    kCounts = 1 << 9,
    kCapacity = 1 << 10,
};

// What every step of a case may say: who joins, who has the next duty until when, how many persons
// it is about.
constexpr std::uint16_t kStep = kParties | kHolder | kDue | kPersons | kCounts;

std::uint16_t fields_of(Kind kind) {
    switch (kind) {
        case Kind::shelter_capacity:
            return kCapacity;
        case Kind::intake_record:
            return kStep | kOpens;
        case Kind::verification_result:
            return kStep | kOutcome;
        case Kind::consent:
            return kParties | kConsent;
        case Kind::correction:
            return kParties | kCounts;
        case Kind::shelter_intake:
            return kStep | kAnswer | kYes;
        case Kind::commune_notice:
        case Kind::handover_record:
        case Kind::initial_check:
        case Kind::verification_request:
        case Kind::verification_acknowledgement:
        case Kind::information_request:
        case Kind::information_reply:
        case Kind::verification_extension:
        case Kind::victim_certificate:
        case Kind::support_referral:
            return kStep;
        default:
            return 0;  // the kind has no facts
    }
}

struct Said {
    std::uint16_t field;
    bool said;
    std::string_view name;
};

}  // namespace

Result<void> check_facts(Kind kind, const CaseFacts& facts) {
    const auto bad = [](std::string_view field) {
        return fail(
            Code::malformed_section, "not what this kind may say of a case", std::string(field));
    };
    const auto all = std::to_array<Said>({
        {kOpens, facts.opens, "opens"},
        {kParties, !facts.parties.empty(), "parties"},
        {kHolder, !facts.holder.empty(), "holder"},
        {kDue, facts.due != 0, "due"},
        {kOutcome, facts.outcome != Outcome::none, "outcome"},
        {kConsent, facts.consent != ConsentState::none, "consent"},
        {kConsent, !facts.consent_for.empty(), "consent_for"},
        {kAnswer, facts.answer != Answer::none, "answer"},
        {kPersons, facts.persons != 0, "persons"},
        {kYes, facts.capacity_yes, "capacity_yes"},
        {kCounts, facts.adult_count != 0, "adult_count"},
        {kCounts, facts.minor_count != 0, "minor_count"},
        {kCapacity, facts.capacity_normal != 0, "capacity_normal"},
        {kCapacity, facts.capacity_max != 0, "capacity_max"},
    });
    const std::uint16_t allowed = fields_of(kind);
    for (const Said& one : all) {
        if (one.said && (allowed & one.field) == 0) return bad(one.name);
    }
    // An acceptance of nobody would fit any shelter.
    if (facts.answer == Answer::accepted && facts.persons == 0) return bad("persons");
    return {};
}

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
