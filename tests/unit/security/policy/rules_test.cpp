// SPDX-License-Identifier: Apache-2.0
#include "security/policy/rules.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/security/policy/fixture.hpp"

namespace lienthong::policy {
namespace {

using namespace test;
using message::Kind;

struct Breach {
    std::string_view says;
    std::function<void(PolicyData&)> commit;
    Code code = Code::malformed_document;
};

void expect_refused(const std::vector<Breach>& breaches) {
    for (const Breach& breach : breaches) {
        PolicyData data = small_policy();
        breach.commit(data);
        const auto built = Policy::build(std::move(data));
        ASSERT_FALSE(built.has_value()) << breach.says;
        EXPECT_EQ(built.error().code, breach.code) << breach.says;
        EXPECT_FALSE(built.error().where.empty()) << breach.says;
        EXPECT_NE(built.error().detail.find(breach.says), std::string::npos)
            << breach.says << " / " << built.error().detail << " at " << built.error().where;
    }
}

TEST(PolicyRules, RefuseAnImpossibleFrame) {
    expect_refused({
        {"name its bus", [](auto& data) { data.bus = {}; }},
        {"begin with 1", [](auto& data) { data.version = 0; }},
        {"impossible time", [](auto& data) { data.issued = -1; }},
        {"after issued", [](auto& data) { data.expires = data.issued; }},
        {"one stands twice", [](auto& data) { data.roles.push_back(data.roles[0]); }},
        {"a role is", [](auto& data) { data.roles[0] = Role::of("Công an"); }},
        {"two grants of one id", [](auto& data) { data.grants[1].id = data.grants[0].id; }},
    });
}

TEST(PolicyRules, RefuseGrantsThatCannotBe) {
    expect_refused({
        {"id: must be", [](auto& data) { data.grants[0].id = "Grant 1"; }},
        {"to somebody", [](auto& data) { data.grants[0].roles.clear(); }},
        {"unknown role shelter", [](auto& data) { data.grants[0].roles = {Role::of("shelter")}; }},
        {"roles: a role is", [](auto& data) { data.grants[0].roles = {Role::of("Bad")}; }},
        {"roles: one stands twice",
         [](auto& data) { data.grants[0].roles.push_back(data.grants[0].roles[0]); }},
        {"allows something", [](auto& data) { data.grants[0].actions.clear(); }},
        {"actions: one stands twice",
         [](auto& data) { data.grants[0].actions.push_back(Action::publish); }},
        {"publish, read or query", [](auto& data) { data.grants[0].actions = {Action{9}}; }},
        {"none is not all", [](auto& data) { data.grants[0].kinds.clear(); }},
        {"kinds: one stands twice",
         [](auto& data) { data.grants[0].kinds.push_back(Kind::verification_request); }},
        {"unknown kind",
         [](auto& data) { data.grants[0].kinds = {Kind{999}}; },
         Code::unknown_kind},
        {"unknown kind",
         [](auto& data) { data.grants[0].kinds = {Kind::none}; },
         Code::unknown_kind},
        {"impossible time", [](auto& data) { data.grants[0].conditions.until = -1; }},
        {"own, or the code", [](auto& data) { data.grants[0].conditions.territory = "Ninh Bình"; }},
        {"500 bytes", [](auto& data) { data.grants[0].reason.assign(501, 'a'); }},
        {"500 bytes", [](auto& data) { data.grants[0].reason = "Co\xcc\x82ng"; }},
    });
}

TEST(PolicyRules, RefuseSectionsAndPurposesThatDoNotFit) {
    expect_refused({
        {"names sections", [](auto& data) { data.grants[1].sections.clear(); }},
        {"only a grant to read", [](auto& data) { data.grants[0].sections = {"document"}; }},
        {"has a section medical", [](auto& data) { data.grants[1].sections = {"medical"}; }},
        {"* alone", [](auto& data) { data.grants[1].sections = {"*", "document"}; }},
        {"sections: one stands twice",
         [](auto& data) { data.grants[1].sections = {"document", "document"}; }},
        {"names no section of province-summary",
         [](auto& data) { data.grants[1].kinds.push_back(Kind::province_summary); }},
        {"names purposes", [](auto& data) { data.grants[7].purposes.clear(); }},
        {"only a grant to query",
         [](auto& data) { data.grants[0].purposes = {Purpose::of("verification")}; }},
        {"* alone", [](auto& data) { data.grants[7].purposes.push_back(Purpose::of("*")); }},
        {"purposes: one stands twice",
         [](auto& data) { data.grants[7].purposes.push_back(data.grants[7].purposes[0]); }},
    });
}

TEST(PolicyRules, TakeAReasonOfFiveHundredBytes) {
    PolicyData data = small_policy();
    data.grants[0].reason.assign(500, 'a');
    EXPECT_TRUE(Policy::build(std::move(data)).has_value());
}

TEST(PolicyRules, DoNotCheckRolesWhereNoneAreDeclared) {
    PolicyData data = small_policy();
    data.roles.clear();
    data.grants[0].roles = {Role::of("anybody")};
    EXPECT_TRUE(Policy::build(std::move(data)).has_value());
}

TEST(PolicyRules, TakeFourThousandNinetySixGrantsAndNoMore) {
    PolicyData data = small_policy();
    while (data.grants.size() < kGrantsMax) {
        Grant grant = data.grants[0];
        grant.id = "g-" + std::to_string(data.grants.size());
        data.grants.push_back(std::move(grant));
    }
    EXPECT_TRUE(Policy::build(data).has_value());
    EXPECT_TRUE(parse_policy(encode_policy(data)).has_value());
    data.grants.push_back(data.grants[0]);
    data.grants.back().id = "one-more";
    const auto built = Policy::build(std::move(data));
    ASSERT_FALSE(built.has_value());
    EXPECT_EQ(built.error().code, Code::malformed_document);
}

TEST(PolicyRules, TakeTwoHundredFiftySixRolesAndNoMore) {
    PolicyData declared = small_policy();
    PolicyData granted = small_policy();
    granted.roles.clear();
    granted.grants.resize(1);
    granted.grants[0].roles.clear();
    for (std::size_t i = declared.roles.size(); i < kRolesMax; ++i) {
        declared.roles.push_back(Role::of("role-" + std::to_string(i)));
    }
    for (std::size_t i = 0; i < kRolesMax; ++i) {
        granted.grants[0].roles.push_back(Role::of("role-" + std::to_string(i)));
    }
    EXPECT_TRUE(Policy::build(declared).has_value());
    EXPECT_TRUE(Policy::build(granted).has_value());
    declared.roles.push_back(Role::of("one-more"));
    granted.grants[0].roles.push_back(Role::of("one-more"));
    EXPECT_FALSE(Policy::build(declared).has_value());
    EXPECT_FALSE(Policy::build(granted).has_value());
}

TEST(PolicyRules, NameTheGrantButNoStrangeText) {
    PolicyData data = small_policy();
    data.grants[2].kinds.clear();
    EXPECT_EQ(Policy::build(data).error().where, "grant read-limited");
    data.grants[2].id = "Nguyễn Thị";
    EXPECT_EQ(Policy::build(data).error().where, "grant");
}

}  // namespace
}  // namespace lienthong::policy
