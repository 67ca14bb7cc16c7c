// SPDX-License-Identifier: Apache-2.0
// The registry as the bytes of a document. Whatever is built below another is built before it, in
// one fixed order, so that equal data gives equal bytes.
#include <flatbuffers/flatbuffers.h>

#include <algorithm>

#include "schemas/registry_generated.h"
#include "security/registry/aligned_bytes.hpp"
#include "security/registry/document.hpp"
#include "security/registry/registry.hpp"
#include "security/registry/rules.hpp"

namespace lienthong::registry {

namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
template <class T>
using Row = Offset<T>;
template <class T>
using Rows = const flatbuffers::Vector<Offset<T>>*;

constexpr flatbuffers::uoffset_t kDepthMax = 16;
constexpr flatbuffers::uoffset_t kTablesMax = 20'000;

// --- value to bytes

// Absent where empty.
Offset<flatbuffers::String> put(FlatBufferBuilder& out, const std::string& text) {
    return text.empty() ? Offset<flatbuffers::String>{} : out.CreateString(text);
}

template <class Value, class Table>
auto put_all(FlatBufferBuilder& out,
             const std::vector<Value>& values,
             Row<Table> (*put_one)(FlatBufferBuilder&, const Value&)) {
    std::vector<Row<Table>> rows;
    rows.reserve(values.size());
    for (const Value& value : values) rows.push_back(put_one(out, value));
    return out.CreateVector(rows);
}

Row<fb::registry::Name> put_name(FlatBufferBuilder& out, const Names& name) {
    const auto vi = out.CreateString(name.vi);
    const auto en = out.CreateString(name.en);
    return fb::registry::CreateName(out, vi, en, put(out, name.from));
}

Row<fb::registry::Unit> put_unit(FlatBufferBuilder& out, const Unit& unit) {
    const auto id = out.CreateString(unit.id.text());
    const auto names = put_all(out, unit.names, put_name);
    return fb::registry::CreateUnit(out, id, names, put(out, unit.territory));
}

Row<fb::registry::RoleHolding> put_role(FlatBufferBuilder& out, const RoleHolding& holding) {
    const auto role = out.CreateString(holding.role.text());
    const auto unit = put(out, holding.unit.text());
    return fb::registry::CreateRoleHolding(out, role, unit, holding.from, holding.until);
}

Row<fb::registry::Officer> put_officer(FlatBufferBuilder& out, const Officer& officer) {
    const auto id = out.CreateString(officer.id.text());
    const auto unit = put(out, officer.unit.text());
    return fb::registry::CreateOfficer(
        out, id, unit, officer.draft, officer.approve, officer.query);
}

Row<fb::registry::Key> put_key(FlatBufferBuilder& out, const KeyEntry& key) {
    const fb::Bytes32 id(flatbuffers::span<const std::uint8_t, kHashBytes>(key.id.bytes));
    const auto node = put(out, key.node.text());
    const auto certificate = out.CreateVector(key.certificate);
    const auto raw = out.CreateVector(key.raw);
    return fb::registry::CreateKey(out,
                                   &id,
                                   static_cast<fb::registry::KeyUse>(key.use),
                                   node,
                                   certificate,
                                   raw,
                                   key.validity.from,
                                   key.validity.until,
                                   key.revoked,
                                   key.revoked_from);
}

Row<fb::registry::Agency> put_agency(FlatBufferBuilder& out, const Agency& agency) {
    const auto id = out.CreateString(agency.id.text());
    const auto slug = out.CreateString(agency.slug);
    const auto names = put_all(out, agency.names, put_name);
    const auto units = put_all(out, agency.units, put_unit);
    const auto roles = put_all(out, agency.roles, put_role);
    const auto officers = put_all(out, agency.officers, put_officer);
    std::vector<Offset<flatbuffers::String>> nodes;
    nodes.reserve(agency.nodes.size());
    for (const NodeId& node : agency.nodes) nodes.push_back(out.CreateString(node.text()));
    const auto node_list = out.CreateVector(nodes);
    const auto keys = put_all(out, agency.keys, put_key);
    const auto territory = put(out, agency.territory);
    return fb::registry::CreateAgency(
        out, id, slug, names, units, roles, officers, node_list, keys, territory);
}

Row<fb::registry::Territory> put_territory(FlatBufferBuilder& out, const Territory& row) {
    const auto code = out.CreateString(row.code);
    const auto vintage = out.CreateString(row.vintage);
    const auto parent = put(out, row.parent);
    const auto names = put_all(out, row.names, put_name);
    return fb::registry::CreateTerritory(out, code, vintage, parent, names);
}

Row<fb::registry::Succession> put_succession(FlatBufferBuilder& out, const Succession& row) {
    const auto from = out.CreateString(row.from.text());
    const auto to = out.CreateString(row.to.text());
    const auto function = out.CreateString(row.function);
    const auto date = out.CreateString(row.date);
    return fb::registry::CreateSuccession(out, from, to, function, date);
}

Row<fb::registry::OfficeSpan> put_span(FlatBufferBuilder& out, const OfficeSpan& span) {
    return fb::registry::CreateOfficeSpan(out, span.from, span.until);
}

// --- bytes, already verified, to value. Names are judged afterwards, by the rules.

std::string text_of(const flatbuffers::String* text) {
    return text != nullptr ? text->str() : std::string();
}
template <class Id>
Id id_of(const flatbuffers::String* text) {
    return text != nullptr ? Id::of(text->string_view()) : Id{};
}
Bytes bytes_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
    return bytes != nullptr ? Bytes(bytes->begin(), bytes->end()) : Bytes{};
}

