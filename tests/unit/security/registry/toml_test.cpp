// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bus/base/base64.hpp"
#include "bus/base/file.hpp"
#include "security/registry/registry.hpp"
#include "tests/unit/security/registry/fixture.hpp"

namespace lienthong::registry {
namespace {

using namespace test;

Error refused(std::string_view toml) {
    auto compiled = compile_registry(toml, kBus, 1);
    EXPECT_FALSE(compiled.has_value());
    return compiled ? Error{} : compiled.error();
}

TEST(RegistryToml, ReadsBackWhatItWrote) {
    RegistryData data = small_registry();
    data.suite_floor = 2;
    data.limits = {3, 4, 5};
    data.office_hours = {0x41, {{0, 1}, {1, 1440}}};
    key_of(data, 0, keys::Use::sign).revoked = true;
    key_of(data, 0, keys::Use::sign).revoked_from = 0;
    key_of(data, 1, keys::Use::sign).revoked = true;
    key_of(data, 1, keys::Use::sign).revoked_from = 1234;
    const std::string toml = to_toml(data);
    const auto compiled = compile_registry(toml, data.bus, data.version);
    ASSERT_TRUE(compiled.has_value()) << compiled.error().where << " " << compiled.error().detail;
    EXPECT_EQ(*compiled, data);
    EXPECT_EQ(to_toml(*compiled), toml);
}

TEST(RegistryToml, NamesTheLineOfAnUnknownKey) {
    const Error error = refused("suite_floor = 1\n[[agency]]\nid = 'ag-1'\ncolour = 'red'\n");
    EXPECT_EQ(error.code, Code::malformed_document);
    const Error later = refused("suite_floor = 1\nsuit = 1");
    EXPECT_EQ(later.where, "line 2: suit");
    EXPECT_EQ(later.detail, "unknown key");
    const Error inside = refused(
        "[[agency]]\nid = 'ag-1'\nslug = 'a'\nnames = [{ vi = 'a', en = 'a' }]\ncolour = 'red'\n");
    EXPECT_EQ(inside.where, "line 5: agency.colour");
}

TEST(RegistryToml, NamesTheLineOfAWrongValue) {
    EXPECT_EQ(refused("[[agency]]\nslug = 'a'").where, "line 1: agency.id");
    EXPECT_EQ(refused("[[agency]]\nid = 'Công'").where, "line 2: agency.id");
    EXPECT_EQ(refused("[[territory]]\ncode = '37'\nvintage = '2020'\n").where,
              "line 3: territory.vintage");
    EXPECT_EQ(refused("[[bus_key]]\nuse = 'lock'").where, "line 2: bus_key.use");
    EXPECT_EQ(refused("[[bus_key]]\nuse = 'log'\nraw = '00'").where, "line 3: bus_key.raw");
    EXPECT_EQ(refused("[[bus_key]]\nuse = 'log'").where, "line 2: bus_key.use");
    EXPECT_EQ(refused("authority_certificate = '!'").where, "line 1: authority_certificate");
    EXPECT_EQ(refused("[[agency]]\nid = 'a'\nslug = 'a'\nnames = [{ vi = 'a', en = 'a' }]\n"
                      "[[agency.officer]]\nid = 'o'\nfunctions = ['sing']")
                  .where,
              "line 7: agency.officer.functions");
    EXPECT_EQ(refused("[[agency]]\nid = 'a'\nslug = 'a'\nnames = [{ vi = 'a', en = 'a' }]\n"
                      "[[agency.key]]\nuse = 'sign'\ncertificate = 'AAAA'")
                  .where,
              "line 7: agency.key.certificate");
}

TEST(RegistryToml, RefusesWhatOnlyTheWholeShows) {
    const Error error = refused(
        "[[agency]]\nid = 'a'\nslug = 'a'\nterritory = '99'\nnames = [{ vi = 'a', en = 'a' }]\n");
    EXPECT_EQ(error.where, "agency a");
    EXPECT_EQ(error.detail, "unknown territory");
}

TEST(RegistryToml, IsOfTheBusThatItNames) {
    const Error error = refused("bus = 'another-bus'");
    EXPECT_EQ(error.code, Code::wrong_bus);
}

TEST(RegistryToml, TakesNamesInAnyNormalForm) {
    const auto compiled = compile_registry(
        "[[agency]]\nid = 'a'\nslug = 'a'\nnames = [{ vi = 'Co\xcc\x82ng an', en = 'a' }]\n",
        kBus,
        1);
    ASSERT_TRUE(compiled.has_value());
    EXPECT_EQ(compiled->agencies[0].names[0].vi, "Công an");
}

TEST(RegistryToml, TakesPemAndBase64AndHexadecimal) {
    RegistryData data = small_registry();
    const KeyEntry& sign = key_of(data, 0, keys::Use::sign);
    const KeyEntry& log = data.bus_keys[0];
    const std::string pem = keys::to_pem(sign.certificate);
    const std::string toml = "authority_certificate = '" + to_base64(data.authority_certificate) +
                             "'\n[[bus_key]]\nuse = 'log'\nraw = '" + to_base64(log.raw) +
                             "'\n[[agency]]\nid = 'ag-1'\nslug = 'a'\nnodes = ['n-police']\n"
                             "names = [{ vi = 'a', en = 'a' }]\n[[agency.key]]\nuse = 'sign'\n"
                             "node = 'n-police'\nfrom = 2021-01-01\nuntil = 2021-12-31\n"
                             "certificate = '''\n" +
                             pem + "'''\n";
    const auto compiled = compile_registry(toml, kBus, 1);
    ASSERT_TRUE(compiled.has_value()) << compiled.error().where << " " << compiled.error().detail;
    EXPECT_EQ(compiled->bus_keys[0].id, log.id);
    EXPECT_EQ(compiled->agencies[0].keys[0], sign);
    EXPECT_TRUE(Registry::build(*compiled).has_value());
}

TEST(RegistryToml, RefusesAStatedIdThatIsNotTheKeys) {
    const KeyEntry log = small_registry().bus_keys[0];
    const std::string rest = "[[bus_key]]\nuse = 'log'\nraw = '" + to_hex(log.raw) + "'\nid = '";
    EXPECT_TRUE(compile_registry(rest + to_hex(log.id.view()) + "'", kBus, 1).has_value());
    EXPECT_EQ(refused(rest + to_hex(Hash{}.view()) + "'").where, "line 4: bus_key.id");
}

class NinhBinh : public testing::Test {
  protected:
    NinhBinh() {
        const auto bytes = read_file(LT_BUS_TOML, 1024 * 1024);
        auto compiled = compile_registry(as_text(*bytes), BusId::of("ninh-binh-2021"), 1);
        EXPECT_TRUE(compiled.has_value())
            << compiled.error().where << " " << compiled.error().detail;
        if (compiled) registry_ = Registry::build(std::move(*compiled));
    }

