// SPDX-License-Identifier: Apache-2.0
#include "security/registry/rules.hpp"

#include <fmt/format.h>

#include <set>

#include "bus/base/text.hpp"
#include "security/registry/toml_tree.hpp"

namespace lienthong::registry {

namespace {

// Walks the whole registry and keeps the first fault. Lives for one check.
class RuleBook {
  public:
    explicit RuleBook(const RegistryData& data) : data_(data) {}

    std::optional<Error> first_fault() {
        check_frame();
        for (const Territory& row : data_.territories) codes_.insert(row.code);
        for (const Territory& row : data_.territories) check_territory(row);
        for (const Agency& agency : data_.agencies) ids_.insert(agency.id.text());
        for (const Agency& agency : data_.agencies) check_agency(agency);
        for (const KeyEntry& key : data_.bus_keys) {
            const std::string place = fmt::format("bus key {}", to_hex(key.id.view()));
            const bool for_bus = key.use == keys::Use::log || key.use == keys::Use::curve;
            require(for_bus, place, "a key of the bus is of use log or curve");
            require(key.node.empty() || is_name(key.node.text()), place, "no such node");
            check_key(key, place);
        }
        for (const Succession& row : data_.successions) check_succession(row);
        return fault_;
    }

  private:
    void require(bool holds, std::string_view place, std::string_view rule) {
        if (holds || fault_) return;
        fault_ = Error{Code::malformed_document, std::string(rule), std::string(place), {}};
    }

    void check_frame() {
        const auto in_range = [](Millis at) { return at >= 0 && at <= kTimeMax; };
        require(is_name(data_.bus.text()), "bus", "the registry must name its bus");
        require(data_.version >= 1, "version", "versions begin with 1");
        require(in_range(data_.issued) && in_range(data_.expires), "expires", "impossible time");
        require(
            data_.expires == 0 || data_.issued < data_.expires, "expires", "must be after issued");
        require(data_.suite_floor >= 1, "suite_floor", "suites begin with 1");
        require(data_.authority_certificate.size() <= keys::kCertificateBytesMax,
                "authority_certificate",
                "too large");
        require(data_.limits.connections_per_agency_max >= 1,
                "limits.connections_per_agency_max",
                "must be at least 1");
        require(data_.limits.witness_age_minutes >= 1 &&
                    data_.limits.witness_age_minutes <= kWitnessAgeMinutesMax,
                "limits.witness_age_minutes",
                "must be 1 to 100000");
        check_office_hours();
    }

    void check_office_hours() {
        const OfficeHours& hours = data_.office_hours;
        require(hours.days != 0 && hours.days <= kEveryDay, "office_hours.days", "no such days");
        require(!hours.spans.empty() && hours.spans.size() <= kOfficeSpansMax,
                "office_hours.spans",
                "must be 1 to 8 spans");
        std::uint16_t closed_until = 0;
        for (const OfficeSpan& span : hours.spans) {
            require(
                span.from >= closed_until && span.from < span.until && span.until <= kMinutesOfDay,
                "office_hours.spans",
                "must be ascending and within a day");
            closed_until = span.until;
        }
    }

    void check_names(const std::vector<Names>& names, std::string_view place) {
        require(!names.empty(), place, "has no name");
        std::set<std::string> beginnings;
        for (const Names& name : names) {
            for (const std::string& text : {name.vi, name.en}) {
                require(!text.empty() && text.size() <= kOfficeNameBytesMax,
                        place,
                        "a name has 1 to 200 bytes, in Vietnamese and in English");
                const auto normal = to_nfc(text);
                require(normal && *normal == text, place, "a name must be UTF-8 in NFC");
                for (const char c : text) {
                    const auto code = static_cast<unsigned char>(c);
                    require(
                        code >= 0x20 && code != 0x7f, place, "a name has no control characters");
                }
            }
            require(name.from.empty() || is_civil_date(name.from), place, "no such date");
            require(beginnings.insert(name.from).second, place, "two names begin on one day");
        }
    }

    void check_period(Millis from, Millis until, std::string_view place) {
        require(from >= 0 && from <= kTimeMax && until >= 0 && until <= kTimeMax,
                place,
                "impossible time");
        require(until == 0 || from < until, place, "ends before it begins");
    }

