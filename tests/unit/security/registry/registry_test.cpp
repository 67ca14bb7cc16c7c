// SPDX-License-Identifier: Apache-2.0
#include "security/registry/registry.hpp"

#include <gtest/gtest.h>

#include "tests/unit/security/registry/fixture.hpp"

namespace lienthong::registry {
namespace {

using namespace test;

Code code_of(const Registry& registry,
             const AgencyId& agency,
             const keys::KeyId& id,
             Millis at = kSummer,
             Position position = 0) {
    auto key = registry.signing_key(agency, id, at, position);
    EXPECT_FALSE(key.has_value());
    return key ? Code::io : key.error().code;
}

TEST(Registry, FindsAgenciesByIdAndBySlug) {
    const Registry registry = built(small_registry());
    ASSERT_NE(registry.maybe_agency(kPolice), nullptr);
    EXPECT_EQ(registry.maybe_agency(kPolice)->slug, "police");
    EXPECT_EQ(registry.maybe_agency_by_slug("police")->id, kPolice);
    EXPECT_EQ(registry.maybe_agency_by_slug("ag-1")->id, kPolice);
    EXPECT_EQ(registry.maybe_agency(AgencyId::of("ag-9")), nullptr);
    EXPECT_EQ(registry.maybe_agency_by_slug("nobody"), nullptr);
}

TEST(Registry, KeepsItsIndexWhenItIsCopiedAndMoved) {
    Registry registry = built(small_registry());
    const Registry copy = registry;
    const Registry moved = std::move(registry);
    EXPECT_EQ(copy.maybe_agency(kLabour)->slug, "labour");
    EXPECT_EQ(moved.maybe_agency(kLabour)->slug, "labour");
}

TEST(Registry, CountsARoleOnlyWhileItIsHeld) {
    const Registry registry = built(small_registry());
    const Role intake = Role::of("intake");
    EXPECT_FALSE(registry.holds(kPolice, intake, kFrom - 1));
    EXPECT_TRUE(registry.holds(kPolice, intake, kFrom));
    EXPECT_TRUE(registry.holds(kPolice, intake, kUntil));
    EXPECT_FALSE(registry.holds(kPolice, intake, kUntil + 1));
    EXPECT_FALSE(registry.holds(kLabour, intake, kSummer));
    EXPECT_FALSE(registry.holds(AgencyId::of("ag-9"), intake, kSummer));
}

TEST(Registry, GivesAUnitItsOwnRolesAndThoseOfTheWholeAgency) {
    const Registry registry = built(small_registry());
    const UnitId kim_son = UnitId::of("kim-son");
    const UnitId yen_mo = UnitId::of("yen-mo");
    EXPECT_TRUE(registry.unit_holds(kPolice, kim_son, Role::of("intake"), kSummer));
    EXPECT_FALSE(registry.unit_holds(kPolice, yen_mo, Role::of("intake"), kSummer));
    EXPECT_TRUE(registry.unit_holds(kPolice, yen_mo, Role::of("verifier"), kSummer));
    EXPECT_FALSE(registry.unit_holds(AgencyId::of("ag-9"), yen_mo, Role::of("intake"), kSummer));
}

TEST(Registry, ListsHoldersAscending) {
    RegistryData data = small_registry();
    data.agencies[1].roles.push_back({Role::of("verifier"), {}, 0, 0});
    std::swap(data.agencies[0], data.agencies[1]);
    const Registry registry = built(std::move(data));
    EXPECT_EQ(registry.holders(Role::of("verifier"), kSummer),
              (std::vector<AgencyId>{kPolice, kLabour}));
    EXPECT_TRUE(registry.holders(Role::of("nobody"), kSummer).empty());
}

TEST(Registry, GivesTheSigningKeyOfAnAgencyAndOfNobodyElse) {
    RegistryData data = small_registry();
    const keys::KeyId id = key_of(data, 0, keys::Use::sign).id;
    const keys::KeyId seal = key_of(data, 0, keys::Use::seal).id;
    const Registry registry = built(std::move(data));
    auto key = registry.signing_key(kPolice, id, kSummer, 0);
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->id(), id);
    EXPECT_EQ(code_of(registry, kLabour, id), Code::wrong_sender);
    EXPECT_EQ(code_of(registry, kPolice, Hash{}), Code::unknown_key);
    EXPECT_EQ(code_of(registry, kPolice, seal), Code::unknown_key);
}

TEST(Registry, RefusesASigningKeyOutsideItsValidity) {
    RegistryData data = small_registry();
    const keys::KeyId id = key_of(data, 0, keys::Use::sign).id;
    const Registry registry = built(std::move(data));
    EXPECT_EQ(code_of(registry, kPolice, id, kFrom - 1), Code::expired_key);
    EXPECT_TRUE(registry.signing_key(kPolice, id, kFrom, 0).has_value());
    EXPECT_TRUE(registry.signing_key(kPolice, id, kUntil - 1, 0).has_value());
    EXPECT_EQ(code_of(registry, kPolice, id, kUntil), Code::expired_key);
}

TEST(Registry, RevokesASigningKeyFromAPositionOnAndNotBefore) {
    RegistryData data = small_registry();
    KeyEntry& entry = key_of(data, 0, keys::Use::sign);
    entry.revoked = true;
    entry.revoked_from = 100;
    const keys::KeyId id = entry.id;
    const Registry registry = built(std::move(data));
    EXPECT_TRUE(registry.signing_key(kPolice, id, kSummer, 99).has_value());
    EXPECT_EQ(code_of(registry, kPolice, id, kSummer, 100), Code::revoked_key);
    EXPECT_EQ(code_of(registry, kPolice, id, kSummer, 101), Code::revoked_key);
}

TEST(Registry, OwnsKeysOfTheBusToo) {
    RegistryData data = small_registry();
    const KeyEntry log = data.bus_keys[0];
    const KeyEntry witness = key_of(data, 1, keys::Use::witness);
    const Registry registry = built(std::move(data));
    EXPECT_EQ(registry.maybe_key(log.id).agency->id.text(), kBusAgency);
    EXPECT_EQ(*registry.maybe_key(log.id).key, log);
    EXPECT_EQ(registry.maybe_key(witness.id).agency->id, kLabour);
    EXPECT_EQ(registry.maybe_key(Hash{}).key, nullptr);
    EXPECT_EQ(*registry.log_key(kSummer), log);
    EXPECT_EQ(registry.log_key(kUntil), nullptr);
}

TEST(Registry, AdmitsCurveKeysOfNodesThatAreNotRevoked) {
    RegistryData data = small_registry();
    const Bytes police = key_of(data, 0, keys::Use::curve).raw;
    const Bytes labour = key_of(data, 1, keys::Use::curve).raw;
    const Bytes broker = data.bus_keys[1].raw;
    const Bytes witness = key_of(data, 0, keys::Use::witness).raw;
    key_of(data, 1, keys::Use::curve).revoked = true;
    const Registry registry = built(std::move(data));
    ASSERT_NE(registry.maybe_curve(police).agency, nullptr);
    EXPECT_EQ(registry.maybe_curve(police).agency->id, kPolice);
    EXPECT_EQ(registry.maybe_curve(police).key->node.text(), "n-police");
    EXPECT_EQ(registry.maybe_curve(labour).key, nullptr);
    EXPECT_EQ(registry.maybe_curve(broker).key, nullptr);
    EXPECT_EQ(registry.maybe_curve(witness).key, nullptr);
    EXPECT_EQ(registry.maybe_curve(Bytes(31, 1)).key, nullptr);
}

TEST(Registry, SealsToTheNewestCertificateInForce) {
    RegistryData data = small_registry();
    const Bytes old_one = key_of(data, 0, keys::Use::seal).certificate;
    KeyEntry renewed = certified("ag-1/seal", keys::Use::seal, "", {kSummer, kUntil});
    data.agencies[0].keys.push_back(renewed);
    Registry registry = built(data);
    EXPECT_EQ(registry.sealing_certificate(kPolice, kSummer - 1), old_one);
    EXPECT_EQ(registry.sealing_certificate(kPolice, kSummer), renewed.certificate);
    EXPECT_TRUE(registry.sealing_certificate(kPolice, kUntil).empty());
    EXPECT_TRUE(registry.sealing_certificate(AgencyId::of("ag-9"), kSummer).empty());

    data.agencies[0].keys.back().revoked = true;
    registry = built(data);
    EXPECT_EQ(registry.sealing_certificate(kPolice, kSummer), old_one);
}

TEST(Registry, LetsOnlyOfficersWithThisFunctionQuery) {
    const Registry registry = built(small_registry());
    EXPECT_TRUE(registry.may_query(kPolice, OfficerId::of("o-1")));
    EXPECT_FALSE(registry.may_query(kPolice, OfficerId::of("o-2")));
    EXPECT_FALSE(registry.may_query(kPolice, OfficerId::of("o-3")));
    EXPECT_FALSE(registry.may_query(kLabour, OfficerId::of("o-1")));
    EXPECT_FALSE(registry.may_query(AgencyId::of("ag-9"), OfficerId::of("o-1")));
}

TEST(Registry, AnswersAPlaceByTheVintageInForce) {
    RegistryData data = small_registry();
    data.territories.push_back({"36", "2020-01-01", "", {{"tỉnh khác", "Another", ""}}});
    data.territories.push_back({"376", "2021-07-01", "36", {{"huyện Kim Sơn", "Kim Sơn", ""}}});
    const Registry registry = built(std::move(data));
    const Millis first_of_july = 1'625'072'400'000;  // 00:00 in Việt Nam
    EXPECT_EQ(registry.maybe_territory("376", first_of_july - 1)->parent, "37");
    EXPECT_EQ(registry.maybe_territory("376", first_of_july)->parent, "36");
    EXPECT_EQ(registry.maybe_territory("376", 1'500'000'000'000), nullptr);
    EXPECT_TRUE(registry.lies_within("376", "376", kSummer));
    EXPECT_TRUE(registry.lies_within("376", "37", first_of_july - 1));
    EXPECT_FALSE(registry.lies_within("376", "37", first_of_july));
    EXPECT_FALSE(registry.lies_within("37", "376", kSummer));
    EXPECT_FALSE(registry.lies_within("99", "37", kSummer));
}

TEST(Registry, EndsTheSearchInACircleOfPlaces) {
    RegistryData data = small_registry();
    data.territories[0].parent = "376";
    const Registry registry = built(std::move(data));
    EXPECT_FALSE(registry.lies_within("376", "99", kSummer));
}

TEST(Registry, KeepsSuccessions) {
    const Registry registry = built(small_registry());
    ASSERT_EQ(registry.data().successions.size(), 1u);
    EXPECT_EQ(registry.data().successions[0],
              (Succession{kPolice, kLabour, "support-authority", "2025-03-01"}));
}

TEST(Registry, GivesTheWitnessesOfAgenciesThatCountAtAMoment) {
    using keys::Use;
    RegistryData data = small_registry();
    for (Agency& agency : data.agencies) {
        std::erase_if(agency.keys, [](const KeyEntry& key) { return key.use == Use::witness; });
    }
    data.agencies[0].keys.push_back(raw_key(Use::witness, "n-police"));
    data.agencies[1].keys.push_back(raw_key(Use::witness, "n-labour"));
    data.agencies.back().nodes = {NodeId::of("n-bus")};
    ASSERT_EQ(data.agencies.back().id.text(), kBusAgency);
    data.agencies.back().keys.push_back(raw_key(Use::witness, "n-bus"));
    const auto of = [](const RegistryData& one, std::optional<Millis> at) {
        std::vector<std::string> nodes;
        const Registry registry = built(one);
        for (const auto& owner : registry.witnesses(at)) nodes.push_back(owner.key->node.text());
        return nodes;
    };
    using Nodes = std::vector<std::string>;
    EXPECT_EQ(of(data, kFrom), (Nodes{"n-police", "n-labour"})) << "the bus is no agency";
    EXPECT_EQ(of(data, kFrom - 1), Nodes{});
    EXPECT_EQ(of(data, kUntil), Nodes{});
    key_of(data, 0, Use::witness).revoked = true;
    EXPECT_EQ(of(data, kFrom), Nodes{"n-labour"});
    EXPECT_EQ(of(data, std::nullopt), (Nodes{"n-police", "n-labour"}));
}

}  // namespace
}  // namespace lienthong::registry
