// SPDX-License-Identifier: Apache-2.0
#include "security/registry/registry.hpp"

#include <algorithm>

#include "bus/base/check.hpp"
#include "security/registry/rules.hpp"
#include "security/registry/toml_tree.hpp"

namespace lienthong::registry {

namespace {

// Stands for "of the bus itself" where an index of an agency is kept.
constexpr std::size_t kBusKeys = SIZE_MAX;
// Territories nest three deep (province, district, commune); more is a circle.
constexpr int kTerritoryDepthMax = 16;

bool counts(const KeyEntry& key, Millis at) {
    return !key.revoked && holds_at(key.validity.from, key.validity.until, at);
}

// Of several that count: the one that begins last, then the larger id, so that all choose the same.
const KeyEntry* newest(const std::vector<KeyEntry>& keys, keys::Use use, Millis at) {
    const KeyEntry* best = nullptr;
    for (const KeyEntry& key : keys) {
        if (key.use != use || !counts(key, at)) continue;
        if (best == nullptr ||
            std::pair(key.validity.from, key.id) > std::pair(best->validity.from, best->id)) {
            best = &key;
        }
    }
    return best;
}

}  // namespace

bool is_pseudo(const AgencyId& id) {
    return id.text() == kBusAgency || id.text() == kAdministratorsAgency;
}

bool KeyEntry::operator==(const KeyEntry& other) const {
    return id == other.id && use == other.use && node == other.node &&
           certificate == other.certificate && raw == other.raw &&
           validity.from == other.validity.from && validity.until == other.validity.until &&
           revoked == other.revoked && revoked_from == other.revoked_from;
}

Registry::Registry(RegistryData data) : data_(std::move(data)) {}

Result<Registry> Registry::build(RegistryData data) {
    auto ruled = check_rules(data);
    if (!ruled) return std::unexpected(ruled.error());
    auto certified = check_certificates(data);
    if (!certified) return std::unexpected(certified.error());

    Registry registry(std::move(data));
    const RegistryData& kept = registry.data_;
    for (std::size_t a = 0; a < kept.agencies.size(); ++a) {
        const Agency& agency = kept.agencies[a];
        registry.agencies_.emplace(agency.id, a);
        for (std::size_t k = 0; k < agency.keys.size(); ++k) {
            const KeyEntry& key = agency.keys[k];
            registry.keys_.emplace(key.id, std::pair(a, k));
            if (key.use != keys::Use::sign) continue;
            auto parsed = keys::PublicKey::from_certificate(key.certificate);
            if (!parsed) return std::unexpected(parsed.error());
            registry.signing_keys_.emplace(key.id, std::move(*parsed));
        }
    }
    for (std::size_t k = 0; k < kept.bus_keys.size(); ++k) {
        registry.keys_.emplace(kept.bus_keys[k].id, std::pair(kBusKeys, k));
    }
    return registry;
}

const Agency* Registry::maybe_agency(const AgencyId& id) const {
    const auto found = agencies_.find(id);
    return found == agencies_.end() ? nullptr : &data_.agencies[found->second];
}

const Agency* Registry::maybe_agency_by_slug(std::string_view slug_or_id) const {
    const auto found = std::ranges::find_if(data_.agencies, [&](const Agency& agency) {
        return agency.slug == slug_or_id || agency.id.text() == slug_or_id;
    });
    return found == data_.agencies.end() ? nullptr : &*found;
}

bool Registry::holds(const AgencyId& agency, const Role& role, Millis at) const {
    const Agency* found = maybe_agency(agency);
    if (found == nullptr) return false;
    return std::ranges::any_of(found->roles, [&](const RoleHolding& holding) {
        return holding.role == role && holds_at(holding.from, holding.until, at);
    });
}

bool Registry::unit_holds(const AgencyId& agency,
                          const UnitId& unit,
                          const Role& role,
                          Millis at) const {
    const Agency* found = maybe_agency(agency);
    if (found == nullptr) return false;
    return std::ranges::any_of(found->roles, [&](const RoleHolding& holding) {
        return holding.role == role && holds_at(holding.from, holding.until, at) &&
               (holding.unit.empty() || holding.unit == unit);
    });
}

std::vector<AgencyId> Registry::holders(const Role& role, Millis at) const {
    std::vector<AgencyId> found;
    for (const auto& [id, index] : agencies_) {
        if (holds(id, role, at)) found.push_back(id);
    }
    return found;
}

Registry::Owner Registry::maybe_key(const keys::KeyId& id) const {
    const auto found = keys_.find(id);
    if (found == keys_.end()) return {};
    const auto [agency, key] = found->second;
    if (agency == kBusKeys) {
        return {maybe_agency(AgencyId::of(kBusAgency)), &data_.bus_keys[key]};
    }
    return {&data_.agencies[agency], &data_.agencies[agency].keys[key]};
}

Registry::Owner Registry::maybe_curve(BytesView raw) const {
    if (raw.size() != kRawKeyBytes) return {};
    const Owner owner = maybe_key(keys::key_id_of_raw(keys::Algorithm::x25519, raw));
    const bool may_connect = owner.key != nullptr && owner.key->use == keys::Use::curve &&
                             !owner.key->revoked && !owner.key->node.empty();
    return may_connect ? owner : Owner{};
}

Bytes Registry::sealing_certificate(const AgencyId& agency, Millis at) const {
    const Agency* found = maybe_agency(agency);
    if (found == nullptr) return {};
    const KeyEntry* key = newest(found->keys, keys::Use::seal, at);
    return key == nullptr ? Bytes{} : key->certificate;
}

const KeyEntry* Registry::log_key(Millis at) const {
    return newest(data_.bus_keys, keys::Use::log, at);
}

// The bus and its administrators are no agencies: they have no vote on what the broker did.
std::vector<Registry::Owner> Registry::witnesses(std::optional<Millis> at) const {
    std::vector<Owner> found;
    for (const auto& [id, index] : agencies_) {
        const Agency& agency = data_.agencies[index];
        if (is_pseudo(id)) continue;
        for (const KeyEntry& key : agency.keys) {
            const auto [from, until] = key.validity;
            const bool counts = !at || (!key.revoked && holds_at(from, until, *at));
            if (key.use == keys::Use::witness && counts) found.push_back({&agency, &key});
        }
    }
    return found;
}

Result<keys::PublicKey> Registry::signing_key(const AgencyId& agency,
                                              const keys::KeyId& id,
                                              Millis at,
                                              Position position) const {
    const Owner owner = maybe_key(id);
    const auto parsed = signing_keys_.find(id);
    if (parsed == signing_keys_.end()) return fail(Code::unknown_key);
    CHECK(owner.agency != nullptr && owner.key != nullptr);
    if (owner.agency->id != agency) return fail(Code::wrong_sender);
    if (owner.key->revoked && position >= owner.key->revoked_from) return fail(Code::revoked_key);
    if (!holds_at(owner.key->validity.from, owner.key->validity.until, at)) {
        return fail(Code::expired_key);
    }
    return parsed->second;
}

bool Registry::may_query(const AgencyId& agency, const OfficerId& officer) const {
    const Agency* found = maybe_agency(agency);
    if (found == nullptr) return false;
    return std::ranges::any_of(
        found->officers, [&](const Officer& entry) { return entry.id == officer && entry.query; });
}

const Territory* Registry::maybe_territory(std::string_view code, Millis at) const {
    const std::string today = civil_date_of(at);
    const Territory* best = nullptr;
    for (const Territory& row : data_.territories) {
        if (row.code != code || row.vintage > today) continue;
        if (best == nullptr || row.vintage > best->vintage) best = &row;
    }
    return best;
}

bool Registry::lies_within(std::string_view code, std::string_view outer, Millis at) const {
    const Territory* row = maybe_territory(code, at);
    for (int depth = 0; depth < kTerritoryDepthMax && row != nullptr; ++depth) {
        if (row->code == outer) return true;
        row = maybe_territory(row->parent, at);
    }
    return false;
}

}  // namespace lienthong::registry
