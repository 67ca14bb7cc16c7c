// SPDX-License-Identifier: Apache-2.0
#include "bus/core/entry.hpp"

#include "security/keys/digest.hpp"

namespace lienthong::core {
namespace {

constexpr std::uint8_t kEntryFormat = 1;

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

CaseId get_case(ByteReader& in) {
    CaseId id;
    const BytesView bytes = in.raw(id.bytes.size());
    std::ranges::copy(bytes, id.bytes.begin());
    return id;
}

}  // namespace

Bytes encode_entry(const Entry& entry) {
    ByteWriter out;
    out.u8(kEntryFormat).u8(static_cast<std::uint8_t>(entry.kind)).u64(entry.epoch).i64(entry.time);
    out.prefixed(entry.content);
    if (entry.kind == proof::EntryKind::message) {
        out.hash(entry.proof_digest).prefixed(entry.sender.text()).prefixed(entry.node.text());
        out.u64(entry.batch_first).u32(entry.class_id);
        put_agencies(out, entry.new_class);
        out.raw(entry.sealed_under.bytes).prefixed(entry.sections);
    }
    return out.take();
}

Result<Entry> parse_entry(BytesView bytes) {
    ByteReader in(bytes);
    if (in.u8() != kEntryFormat) return bad("unknown format of an entry");
    Entry entry;
    entry.kind = static_cast<proof::EntryKind>(in.u8());
    entry.epoch = in.u64();
    entry.time = in.i64();
    entry.content = to_bytes(in.prefixed());
    if (entry.kind == proof::EntryKind::message) {
        entry.proof_digest = in.hash();
        entry.sender = AgencyId::of(in.text());
        entry.node = NodeId::of(in.text());
        entry.batch_first = in.u64();
        entry.class_id = in.u32();
        entry.new_class = get_agencies(in);
        entry.sealed_under = get_case(in);
        entry.sections = to_bytes(in.prefixed());
    }
    if (!in.done()) return bad("an entry has the wrong length");
    return entry;
}

Hash leaf_of(const BusId& bus, Position position, const Entry& entry) {
    return proof::hash(proof::Leaf{.bus = bus,
                                   .position = position,
                                   .time = entry.time,
                                   .kind = entry.kind,
                                   .epoch = entry.epoch,
                                   .content = keys::sha256(entry.content),
                                   .proof = entry.proof_digest});
}

Bytes encode_refusals(const Refusals& refusals) {
    ByteWriter out;
    out.prefixed(refusals.agency.text()).prefixed(refusals.node.text());
    out.u64(refusals.stream).u32(refusals.class_id);
    out.u16(static_cast<std::uint16_t>(refusals.refused.size()));
    for (const auto& one : refusals.refused) {
        out.u64(one.sequence).u16(static_cast<std::uint16_t>(one.code));
    }
    return out.take();
}

Result<Refusals> parse_refusals(BytesView bytes) {
    ByteReader in(bytes);
    Refusals refusals;
    refusals.agency = AgencyId::of(in.text());
    refusals.node = NodeId::of(in.text());
    refusals.stream = in.u64();
    refusals.class_id = in.u32();
    const std::uint16_t count = in.u16();
    for (std::uint16_t i = 0; i < count && in.ok(); ++i) {
        const std::uint64_t sequence = in.u64();
        const auto code = maybe_code(in.u16());
        if (!code) return bad("a refusal has an unknown code");
        refusals.refused.push_back({sequence, *code});
    }
    if (!in.done()) return bad("refusals have the wrong length");
    return refusals;
}

Bytes encode_stream_closed(const StreamClosed& closed) {
    return ByteWriter()
        .prefixed(closed.agency.text())
        .prefixed(closed.node.text())
        .u64(closed.stream)
        .u64(closed.last)
        .u16(static_cast<std::uint16_t>(closed.reason))
        .take();
}

Result<StreamClosed> parse_stream_closed(BytesView bytes) {
    ByteReader in(bytes);
    StreamClosed closed;
    closed.agency = AgencyId::of(in.text());
    closed.node = NodeId::of(in.text());
    closed.stream = in.u64();
    closed.last = in.u64();
    const auto code = maybe_code(in.u16());
    if (!in.done() || !code) return bad("a closed stream is not readable");
    closed.reason = *code;
    return closed;
}

Bytes encode_delivered(const Delivered& delivered) {
    ByteWriter out;
    out.prefixed(delivered.agency.text()).prefixed(delivered.node.text());
    out.prefixed(delivered.consumer).u64(delivered.from).u64(delivered.to);
    out.u32(delivered.policy_version).u16(static_cast<std::uint16_t>(delivered.classes.size()));
    for (const std::uint32_t id : delivered.classes) out.u32(id);
    return out.take();
}

Result<Delivered> parse_delivered(BytesView bytes) {
    ByteReader in(bytes);
    Delivered delivered;
    delivered.agency = AgencyId::of(in.text());
    delivered.node = NodeId::of(in.text());
    delivered.consumer = in.text();
    delivered.from = in.u64();
    delivered.to = in.u64();
    delivered.policy_version = in.u32();
    const std::uint16_t count = in.u16();
    for (std::uint16_t i = 0; i < count && in.ok(); ++i) delivered.classes.push_back(in.u32());
    if (!in.done()) return bad("a disclosure has the wrong length");
    return delivered;
}

Bytes encode_queried(const Queried& queried) {
    ByteWriter out;
    out.prefixed(queried.agency.text()).prefixed(queried.officer.text());
    out.prefixed(queried.purpose.text()).raw(queried.case_id.bytes).u32(queried.repeats);
    out.u16(static_cast<std::uint16_t>(queried.shown.size()));
    for (const auto& [id, repeats] : queried.shown) out.raw(id.bytes).u32(repeats);
    return out.take();
}

Result<Queried> parse_queried(BytesView bytes) {
    ByteReader in(bytes);
    Queried queried;
    queried.agency = AgencyId::of(in.text());
    queried.officer = OfficerId::of(in.text());
    queried.purpose = Purpose::of(in.text());
    queried.case_id = get_case(in);
    queried.repeats = in.u32();
    const std::uint16_t shown = in.u16();
    if (shown > kShownMax) return bad("a query shows too much");
    for (std::uint16_t i = 0; i < shown && in.ok(); ++i) {
        const CaseId id = get_case(in);
        queried.shown.push_back({id, in.u32()});
    }
    if (!in.done()) return bad("a query has the wrong length");
    return queried;
}

Bytes encode_denied(const Denied& denied) {
    ByteWriter out;
    out.prefixed(denied.agency.text()).prefixed(denied.rule).i64(denied.minute).u32(denied.count);
    return out.take();
}

Result<Denied> parse_denied(BytesView bytes) {
    ByteReader in(bytes);
    Denied denied;
    denied.agency = AgencyId::of(in.text());
    denied.rule = in.text();
    denied.minute = in.i64();
    denied.count = in.u32();
    if (!in.done()) return bad("a denial has the wrong length");
    return denied;
}

}  // namespace lienthong::core