template <class Value, class Table>
void take_all(std::vector<Value>& values, Rows<Table> rows, Value (*take_one)(const Table&)) {
    if (rows == nullptr) return;
    values.reserve(rows->size());
    for (const Table* row : *rows) values.push_back(take_one(*row));
}

Names take_name(const fb::registry::Name& row) {
    return {text_of(row.vi()), text_of(row.en()), text_of(row.from())};
}

Unit take_unit(const fb::registry::Unit& row) {
    Unit unit{id_of<UnitId>(row.id()), {}, text_of(row.territory())};
    take_all(unit.names, row.names(), take_name);
    return unit;
}

RoleHolding take_role(const fb::registry::RoleHolding& row) {
    return {id_of<Role>(row.role()), id_of<UnitId>(row.unit()), row.from(), row.until()};
}

Officer take_officer(const fb::registry::Officer& row) {
    return {id_of<OfficerId>(row.id()),
            id_of<UnitId>(row.unit()),
            row.draft(),
            row.approve(),
            row.query()};
}

KeyEntry take_key(const fb::registry::Key& row) {
    KeyEntry key;
    std::ranges::copy(*row.id()->b(), key.id.bytes.begin());
    // A number outside the enumeration is refused by the rules, whose switch has no such case.
    key.use = static_cast<keys::Use>(row.use());
    key.node = id_of<NodeId>(row.node());
    key.certificate = bytes_of(row.certificate());
    key.raw = bytes_of(row.raw());
    key.validity = {row.valid_from(), row.valid_until()};
    key.revoked = row.revoked();
    key.revoked_from = row.revoked_from();
    return key;
}

Agency take_agency(const fb::registry::Agency& row) {
    Agency agency;
    agency.id = id_of<AgencyId>(row.id());
    agency.slug = text_of(row.slug());
    take_all(agency.names, row.names(), take_name);
    take_all(agency.units, row.units(), take_unit);
    take_all(agency.roles, row.roles(), take_role);
    take_all(agency.officers, row.officers(), take_officer);
    if (row.nodes() != nullptr) {
        for (const auto* node : *row.nodes()) agency.nodes.push_back(id_of<NodeId>(node));
    }
    take_all(agency.keys, row.keys(), take_key);
    agency.territory = text_of(row.territory());
    return agency;
}

Territory take_territory(const fb::registry::Territory& row) {
    Territory territory{text_of(row.code()), text_of(row.vintage()), text_of(row.parent()), {}};
    take_all(territory.names, row.names(), take_name);
    return territory;
}

Succession take_succession(const fb::registry::Succession& row) {
    return {id_of<AgencyId>(row.from()),
            id_of<AgencyId>(row.to()),
            text_of(row.function()),
            text_of(row.date())};
}

OfficeSpan take_span(const fb::registry::OfficeSpan& row) {
    return {row.from_minute(), row.until_minute()};
}

}  // namespace

Bytes encode_registry(const RegistryData& data) {
    FlatBufferBuilder out(4096);
    const auto bus = out.CreateString(data.bus.text());
    const auto authority = out.CreateVector(data.authority_certificate);
    const auto bus_keys = put_all(out, data.bus_keys, put_key);
    const auto agencies = put_all(out, data.agencies, put_agency);
    const auto territories = put_all(out, data.territories, put_territory);
    const auto successions = put_all(out, data.successions, put_succession);
    const auto limits = fb::registry::CreateLimits(out,
                                                   data.limits.connections_per_agency_max,
                                                   data.limits.chunk_quota_bytes,
                                                   data.limits.witness_age_minutes);
    const auto spans = put_all(out, data.office_hours.spans, put_span);
    const auto hours = fb::registry::CreateOfficeHours(out, data.office_hours.days, spans);
    out.Finish(fb::registry::CreateRegistry(out,
                                            bus,
                                            data.version,
                                            data.issued,
                                            data.expires,
                                            data.suite_floor,
                                            authority,
                                            bus_keys,
                                            agencies,
                                            territories,
                                            successions,
                                            limits,
                                            hours));
    return to_bytes({out.GetBufferPointer(), out.GetSize()});
}

Result<RegistryData> parse_registry(BytesView body) {
    if (body.size() > kDocumentBytesMax) {
        return fail(Code::oversized, "a document is at most 4 MiB", "registry");
    }
    const AlignedBytes aligned(body);
    flatbuffers::Verifier verifier(aligned.data(), aligned.size(), kDepthMax, kTablesMax);
    if (!fb::registry::VerifyRegistryBuffer(verifier)) {
        return fail(Code::malformed_document, "not a registry", "registry");
    }
    const auto& root = *fb::registry::GetRegistry(aligned.data());
    RegistryData data;
    data.bus = id_of<BusId>(root.bus());
    data.version = root.version();
    data.issued = root.issued();
    data.expires = root.expires();
    data.suite_floor = root.suite_floor();
    data.authority_certificate = bytes_of(root.authority_certificate());
    take_all(data.bus_keys, root.bus_keys(), take_key);
    take_all(data.agencies, root.agencies(), take_agency);
    take_all(data.territories, root.territories(), take_territory);
    take_all(data.successions, root.successions(), take_succession);
    data.limits.connections_per_agency_max = root.limits()->connections_per_agency_max();
    data.limits.chunk_quota_bytes = root.limits()->chunk_quota_bytes();
    if (root.limits()->witness_age_minutes() != 0) {
        data.limits.witness_age_minutes = root.limits()->witness_age_minutes();
    }
    if (const auto* hours = root.office_hours()) {
        data.office_hours = {hours->days(), {}};
        take_all(data.office_hours.spans, hours->spans(), take_span);
    }
    auto checked = check_rules(data);
    if (!checked) return std::unexpected(checked.error());
    return data;
}

}  // namespace lienthong::registry
