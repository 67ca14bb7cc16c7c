// SPDX-License-Identifier: Apache-2.0
#include "bus/node/draft_bytes.hpp"

namespace lienthong::node {
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

void put_hashes(ByteWriter& out, const std::vector<Hash>& hashes) {
    out.u16(static_cast<std::uint16_t>(hashes.size()));
    for (const Hash& hash : hashes) out.hash(hash);
}

std::vector<Hash> get_hashes(ByteReader& in) {
    std::vector<Hash> hashes;
    const std::uint16_t count = in.u16();
    for (std::uint16_t i = 0; i < count && in.ok(); ++i) hashes.push_back(in.hash());
    return hashes;
}

CaseId get_case(ByteReader& in) {
    CaseId id;
    const BytesView bytes = in.raw(id.bytes.size());
    std::ranges::copy(bytes, id.bytes.begin());
    return id;
}

MessageId get_message(ByteReader& in) {
    const std::uint64_t stream = in.u64();
    return MessageId{stream, in.u64()};
}

std::optional<message::Relation> maybe_relation(std::uint8_t number) {
    if (number > static_cast<std::uint8_t>(message::Relation::re_seals)) return std::nullopt;
    return static_cast<message::Relation>(number);
}

std::optional<Outcome::State> maybe_state(std::uint8_t number) {
    if (number > static_cast<std::uint8_t>(Outcome::State::refused)) return std::nullopt;
    return static_cast<Outcome::State>(number);
}

void put_content(ByteWriter& out, const Draft& draft) {
    out.u16(static_cast<std::uint16_t>(draft.kind)).prefixed(draft.unit.text());
    out.raw(draft.case_id.bytes).u16(static_cast<std::uint16_t>(draft.sections.size()));
    for (const auto& [name, plaintext] : draft.sections) out.prefixed(name).prefixed(plaintext);
    out.prefixed(draft.facts ? message::encode_facts(*draft.facts) : Bytes{});
    out.u8(draft.refers_to ? 1 : 0);
    if (draft.refers_to) {
        out.u64(draft.refers_to->message.stream).u64(draft.refers_to->message.sequence);
        out.hash(draft.refers_to->header_digest);
        out.u8(static_cast<std::uint8_t>(draft.refers_to->relation));
    }
    put_agencies(out, draft.named);
    out.i64(draft.expires);
}

}  // namespace

Bytes content_of(const Draft& draft) {
    ByteWriter out;
    put_content(out, draft);
    return out.take();
}

Bytes encode(const Draft& draft) {
    ByteWriter out;
    put_content(out, draft);
    return out.prefixed(draft.key).u8(draft.corrects ? 1 : 0).take();
}

Result<Draft> parse_draft(BytesView bytes) {
    ByteReader in(bytes);
    Draft draft;
    const auto kind = message::maybe_kind(in.u16());
    if (!kind) return bad("a draft of an unknown kind");
    draft.kind = *kind;
    draft.unit = UnitId::of(in.text());
    draft.case_id = get_case(in);
    const std::uint16_t sections = in.u16();
    for (std::uint16_t i = 0; i < sections && in.ok(); ++i) {
        std::string name = in.text();
        draft.sections.emplace_back(std::move(name), to_bytes(in.prefixed()));
    }
    const BytesView facts = in.prefixed();
    if (!facts.empty()) {
        auto parsed = message::parse_facts(facts);
        if (!parsed) return std::unexpected(parsed.error());
        draft.facts = std::move(*parsed);
    }
    if (in.u8() == 1) {
        message::Reference reference;
        reference.message = get_message(in);
        reference.header_digest = in.hash();
        const auto relation = maybe_relation(in.u8());
        if (!relation) return bad("a draft with an unknown relation");
        reference.relation = *relation;
        draft.refers_to = reference;
    }
    draft.named = get_agencies(in);
    draft.expires = in.i64();
    draft.key = in.text();
    draft.corrects = in.u8() == 1;
    if (!in.done()) return bad("a draft has the wrong length");
    return draft;
}

Bytes encode(const DraftRow& row) {
    ByteWriter out;
    out.u16(static_cast<std::uint16_t>(row.kind)).u8(static_cast<std::uint8_t>(row.outcome.state));
    out.u64(row.outcome.id.stream).u64(row.outcome.id.sequence).u64(row.outcome.position);
    out.raw(row.outcome.case_id.bytes);
    out.u16(row.outcome.refusal ? static_cast<std::uint16_t>(row.outcome.refusal->code) : 0);
    const auto& refusal = row.outcome.refusal;
    return out.prefixed(refusal ? refusal->where : "")
        .prefixed(refusal ? refusal->grant_missing : "")
        .u64(row.refused_batch.stream)
        .u64(row.refused_batch.sequence)
        .take();
}

