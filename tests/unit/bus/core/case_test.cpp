// SPDX-License-Identifier: Apache-2.0
// Cases: the steps of a verification, capacity of the shelter, and that who is no party learns
// nothing, not even that a case exists.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/small_log.hpp"

namespace lienthong::core {
namespace {

using message::Kind;
using test::case_draft;
using test::SmallLog;
using test::world;

class Cases : public testing::Test {
  protected:
    // The receipt as the sender sees it, but for what names the message itself.
    static std::string seen(const test::Answer<message::Receipt>& answer) {
        if (!answer) return std::string(info(answer.error().code).name) + answer.error().where;
        std::string text;
        for (const auto& verdict : answer->verdicts) {
            text += verdict.refused ? std::string(info(*verdict.refused).name) : "accepted";
            text += "(" + verdict.grant_missing + ")";
        }
        text += " parties=" + std::to_string(answer->case_parties.size());
        text += " consented=" + std::to_string(answer->consented.size());
        return text;
    }
    // A message to this case by an agency that believes it may speak there.
    test::Answer<message::Receipt> speak(std::string_view slug, Kind kind, const CaseId& case_id) {
        const node::Draft draft = case_draft(kind, case_id);
        node::Scene scene = log.scene(slug, node::Draft{});
        scene.knowledge = {{1, 1, Hash{}}, world().ids({"border-guard", "police"}), {}};
        const std::uint64_t stream = log.new_stream();
        return log.offer(slug, stream, 1, {log.compose(draft, scene, {stream, 1})});
    }
    static message::CaseFacts refer() {
        message::CaseFacts facts;
        facts.parties = world().ids({"social-protection-centre"});
        return facts;
    }

    static CaseId nobodys() {
        CaseId id;
        id.bytes.fill(0x42);
        return id;
    }

