// SPDX-License-Identifier: Apache-2.0
// The registry's TOML, as a person writes it, to data.
#include <fmt/format.h>

#include <algorithm>

#include "bus/base/base64.hpp"
#include "bus/base/text.hpp"
#include "security/registry/registry.hpp"
#include "security/registry/rules.hpp"
#include "security/registry/toml_tree.hpp"

namespace lienthong::registry {

namespace {

constexpr std::uint64_t kPositionMax = INT64_MAX;  // what a TOML integer holds

std::vector<Names> read_names(TomlReader& owner) {
    std::vector<Names> names;
    for (TomlReader& table : owner.tables("names")) {
        Names name;
        for (auto [key, text] : {std::pair("vi", &name.vi), std::pair("en", &name.en)}) {
            auto normal = to_nfc(table.required_text(key));
            if (normal) {
                *text = std::move(*normal);
            } else {
                table.refuse(key, "must be UTF-8");
            }
        }
        name.from = table.civil_date("from");
        table.finish();
        names.push_back(std::move(name));
    }
    return names;
}

// Base64 of the DER, or a PEM block.
Bytes read_certificate_text(TomlReader& table, std::string_view key) {
    constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
    constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
    std::string text = table.text(key);
    std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
    if (text.starts_with(kBegin) && text.ends_with(kEnd)) {
        text = text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size());
    }
    auto der = from_base64(text);
    if (!der) {
        table.refuse(key, "must be a certificate: PEM, or base64 of its DER");
        return {};
    }
    return std::move(*der);
}

Bytes read_raw_key(TomlReader& table) {
    const std::string text = table.text("raw");
    auto raw = text.size() == 2 * kRawKeyBytes ? from_hex(text) : from_base64(text);
    if (raw && (text.empty() || raw->size() == kRawKeyBytes)) return std::move(*raw);
    table.refuse("raw", "must be 32 bytes in hexadecimal or base64");
    return {};
}

// The id follows from the key itself; where the file states one, it must be this.
void find_key_id(TomlReader& table, KeyEntry& key) {
    if (!key.certificate.empty()) {
        const auto info = keys::read_certificate(key.certificate);
        if (!info) return table.refuse("certificate", "is not a certificate of a bus");
        key.id = info->key_id;
    } else if (key.raw.size() == kRawKeyBytes) {
        const auto algorithm =
            key.use == keys::Use::curve ? keys::Algorithm::x25519 : keys::Algorithm::ed25519;
        key.id = keys::key_id_of_raw(algorithm, key.raw);
    } else {
        return table.refuse("use", "needs a certificate (sign, seal) or raw bytes");
    }
    const std::string stated = table.text("id");
    if (!stated.empty() && stated != to_hex(key.id.view())) {
        table.refuse("id", "is not the id of this key");
    }
}

std::vector<KeyEntry> read_keys(TomlReader& owner, std::string_view list) {
    std::vector<KeyEntry> keys;
    for (TomlReader& table : owner.tables(list)) {
        KeyEntry key;
        if (const auto use = keys::maybe_use(table.required_text("use"))) {
            key.use = *use;
        } else {
            table.refuse("use", "must be sign, seal, curve, log or witness");
        }
        key.node = table.id<NodeId>("node");
        key.certificate = read_certificate_text(table, "certificate");
        key.raw = read_raw_key(table);
        find_key_id(table, key);
        key.validity = {table.beginning("from"), table.end("until")};
        const auto revoked_from = table.maybe_number("revoked_from", kPositionMax);
        key.revoked = revoked_from.has_value();
        key.revoked_from = revoked_from.value_or(0);
        table.finish();
        keys.push_back(std::move(key));
    }
    return keys;
}

std::vector<Officer> read_officers(TomlReader& agency) {
    std::vector<Officer> officers;
    for (TomlReader& table : agency.tables("officer")) {
        Officer officer{table.required_id<OfficerId>("id"), table.id<UnitId>("unit")};
        for (const std::string& function : table.texts("functions")) {
            if (function == "draft") {
                officer.draft = true;
            } else if (function == "approve") {
                officer.approve = true;
            } else if (function == "query") {
                officer.query = true;
            } else {
                table.refuse("functions", "must be draft, approve or query");
            }
        }
        table.finish();
        officers.push_back(std::move(officer));
    }
    return officers;
}

Agency read_agency(TomlReader& table) {
    Agency agency;
    agency.id = table.required_id<AgencyId>("id");
    agency.slug = table.required_text("slug");
    agency.names = read_names(table);
    agency.territory = table.text("territory");
    agency.nodes = table.ids<NodeId>("nodes");
    for (TomlReader& row : table.tables("unit")) {
        Unit unit;
        unit.id = row.required_id<UnitId>("id");
        unit.names = read_names(row);
        unit.territory = row.text("territory");
        row.finish();
        agency.units.push_back(std::move(unit));
    }
    for (TomlReader& row : table.tables("role")) {
        agency.roles.push_back({row.required_id<Role>("role"),
                                row.id<UnitId>("unit"),
                                row.beginning("from"),
                                row.end("until")});
        row.finish();
    }
    agency.officers = read_officers(table);
    agency.keys = read_keys(table, "key");
    table.finish();
    return agency;
}

void read_limits(TomlReader& root, Limits& limits) {
    auto table = root.maybe_table("limits");
    if (!table) return;
    limits.connections_per_agency_max = static_cast<std::uint32_t>(
        table->number("connections_per_agency_max", limits.connections_per_agency_max, UINT32_MAX));
    limits.chunk_quota_bytes =
        table->number("chunk_quota_bytes", limits.chunk_quota_bytes, INT64_MAX);
    limits.witness_age_minutes = static_cast<std::uint32_t>(
        table->number("witness_age_minutes", limits.witness_age_minutes, UINT32_MAX));
    table->finish();
}

void read_office_hours(TomlReader& root, OfficeHours& hours) {
    auto table = root.maybe_table("office_hours");
    if (!table) return;
    hours = {0, {}};
    for (const std::string& text : table->texts("days")) {
        std::size_t day = 0;
        while (day < 7 && day_name(day) != text) ++day;
        if (day == 7) table->refuse("days", "must be mon, tue, wed, thu, fri, sat or sun");
        hours.days = static_cast<std::uint8_t>(hours.days | (1U << day));
    }
    for (const std::string& text : table->texts("spans")) {
        auto span = parse_office_span(text);
        if (!span) table->refuse("spans", span.error().detail);
        hours.spans.push_back(span.value_or(OfficeSpan{}));
    }
    table->finish();
}

}  // namespace

