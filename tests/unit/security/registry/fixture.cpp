// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/security/registry/fixture.hpp"

#include "bus/base/check.hpp"

namespace lienthong::registry::test {

namespace {

struct Authority {
    keys::PrivateKey key;
    Bytes certificate;
};

Authority make_authority() {
    auto key = keys::PrivateKey::generate(keys::Algorithm::p256);
    CHECK(key.has_value());
    auto certificate = keys::make_authority_certificate(
        *key, kBus.text(), {kFrom - 86'400'000, kUntil + 86'400'000});
    CHECK(certificate.has_value());
    return {std::move(*key), std::move(*certificate)};
}

const Authority& authority() {
    static const Authority made = make_authority();
    return made;
}

Agency make_agency(std::string_view id, std::string_view slug, std::string_view node) {
    Agency agency;
    agency.id = AgencyId::of(id);
    agency.slug = std::string(slug);
    agency.names = {{"Cơ quan " + agency.slug, "Agency " + agency.slug, ""}};
    agency.nodes = {NodeId::of(node)};
    agency.territory = "37";
    const keys::Validity validity{kFrom, kUntil};
    const std::string owner = agency.id.text() + "/" + std::string(node);
    agency.keys = {certified(owner + "/sign", keys::Use::sign, node, validity),
                   certified(agency.id.text() + "/seal", keys::Use::seal, "", validity),
                   raw_key(keys::Use::curve, node),
                   raw_key(keys::Use::witness, node)};
    return agency;
}

RegistryData make_registry() {
    RegistryData data;
    data.bus = kBus;
    data.version = 3;
    data.issued = kFrom;
    data.expires = kUntil + 12'345;
    data.authority_certificate = authority().certificate;
    data.bus_keys = {raw_key(keys::Use::log, "broker"), raw_key(keys::Use::curve, "")};
    data.territories = {{"37", "2020-01-01", "", {{"tỉnh Ninh Bình", "Ninh Bình", ""}}},
                        {"376", "2020-01-01", "37", {{"huyện Kim Sơn", "Kim Sơn", ""}}}};
    Agency police = make_agency("ag-1", "police", "n-police");
    police.names.push_back({"Công an tỉnh \"mới\"", "Police \\ new", "2021-07-01"});
    police.units = {{UnitId::of("kim-son"), {{"Công an huyện", "District police", ""}}, "376"},
                    {UnitId::of("yen-mo"), {{"Công an huyện", "District police", ""}}, ""}};
    police.roles = {{Role::of("verifier"), {}, 0, 0},
                    {Role::of("intake"), UnitId::of("kim-son"), kFrom, kUntil + 1}};
    police.officers = {{OfficerId::of("o-1"), UnitId::of("kim-son"), true, false, true},
                       {OfficerId::of("o-2"), {}, false, true, false}};
    Agency labour = make_agency("ag-2", "labour", "n-labour");
    labour.roles = {{Role::of("support-authority"), {}, 0, 0}};
    data.agencies = {std::move(police), std::move(labour)};
    Agency bus;
    bus.id = AgencyId::of(kBusAgency);
    bus.slug = kBusAgency;
    bus.names = {{"Trục", "Bus", ""}};
    data.agencies.push_back(std::move(bus));
    data.successions = {{kPolice, kLabour, "support-authority", "2025-03-01"}};
    return data;
}

}  // namespace

RegistryData small_registry() {
    static const RegistryData made = make_registry();
    return made;
}

Registry built(RegistryData data) {
    auto registry = Registry::build(std::move(data));
    CHECK(registry.has_value());
    return std::move(*registry);
}

KeyEntry& key_of(RegistryData& data, std::size_t agency, keys::Use use) {
    for (KeyEntry& key : data.agencies.at(agency).keys) {
        if (key.use == use) return key;
    }
    CHECK(false);
}

KeyEntry certified(std::string_view subject,
                   keys::Use use,
                   std::string_view node,
                   keys::Validity validity) {
    auto key = keys::PrivateKey::generate(keys::Algorithm::p256);
    CHECK(key.has_value());
    static std::uint8_t serial = 0;
    Bytes serial16(16, 7);
    serial16.back() = ++serial;
    auto certificate = keys::issue_certificate(authority().key,
                                               authority().certificate,
                                               subject,
                                               use,
                                               key->public_key().spki(),
                                               validity,
                                               serial16);
    CHECK(certificate.has_value());
    KeyEntry entry;
    entry.id = key->public_key().id();
    entry.use = use;
    entry.node = node.empty() ? NodeId{} : NodeId::of(node);
    entry.certificate = std::move(*certificate);
    entry.validity = validity;
    return entry;
}

KeyEntry raw_key(keys::Use use, std::string_view node) {
    const auto algorithm =
        use == keys::Use::curve ? keys::Algorithm::x25519 : keys::Algorithm::ed25519;
    auto key = keys::PrivateKey::generate(algorithm);
    CHECK(key.has_value());
    KeyEntry entry;
    entry.id = key->public_key().id();
    entry.use = use;
    entry.node = node.empty() ? NodeId{} : NodeId::of(node);
    entry.raw = key->public_key().raw();
    entry.validity = {kFrom, kUntil};
    return entry;
}

Bytes foreign_authority() { return make_authority().certificate; }

}  // namespace lienthong::registry::test
