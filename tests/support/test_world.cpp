// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_world.hpp"

#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/base/file.hpp"
#include "security/keys/digest.hpp"
#include "tests/unit/bus/message/payload_from_json.hpp"

namespace lienthong::test {
namespace {

using keys::Algorithm;
using keys::PrivateKey;
using registry::DocumentKind;
using registry::KeyEntry;

constexpr keys::Validity kAuthorityValidity{kNow - 30 * kDay, kNow + 3650 * kDay};
constexpr keys::Validity kKeyValidity{kNow - 10 * kDay, kNow + 730 * kDay};

PrivateKey generate(Algorithm algorithm) {
    auto key = PrivateKey::generate(algorithm);
    CHECK(key.has_value());
    return std::move(*key);
}

KeyEntry raw_key(keys::Use use, const PrivateKey& key, const NodeId& node) {
    KeyEntry entry;
    entry.id = key.public_key().id();
    entry.use = use;
    entry.node = node;
    entry.raw = key.public_key().raw();
    entry.validity = kKeyValidity;
    return entry;
}

KeyEntry certified(const PrivateKey& authority,
                   const Bytes& authority_certificate,
                   const std::string& subject,
                   keys::Use use,
                   const PrivateKey& key,
                   keys::Validity validity) {
    static std::uint8_t serial = 0;
    Bytes serial16(16, 7);
    serial16.back() = ++serial;
    auto certificate = keys::issue_certificate(authority,
                                               authority_certificate,
                                               subject,
                                               use,
                                               key.public_key().spki(),
                                               validity,
                                               serial16);
    CHECK(certificate.has_value());
    KeyEntry entry;
    entry.id = key.public_key().id();
    entry.use = use;
    entry.certificate = std::move(*certificate);
    entry.validity = validity;
    return entry;
}

std::string text_of(const char* path) {
    auto bytes = read_file(path, 1024 * 1024);
    CHECK(bytes.has_value());
    return std::string(as_text(*bytes));
}

void give_keys(TestWorld& made, registry::Agency& agency) {
    const NodeId node = agency.nodes.front();
    Member member{agency.id,
                  node,
                  generate(Algorithm::p256),
                  generate(Algorithm::p256),
                  {},
                  generate(Algorithm::x25519),
                  generate(Algorithm::ed25519)};
    const Bytes& by = made.registry.authority_certificate;
    const std::string& owner = agency.id.text();
    KeyEntry sign = certified(made.authority,
                              by,
                              owner + "/" + node.text() + "/sign",
                              keys::Use::sign,
                              member.sign,
                              kKeyValidity);
    sign.node = node;
    KeyEntry seal =
        certified(made.authority, by, owner + "/seal", keys::Use::seal, member.seal, kKeyValidity);
    member.seal_certificate = seal.certificate;
    agency.keys = {std::move(sign),
                   std::move(seal),
                   raw_key(keys::Use::curve, member.curve, node),
                   raw_key(keys::Use::witness, member.witness, node)};
    made.members.emplace(agency.slug, std::move(member));
}

std::vector<std::string>& wanted_agencies() {
    static std::vector<std::string> slugs;  // none: all
    return slugs;
}

TestWorld make_world() {
    const BusId bus = BusId::of("ninh-binh-2021");
    auto agencies = registry::compile_registry(text_of(LT_EXAMPLE "/bus.toml"), bus, 1);
    auto grants = policy::compile_policy(text_of(LT_EXAMPLE "/policy.toml"), bus, 1);
    CHECK(agencies.has_value() && grants.has_value());
    TestWorld made{bus,
                   std::move(*agencies),
                   std::move(*grants),
                   generate(Algorithm::p256),
                   generate(Algorithm::ed25519),
                   generate(Algorithm::ed25519),
                   generate(Algorithm::x25519),
                   {},
                   {},
                   {}};
    const auto& wanted = wanted_agencies();
    std::erase_if(made.registry.agencies, [&](const registry::Agency& agency) {
        return !wanted.empty() && !registry::is_pseudo(agency.id) &&
               std::ranges::find(wanted, agency.slug) == wanted.end();
    });
    made.registry.issued = made.policy.issued = kNow;
    made.registry.expires = made.policy.expires = kNow + 365 * kDay;
    auto certificate =
        keys::make_authority_certificate(made.authority, bus.text(), kAuthorityValidity);
    CHECK(certificate.has_value());
    made.registry.authority_certificate = std::move(*certificate);
    made.registry.bus_keys = {raw_key(keys::Use::log, made.log, {}),
                              raw_key(keys::Use::curve, made.broker_curve, {})};
    for (registry::Agency& agency : made.registry.agencies) {
        if (!registry::is_pseudo(agency.id)) give_keys(made, agency);
    }
    registry::Administrators list;
    list.version = 1;
    list.members = {{OfficerId::of("admin-1"), made.administrator.public_key().spki()}};
    made.genesis = {
        made.document(DocumentKind::administrators, 1, registry::encode_administrators(list)),
        made.registry_document(made.registry, 1),
        made.policy_document(made.policy, 1)};
    made.pinned = keys::sha256(made.genesis.front());
    return made;
}

}  // namespace

void only_agencies(std::vector<std::string> slugs) { wanted_agencies() = std::move(slugs); }

const TestWorld& world() {
    static const TestWorld made = make_world();
    return made;
}

const Member& TestWorld::member(std::string_view slug) const {
    const auto found = members.find(slug);
    CHECK(found != members.end());
    return found->second;
}

std::vector<AgencyId> TestWorld::ids(const std::vector<std::string_view>& slugs) const {
    std::vector<AgencyId> found;
    for (const std::string_view slug : slugs) found.push_back(id(slug));
    std::ranges::sort(found);
    return found;
}

Bytes TestWorld::document(DocumentKind kind,
                          std::uint32_t version,
                          Bytes body,
                          Millis expires) const {
    registry::SignedDocument made{bus, kind, version, expires, std::move(body), {}};
    const auto signer = administrator.signer();
    CHECK(registry::add_signature(made, *signer).has_value());
    return registry::encode_document(made);
}

Bytes TestWorld::registry_document(registry::RegistryData data, std::uint32_t version) const {
    data.version = version;
    return document(DocumentKind::registry, version, registry::encode_registry(data));
}

Bytes TestWorld::policy_document(policy::PolicyData data, std::uint32_t version) const {
    data.version = version;
    return document(DocumentKind::policy, version, policy::encode_policy(data));
}

KeyEntry TestWorld::certify_signing_key(std::string_view slug,
                                        const PrivateKey& key,
                                        keys::Validity validity) const {
    const Member& owner = member(slug);
    KeyEntry entry = certified(authority,
                               registry.authority_certificate,
                               owner.id.text() + "/" + owner.node.text() + "/sign",
                               keys::Use::sign,
                               key,
                               validity);
    entry.node = owner.node;
    return entry;
}

KeyEntry TestWorld::certify_sealing_key(std::string_view slug,
                                        const PrivateKey& key,
                                        keys::Validity validity) const {
    return certified(authority,
                     registry.authority_certificate,
                     member(slug).id.text() + "/seal",
                     keys::Use::seal,
                     key,
                     validity);
}

seal::StorageKey TestWorld::master(std::string_view slug) {
    const Hash bytes = keys::sha256(as_bytes(slug));
    auto key = seal::StorageKey::from_secret(Secret::copy_of(bytes.view()));
    CHECK(key.has_value());
    return std::move(*key);
}

node::NodeKeys TestWorld::node_keys(std::string_view slug) const {
    const Member& owner = member(slug);
    std::vector<node::SealingKey> sealing;
    sealing.push_back({owner.seal, owner.seal_certificate});
    return node::NodeKeys{owner.sign.signer(),
                          std::move(sealing),
                          {owner.curve.public_key().raw(), owner.curve.raw()},
                          owner.witness.signer(),
                          master(slug)};
}

node::NodeOptions TestWorld::node_options(std::string_view slug) const {
    node::NodeOptions options;
    options.bus = bus;
    options.agency = member(slug).id;
    options.node = member(slug).node;
    options.server_key = broker_curve.public_key().raw();
    options.pinned_administrators = pinned;
    options.genesis = genesis;
    return options;
}

KeyEntry& key_of(registry::RegistryData& data, const AgencyId& agency, keys::Use use) {
    for (registry::Agency& one : data.agencies) {
        if (one.id != agency) continue;
        const auto found = std::ranges::find(one.keys, use, &KeyEntry::use);
        CHECK(found != one.keys.end());
        return *found;
    }
    constexpr bool agency_is_there = false;
    CHECK(agency_is_there);
    return data.bus_keys.front();
}

Bytes sample_section(std::string_view root_table) {
    static std::map<std::string, Bytes, std::less<>> made;
    const auto found = made.find(root_table);
    if (found != made.end()) return found->second;
    const std::string name(root_table);
    return made.emplace(name, message::payload(name, message::sample(name))).first->second;
}

Bytes large_identity(std::size_t bytes) {
    static std::map<std::size_t, Bytes> known;
    const auto found = known.find(bytes);
    if (found != known.end()) return found->second;
    constexpr std::size_t kNote = 19'000;  // below the limit of a note
    constexpr std::size_t kAround = 64;    // more than FlatBuffers needs for one
    std::string json = R"({"persons":[)";
    std::size_t left = bytes - 1024;
    for (std::size_t i = 0; left > kAround; ++i) {
        const std::size_t size = std::min(kNote, left - kAround);
        std::string text = std::to_string(i) + " ";
        text.resize(std::max(size, text.size()), static_cast<char>('a' + i % 26));
        json += (i == 0 ? "" : ",") + std::string(R"({"note":")") + text + R"("})";
        left -= std::min(left, size + kAround);
    }
    Bytes made = message::payload("lienthong.fb.Identity", json + "]}");
    CHECK(made.size() <= bytes);
    made.resize(bytes);  // what follows a buffer is no part of it
    return known.emplace(bytes, std::move(made)).first->second;
}

node::Draft draft(message::Kind kind) {
    node::Draft made;
    made.kind = kind;
    for (const message::SectionType& section : message::info(kind).sections) {
        if (!section.required || section.form == message::Form::facts) continue;
        made.sections.emplace_back(std::string(section.name), sample_section(section.root_table));
    }
    return made;
}

namespace {

// The sample, saying what the facts say: a node refuses a consent that contradicts them.
Bytes consent_that_says(const message::CaseFacts& facts) {
    const std::string name = "lienthong.fb.Consent";
    std::string json = message::sample(name);
    const auto replace = [&json](std::string_view old, std::string_view by) {
        const std::size_t at = json.find(old);
        CHECK(at != std::string::npos);
        json.replace(at, old.size(), by);
    };
    std::string agencies;
    for (const AgencyId& agency : facts.consent_for) {
        if (!agencies.empty()) agencies += "\", \"";
        agencies += agency.text();
    }
    replace("womens-union", agencies);
    if (facts.consent == message::ConsentState::withdrawn) replace("\"given\"", "\"withdrawn\"");
    return message::payload(name, json);
}

}  // namespace

node::Draft case_draft(message::Kind kind, const CaseId& case_id, message::CaseFacts facts) {
    node::Draft made = draft(kind);
    for (auto& [name, plaintext] : made.sections) {
        if (name == "consent" && !facts.consent_for.empty()) plaintext = consent_that_says(facts);
    }
    made.case_id = case_id;
    made.facts = std::move(facts);
    return made;
}

node::Draft opening(const std::vector<std::string_view>& parties) {
    message::CaseFacts facts;
    facts.opens = true;
    facts.parties = world().ids(parties);
    return case_draft(message::Kind::intake_record, {}, std::move(facts));
}

node::Draft large_opening(const std::vector<std::string_view>& parties, std::size_t bytes) {
    node::Draft made = opening(parties);
    for (auto& [name, plaintext] : made.sections) {
        if (name == "identity") plaintext = large_identity(bytes);
    }
    return made;
}

}  // namespace lienthong::test
