// SPDX-License-Identifier: Apache-2.0
// Data to the registry's TOML: what compile_registry() reads back to the same data.
#include <fmt/format.h>

#include <iterator>

#include "bus/base/base64.hpp"
#include "security/registry/registry.hpp"
#include "security/registry/toml_tree.hpp"

namespace lienthong::registry {

namespace {

using Out = std::back_insert_iterator<std::string>;

// Keys whose value is empty or zero are left out: they mean the same.
void put_text(Out out, std::string_view key, std::string_view value) {
    if (!value.empty()) fmt::format_to(out, "{} = {}\n", key, toml_text(value));
}
void put_period(Out out, Millis from, Millis until) {
    if (from != 0) fmt::format_to(out, "from = {}\n", toml_beginning(from));
    if (until != 0) fmt::format_to(out, "until = {}\n", toml_end(until));
}

void put_names(Out out, const std::vector<Names>& names) {
    fmt::format_to(out, "names = [\n");
    for (const Names& name : names) {
        fmt::format_to(out, "  {{ vi = {}, en = {}", toml_text(name.vi), toml_text(name.en));
        if (!name.from.empty()) fmt::format_to(out, ", from = {}", name.from);
        fmt::format_to(out, " }},\n");
    }
    fmt::format_to(out, "]\n");
}

void put_key(Out out, std::string_view table, const KeyEntry& key) {
    fmt::format_to(out, "\n[[{}]]\nuse = \"{}\"\n", table, keys::name(key.use));
    put_text(out, "id", to_hex(key.id.view()));
    put_text(out, "node", key.node.text());
    put_text(out, "certificate", to_base64(key.certificate));
    put_text(out, "raw", to_hex(key.raw));
    put_period(out, key.validity.from, key.validity.until);
    if (key.revoked) fmt::format_to(out, "revoked_from = {}\n", key.revoked_from);
}

void put_officer(Out out, const Officer& officer) {
    std::string functions;
    for (const auto& [holds, word] : {std::pair(officer.draft, "\"draft\""),
                                      std::pair(officer.approve, "\"approve\""),
                                      std::pair(officer.query, "\"query\"")}) {
        if (!holds) continue;
        if (!functions.empty()) functions += ", ";
        functions += word;
    }
    fmt::format_to(out, "\n[[agency.officer]]\nid = \"{}\"\n", officer.id.text());
    put_text(out, "unit", officer.unit.text());
    fmt::format_to(out, "functions = [{}]\n", functions);
}

void put_agency(Out out, const Agency& agency) {
    fmt::format_to(
        out, "\n[[agency]]\nid = \"{}\"\nslug = \"{}\"\n", agency.id.text(), agency.slug);
    put_names(out, agency.names);
    put_text(out, "territory", agency.territory);
    std::string nodes;
    for (const NodeId& node : agency.nodes) {
        if (!nodes.empty()) nodes += ", ";
        nodes += toml_text(node.text());
    }
    fmt::format_to(out, "nodes = [{}]\n", nodes);
    for (const Unit& unit : agency.units) {
        fmt::format_to(out, "\n[[agency.unit]]\nid = \"{}\"\n", unit.id.text());
        put_names(out, unit.names);
        put_text(out, "territory", unit.territory);
    }
    for (const RoleHolding& holding : agency.roles) {
        fmt::format_to(out, "\n[[agency.role]]\nrole = \"{}\"\n", holding.role.text());
        put_text(out, "unit", holding.unit.text());
        put_period(out, holding.from, holding.until);
    }
    for (const Officer& officer : agency.officers) put_officer(out, officer);
    for (const KeyEntry& key : agency.keys) put_key(out, "agency.key", key);
}

void put_office_hours(Out out, const OfficeHours& hours) {
    const auto list = [&](std::string_view key, const std::vector<std::string>& texts) {
        fmt::format_to(out, "{} = [\"{}\"]\n", key, fmt::join(texts, "\", \""));
    };
    std::vector<std::string> days;
    for (std::size_t day = 0; day < 7; ++day) {
        if (((hours.days >> day) & 1) != 0) days.emplace_back(day_name(day));
    }
    std::vector<std::string> spans;
    spans.reserve(hours.spans.size());
    for (const OfficeSpan& span : hours.spans) spans.push_back(to_text(span));
    fmt::format_to(out, "\n[office_hours]\n");
    list("days", days);
    list("spans", spans);
}

}  // namespace

std::string to_toml(const RegistryData& data) {
    std::string text;
    const Out out = std::back_inserter(text);
    fmt::format_to(out, "# Registry of the bus, version {}.\n", data.version);
    put_text(out, "bus", data.bus.text());
    if (data.issued != 0) fmt::format_to(out, "issued = {}\n", toml_beginning(data.issued));
    if (data.expires != 0) fmt::format_to(out, "expires = {}\n", toml_end(data.expires));
    fmt::format_to(out, "suite_floor = {}\n", data.suite_floor);
    put_text(out, "authority_certificate", to_base64(data.authority_certificate));
    fmt::format_to(out,
                   "\n[limits]\nconnections_per_agency_max = {}\nchunk_quota_bytes = {}\n"
                   "witness_age_minutes = {}\n",
                   data.limits.connections_per_agency_max,
                   data.limits.chunk_quota_bytes,
                   data.limits.witness_age_minutes);
    put_office_hours(out, data.office_hours);
    for (const KeyEntry& key : data.bus_keys) put_key(out, "bus_key", key);
    for (const Territory& row : data.territories) {
        fmt::format_to(
            out, "\n[[territory]]\ncode = \"{}\"\nvintage = {}\n", row.code, row.vintage);
        put_text(out, "parent", row.parent);
        put_names(out, row.names);
    }
    for (const Agency& agency : data.agencies) put_agency(out, agency);
    for (const Succession& row : data.successions) {
        fmt::format_to(
            out,
            "\n[[succession]]\nfrom = \"{}\"\nto = \"{}\"\nfunction = \"{}\"\ndate = {}\n",
            row.from.text(),
            row.to.text(),
            row.function,
            row.date);
    }
    return text;
}

}  // namespace lienthong::registry
