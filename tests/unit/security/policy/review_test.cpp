// SPDX-License-Identifier: Apache-2.0
#include "security/policy/review.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/security/policy/fixture.hpp"

namespace lienthong::policy {
namespace {

using namespace test;
using message::Kind;

class Review : public testing::Test {
  protected:
    Explanation explain_now(const Question& question) const {
        return explain(built(data_), registry_, question, kNow);
    }
    bool finds(Oddity oddity, std::string_view place) const {
        const auto findings = check(built(data_), registry_, kNow);
        return std::ranges::any_of(findings, [&](const Finding& finding) {
            return finding.oddity == oddity && finding.place == place;
        });
    }

    registry::Registry registry_ = built(small_registry());
    PolicyData data_ = small_policy();
};

TEST_F(Review, ExplainsAnAllowanceWithItsConditions) {
    const Explanation answer =
        explain_now({kPolice, Action::read, Kind::verification_request, "identity", {}});
    EXPECT_EQ(answer.decision(), "allow");
    EXPECT_EQ(answer.grant, "read-request");
    EXPECT_EQ(answer.conditions, std::vector<std::string>{"party"});
    EXPECT_EQ(answer.missing, "");
    EXPECT_EQ(answer.policy_version, 7u);
    const Explanation publish =
        explain_now({kLabour, Action::publish, Kind::verification_request, "", {}});
    EXPECT_EQ(publish.reason, "điều 5");
}

TEST_F(Review, FindsWhoAddressesPartiesThatItCannotProve) {
    const auto warned = [&] { return finds(Oddity::unproven_parties, "role support"); };
    ASSERT_TRUE(warned()) << "it publishes requests to the parties and is granted no opening";
    Grant opening;
    opening.id = "parties-read";
    opening.roles = {Role::of("support")};
    opening.actions = {Action::read};
    opening.kinds = {Kind::intake_record};
    opening.sections = {"facts"};
    opening.conditions.named = true;
    data_.grants.push_back(opening);
    EXPECT_TRUE(warned()) << "who joins later is not named in it";
    data_.grants.back().conditions = {};
    data_.grants.back().conditions.party = true;
    EXPECT_FALSE(warned());
    data_.grants.back().conditions.until = kNow;
    EXPECT_TRUE(warned()) << "its end has come";
}

TEST_F(Review, ExplainsADenialWithTheMissingGrant) {
    const Explanation answer =
        explain_now({kUnion, Action::read, Kind::support_referral, "identity", {}});
    EXPECT_EQ(answer.decision(), "deny");
    EXPECT_EQ(answer.missing, "read support-referral identity");
    EXPECT_EQ(answer.grant, "");
    EXPECT_TRUE(answer.conditions.empty());
}

TEST_F(Review, ExplainsAGrantForAPlace) {
    const Explanation answer =
        explain_now({kUnion, Action::publish, Kind::outreach_report, "", {}});
    EXPECT_EQ(answer.decision(), "allow");
    EXPECT_EQ(answer.conditions, std::vector<std::string>{"territory own"});
    data_.grants[6].conditions.territory = "36";
    EXPECT_EQ(explain_now({kUnion, Action::publish, Kind::outreach_report, "", {}}).conditions,
              std::vector<std::string>{"territory 36"});
}

TEST_F(Review, PrefersAGrantWithoutConditions) {
    Grant free = data_.grants[1];
    free.id = "z-free";
    free.conditions = {};
    data_.grants.push_back(free);
    const Explanation answer =
        explain_now({kPolice, Action::read, Kind::verification_request, "identity", {}});
    EXPECT_EQ(answer.grant, "z-free");
    EXPECT_TRUE(answer.conditions.empty());
}

TEST_F(Review, ExplainsForACaseWhichConditionFails) {
    const Policy policy = built(data_);
    const Question question{
        kPolice, Action::query, Kind::verification_request, "", Purpose::of("verification")};
    Context context = now();
    Explanation answer = explain(policy, registry_, question, context);
    EXPECT_EQ(answer.decision(), "deny");
    EXPECT_EQ(answer.grant, "query-case");
    EXPECT_EQ(answer.conditions, std::vector<std::string>{"party"});
    EXPECT_EQ(answer.missing, "");
    context.parties = {kPolice};
    answer = explain(policy, registry_, question, context);
    EXPECT_EQ(answer.decision(), "allow");
    context.parties = {kUnion};
    answer = explain(
        policy, registry_, {kUnion, Action::query, question.kind, "", question.purpose}, context);
    EXPECT_EQ(answer.decision(), "deny");
    EXPECT_EQ(answer.missing, "query verification-request verification");
}

TEST_F(Review, FindsRolesThatNobodyHoldsAndGrantsThatNobodyHas) {
    EXPECT_FALSE(finds(Oddity::unheld_role, "role verifier"));
    data_.roles.push_back(Role::of("shelter"));
    EXPECT_TRUE(finds(Oddity::unheld_role, "role shelter"));
    data_.grants[0].roles = {Role::of("shelter")};
    EXPECT_TRUE(finds(Oddity::unreachable, "grant publish-request"));
    EXPECT_FALSE(finds(Oddity::unreachable, "grant publish-report"));
    data_.grants[6].conditions.until = kNow;
    EXPECT_TRUE(finds(Oddity::unreachable, "grant publish-report"));
}

TEST_F(Review, FindsGrantsThatOthersCover) {
    Grant narrow = data_.grants[1];
    narrow.id = "narrow";
    narrow.sections = {"identity", "facts"};
    narrow.conditions.consent = true;
    data_.grants.push_back(narrow);
    EXPECT_TRUE(finds(Oddity::redundant, "grant narrow"));
    EXPECT_FALSE(finds(Oddity::redundant, "grant read-request"));
    // Of two that are the same, one is needed.
    data_.grants.back() = data_.grants[1];
    data_.grants.back().id = "same-again";
    EXPECT_TRUE(finds(Oddity::redundant, "grant same-again"));
    EXPECT_FALSE(finds(Oddity::redundant, "grant read-request"));
    // One with a section more is needed.
    data_.grants.back().sections.push_back("circumstances");
    EXPECT_FALSE(finds(Oddity::redundant, "grant same-again"));
    EXPECT_TRUE(finds(Oddity::redundant, "grant read-request"));
}

TEST_F(Review, FindsGrantsCoveredByOneToEveryAgency) {
    Grant narrow = data_.grants[3];
    narrow.id = "narrow";
    narrow.roles = {Role::of("partner")};
    data_.grants.push_back(narrow);
    EXPECT_TRUE(finds(Oddity::redundant, "grant narrow"));
    EXPECT_FALSE(finds(Oddity::redundant, "grant read-summary"));
}

TEST_F(Review, FindsGrantsThatAreTooWide) {
    EXPECT_FALSE(finds(Oddity::all_sections, "grant read-summary"));
    data_.grants[1].sections = {"*"};
    EXPECT_TRUE(finds(Oddity::all_sections, "grant read-request"));
    EXPECT_FALSE(finds(Oddity::unconditional, "grant read-request"));
    data_.grants[1].conditions = {};
    EXPECT_TRUE(finds(Oddity::unconditional, "grant read-request"));
    EXPECT_FALSE(finds(Oddity::every_agency, "grant read-request"));
    data_.grants[1].roles = {Role::of("agency")};
    EXPECT_TRUE(finds(Oddity::every_agency, "grant read-request"));
    EXPECT_FALSE(finds(Oddity::all_purposes, "grant query-case"));
    data_.grants[7].purposes = {Purpose::of("*")};
    EXPECT_TRUE(finds(Oddity::all_purposes, "grant query-case"));
}

TEST_F(Review, FindsKindsWithAnEndMissing) {
    EXPECT_TRUE(finds(Oddity::read_but_not_published, "kind province-summary"));
    EXPECT_FALSE(finds(Oddity::published_but_not_read, "kind verification-request"));
    data_.grants[1].conditions.until = kNow;
    EXPECT_TRUE(finds(Oddity::published_but_not_read, "kind verification-request"));
}

TEST_F(Review, NamesEveryOddity) {
    for (int i = 0; i <= static_cast<int>(Oddity::read_but_not_published); ++i) {
        EXPECT_FALSE(name(static_cast<Oddity>(i)).empty());
    }
}

TEST_F(Review, SeesNoDifferenceInTheSamePolicyInAnotherOrder) {
    PolicyData other = data_;
    std::ranges::reverse(other.grants);
    const Difference difference = diff(built(data_), built(other), registry_, kNow);
    EXPECT_TRUE(difference.gained.empty());
    EXPECT_TRUE(difference.lost.empty());
}

TEST_F(Review, SeesWhatIsGainedAndLost) {
    PolicyData after = data_;
    after.grants[1].sections = {"document", "circumstances"};
    const Difference difference = diff(built(data_), built(after), registry_, kNow);
    ASSERT_EQ(difference.gained.size(), 1u);
    EXPECT_EQ(difference.gained[0].agency, kPolice);
    EXPECT_EQ(difference.gained[0].action, Action::read);
    EXPECT_EQ(difference.gained[0].kind, Kind::verification_request);
    EXPECT_EQ(difference.gained[0].detail, "circumstances");
    ASSERT_EQ(difference.lost.size(), 1u);
    EXPECT_EQ(difference.lost[0].detail, "identity");
}

TEST_F(Review, SeesAConditionLessAsGainedAndOneMoreAsLost) {
    PolicyData after = data_;
    after.grants[0].conditions.party = false;
    Difference difference = diff(built(data_), built(after), registry_, kNow);
    EXPECT_EQ(difference.gained.size(), 1u);
    EXPECT_TRUE(difference.lost.empty());
    difference = diff(built(after), built(data_), registry_, kNow);
    EXPECT_TRUE(difference.gained.empty());
    EXPECT_EQ(difference.lost.size(), 1u);
}

TEST_F(Review, SeesALaterEndAsGained) {
    PolicyData after = data_;
    after.grants[6].conditions.until += 1;
    const Difference difference = diff(built(data_), built(after), registry_, kNow);
    EXPECT_EQ(difference.gained.size(), 2u);  // police and union
    EXPECT_TRUE(difference.lost.empty());
}

TEST_F(Review, SeesAnyPurposeAsWiderThanOne) {
    PolicyData after = data_;
    after.grants[7].purposes = {Purpose::of("*")};
    const Difference difference = diff(built(data_), built(after), registry_, kNow);
    EXPECT_EQ(difference.gained.size(), 2u);  // police and labour
    EXPECT_TRUE(difference.lost.empty());
}

TEST_F(Review, SeesWhatANewRegistryChanges) {
    registry::RegistryData other = small_registry();
    other.agencies[1].roles.clear();
    const auto before = rights(built(data_), registry_, kNow);
    const auto after = rights(built(data_), built(std::move(other)), kNow);
    const Difference difference = diff(before, after);
    EXPECT_TRUE(difference.gained.empty());
    EXPECT_FALSE(difference.lost.empty());
    for (const Right& right : difference.lost) EXPECT_EQ(right.agency, kLabour);
}

TEST_F(Review, LeavesOutRightsThatALessConditionalOneCovers) {
    Grant free = data_.grants[0];
    free.id = "z-free";
    free.conditions = {};
    data_.grants.push_back(free);
    data_.grants.push_back(free);
    data_.grants.back().id = "z-free-again";
    const auto all = rights(built(data_), registry_, kNow);
    const auto publishing = std::ranges::count_if(all, [](const Right& right) {
        return right.action == Action::publish && right.kind == Kind::verification_request;
    });
    EXPECT_EQ(publishing, 1);
}

}  // namespace
}  // namespace lienthong::policy
