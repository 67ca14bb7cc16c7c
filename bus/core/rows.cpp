// SPDX-License-Identifier: Apache-2.0
#include "bus/core/rows.hpp"

#include <algorithm>

#include "bus/base/check.hpp"

namespace lienthong::core::rows {
namespace {

std::unexpected<Error> bad(const char* what) { return fail(Code::corrupt, what); }

void put_agencies(ByteWriter& out, const std::vector<AgencyId>& agencies) {
    out.u16(static_cast<std::uint16_t>(agencies.size()));
    for (const AgencyId& agency : agencies) out.prefixed(agency.text());
}

std::vector<AgencyId> get_agencies(ByteReader& in) {
    std::vector<AgencyId> agencies;
    const std::uint16_t count = in.u16();
    for (std::uint16_t i = 0; i < count && in.ok(); ++i)
        agencies.push_back(AgencyId::of(in.text()));
    return agencies;
}

// A name, then a zero byte that no name holds: so names sort as texts do.
ByteWriter& put_name(ByteWriter& out, const std::string& name) {
    return out.raw(as_bytes(name)).u8(0);
}

}  // namespace

Bytes encode(const StreamRow& row) {
    ByteWriter out;
    out.prefixed(row.agency.text()).prefixed(row.node.text()).u32(row.class_id).u64(row.last);
    return out.u8(row.closed ? 1 : 0).u64(row.newest).take();
}

Result<StreamRow> parse_stream(BytesView bytes) {
    ByteReader in(bytes);
    StreamRow row;
    row.agency = AgencyId::of(in.text());
    row.node = NodeId::of(in.text());
    row.class_id = in.u32();
    row.last = in.u64();
    row.closed = in.u8() == 1;
    row.newest = in.u64();
    if (!in.done()) return bad("a row of streams");
    return row;
}

Bytes encode(const BatchRow& row) {
    ByteWriter out;
    out.prefixed(row.proof).u16(static_cast<std::uint16_t>(row.headers.size()));
    for (const Hash& header : row.headers) out.hash(header);
    out.u16(static_cast<std::uint16_t>(row.verdicts.size()));
    for (const std::uint16_t verdict : row.verdicts) out.u16(verdict);
    out.u64(row.first_position).u32(row.accepted).i64(row.time).u64(row.epoch).u64(row.head_size);
    return out.take();
}

Result<BatchRow> parse_batch(BytesView bytes) {
    ByteReader in(bytes);
    BatchRow row;
    row.proof = to_bytes(in.prefixed());
    row.headers.resize(in.u16());
    for (Hash& header : row.headers) header = in.hash();
    row.verdicts.resize(in.u16());
    for (std::uint16_t& verdict : row.verdicts) verdict = in.u16();
    row.first_position = in.u64();
    row.accepted = in.u32();
    row.time = in.i64();
    row.epoch = in.u64();
    row.head_size = in.u64();
    if (!in.done()) return bad("a row of batches");
    return row;
}

Bytes encode(const ClassRow& row) {
    ByteWriter out;
    out.u16(static_cast<std::uint16_t>(row.kind));
    put_agencies(out, row.agencies);
    return out.u64(row.last_position).take();
}

Result<ClassRow> parse_class(BytesView bytes) {
    ByteReader in(bytes);
    ClassRow row;
    const auto kind = message::maybe_kind(in.u16());
    row.agencies = get_agencies(in);
    row.last_position = in.u64();
    if (!in.done() || !kind) return bad("a row of classes");
    row.kind = *kind;
    return row;
}

Bytes encode(const CaseRecord& row) {
    ByteWriter out;
    out.u8(static_cast<std::uint8_t>(row.state)).prefixed(row.holder.text()).i64(row.since);
    out.u64(row.position).u64(row.epoch).hash(row.leaf).i64(row.due);
    put_agencies(out, row.parties);
    put_agencies(out, row.consented);
    return out.u16(row.places).take();
}

Result<CaseRecord> parse_case(BytesView bytes) {
    ByteReader in(bytes);
    CaseRecord row;
    const auto state = maybe_case_state(in.u8());
    row.holder = AgencyId::of(in.text());
    row.since = in.i64();
    row.position = in.u64();
    row.epoch = in.u64();
    row.leaf = in.hash();
    row.due = in.i64();
    row.parties = get_agencies(in);
    row.consented = get_agencies(in);
    row.places = in.u16();
    if (!in.done() || !state) return bad("a row of cases");
    row.state = *state;
    return row;
}

Bytes encode(const CaseStepRecord& row) {
    ByteWriter out;
    out.i64(row.time).u16(static_cast<std::uint16_t>(row.kind)).prefixed(row.agency.text());
    out.u8(static_cast<std::uint8_t>(row.state)).u64(row.message.stream).u64(row.message.sequence);
    return out.hash(row.header_digest).take();
}

Result<CaseStepRecord> parse_case_step(BytesView bytes) {
    ByteReader in(bytes);
    CaseStepRecord row;
    row.time = in.i64();
    const auto kind = message::maybe_kind(in.u16());
    row.agency = AgencyId::of(in.text());
    const auto state = maybe_case_state(in.u8());
    row.message.stream = in.u64();
    row.message.sequence = in.u64();
    row.header_digest = in.hash();
    if (!in.done() || !state || !kind) return bad("a row of case steps");
    row.kind = *kind;
    row.state = *state;
    return row;
}

Bytes encode(const UploadRow& row) {
    ByteWriter out;
    out.u32(row.count).u64(row.charged).i64(row.time).raw(row.wrapped_by.bytes);
    return out.prefixed(row.wrapped_key).take();
}

Result<UploadRow> parse_upload(BytesView bytes) {
    ByteReader in(bytes);
    UploadRow row;
    row.count = in.u32();
    row.charged = in.u64();
    row.time = in.i64();
    const BytesView case_id = in.raw(row.wrapped_by.bytes.size());
    std::ranges::copy(case_id, row.wrapped_by.bytes.begin());
    row.wrapped_key = to_bytes(in.prefixed());
    if (!in.done()) return bad("a row of uploads");
    return row;
}

Bytes encode(const ChunkLeaf& row) { return ByteWriter().hash(row.leaf).u32(row.bytes).take(); }

Result<ChunkLeaf> parse_chunk_leaf(BytesView bytes) {
    ByteReader in(bytes);
    ChunkLeaf row;
    row.leaf = in.hash();
    row.bytes = in.u32();
    if (!in.done()) return bad("a leaf of chunks");
    return row;
}

Bytes key(std::uint64_t number) { return ByteWriter().u64(number).take(); }
Bytes key(std::uint64_t first, std::uint64_t second) {
    return ByteWriter().u64(first).u64(second).take();
}
Bytes key(std::uint32_t class_id) { return ByteWriter().u32(class_id).take(); }
Bytes key(std::uint32_t class_id, Position position) {
    return ByteWriter().u32(class_id).u64(position).take();
}
Bytes key(proof::NodeId node) { return ByteWriter().u8(node.level).u64(node.index).take(); }
Bytes key(registry::DocumentKind kind, std::uint32_t version) {
    return ByteWriter().u8(static_cast<std::uint8_t>(kind)).u32(version).take();
}
Bytes key(const AgencyId& agency) {
    ByteWriter out;
    return put_name(out, agency.text()).take();
}
Bytes key(const AgencyId& agency, std::uint32_t class_id) {
    ByteWriter out;
    return put_name(out, agency.text()).u32(class_id).take();
}
Bytes key(const AgencyId& agency, const CaseId& case_id) {
    ByteWriter out;
    return put_name(out, agency.text()).raw(case_id.bytes).take();
}
Bytes key(const AgencyId& agency, const MessageId& message) {
    ByteWriter out;
    return put_name(out, agency.text()).u64(message.stream).u64(message.sequence).take();
}
Bytes key(const CaseId& case_id) { return to_bytes(case_id.bytes); }
Bytes key(const CaseId& case_id, Position position) {
    return ByteWriter().raw(case_id.bytes).u64(position).take();
}
Bytes key(const AgencyId& agency, const NodeId& node, Position position) {
    ByteWriter out;
    return put_name(put_name(out, agency.text()), node.text()).u64(position).take();
}
Bytes key(const NodeId& node, Position newest, std::uint64_t stream) {
    ByteWriter out;
    return put_name(out, node.text()).u64(newest).u64(stream).take();
}
Bytes key_after(const NodeId& node) { return ByteWriter().raw(as_bytes(node.text())).u8(1).take(); }
Bytes key(const UploadId& upload) {
    ByteWriter out;
    put_name(out, upload.agency.text()).u64(upload.message.stream).u64(upload.message.sequence);
    return put_name(out, upload.section).take();
}
Bytes key(const UploadId& upload, std::uint32_t index) {
    return ByteWriter().raw(key(upload)).u32(index).take();
}
Bytes key(Millis time, const UploadId& upload) {
    return ByteWriter().i64(time).raw(key(upload)).take();
}

UploadId upload_of(BytesView key) {
    const auto name_in = [](BytesView bytes) {
        const auto end = std::ranges::find(bytes, std::uint8_t{0});
        CHECK(end != bytes.end());
        return as_text(bytes.first(static_cast<std::size_t>(end - bytes.begin())));
    };
    const std::string_view agency = name_in(key);
    ByteReader in(key.subspan(agency.size() + 1));
    UploadId upload;
    upload.agency = AgencyId::of(agency);
    upload.message.stream = in.u64();
    upload.message.sequence = in.u64();
    upload.section = std::string(name_in(in.rest()));
    return upload;
}

Bytes key(const AgencyId& agency, std::string_view rule) {
    ByteWriter out;
    return put_name(out, agency.text()).raw(as_bytes(rule)).take();
}

std::uint64_t u64_at(BytesView key, std::size_t offset) {
    CHECK(key.size() >= offset + 8);
    return ByteReader(key.subspan(offset)).u64();
}

std::uint32_t u32_at(BytesView key, std::size_t offset) {
    CHECK(key.size() >= offset + 4);
    return ByteReader(key.subspan(offset)).u32();
}

}  // namespace lienthong::core::rows