    SmallLog log;
};

TEST_F(Cases, WalkThroughTheWholeProcedure) {
    const CaseId id = log.open_case();
    EXPECT_EQ(log.record(id).state, CaseState::received);
    log.move_case(id, CaseState::support_referred);
    message::CaseFacts facts;
    facts.answer = message::Answer::accepted;
    facts.persons = 2;
    log.accept("social-protection-centre", case_draft(Kind::shelter_intake, id, facts));
    const CaseRecord record = log.record(id);
    EXPECT_EQ(record.state, CaseState::in_support);
    EXPECT_EQ(
        record.parties,
        world().ids(
            {"border-guard", "labour", "peoples-committee", "police", "social-protection-centre"}));
    log.look([&](const ReadState& state) {
        EXPECT_EQ(state.case_steps(id, 0, 100).value().size(), 12U);
    });
}

TEST_F(Cases, AStepOutOfTurnIsIllegalMove) {
    const CaseId id = log.open_case();
    EXPECT_EQ(log.verdict("labour", case_draft(Kind::verification_request, id)),
              Code::illegal_move);
    EXPECT_EQ(log.verdict("police", case_draft(Kind::victim_certificate, id)), Code::illegal_move);
    EXPECT_EQ(log.record(id).state, CaseState::received);
}

TEST_F(Cases, AResultWithoutAnOutcomeIsIllegalMove) {
    const CaseId id = log.open_case();
    log.move_case(id, CaseState::acknowledged);
    EXPECT_EQ(log.verdict("police", case_draft(Kind::verification_result, id)), Code::illegal_move);
}

TEST_F(Cases, AMoveOnAnOlderVersionOfTheCaseIsCaseConflict) {
    const CaseId id = log.open_case();
    const node::Draft notice = case_draft(Kind::commune_notice, id);
    const auto late = log.compose("peoples-committee", notice, {5, 1});
    log.accept("peoples-committee", notice);
    const auto receipt = log.offer("peoples-committee", 5, 1, {late});
    ASSERT_TRUE(receipt.has_value());
    EXPECT_EQ(receipt->verdicts.at(0).refused, Code::case_conflict);
}

TEST_F(Cases, AMoveThatNamesNoVersionIsCaseConflict) {
    const CaseId id = log.open_case();
    auto envelope = log.compose("peoples-committee", case_draft(Kind::commune_notice, id), {5, 1});
    test::change_header(envelope, [](message::Header& header) { header.case_version.reset(); });
    const auto receipt = log.offer("peoples-committee", 5, 1, {envelope});
    ASSERT_TRUE(receipt.has_value());
    EXPECT_EQ(receipt->verdicts.at(0).refused, Code::case_conflict);
}

TEST_F(Cases, OpeningTheSameCaseTwiceIsCaseConflict) {
    const node::Draft draft = log.with_case_id("border-guard", test::opening({"police"}));
    EXPECT_EQ(log.verdict("border-guard", draft), std::nullopt);
    EXPECT_EQ(log.verdict("border-guard", draft), Code::case_conflict);
}

TEST_F(Cases, APartyThatTheRegistryDoesNotKnowIsUnknownAgency) {
    node::Draft draft = test::opening({"police"});
    draft.facts->parties.push_back(AgencyId::of("zz-nobody"));
    EXPECT_EQ(log.verdict("border-guard", log.with_case_id("border-guard", draft)),
              Code::unknown_agency);
}

TEST_F(Cases, AProceduralMessageWithoutACaseIsMalformedHeader) {
    auto envelope = log.compose(
        "border-guard", log.with_case_id("border-guard", test::opening({"police"})), {5, 1});
    test::change_header(envelope, [](message::Header& header) { header.case_id = {}; });
    const auto receipt = log.offer("border-guard", 5, 1, {envelope});
    ASSERT_TRUE(receipt.has_value());
    EXPECT_EQ(receipt->verdicts.at(0).refused, Code::malformed_header);
}

TEST_F(Cases, AStatisticThatNamesACaseIsMalformedHeader) {
    const CaseId id = log.open_case();
    auto envelope = log.compose("police", test::draft(Kind::outreach_report), {5, 1});
    test::change_header(envelope, [&](message::Header& header) { header.case_id = id; });
    const auto receipt = log.offer("police", 5, 1, {envelope});
    ASSERT_TRUE(receipt.has_value());
    EXPECT_EQ(receipt->verdicts.at(0).refused, Code::malformed_header);
}

TEST_F(Cases, WhoIsNoPartyGetsTheSameAnswerForACaseThatExistsAndOneThatDoesNot) {
    // The women's union may speak of consent, border guard of handover, were they parties.
    const CaseId theirs = log.open_case({"police", "labour"});
    for (const auto& [slug, kind] : {std::pair("womens-union", Kind::consent),
                                     {"fatherland-front", Kind::consent},
                                     {"social-protection-centre", Kind::shelter_intake},
                                     {"peoples-committee", Kind::commune_notice}}) {
        const std::string existing = seen(speak(slug, kind, theirs));
        EXPECT_EQ(existing, "forbidden() parties=0 consented=0") << slug;
        EXPECT_EQ(existing, seen(speak(slug, kind, nobodys()))) << slug;
    }
}

TEST_F(Cases, OpeningUnderAnothersCaseIdIsForbiddenWhetherItExistsOrNot) {
    const CaseId theirs = log.open_case({"police", "labour"});
    std::vector<std::string> answers;
    for (const CaseId& id : {theirs, nobodys()}) {
        node::Draft draft = test::opening({"labour"});
        draft.case_id = id;
        answers.push_back(seen(log.publish("police", draft)));
    }
    EXPECT_EQ(answers[0], "forbidden() parties=0 consented=0");
    EXPECT_EQ(answers[0], answers[1]);
}

TEST_F(Cases, DenialsOfExistingAndAbsentCasesAreLoggedAlike) {
    const CaseId theirs = log.open_case({"police", "labour"});
    std::vector<Bytes> denied;
    std::vector<Bytes> refusals;
    for (const CaseId& id : {theirs, nobodys()}) {
        log.time += 60'000;
        const std::uint64_t before = log.entries_of(proof::EntryKind::refusals).size();
        speak("womens-union", Kind::consent, id);
        const auto entries = log.entries_of(proof::EntryKind::refusals);
        ASSERT_EQ(entries.size(), before + 1);
        Refusals last = parse_refusals(entries.back().content).value();
        last.stream = 0;  // random
        refusals.push_back(encode_refusals(last));
    }
    EXPECT_EQ(refusals[0], refusals[1]);
}

TEST_F(Cases, AShelterTakesEighteenAndSixMoreWithItsExplicitYesAndNobodyAbove) {
    node::Draft capacity = test::draft(Kind::shelter_capacity);
    capacity.facts.emplace();
    capacity.facts->capacity_normal = 18;
    capacity.facts->capacity_max = 24;
    log.accept("social-protection-centre", capacity);
    const auto intake = [&](std::uint16_t persons, bool yes) {
        const CaseId id = log.open_case();
        log.move_case(id, CaseState::support_referred);
        message::CaseFacts facts;
        facts.answer = message::Answer::accepted;
        facts.persons = persons;
        facts.capacity_yes = yes;
        return log.verdict("social-protection-centre", case_draft(Kind::shelter_intake, id, facts));
    };
    EXPECT_EQ(intake(25, true), Code::over_capacity);
    EXPECT_EQ(intake(19, false), Code::over_capacity);
    EXPECT_EQ(intake(18, false), std::nullopt);
    EXPECT_EQ(intake(1, false), Code::over_capacity);
    EXPECT_EQ(intake(6, true), std::nullopt);
    EXPECT_EQ(intake(1, true), Code::over_capacity);
}

TEST_F(Cases, ADeclinedReferralTakesNoPlaceAndWaitsForAnother) {
    const CaseId id = log.open_case();
    log.move_case(id, CaseState::support_referred);
    message::CaseFacts facts;
    facts.answer = message::Answer::declined;
    facts.persons = 500;
    log.accept("social-protection-centre", case_draft(Kind::shelter_intake, id, facts));
    EXPECT_EQ(log.record(id).state, CaseState::support_referred);
}

TEST_F(Cases, AnAcceptanceOfNobodyIsMalformedSection) {
    const CaseId id = log.open_case();
    log.move_case(id, CaseState::support_referred);
    message::CaseFacts facts;
    facts.answer = message::Answer::accepted;
    EXPECT_EQ(log.verdict("social-protection-centre", case_draft(Kind::shelter_intake, id, facts)),
              Code::malformed_section);
    EXPECT_EQ(log.record(id).state, CaseState::support_referred);
}

TEST_F(Cases, OnlyAConsentGivesConsent) {
    const CaseId id = log.open_case();
    log.move_case(id, CaseState::certified);
    message::CaseFacts facts = refer();
    facts.consent = message::ConsentState::given;
    facts.consent_for = {log.id("womens-union")};
    EXPECT_EQ(log.verdict("labour", case_draft(Kind::support_referral, id, facts)),
              Code::malformed_section);
    EXPECT_TRUE(log.record(id).consented.empty());
    EXPECT_EQ(log.record(id).state, CaseState::certified);
}

TEST_F(Cases, APersonalMessageIsStoredUnderTheKeyOfItsCase) {
    const CaseId id = log.open_case();
    const core::Entry entry = log.entries_of(proof::EntryKind::message).back();
    EXPECT_EQ(entry.sealed_under, id);
    EXPECT_FALSE(message::parse_sections(entry.sections).has_value()) << "not in the clear";
    log.look([&](const ReadState& state) { EXPECT_EQ(state.sections(entry).value().size(), 4U); });
}

TEST_F(Cases, ConsentLetsAPartnerReadTheLimitedViewAndItsWithdrawalEndsThat) {
    const CaseId id = log.open_case();
    log.move_case(id, CaseState::certified);
    node::Draft referral = case_draft(Kind::support_referral, id, refer());
    referral.sections.emplace_back("limited-view",
                                   test::sample_section("lienthong.fb.LimitedView"));
    const AgencyId partner = log.id("womens-union");
    const auto recipients = [&] {
        return node::choose_recipients(referral, log.scene("labour", referral)).value().all;
    };
    EXPECT_EQ(std::ranges::count(recipients(), partner), 0);
    message::CaseFacts consent;
    consent.consent = message::ConsentState::given;
    consent.consent_for = {partner};
    log.accept("labour", case_draft(Kind::consent, id, consent));
    EXPECT_EQ(std::ranges::count(recipients(), partner), 1);
    log.accept("labour", referral);
    consent.consent = message::ConsentState::withdrawn;
    log.accept("labour", case_draft(Kind::consent, id, consent));
    EXPECT_EQ(std::ranges::count(recipients(), partner), 0);
}

}  // namespace
}  // namespace lienthong::core