    void check_place(const std::string& code, std::string_view place) {
        require(code.empty() || codes_.contains(code), place, "unknown territory");
    }

    void check_territory(const Territory& row) {
        const std::string place = fmt::format("territory {}", row.code);
        require(is_name(row.code), "territory", "a code is 1 to 32 of a-z, 0-9 and -");
        require(is_civil_date(row.vintage), place, "the vintage must be a date");
        require(vintages_.emplace(row.code, row.vintage).second, place, "two rows of one vintage");
        require(row.parent != row.code, place, "lies in itself");
        check_place(row.parent, place);
        check_names(row.names, place);
    }

    void check_agency(const Agency& agency) {
        const std::string place = fmt::format("agency {}", agency.id.text());
        require(is_name(agency.id.text()), "agency", "an id is 1 to 32 of a-z, 0-9 and -");
        require(is_name(agency.slug), place, "a slug is 1 to 32 of a-z, 0-9 and -");
        require(seen_ids_.insert(agency.id.text()).second, place, "two agencies of one id");
        require(slugs_.insert(agency.slug).second, place, "two agencies of one slug");
        require(agency.slug == agency.id.text() || !ids_.contains(agency.slug),
                place,
                "its slug is the id of another");
        const bool pseudo_slug = agency.slug == kBusAgency || agency.slug == kAdministratorsAgency;
        require(pseudo_slug == is_pseudo(agency.id) &&
                    (!pseudo_slug || agency.slug == agency.id.text()),
                place,
                "bus and administrators have these words as id and slug");
        check_names(agency.names, place);
        check_place(agency.territory, place);
        check_members(agency, place);
        const std::set<NodeId> own_nodes(agency.nodes.begin(), agency.nodes.end());
        for (const KeyEntry& key : agency.keys) {
            const std::string key_place = fmt::format("{} key {}", place, to_hex(key.id.view()));
            const bool of_node = key.use != keys::Use::seal;
            require(key.use != keys::Use::log, key_place, "log keys belong to the bus");
            require(of_node == !key.node.empty(),
                    key_place,
                    "sealing keys are the agency's, all others a node's");
            require(!of_node || own_nodes.contains(key.node), key_place, "unknown node");
            check_key(key, key_place);
        }
    }

    void check_members(const Agency& agency, const std::string& place) {
        std::set<UnitId> units;
        for (const Unit& unit : agency.units) {
            const std::string unit_place = fmt::format("{} unit {}", place, unit.id.text());
            require(is_name(unit.id.text()), place, "a unit has an id");
            require(units.insert(unit.id).second, unit_place, "two units of one id");
            check_names(unit.names, unit_place);
            check_place(unit.territory, unit_place);
        }
        for (std::size_t i = 0; i < agency.roles.size(); ++i) {
            const RoleHolding& holding = agency.roles[i];
            const std::string role_place = fmt::format("{} role {}", place, holding.role.text());
            require(is_name(holding.role.text()), place, "a role has a name");
            require(holding.role.text() != "agency", place, "agency means any role, in policies");
            require(
                holding.unit.empty() || units.contains(holding.unit), role_place, "unknown unit");
            check_period(holding.from, holding.until, role_place);
            for (std::size_t j = 0; j < i; ++j) {
                require(agency.roles[j] != holding, role_place, "stands twice");
            }
        }
        std::set<OfficerId> officers;
        for (const Officer& officer : agency.officers) {
            const std::string who = fmt::format("{} officer {}", place, officer.id.text());
            require(is_name(officer.id.text()), place, "an officer has an id");
            require(officers.insert(officer.id).second, who, "two officers of one id");
            require(officer.unit.empty() || units.contains(officer.unit), who, "unknown unit");
        }
        for (const NodeId& node : agency.nodes) {
            require(is_name(node.text()), place, "a node has an id");
            require(nodes_.insert(node).second,
                    fmt::format("{} node {}", place, node.text()),
                    "two nodes of one id");
        }
    }

