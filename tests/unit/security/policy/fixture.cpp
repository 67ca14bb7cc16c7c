// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/security/policy/fixture.hpp"

#include "bus/base/check.hpp"

namespace lienthong::policy::test {

namespace {

using message::Kind;

registry::Agency agency(const AgencyId& id, std::vector<registry::RoleHolding> roles) {
    registry::Agency made;
    made.id = id;
    made.slug = id == kBusItself ? id.text() : "slug-" + id.text();
    made.names = {{"Cơ quan", "Agency", ""}};
    made.roles = std::move(roles);
    made.territory = "37";
    return made;
}

Conditions under(bool Conditions::* condition) {
    Conditions conditions;
    conditions.*condition = true;
    return conditions;
}

}  // namespace

registry::RegistryData small_registry() {
    registry::RegistryData data;
    data.bus = kBus;
    data.version = 1;
    data.territories = {{"37", "2020-01-01", "", {{"tỉnh", "Province", ""}}},
                        {"376", "2020-01-01", "37", {{"huyện", "District", ""}}},
                        {"36", "2020-01-01", "", {{"tỉnh khác", "Another province", ""}}}};
    data.agencies = {
        agency(kPolice,
               {{Role::of("verifier"), {}, 0, 0}, {Role::of("intake"), {}, kNow - 10, kNow + 10}}),
        agency(kLabour, {{Role::of("support"), {}, 0, 0}}),
        agency(kUnion, {{Role::of("partner"), {}, 0, 0}}),
        agency(kIdle, {}),
        agency(kBusItself, {{Role::of("notifier"), {}, 0, 0}})};
    return data;
}

registry::Registry built(registry::RegistryData data) {
    auto registry = registry::Registry::build(std::move(data));
    CHECK(registry.has_value());
    return std::move(*registry);
}

// tidy: long because it is a table of grants, one of each sort.
PolicyData small_policy() {
    const auto role = [](std::string_view name) { return Role::of(name); };
    PolicyData data;
    data.bus = kBus;
    data.version = 7;
    data.issued = kNow;
    data.expires = kNow + 86'400'001;
    data.roles = {role("verifier"), role("intake"), role("support"), role("partner")};
    data.grants = {
        {"publish-request",
         {role("support")},
         {Action::publish},
         {Kind::verification_request},
         {},
         {},
         under(&Conditions::party),
         "điều 5"},
        {"read-request",
         {role("verifier")},
         {Action::read},
         {Kind::verification_request},
         {"document", "identity"},
         {},
         under(&Conditions::party),
         ""},
        {"read-limited",
         {role("partner")},
         {Action::read},
         {Kind::support_referral},
         {"limited-view"},
         {},
         under(&Conditions::consent),
         ""},
        {"read-summary",
         {role("agency")},
         {Action::read},
         {Kind::province_summary},
         {"*"},
         {},
         {},
         ""},
        {"read-report",
         {role("partner")},
         {Action::read},
         {Kind::outreach_report},
         {"report"},
         {},
         under(&Conditions::named),
         ""},
        {"read-outcome",
         {role("partner")},
         {Action::read},
         {Kind::hotline_outcome},
         {"outcome-code"},
         {},
         under(&Conditions::sender),
         ""},
        {"publish-report",
         {role("partner"), role("intake")},
         {Action::publish},
         {Kind::outreach_report},
         {},
         {},
         {false, false, false, false, "own", kNow + 5},
         ""},
        {"query-case",
         {role("verifier"), role("support")},
         {Action::query},
         {Kind::verification_request},
         {},
         {Purpose::of("verification")},
         under(&Conditions::party),
         ""},
    };
    return data;
}

Policy built(PolicyData data) {
    auto policy = Policy::build(std::move(data));
    CHECK(policy.has_value());
    return std::move(*policy);
}

Context now() {
    Context context;
    context.at = kNow;
    return context;
}

}  // namespace lienthong::policy::test