Result<RegistryData> compile_registry(std::string_view toml,
                                      const BusId& bus,
                                      std::uint32_t version) {
    const auto parsed = parse_toml(toml);
    if (!parsed) return std::unexpected(parsed.error());
    std::optional<Error> fault;
    TomlReader root(*parsed, "", fault);

    RegistryData data;
    data.bus = bus;
    data.version = version;
    const auto named = root.id<BusId>("bus");
    if (!fault && !named.empty() && named != bus) {
        return fail(Code::wrong_bus, "the file is of another bus", "bus");
    }
    data.issued = root.beginning("issued");
    data.expires = root.end("expires");
    data.suite_floor =
        static_cast<std::uint16_t>(root.number("suite_floor", data.suite_floor, UINT16_MAX));
    data.authority_certificate = read_certificate_text(root, "authority_certificate");
    read_limits(root, data.limits);
    read_office_hours(root, data.office_hours);
    data.bus_keys = read_keys(root, "bus_key");
    for (TomlReader& row : root.tables("territory")) {
        Territory territory;
        territory.code = row.required_text("code");
        territory.vintage = row.civil_date("vintage");
        territory.parent = row.text("parent");
        territory.names = read_names(row);
        row.finish();
        data.territories.push_back(std::move(territory));
    }
    for (TomlReader& table : root.tables("agency")) data.agencies.push_back(read_agency(table));
    for (TomlReader& row : root.tables("succession")) {
        data.successions.push_back({row.required_id<AgencyId>("from"),
                                    row.required_id<AgencyId>("to"),
                                    row.required_text("function"),
                                    row.civil_date("date")});
        row.finish();
    }
    root.finish();
    if (fault) return std::unexpected(*fault);
    auto checked = check_rules(data);
    if (!checked) return std::unexpected(checked.error());
    return data;
}

}  // namespace lienthong::registry
