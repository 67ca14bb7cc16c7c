// SPDX-License-Identifier: Apache-2.0
#include "bus/message/facts_agree.hpp"

#include <gtest/gtest.h>

#include "tests/unit/bus/message/payload_from_json.hpp"

namespace lienthong::message {
namespace {

// "" or the path at which facts and section differ.
std::string clash(Kind kind, const CaseFacts& facts, std::string_view name, std::string_view root) {
    const std::string table = "lienthong.fb." + std::string(root);
    const auto agreed = facts_agree(kind, facts, name, payload(table, sample(table)));
    if (agreed) return {};
    EXPECT_EQ(agreed.error().code, Code::malformed_section);
    return agreed.error().where;
}

TEST(FactsAgree, ResultAndOutcomeSayTheOutcomeOfTheFacts) {
    constexpr Kind kResult = Kind::verification_result;
    CaseFacts facts;
    facts.outcome = Outcome::confirmed;  // as the samples say
    EXPECT_EQ(clash(kResult, facts, "result", "VerificationResult"), "");
    EXPECT_EQ(clash(kResult, facts, "outcome", "OutcomeNotice"), "");
    for (const Outcome other : {Outcome::not_a_victim, Outcome::withdrawn, Outcome::none}) {
        facts.outcome = other;
        EXPECT_EQ(clash(kResult, facts, "result", "VerificationResult"), "result.outcome");
        EXPECT_EQ(clash(kResult, facts, "outcome", "OutcomeNotice"), "outcome.outcome");
    }
}

TEST(FactsAgree, ACertificateMayLeaveTheOutcomeToItsSection) {
    CaseFacts facts;
    EXPECT_EQ(clash(Kind::victim_certificate, facts, "outcome", "OutcomeNotice"), "");
    facts.outcome = Outcome::not_a_victim;
    EXPECT_EQ(clash(Kind::victim_certificate, facts, "outcome", "OutcomeNotice"),
              "outcome.outcome");
}

TEST(FactsAgree, ACertificateSaysTheOneOutcomeThatItsResultCanHaveHad) {
    const CaseFacts facts;
    const std::string table = "lienthong.fb.OutcomeNotice";
    for (const char* outcome : {"not_a_victim", "insufficient_grounds", "withdrawn", "duplicate"}) {
        const Bytes told = payload(table, R"({"outcome": ")" + std::string(outcome) + R"("})");
        const auto agreed = facts_agree(Kind::victim_certificate, facts, "outcome", told);
        ASSERT_FALSE(agreed) << outcome;
        EXPECT_EQ(agreed.error().code, Code::malformed_section);
        EXPECT_EQ(agreed.error().where, "outcome.outcome");
    }
    const Bytes confirmed = payload(table, R"({"outcome": "confirmed"})");
    EXPECT_TRUE(facts_agree(Kind::victim_certificate, facts, "outcome", confirmed));
}

TEST(FactsAgree, AnIntakeSaysTheAnswerOfTheFacts) {
    CaseFacts facts;
    facts.answer = Answer::accepted;
    EXPECT_EQ(clash(Kind::shelter_intake, facts, "intake", "Intake"), "");
    facts.answer = Answer::declined;
    EXPECT_EQ(clash(Kind::shelter_intake, facts, "intake", "Intake"), "intake.answer");
}

TEST(FactsAgree, AConsentSaysTheStateAndTheAgenciesOfTheFacts) {
    CaseFacts facts;
    facts.consent = ConsentState::given;
    facts.consent_for = {AgencyId::of("womens-union")};
    EXPECT_EQ(clash(Kind::consent, facts, "consent", "Consent"), "");
    facts.consent = ConsentState::withdrawn;
    EXPECT_EQ(clash(Kind::consent, facts, "consent", "Consent"), "consent.state");
    facts.consent = ConsentState::given;
    facts.consent_for = {AgencyId::of("police"), AgencyId::of("womens-union")};
    EXPECT_EQ(clash(Kind::consent, facts, "consent", "Consent"), "consent.agencies");
}

TEST(FactsAgree, OtherSectionsAgreeWithAnything) {
    CaseFacts facts;
    facts.outcome = Outcome::withdrawn;
    EXPECT_EQ(clash(Kind::verification_result, facts, "document", "DocumentInfo"), "");
    EXPECT_EQ(clash(Kind::intake_record, facts, "identity", "Identity"), "");
}

}  // namespace
}  // namespace lienthong::message
