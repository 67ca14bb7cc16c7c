// SPDX-License-Identifier: Apache-2.0
#include "security/registry/rules.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/security/registry/fixture.hpp"

namespace lienthong::registry {
namespace {

using namespace test;
using keys::Use;

struct Breach {
    std::string_view says;
    std::function<void(RegistryData&)> commit;
    Code code = Code::malformed_document;
};

void expect_refused(const std::vector<Breach>& breaches) {
    for (const Breach& breach : breaches) {
        RegistryData data = small_registry();
        breach.commit(data);
        const auto built = Registry::build(std::move(data));
        ASSERT_FALSE(built.has_value()) << breach.says;
        EXPECT_EQ(built.error().code, breach.code) << breach.says;
        EXPECT_FALSE(built.error().where.empty()) << breach.says;
        EXPECT_NE(built.error().detail.find(breach.says), std::string::npos)
            << breach.says << " / " << built.error().detail << " at " << built.error().where;
    }
}

TEST(RegistryRules, RefuseAnImpossibleFrame) {
    expect_refused({
        {"name its bus", [](auto& data) { data.bus = {}; }},
        {"begin with 1", [](auto& data) { data.version = 0; }},
        {"impossible time", [](auto& data) { data.expires = kTimeMax + 1; }},
        {"impossible time", [](auto& data) { data.issued = -1; }},
        {"after issued", [](auto& data) { data.expires = data.issued; }},
        {"begin with 1", [](auto& data) { data.suite_floor = 0; }},
        {"at least 1", [](auto& data) { data.limits.connections_per_agency_max = 0; }},
        {"1 to 100000", [](auto& data) { data.limits.witness_age_minutes = 0; }},
        {"1 to 100000", [](auto& data) { data.limits.witness_age_minutes = 100'001; }},
        {"no such days", [](auto& data) { data.office_hours.days = 0; }},
        {"no such days", [](auto& data) { data.office_hours.days = 0x80; }},
        {"1 to 8 spans", [](auto& data) { data.office_hours.spans.clear(); }},
        {"1 to 8 spans",
         [](auto& data) {
             data.office_hours.spans.clear();
             for (std::uint16_t i = 0; i < 9; ++i) {
                 data.office_hours.spans.push_back(
                     {static_cast<std::uint16_t>(2 * i), static_cast<std::uint16_t>(2 * i + 1)});
             }
         }},
        {"ascending", [](auto& data) { data.office_hours.spans = {{60, 60}}; }},
        {"ascending", [](auto& data) { data.office_hours.spans = {{0, 1441}}; }},
        {"ascending", [](auto& data) { data.office_hours.spans = {{60, 120}, {119, 180}}; }},
        {"too large", [](auto& data) { data.authority_certificate.resize(8193); }},
    });
}

TEST(RegistryRules, RefuseWrongNamesAndRepeatedIds) {
    expect_refused({
        {"an id is", [](auto& data) { data.agencies[0].id = AgencyId::of("Công an"); }},
        {"a slug is", [](auto& data) { data.agencies[0].slug = "Police"; }},
        {"two agencies of one id", [](auto& data) { data.agencies[1].id = kPolice; }},
        {"two agencies of one slug", [](auto& data) { data.agencies[1].slug = "police"; }},
        {"the id of another", [](auto& data) { data.agencies[1].slug = "ag-1"; }},
        {"have these words", [](auto& data) { data.agencies[1].slug = "administrators"; }},
        {"has no name", [](auto& data) { data.agencies[0].names.clear(); }},
        {"1 to 200 bytes", [](auto& data) { data.agencies[0].names[0].en.clear(); }},
        {"1 to 200 bytes", [](auto& data) { data.agencies[0].names[0].vi.assign(201, 'a'); }},
        {"NFC", [](auto& data) { data.agencies[0].names[0].vi = "Co\xcc\x82ng an"; }},
        {"NFC", [](auto& data) { data.agencies[0].names[0].vi = "\xff"; }},
        {"control characters", [](auto& data) { data.agencies[0].names[0].vi = "a\nb"; }},
        {"begin on one day", [](auto& data) { data.agencies[0].names[1].from = ""; }},
        {"no such date", [](auto& data) { data.agencies[0].names[1].from = "2021-02-29"; }},
        {"two units of one id",
         [](auto& data) { data.agencies[0].units[1].id = UnitId::of("kim-son"); }},
        {"two officers of one id",
         [](auto& data) { data.agencies[0].officers[1].id = OfficerId::of("o-1"); }},
        {"two nodes of one id",
         [](auto& data) { data.agencies[1].nodes.push_back(NodeId::of("n-police")); }},
    });
}

TEST(RegistryRules, TakeANameOfTwoHundredBytes) {
    RegistryData data = small_registry();
    data.agencies[0].names[0].vi.assign(200, 'a');
    EXPECT_TRUE(Registry::build(std::move(data)).has_value());
}

TEST(RegistryRules, RefuseUnknownReferences) {
    expect_refused({
        {"unknown unit", [](auto& data) { data.agencies[0].roles[1].unit = UnitId::of("hanoi"); }},
        {"unknown unit",
         [](auto& data) { data.agencies[0].officers[0].unit = UnitId::of("hanoi"); }},
        {"unknown territory", [](auto& data) { data.agencies[0].territory = "99"; }},
        {"unknown territory", [](auto& data) { data.agencies[0].units[0].territory = "99"; }},
        {"unknown territory", [](auto& data) { data.territories[1].parent = "99"; }},
        {"unknown node",
         [](auto& data) { key_of(data, 0, Use::curve).node = NodeId::of("n-labour"); }},
        {"unknown agency", [](auto& data) { data.successions[0].to = AgencyId::of("ag-9"); }},
    });
}

TEST(RegistryRules, RefuseOddRolesPlacesAndSuccessions) {
    expect_refused({
        {"a role has a name", [](auto& data) { data.agencies[0].roles[0].role = {}; }},
        {"agency means any role",
         [](auto& data) { data.agencies[0].roles[0].role = Role::of("agency"); }},
        {"ends before it begins", [](auto& data) { data.agencies[0].roles[1].until = kFrom; }},
        {"stands twice",
         [](auto& data) { data.agencies[0].roles.push_back(data.agencies[0].roles[0]); }},
        {"a code is", [](auto& data) { data.territories[0].code = "Ninh Bình"; }},
        {"must be a date", [](auto& data) { data.territories[0].vintage = "2020"; }},
        {"two rows of one vintage", [](auto& data) { data.territories[1].code = "37"; }},
        {"lies in itself", [](auto& data) { data.territories[0].parent = "37"; }},
        {"does not succeed itself", [](auto& data) { data.successions[0].to = kPolice; }},
        {"a role, or all", [](auto& data) { data.successions[0].function = ""; }},
        {"no such date", [](auto& data) { data.successions[0].date = "2025-13-01"; }},
        {"stands twice", [](auto& data) { data.successions.push_back(data.successions[0]); }},
    });
}

TEST(RegistryRules, RefuseKeysThatCannotBe) {
    expect_refused({
        {"one key stands twice", [](auto& data) { data.bus_keys.push_back(data.bus_keys[0]); }},
        {"but not revoked", [](auto& data) { data.bus_keys[0].revoked_from = 5; }},
        {"of use log or curve",
         [](auto& data) { data.bus_keys.push_back(raw_key(Use::witness, "")); }},
        {"no such node", [](auto& data) { data.bus_keys[0].node = NodeId::of("Broker"); }},
        {"belong to the bus",
         [](auto& data) { data.agencies[0].keys.push_back(raw_key(Use::log, "n-police")); }},
        {"all others a node's", [](auto& data) { key_of(data, 0, Use::curve).node = {}; }},
        {"all others a node's",
         [](auto& data) { key_of(data, 0, Use::seal).node = NodeId::of("n-police"); }},
        {"32 raw bytes", [](auto& data) { key_of(data, 0, Use::curve).raw.pop_back(); }},
        {"not the id of these bytes", [](auto& data) { key_of(data, 0, Use::curve).raw[0] ^= 1; }},
        {"not the id of these bytes",
         [](auto& data) { key_of(data, 0, Use::curve).use = Use::witness; }},
        {"needs a certificate", [](auto& data) { key_of(data, 0, Use::sign).certificate.clear(); }},
        {"no such use", [](auto& data) { key_of(data, 0, Use::sign).use = Use::administrator; }},
        {"no such use", [](auto& data) { key_of(data, 0, Use::sign).use = Use{9}; }},
        {"ends before it begins",
         [](auto& data) { key_of(data, 0, Use::curve).validity = {kUntil, kFrom}; }},
    });
}

TEST(RegistryRules, RefuseCertificatesThatSaySomethingElse) {
    const keys::Validity year{kFrom, kUntil};
    expect_refused({
        {"need an authority", [](auto& data) { data.authority_certificate.clear(); }},
        {"not the id of its certificate", [](auto& data) { key_of(data, 0, Use::sign).id = {}; }},
        {"for another use",
         [&](auto& data) {
             key_of(data, 0, Use::sign) = certified("ag-1/n-police/seal", Use::seal, "", year);
             key_of(data, 0, Use::seal).use = Use::sign;
             key_of(data, 0, Use::sign).node = NodeId::of("n-police");
         }},
        {"names another owner",
         [&](auto& data) {
             key_of(data, 0, Use::sign) =
                 certified("ag-2/n-police/sign", Use::sign, "n-police", year);
         }},
        {"names another owner",
         [&](auto& data) {
             key_of(data, 0, Use::sign) =
                 certified("ag-1/n-labour/sign", Use::sign, "n-police", year);
         }},
        {"outside its certificate's validity",
         [](auto& data) { key_of(data, 0, Use::sign).validity.from -= 1000; }},
        {"end with its certificate",
         [](auto& data) { key_of(data, 0, Use::sign).validity.until += 1000; }},
        {"end with its certificate",
         [](auto& data) { key_of(data, 0, Use::sign).validity.until = 0; }},
    });
}

TEST(RegistryRules, RefuseCertificatesOfAnotherAuthority) {
    RegistryData data = small_registry();
    data.authority_certificate = foreign_authority();
    auto built = Registry::build(data);
    ASSERT_FALSE(built.has_value());
    EXPECT_EQ(built.error().code, Code::bad_certificate);

    data.authority_certificate = key_of(data, 0, Use::sign).certificate;
    built = Registry::build(data);
    ASSERT_FALSE(built.has_value());
    EXPECT_EQ(built.error().code, Code::bad_certificate);
    EXPECT_EQ(built.error().where, "authority_certificate");

    data.authority_certificate = small_registry().authority_certificate;
    key_of(data, 0, Use::sign).certificate.back() ^= 1;
    built = Registry::build(data);
    ASSERT_FALSE(built.has_value());
    EXPECT_EQ(built.error().code, Code::bad_certificate);
}

}  // namespace
}  // namespace lienthong::registry
