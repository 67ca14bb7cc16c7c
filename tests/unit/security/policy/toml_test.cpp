// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "security/policy/policy.hpp"
#include "tests/unit/security/policy/fixture.hpp"

namespace lienthong::policy {
namespace {

using namespace test;

constexpr std::string_view kHead = "roles = ['verifier']\n[[grant]]\nid = 'g'\n";

Error refused(const std::string& toml) {
    auto compiled = compile_policy(toml, kBus, 1);
    EXPECT_FALSE(compiled.has_value()) << toml;
    return compiled ? Error{} : compiled.error();
}
// A grant with its head on lines 2 and 3.
Error refused_grant(std::string_view lines) { return refused(std::string(kHead).append(lines)); }

TEST(PolicyToml, ReadsBackWhatItWrote) {
    const PolicyData data = small_policy();
    const std::string toml = to_toml(data);
    const auto compiled = compile_policy(toml, data.bus, data.version);
    ASSERT_TRUE(compiled.has_value()) << compiled.error().where << " " << compiled.error().detail;
    EXPECT_EQ(*compiled, data);
    EXPECT_EQ(to_toml(*compiled), toml);
}

TEST(PolicyToml, NamesTheLineOfWhatItDoesNotKnow) {
    const std::string rest = "roles = ['verifier']\nactions = ['publish']\n";
    Error error = refused_grant(rest + "kinds = ['weather-report']\n");
    EXPECT_EQ(error.code, Code::malformed_document);
    EXPECT_EQ(error.where, "line 6: grant.kinds");
    EXPECT_EQ(error.detail, "unknown kind weather-report");

    error =
        refused_grant("roles = ['verifyer']\nactions = ['publish']\nkinds = ['crime-statistic']");
    EXPECT_EQ(error.where, "line 4: grant.roles");
    EXPECT_EQ(error.detail, "unknown role verifyer");

    error = refused_grant("roles = ['verifier']\nactions = ['write']\nkinds = ['crime-statistic']");
    EXPECT_EQ(error.where, "line 5: grant.actions");
    EXPECT_EQ(error.detail, "unknown action write");

    error = refused_grant(
        "roles = ['verifier']\nactions = ['read']\nkinds = ['crime-statistic']\n"
        "sections = ['identity']");
    EXPECT_EQ(error.where, "line 7: grant.sections");
    EXPECT_EQ(error.detail, "no kind of this grant has a section identity");

    error = refused_grant(rest + "kinds = ['crime-statistic']\ncolour = 'red'");
    EXPECT_EQ(error.where, "line 7: grant.colour");
    EXPECT_EQ(error.detail, "unknown key");

    error = refused_grant(rest + "kinds = ['crime-statistic']\nconditions = { partly = true }");
    EXPECT_EQ(error.where, "line 7: grant.conditions.partly");
}

TEST(PolicyToml, DoesNotRepeatWhatIsNoWord) {
    const Error error =
        refused_grant("roles = ['verifier']\nactions = ['publish']\nkinds = ['Nguyễn Thị A']\n");
    EXPECT_EQ(error.detail, "unknown kind");
}

TEST(PolicyToml, RefusesEmptyKindsAndRepeatedIds) {
    Error error = refused_grant("roles = ['verifier']\nactions = ['publish']\nkinds = []");
    EXPECT_EQ(error.where, "line 6: grant.kinds");
    const std::string rest =
        "roles = ['verifier']\nactions = ['publish']\nkinds = ['crime-statistic']\n";
    error = refused_grant(rest + "[[grant]]\nid = 'g'\n" + rest);
    EXPECT_EQ(error.where, "line 8: grant.id");
    EXPECT_EQ(error.detail, "two grants of one id");
}

TEST(PolicyToml, MustListItsRoles) {
    EXPECT_EQ(refused("bus = 'test-bus'").detail, "must list the roles that grants may name");
}

TEST(PolicyToml, IsOfTheBusThatItNames) {
    EXPECT_EQ(refused("bus = 'another-bus'").code, Code::wrong_bus);
}

TEST(PolicyToml, HoldsAGrantThroughItsLastDay) {
    const auto compiled = compile_policy(
        std::string(kHead) +
            "roles = ['verifier']\nactions = ['publish']\nkinds = ['crime-statistic']\n"
            "conditions = { until = 2021-12-31 }",
        kBus,
        1);
    ASSERT_TRUE(compiled.has_value());
    EXPECT_EQ(compiled->grants[0].conditions.until, 1'640'970'000'000);  // 2022-01-01, UTC+7
}

}  // namespace
}  // namespace lienthong::policy