    const Agency& agency(std::string_view slug) const {
        return *registry_->maybe_agency_by_slug(slug);
    }

    Result<Registry> registry_ = fail(Code::malformed_document);
};

TEST_F(NinhBinh, HasElevenAgenciesWithANodeEach) {
    ASSERT_TRUE(registry_.has_value());
    std::set<std::string> slugs;
    for (const Agency& agency : registry_->data().agencies) {
        EXPECT_EQ(agency.nodes.size(), 1u) << agency.slug;
        EXPECT_TRUE(agency.keys.empty()) << agency.slug;
        if (is_pseudo(agency.id)) continue;
        slugs.insert(agency.slug);
        EXPECT_EQ(agency.nodes[0].text(), "n-" + agency.slug);
        EXPECT_TRUE(agency.id.text().starts_with("ag-")) << agency.slug;
        EXPECT_FALSE(agency.roles.empty()) << agency.slug;
    }
    EXPECT_EQ(slugs,
              (std::set<std::string>{"police",
                                     "border-guard",
                                     "labour",
                                     "fatherland-front",
                                     "womens-union",
                                     "information",
                                     "social-protection-centre",
                                     "trade-union",
                                     "hotline-111",
                                     "broadcaster",
                                     "peoples-committee"}));
    EXPECT_EQ(agency("bus").id.text(), kBusAgency);
    EXPECT_EQ(agency("administrators").nodes[0].text(), "admin");
}

TEST_F(NinhBinh, HasRolesHeldAsTheDomainSays) {
    ASSERT_TRUE(registry_.has_value());
    const auto holders = [&](std::string_view role) {
        std::set<std::string> slugs;
        for (const AgencyId& id : registry_->holders(Role::of(role), kSummer)) {
            slugs.insert(registry_->maybe_agency(id)->slug);
        }
        return slugs;
    };
    using Slugs = std::set<std::string>;
    EXPECT_EQ(holders("intake"), (Slugs{"border-guard", "police"}));
    EXPECT_EQ(holders("commune-intake"), (Slugs{"peoples-committee"}));
    EXPECT_EQ(holders("verifier"), (Slugs{"police"}));
    EXPECT_EQ(holders("support-authority"), (Slugs{"labour"}));
    EXPECT_EQ(holders("summary-publisher"), (Slugs{"labour"}));
    EXPECT_EQ(holders("shelter"), (Slugs{"social-protection-centre"}));
    EXPECT_EQ(holders("reintegration-partner"), (Slugs{"womens-union"}));
    EXPECT_EQ(holders("tip-source"), (Slugs{"hotline-111"}));
    EXPECT_EQ(holders("data-protection"), (Slugs{"peoples-committee"}));
    EXPECT_EQ(holders("outreach-reporter"),
              (Slugs{"police",
                     "border-guard",
                     "labour",
                     "fatherland-front",
                     "womens-union",
                     "information",
                     "trade-union",
                     "broadcaster"}));
    const AgencyId committee = agency("peoples-committee").id;
    EXPECT_TRUE(registry_->unit_holds(
        committee, UnitId::of("xa-kim-dong"), Role::of("commune-intake"), kSummer));
    EXPECT_FALSE(registry_->unit_holds(
        committee, UnitId::of("van-phong"), Role::of("commune-intake"), kSummer));
}

TEST_F(NinhBinh, HasAnOfficerWhoMayQueryWhereOneIsNeeded) {
    ASSERT_TRUE(registry_.has_value());
    for (const char* slug : {"police",
                             "labour",
                             "border-guard",
                             "fatherland-front",
                             "information",
                             "womens-union",
                             "social-protection-centre",
                             "peoples-committee",
                             "hotline-111"}) {
        EXPECT_TRUE(std::ranges::any_of(agency(slug).officers, &Officer::query)) << slug;
    }
}

TEST_F(NinhBinh, HasPlacesInsideTheProvince) {
    ASSERT_TRUE(registry_.has_value());
    for (const Territory& row : registry_->data().territories) {
        EXPECT_TRUE(registry_->lies_within(row.code, "37", kSummer)) << row.code;
    }
    EXPECT_TRUE(registry_->lies_within("nb-yen-thanh", "377", kSummer));
    EXPECT_EQ(agency("border-guard").units[0].id.text(), "don-kim-son");
}

TEST_F(NinhBinh, ReadsBackFromItsCanonicalText) {
    ASSERT_TRUE(registry_.has_value());
    const RegistryData& data = registry_->data();
    const auto again = compile_registry(to_toml(data), data.bus, data.version);
    ASSERT_TRUE(again.has_value()) << again.error().where;
    EXPECT_EQ(*again, data);
}

}  // namespace
}  // namespace lienthong::registry
