// SPDX-License-Identifier: Apache-2.0
#include "security/policy/policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "bus/base/random.hpp"
#include "tests/unit/security/policy/fixture.hpp"

namespace lienthong::policy {
namespace {

using namespace test;
using message::Kind;

class Decisions : public testing::Test {
  protected:
    Decision publish(const AgencyId& agency, Kind kind, const Context& context) const {
        return policy_.may_publish(registry_, agency, kind, context);
    }
    Decision read(const AgencyId& agency,
                  Kind kind,
                  std::string_view section,
                  const Context& context) const {
        return policy_.may_read(registry_, agency, kind, section, context);
    }
    Decision query(const AgencyId& agency, std::string_view purpose, const Context& context) const {
        return policy_.may_query(
            registry_, agency, Kind::verification_request, Purpose::of(purpose), context);
    }
    static Context party(const AgencyId& agency) {
        Context context = now();
        context.parties = {kIdle, agency};
        return context;
    }

    registry::Registry registry_ = built(small_registry());
    Policy policy_ = built(small_policy());
};

TEST_F(Decisions, DenyWhatNoGrantAllows) {
    const Decision decision = publish(kPolice, Kind::verification_request, party(kPolice));
    EXPECT_FALSE(decision.allowed);
    EXPECT_FALSE(decision.depends_on_case);
    EXPECT_EQ(decision.missing, "publish verification-request");
    EXPECT_EQ(decision.grant, "");
    EXPECT_EQ(read(kLabour, Kind::support_referral, "identity", now()).missing,
              "read support-referral identity");
    EXPECT_EQ(query(kUnion, "verification", now()).missing,
              "query verification-request verification");
    EXPECT_EQ(publish(kUnion, Kind::crime_statistic, now()).missing, "publish crime-statistic");
}

TEST_F(Decisions, DenyStrangersAndWhatDoesNotExist) {
    EXPECT_FALSE(read(AgencyId::of("ag-9"), Kind::province_summary, "report", now()).allowed);
    EXPECT_FALSE(read(AgencyId{}, Kind::province_summary, "report", now()).allowed);
    EXPECT_FALSE(read(kLabour, Kind::province_summary, "identity", now()).allowed);
    EXPECT_FALSE(publish(kUnion, Kind::none, now()).allowed);
    EXPECT_EQ(publish(kUnion, Kind{999}, now()).missing, "publish unknown-kind");
}

TEST_F(Decisions, NameTheGrantThatAllows) {
    const Decision decision = publish(kLabour, Kind::verification_request, party(kLabour));
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.grant, "publish-request");
    EXPECT_EQ(decision.missing, "");
    EXPECT_FALSE(decision.depends_on_case);
}

TEST_F(Decisions, AskWhetherTheAgencyIsAParty) {
    EXPECT_TRUE(read(kPolice, Kind::verification_request, "identity", party(kPolice)).allowed);
    const Decision decision = read(kPolice, Kind::verification_request, "identity", party(kLabour));
    EXPECT_FALSE(decision.allowed);
    EXPECT_TRUE(decision.depends_on_case);
    // Nothing is missing from the policy, and the answer must not say more than that.
    EXPECT_EQ(decision.missing, "");
}

TEST_F(Decisions, AskForConsentForThisAgency) {
    Context context = now();
    context.consented = {kLabour};
    EXPECT_TRUE(read(kUnion, Kind::support_referral, "limited-view", context).depends_on_case);
    context.consented = {kUnion};
    EXPECT_TRUE(read(kUnion, Kind::support_referral, "limited-view", context).allowed);
    EXPECT_FALSE(read(kUnion, Kind::support_referral, "identity", context).allowed);
}

TEST_F(Decisions, AskWhetherTheMessageNamesTheAgency) {
    Context context = now();
    EXPECT_TRUE(read(kUnion, Kind::outreach_report, "report", context).depends_on_case);
    context.named = {kUnion};
    EXPECT_TRUE(read(kUnion, Kind::outreach_report, "report", context).allowed);
}

TEST_F(Decisions, AskWhetherTheAgencySentWhatIsAnswered) {
    Context context = now();
    EXPECT_TRUE(read(kUnion, Kind::hotline_outcome, "outcome-code", context).depends_on_case);
    context.answered = kPolice;
    EXPECT_TRUE(read(kUnion, Kind::hotline_outcome, "outcome-code", context).depends_on_case);
    context.answered = kUnion;
    EXPECT_TRUE(read(kUnion, Kind::hotline_outcome, "outcome-code", context).allowed);
}

TEST_F(Decisions, AskForTheAgencysOwnTerritory) {
    Context context = now();
    EXPECT_FALSE(publish(kUnion, Kind::outreach_report, context).allowed);
    EXPECT_FALSE(publish(kUnion, Kind::outreach_report, context).depends_on_case);
    context.territory = "36";
    EXPECT_FALSE(publish(kUnion, Kind::outreach_report, context).allowed);
    context.territory = "37";
    EXPECT_TRUE(publish(kUnion, Kind::outreach_report, context).allowed);
    context.territory = "376";
    EXPECT_TRUE(publish(kUnion, Kind::outreach_report, context).allowed);

    registry::RegistryData homeless = small_registry();
    homeless.agencies[2].territory.clear();
    registry_ = built(std::move(homeless));
    EXPECT_FALSE(publish(kUnion, Kind::outreach_report, context).allowed);
}

TEST_F(Decisions, AskForTheTerritoryThatTheGrantNames) {
    PolicyData data = small_policy();
    data.grants[6].conditions.territory = "376";
    policy_ = built(std::move(data));
    Context context = now();
    context.territory = "376";
    EXPECT_TRUE(publish(kUnion, Kind::outreach_report, context).allowed);
    context.territory = "37";
    EXPECT_FALSE(publish(kUnion, Kind::outreach_report, context).allowed);
}

TEST_F(Decisions, EndWithTheGrant) {
    Context context = now();
    context.territory = "37";
    context.at = kNow + 4;
    EXPECT_TRUE(publish(kUnion, Kind::outreach_report, context).allowed);
    context.at = kNow + 5;
    EXPECT_FALSE(publish(kUnion, Kind::outreach_report, context).allowed);
}

TEST_F(Decisions, EndWithTheRole) {
    Context context = now();
    context.territory = "37";
    EXPECT_TRUE(publish(kPolice, Kind::outreach_report, context).allowed);
    PolicyData data = small_policy();
    data.grants[6].conditions.until = 0;
    policy_ = built(std::move(data));
    context.at = kNow + 10;
    EXPECT_FALSE(publish(kPolice, Kind::outreach_report, context).allowed);
    context.at = kNow - 11;
    EXPECT_FALSE(publish(kPolice, Kind::outreach_report, context).allowed);
}

TEST_F(Decisions, AskForThePurposeOfAQuery) {
    EXPECT_TRUE(query(kPolice, "verification", party(kPolice)).allowed);
    EXPECT_FALSE(query(kPolice, "curiosity", party(kPolice)).allowed);
    EXPECT_FALSE(query(kPolice, "curiosity", party(kPolice)).depends_on_case);
    PolicyData data = small_policy();
    data.grants[7].purposes = {Purpose::of(kAll)};
    policy_ = built(std::move(data));
    EXPECT_TRUE(query(kPolice, "curiosity", party(kPolice)).allowed);
}

TEST_F(Decisions, AreTheSameForAPresentAndAnAbsentCaseToWhoIsNoParty) {
    for (const AgencyId& agency : {kUnion, kIdle, kPolice}) {
        const Decision absent = query(agency, "verification", now());
        const Decision present = query(agency, "verification", party(kLabour));
        EXPECT_EQ(absent.allowed, present.allowed);
        EXPECT_EQ(absent.missing, present.missing);
        EXPECT_EQ(absent.depends_on_case, present.depends_on_case);
    }
}

TEST_F(Decisions, GiveTheFactsWithAnyOtherSection) {
    EXPECT_TRUE(read(kPolice, Kind::verification_request, "facts", party(kPolice)).allowed);
    EXPECT_TRUE(read(kPolice, Kind::verification_request, "facts", now()).depends_on_case);
    EXPECT_FALSE(read(kLabour, Kind::verification_request, "facts", party(kLabour)).allowed);
}

TEST_F(Decisions, CountPseudoAgenciesAndIdleOnesNotAsAgencies) {
    EXPECT_TRUE(read(kPolice, Kind::province_summary, "report", now()).allowed);
    EXPECT_FALSE(read(kIdle, Kind::province_summary, "report", now()).allowed);
    EXPECT_FALSE(read(kBusItself, Kind::province_summary, "report", now()).allowed);
}

TEST_F(Decisions, TakeTheGrantWithTheFirstId) {
    PolicyData data = small_policy();
    Grant another = data.grants[0];
    another.id = "a-first";
    data.grants.push_back(another);
    policy_ = built(std::move(data));
    EXPECT_EQ(publish(kLabour, Kind::verification_request, party(kLabour)).grant, "a-first");
}

TEST_F(Decisions, PreferAGrantWhoseConditionHolds) {
    PolicyData data = small_policy();
    Grant another = data.grants[0];
    another.id = "z-last";
    another.conditions = {};
    data.grants.push_back(another);
    policy_ = built(std::move(data));
    const Decision decision = publish(kLabour, Kind::verification_request, now());
    EXPECT_EQ(decision.grant, "z-last");
    EXPECT_FALSE(decision.depends_on_case);
}

TEST_F(Decisions, DoNotDependOnTheOrderOfGrantsAndRoles) {
    SeededRandom random(42);
    const auto shuffle = [&](auto& list) {
        for (std::size_t i = list.size(); i > 1; --i) {
            std::swap(list[i - 1], list[random.next() % i]);
        }
    };
    PolicyData doubled = small_policy();
    for (Grant grant : small_policy().grants) {
        grant.id = "copy-" + grant.id;
        grant.conditions.consent = true;
        doubled.grants.push_back(grant);
    }
    Context context = party(kLabour);
    context.parties.push_back(kPolice);
    context.consented = {kUnion};
    const auto verdicts = [&](const PolicyData& data, const registry::Registry& registry) {
        const Policy policy = built(data);
        std::string all;
        for (const auto& agency : registry_.data().agencies) {
            for (const auto& kind : message::all_kinds()) {
                const auto add = [&](const Decision& decision) {
                    all += decision.grant + "/" + decision.missing +
                           (decision.depends_on_case ? "?" : "") + "\n";
                };
                add(policy.may_publish(registry, agency.id, kind.kind, context));
                add(policy.may_query(
                    registry, agency.id, kind.kind, Purpose::of("verification"), context));
                for (const auto& section : kind.sections) {
                    add(policy.may_read(registry, agency.id, kind.kind, section.name, context));
                }
            }
        }
        return all;
    };
    const std::string expected = verdicts(doubled, registry_);
    for (int round = 0; round < 50; ++round) {
        PolicyData data = doubled;
        shuffle(data.grants);
        for (Grant& grant : data.grants) shuffle(grant.roles);
        registry::RegistryData agencies = small_registry();
        shuffle(agencies.agencies);
        for (auto& agency : agencies.agencies) shuffle(agency.roles);
        EXPECT_EQ(verdicts(data, built(std::move(agencies))), expected);
    }
}

TEST_F(Decisions, AddTheSenderToEveryAudience) {
    Context context = now();
    context.parties = {kLabour, kPolice, kUnion};
    EXPECT_EQ(policy_.audience(registry_, kLabour, Kind::verification_request, "identity", context),
              (std::vector<AgencyId>{kPolice, kLabour}));
    EXPECT_EQ(policy_.audience(registry_, kUnion, Kind::verification_request, "request", context),
              (std::vector<AgencyId>{kUnion}));
    EXPECT_EQ(policy_.audience(registry_, kPolice, Kind::province_summary, "report", context),
              (std::vector<AgencyId>{kPolice, kLabour, kUnion}));
}

TEST_F(Decisions, FollowARoleToItsNewHolder) {
    // The agencies are merged: the registry changes, the policy does not.
    registry::RegistryData data = small_registry();
    std::swap(data.agencies[0].roles, data.agencies[3].roles);
    registry_ = built(std::move(data));
    EXPECT_FALSE(read(kPolice, Kind::verification_request, "identity", party(kPolice)).allowed);
    EXPECT_TRUE(read(kIdle, Kind::verification_request, "identity", party(kIdle)).allowed);
}

// Not a benchmark: the bound is far above what a decision needs, so that only an index lost shows.
TEST_F(Decisions, StayQuickWithAThousandGrants) {
    PolicyData data = small_policy();
    const auto kinds = message::all_kinds();
    for (std::size_t i = 0; i < 1'000; ++i) {
        Grant grant = data.grants[0];
        grant.id = "many-" + std::to_string(i);
        grant.kinds = {kinds[i % kinds.size()].kind};
        grant.roles = {Role::of("partner")};
        data.grants.push_back(std::move(grant));
    }
    policy_ = built(std::move(data));
    const Context context = party(kPolice);
    constexpr int kRounds = 20'000;
    int allowed = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; ++i) {
        allowed += read(kPolice, Kind::verification_request, "identity", context).allowed ? 1 : 0;
    }
    const auto spent = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(allowed, kRounds);
    RecordProperty(
        "nanoseconds",
        static_cast<int>(std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count() /
                         kRounds));
    EXPECT_LT(spent / kRounds, std::chrono::microseconds(50));
}

TEST(Actions, HaveStableNames) {
    for (const Action action : {Action::publish, Action::read, Action::query}) {
        EXPECT_EQ(maybe_action(name(action)), action);
    }
    EXPECT_EQ(name(Action::publish), "publish");
    EXPECT_EQ(maybe_action("write"), std::nullopt);
    EXPECT_EQ(maybe_action(""), std::nullopt);
}

}  // namespace
}  // namespace lienthong::policy