    void check_key(const KeyEntry& key, const std::string& place) {
        require(keys_.insert(key.id).second, place, "one key stands twice");
        check_period(key.validity.from, key.validity.until, place);
        require(key.revoked || key.revoked_from == 0, place, "a position, but not revoked");
        switch (key.use) {
            case keys::Use::sign:
            case keys::Use::seal:
                require(!key.certificate.empty() && key.raw.empty(), place, "needs a certificate");
                require(key.certificate.size() <= keys::kCertificateBytesMax, place, "too large");
                return;
            case keys::Use::curve:
            case keys::Use::log:
            case keys::Use::witness: {
                require(key.raw.size() == kRawKeyBytes && key.certificate.empty(),
                        place,
                        "needs 32 raw bytes and no certificate");
                if (fault_) return;
                const auto algorithm = key.use == keys::Use::curve ? keys::Algorithm::x25519
                                                                   : keys::Algorithm::ed25519;
                require(keys::key_id_of_raw(algorithm, key.raw) == key.id,
                        place,
                        "is not the id of these bytes");
                return;
            }
            case keys::Use::administrator:
            case keys::Use::authority:
                break;
        }
        require(false, place, "no such use in a registry");
    }

    void check_succession(const Succession& row) {
        const std::string place =
            fmt::format("succession {} to {}", row.from.text(), row.to.text());
        require(ids_.contains(row.from.text()) && ids_.contains(row.to.text()),
                "succession",
                "unknown agency");
        require(row.from != row.to, place, "an agency does not succeed itself");
        require(is_name(row.function), place, "the function is a role, or all");
        require(is_civil_date(row.date), place, "no such date");
        require(successions_.emplace(row.from.text(), row.to.text(), row.function).second,
                place,
                "stands twice");
    }

    const RegistryData& data_;
    std::optional<Error> fault_;
    std::set<std::string> codes_;
    std::set<std::pair<std::string, std::string>> vintages_;
    std::set<std::string> ids_;
    std::set<std::string> seen_ids_;
    std::set<std::string> slugs_;
    std::set<NodeId> nodes_;
    std::set<keys::KeyId> keys_;
    std::set<std::tuple<std::string, std::string, std::string>> successions_;
};

Result<void> check_certificate(const KeyEntry& key, const Agency& agency, BytesView authority) {
    const std::string place =
        fmt::format("agency {} key {}", agency.id.text(), to_hex(key.id.view()));
    // Retired keys stay in the registry, so each is judged at the moment from which it counts.
    auto info = keys::verify_certificate(key.certificate, authority, key.validity.from);
    if (!info && info.error().code == Code::expired_key) {
        return fail(Code::malformed_document, "begins outside its certificate's validity", place);
    }
    if (!info) return fail(Code::bad_certificate, info.error().detail, place);
    const auto refuse = [&](std::string_view rule) {
        return fail(Code::malformed_document, std::string(rule), place);
    };
    if (info->key_id != key.id) return refuse("is not the id of its certificate's key");
    if (info->use != key.use) return refuse("its certificate is for another use");
    const std::string owner = key.use == keys::Use::sign
                                  ? fmt::format("{}/{}/", agency.id.text(), key.node.text())
                                  : fmt::format("{}/", agency.id.text());
    if (!info->subject.starts_with(owner)) return refuse("its certificate names another owner");
    // Certificates keep whole seconds, the registry milliseconds.
    if (key.validity.until == 0 || key.validity.until >= info->validity.until + 1000) {
        return refuse("must end with its certificate");
    }
    return {};
}

}  // namespace

Result<void> check_rules(const RegistryData& data) {
    if (auto fault = RuleBook(data).first_fault()) return std::unexpected(*fault);
    return {};
}

Result<void> check_certificates(const RegistryData& data) {
    if (!data.authority_certificate.empty()) {
        const auto authority = keys::read_certificate(data.authority_certificate);
        if (!authority || authority->use != keys::Use::authority) {
            return fail(Code::bad_certificate, "not a bus authority", "authority_certificate");
        }
    }
    for (const Agency& agency : data.agencies) {
        for (const KeyEntry& key : agency.keys) {
            if (key.certificate.empty()) continue;
            if (data.authority_certificate.empty()) {
                return fail(Code::malformed_document,
                            "certificates need an authority",
                            "authority_certificate");
            }
            auto checked = check_certificate(key, agency, data.authority_certificate);
            if (!checked) return checked;
        }
    }
    return {};
}

}  // namespace lienthong::registry
