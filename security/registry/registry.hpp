// SPDX-License-Identifier: Apache-2.0
// Registry: who takes part. Agencies with units, officers, roles, nodes and keys; territories with
// vintages; succession; the bus's own keys. An immutable snapshot of one version, made from the
// body of a document of record. Identity is an opaque id; slugs and names are for people.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bus/base/ids.hpp"
#include "security/keys/keys.hpp"
#include "security/registry/office_hours.hpp"

namespace lienthong::registry {

// The pseudo-agencies: the broker itself, and those who sign the documents. Their id and slug are
// these words; the role `agency` of a policy never includes them.
inline constexpr std::string_view kBusAgency = "bus";
inline constexpr std::string_view kAdministratorsAgency = "administrators";
bool is_pseudo(const AgencyId& id);

// Validity in a registry: from its first moment until before `until`; 0 is no bound.
inline bool holds_at(Millis from, Millis until, Millis at) {
    return from <= at && (until == 0 || at < until);
}

struct Names {
    std::string vi;
    std::string en;
    std::string from;  // civil date yyyy-mm-dd, "" = always
    bool operator==(const Names&) const = default;
};

struct RoleHolding {
    Role role;
    UnitId unit;  // empty: the agency as a whole
    Millis from = 0;
    Millis until = 0;  // 0: open
    bool operator==(const RoleHolding&) const = default;
};

struct Unit {
    UnitId id;
    std::vector<Names> names;
    std::string territory;
    bool operator==(const Unit&) const = default;
};

struct Officer {
    OfficerId id;  // pseudonym
    UnitId unit;
    bool draft = false;
    bool approve = false;
    bool query = false;
    bool operator==(const Officer&) const = default;
};

// One key of the registry. sign, seal: `certificate` (DER) with the subject
// "<agency id>/<node>/sign" or "<agency id>/…/seal". curve: raw X25519. log, witness: raw Ed25519.
struct KeyEntry {
    keys::KeyId id;
    keys::Use use = keys::Use::sign;
    NodeId node;  // empty: the agency's (seal)
    Bytes certificate;
    Bytes raw;
    keys::Validity validity;
    bool revoked = false;
    Position revoked_from = 0;  // entries at or after this position do not count
    bool operator==(const KeyEntry& other) const;
};

struct Agency {
    AgencyId id;
    std::string slug;
    std::vector<Names> names;
    std::vector<Unit> units;
    std::vector<RoleHolding> roles;
    std::vector<Officer> officers;
    std::vector<NodeId> nodes;
    std::vector<KeyEntry> keys;
    std::string territory;
    bool operator==(const Agency&) const = default;
};

struct Territory {
    std::string code;
    std::string vintage;  // yyyy-mm-dd from which it is valid
    std::string parent;
    std::vector<Names> names;
    bool operator==(const Territory&) const = default;
};

struct Succession {
    AgencyId from;
    AgencyId to;
    std::string function;  // a role, or "all"
    std::string date;
    bool operator==(const Succession&) const = default;
};

struct Limits {
    std::uint32_t connections_per_agency_max = 16;
    std::uint64_t chunk_quota_bytes = 256u * 1024 * 1024;
    // Office time after which a log without a newer witnessed head is an alarm: one working day.
    std::uint32_t witness_age_minutes = 450;
    bool operator==(const Limits&) const = default;
};

struct RegistryData {
    BusId bus;
    std::uint32_t version = 0;
    Millis issued = 0;
    Millis expires = 0;
    std::uint16_t suite_floor = 1;
    Bytes authority_certificate;     // of the bus CA
    std::vector<KeyEntry> bus_keys;  // log keys and the broker's CURVE key
    std::vector<Agency> agencies;    // the pseudo-agencies `bus` and `administrators` among them
    std::vector<Territory> territories;
    std::vector<Succession> successions;
    Limits limits;
    OfficeHours office_hours;
    bool operator==(const RegistryData&) const = default;
};

class Registry {
  public:
    // Checks the whole: names, unknown references, repeated ids or keys, certificates against the
    // authority. malformed_document with the place in `where`; bad_certificate.
    static Result<Registry> build(RegistryData data);

    const RegistryData& data() const { return data_; }
    std::uint32_t version() const { return data_.version; }

    // Borrowed until the registry goes. An unknown id gives null.
    const Agency* maybe_agency(const AgencyId& id) const;
    const Agency* maybe_agency_by_slug(std::string_view slug_or_id) const;
    bool holds(const AgencyId& agency, const Role& role, Millis at) const;
    // With a unit: only roles of that unit or of the whole agency.
    bool unit_holds(const AgencyId& agency, const UnitId& unit, const Role& role, Millis at) const;
    std::vector<AgencyId> holders(const Role& role, Millis at) const;  // ascending

    struct Owner {
        const Agency* agency = nullptr;
        const KeyEntry* key = nullptr;
    };
    // Keys of the bus itself belong to the pseudo-agency `bus`.
    Owner maybe_key(const keys::KeyId& id) const;
    // Who may open a transport session with this CURVE public key (raw 32 bytes). A revoked key has
    // no owner; whether the key's validity has come or gone is for the caller, who has a clock.
    Owner maybe_curve(BytesView raw) const;
    // Sealing certificates to seal to now: valid, not revoked, the newest. Empty if none.
    Bytes sealing_certificate(const AgencyId& agency, Millis at) const;
    const KeyEntry* log_key(Millis at) const;
    // Witness keys that count then, by agency; without a moment also those that are over or
    // revoked.
    std::vector<Owner> witnesses(std::optional<Millis> at) const;

    // unknown_key, wrong_sender, revoked_key (by `position`), expired_key.
    Result<keys::PublicKey> signing_key(const AgencyId& agency,
                                        const keys::KeyId& id,
                                        Millis at,
                                        Position position) const;
    bool may_query(const AgencyId& agency, const OfficerId& officer) const;

    // The row of this code with the newest vintage that has begun. Borrowed.
    const Territory* maybe_territory(std::string_view code, Millis at) const;
    // The same place, or one that lies in it through the parents in force at that moment.
    bool lies_within(std::string_view code, std::string_view outer, Millis at) const;

  private:
    explicit Registry(RegistryData data);
    RegistryData data_;
    std::map<AgencyId, std::size_t> agencies_;
    std::map<keys::KeyId, std::pair<std::size_t, std::size_t>> keys_;  // agency, key in it
    std::map<keys::KeyId, keys::PublicKey> signing_keys_;              // parsed once
};

// TOML source → data; malformed_document with `where` = "line 12: agency.nodes" for what a line
// says, "agency ag-4f1c2e" and the like for what only the whole shows; wrong_bus if the file names
// another.
Result<RegistryData> compile_registry(std::string_view toml,
                                      const BusId& bus,
                                      std::uint32_t version);
// The canonical TOML of a registry, for `registry show` and editing by `key issue` and the like.
std::string to_toml(const RegistryData& data);
Bytes encode_registry(const RegistryData& data);
Result<RegistryData> parse_registry(BytesView body);  // size limit, verifier, semantic rules

}  // namespace lienthong::registry
