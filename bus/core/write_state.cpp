// SPDX-License-Identifier: Apache-2.0
#include "bus/core/rows.hpp"
#include "bus/core/state.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::core {

Result<void> State::set_last_time(Millis time) {
    return put(Tables::meta, as_bytes("last-time"), ByteWriter().i64(time).take());
}

Result<void> State::put_document(const registry::SignedDocument& document, BytesView bytes) {
    return put(Tables::documents, rows::key(document.kind, document.version), bytes);
}

Result<void> State::put_stream(std::uint64_t stream, const StreamRow& row) {
    auto known = maybe_stream(stream);
    if (!known) return std::unexpected(known.error());
    const bool moved = !*known || (*known)->newest != row.newest || (*known)->node != row.node;
    if (*known && moved) {
        auto erased = write_.erase(id(Tables::node_streams),
                                   rows::key((*known)->node, (*known)->newest, stream));
        if (!erased) return erased;
    }
    if (moved) {
        auto stored = put(Tables::node_streams, rows::key(row.node, row.newest, stream), {});
        if (!stored) return stored;
    }
    return put(Tables::streams, rows::key(stream), rows::encode(row));
}

Result<void> State::put_refusal(const MessageId& message, Code code) {
    return put(Tables::refused,
               rows::key(message.stream, message.sequence),
               ByteWriter().u16(static_cast<std::uint16_t>(code)).take());
}

Result<void> State::put_withheld(const AgencyId& agency, const MessageId& message) {
    return put(Tables::withheld, rows::key(agency, message), {});
}

Result<void> State::put_bridge(const AgencyId& agency,
                               const MessageId& message,
                               std::uint64_t number) {
    return put(Tables::bridges, rows::key(agency, message), rows::key(number));
}

Result<void> State::put_batch(std::uint64_t stream, std::uint64_t first, const BatchRow& row) {
    return put(Tables::batches, rows::key(stream, first), rows::encode(row));
}

Result<void> State::put_class(std::uint32_t class_id, const ClassRow& row, bool is_new) {
    if (is_new) {
        const Hash digest = keys::sha256(rows::encode(ClassRow{row.kind, row.agencies, 0}));
        auto stored = put(Tables::class_ids, digest.view(), rows::key(class_id));
        if (!stored) return stored;
        for (const AgencyId& agency : row.agencies) {
            stored = put(Tables::agency_class, rows::key(agency, class_id), {});
            if (!stored) return stored;
        }
    }
    return put(Tables::classes, rows::key(class_id), rows::encode(row));
}

Result<void> State::count_class_of(const AgencyId& maker) {
    auto count = classes_made_by(maker);
    if (!count) return std::unexpected(count.error());
    return put(Tables::class_makers, rows::key(maker), ByteWriter().u32(*count + 1).take());
}

Result<void> State::put_in_class(std::uint32_t class_id, Position position) {
    return put(Tables::class_index, rows::key(class_id, position), {});
}

Result<void> State::put_case(const CaseId& case_id, const CaseRecord& record) {
    return put_protected(Tables::cases, rows::key(case_id), case_id, rows::encode(record));
}

Result<void> State::put_case_step(const CaseId& case_id,
                                  Position position,
                                  const CaseStepRecord& step) {
    return put_protected(
        Tables::case_steps, rows::key(case_id, position), case_id, rows::encode(step));
}

Result<void> State::put_party(const AgencyId& agency, const CaseId& case_id, Position position) {
    return put(Tables::case_parties, rows::key(agency, case_id), rows::key(position));
}

Result<void> State::put_shelter(const AgencyId& centre, const ShelterRow& row) {
    const Bytes value =
        ByteWriter().u32(row.capacity_normal).u32(row.capacity_max).u32(row.taken).take();
    return put(Tables::shelters, rows::key(centre), value);
}

Result<void> State::put_head(std::uint64_t size, std::string_view note) {
    return put(Tables::heads, rows::key(size), as_bytes(note));
}

Result<std::pair<Millis, std::uint32_t>> State::query_row(const Hash& key) const {
    auto row = get(Tables::queries, key.view());
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::pair<Millis, std::uint32_t>(INT64_MIN, 0);
    ByteReader in(**row);
    const Millis time = in.i64();
    const std::uint32_t repeats = in.u32();
    return std::pair(time, repeats);
}

Result<void> State::put_query_row(const Hash& key, Millis time, std::uint32_t repeats) {
    return put(Tables::queries, key.view(), ByteWriter().i64(time).u32(repeats).take());
}

Result<std::pair<std::int64_t, std::uint32_t>> State::denial_row(const AgencyId& agency,
                                                                 std::string_view rule) const {
    auto row = get(Tables::denials, rows::key(agency, rule));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::pair<std::int64_t, std::uint32_t>(0, 0);
    ByteReader in(**row);
    const std::int64_t minute = in.i64();
    const std::uint32_t count = in.u32();
    return std::pair(minute, count);
}

Result<void> State::put_denial_row(const AgencyId& agency,
                                   std::string_view rule,
                                   std::int64_t minute,
                                   std::uint32_t count) {
    return put(
        Tables::denials, rows::key(agency, rule), ByteWriter().i64(minute).u32(count).take());
}

Result<Bytes> State::protect(const CaseId& case_id, BytesView plaintext, BytesView bound_to) {
    auto key = maybe_case_key(case_id);
    if (!key) return std::unexpected(key.error());
    if (!*key) {
        key->emplace(seal::StorageKey::generate(vault_.random()));
        const Bytes wrapped = vault_.master().wrap(**key, case_id, vault_.random());
        auto stored = put(Tables::case_keys, rows::key(case_id), wrapped);
        if (!stored) return std::unexpected(stored.error());
    }
    return (*key)->protect(plaintext, bound_to, vault_.random());
}

Result<void> State::put_protected(Tables table,
                                  BytesView key,
                                  const CaseId& case_id,
                                  BytesView value) {
    auto stored = protect(case_id, value, ByteWriter().u8(id(table)).raw(key).take());
    if (!stored) return std::unexpected(stored.error());
    return put(table, key, *stored);
}

Result<Position> State::append(const BusId& bus, const Entry& entry) {
    auto position = write_.append(encode_entry(entry));
    if (!position) return position;
    auto grown = proof::append_leaf(*position,
                                    leaf_of(bus, *position, entry),
                                    tree(),
                                    [this](proof::NodeId node, const Hash& hash) {
                                        return put(Tables::tree, rows::key(node), hash.view());
                                    });
    if (!grown) return std::unexpected(grown.error());
    auto timed = set_last_time(entry.time);
    if (!timed) return std::unexpected(timed.error());
    return position;
}

}  // namespace lienthong::core