Result<DraftRow> parse_draft_row(BytesView bytes) {
    ByteReader in(bytes);
    DraftRow row;
    row.kind = message::maybe_kind(in.u16()).value_or(message::Kind::none);
    const auto state = maybe_state(in.u8());
    row.outcome.id = get_message(in);
    row.outcome.position = in.u64();
    row.outcome.case_id = get_case(in);
    const auto code = maybe_code(in.u16());
    std::string where = in.text();
    std::string grant = in.text();
    row.refused_batch = get_message(in);
    row.outcome.refusal_proof = !row.refused_batch.is_none();
    if (!in.done() || !state) return bad("a row of drafts");
    row.outcome.state = *state;
    if (code) row.outcome.refusal = Error{*code, {}, std::move(where), std::move(grant)};
    return row;
}

Bytes encode(const OutboxRow& row) {
    ByteWriter out;
    out.prefixed(row.frame).u16(static_cast<std::uint16_t>(row.ordinals.size()));
    for (const Ordinal ordinal : row.ordinals) out.u64(ordinal);
    return out.take();
}

Result<OutboxRow> parse_outbox(BytesView bytes) {
    ByteReader in(bytes);
    OutboxRow row;
    row.frame = to_bytes(in.prefixed());
    row.ordinals.resize(in.u16());
    for (Ordinal& ordinal : row.ordinals) ordinal = in.u64();
    if (!in.done()) return bad("a row of the outbox");
    return row;
}

Bytes encode(const message::DeliveredEntry& entry) {
    ByteWriter out;
    out.u64(entry.position).u8(entry.kind).u64(entry.epoch).i64(entry.time);
    out.prefixed(entry.header).prefixed(entry.proof).u32(entry.batch_index);
    put_hashes(out, entry.batch_path);
    return out.prefixed(message::encode_sections(entry.sections)).take();
}

Result<message::DeliveredEntry> parse_delivered(BytesView bytes) {
    ByteReader in(bytes);
    message::DeliveredEntry entry;
    entry.position = in.u64();
    entry.kind = in.u8();
    entry.epoch = in.u64();
    entry.time = in.i64();
    entry.header = to_bytes(in.prefixed());
    entry.proof = to_bytes(in.prefixed());
    entry.batch_index = in.u32();
    entry.batch_path = get_hashes(in);
    auto sections = message::parse_sections(in.prefixed());
    if (!sections) return std::unexpected(sections.error());
    entry.sections = std::move(*sections);
    if (!in.done()) return bad("a row of the inbox");
    return entry;
}

Bytes encode(const CaseKnowledge& knowledge) {
    ByteWriter out;
    out.u64(knowledge.version.epoch).u64(knowledge.version.position).hash(knowledge.version.leaf);
    put_agencies(out, knowledge.parties);
    put_agencies(out, knowledge.proven.parties);
    out.u32(static_cast<std::uint32_t>(knowledge.proven.consents.size()));
    for (const ProvenCase::Consent& consent : knowledge.proven.consents) {
        out.prefixed(consent.agency.text()).prefixed(consent.by.text());
        out.u8(consent.given ? 1 : 0).u64(consent.at);
    }
    return out.take();
}

Result<CaseKnowledge> parse_case(BytesView bytes) {
    ByteReader in(bytes);
    CaseKnowledge knowledge;
    knowledge.version.epoch = in.u64();
    knowledge.version.position = in.u64();
    knowledge.version.leaf = in.hash();
    knowledge.parties = get_agencies(in);
    knowledge.proven.parties = get_agencies(in);
    const std::uint32_t consents = in.u32();
    for (std::uint32_t i = 0; i < consents && in.ok(); ++i) {
        ProvenCase::Consent consent;
        consent.agency = AgencyId::of(in.text());
        consent.by = AgencyId::of(in.text());
        consent.given = in.u8() != 0;
        consent.at = in.u64();
        knowledge.proven.consents.push_back(std::move(consent));
    }
    if (!in.done()) return bad("a row of cases");
    return knowledge;
}

Bytes encode(const ReceiptRow& row) {
    ByteWriter out;
    out.hash(row.proof);
    put_hashes(out, row.headers);
    return out.u64(row.proven_to).prefixed(row.frame).take();
}

Result<ReceiptRow> parse_receipt(BytesView bytes) {
    ByteReader in(bytes);
    ReceiptRow row;
    row.proof = in.hash();
    row.headers = get_hashes(in);
    row.proven_to = in.u64();
    row.frame = to_bytes(in.prefixed());
    if (!in.done()) return bad("a row of receipts");
    return row;
}

Bytes encode(const RefusalRow& row) {
    ByteWriter out;
    return out.u32(row.count).u8(row.for_good ? 1 : 0).prefixed(row.frame).take();
}

Result<RefusalRow> parse_refusal(BytesView bytes) {
    ByteReader in(bytes);
    RefusalRow row;
    row.count = in.u32();
    row.for_good = in.u8() != 0;
    row.frame = to_bytes(in.prefixed());
    if (!in.done()) return bad("a row of refusals");
    return row;
}

}  // namespace lienthong::node
