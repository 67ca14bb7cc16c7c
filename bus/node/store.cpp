// SPDX-License-Identifier: Apache-2.0
#include "bus/node/store.hpp"

#include <algorithm>

#include "bus/node/draft_bytes.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::node {
namespace {

Bytes key(std::uint64_t number) { return ByteWriter().u64(number).take(); }
Bytes key(const MessageId& id) { return ByteWriter().u64(id.stream).u64(id.sequence).take(); }
Bytes key(registry::DocumentKind kind, std::uint32_t version) {
    return ByteWriter().u8(static_cast<std::uint8_t>(kind)).u32(version).take();
}

// Of a long draft: the parts after the first one.
constexpr std::size_t kBodyPartBytes = 8 * 1024 * 1024;
Bytes part_key(Ordinal ordinal, std::uint32_t part) {
    return ByteWriter().u64(ordinal).u32(part).take();
}

Bytes binding(Tables table, BytesView row_key) {
    return ByteWriter().u8(id(table)).raw(row_key).take();
}

std::uint64_t number_in(BytesView bytes) { return ByteReader(bytes).u64(); }

template <class T>
Result<std::optional<T>> parsed(Result<std::optional<Bytes>> row,
                                Result<T> (*parse)(BytesView bytes)) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<T>();
    auto value = parse(**row);
    if (!value) return std::unexpected(value.error());
    return std::optional<T>(std::move(*value));
}

std::pair<Position, Bytes> split_document(BytesView value) {
    ByteReader in(value);
    const Position position = in.u64();
    return {position, to_bytes(in.rest())};
}

}  // namespace

Result<Position> ReadStore::cursor() const {
    auto row = get(Tables::meta, as_bytes("cursor"));
    if (!row) return std::unexpected(row.error());
    return *row ? number_in(**row) : Position{0};
}

Result<std::optional<std::string>> ReadStore::head() const { return text_under("head"); }

Result<std::optional<std::string>> ReadStore::witnessed() const { return text_under("witnessed"); }

Result<Millis> ReadStore::witnesses_since() const {
    auto row = get(Tables::meta, as_bytes("witness-since"));
    if (!row) return std::unexpected(row.error());
    return *row ? static_cast<Millis>(number_in(**row)) : Millis{0};
}

Result<std::optional<std::string>> ReadStore::conflicting() const {
    return text_under("conflicting");
}

Result<std::optional<std::string>> ReadStore::text_under(std::string_view name) const {
    auto row = get(Tables::meta, as_bytes(name));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<std::string>();
    return std::optional(std::string(as_text(**row)));
}

Result<std::vector<std::pair<Position, Bytes>>> ReadStore::documents() const {
    std::vector<std::pair<Position, Bytes>> all;
    auto scanned = txn_.scan(id(Tables::documents), {}, [&](BytesView, BytesView value) {
        all.push_back(split_document(value));
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return all;
}

Result<std::optional<std::pair<Position, Bytes>>> ReadStore::maybe_document(
    registry::DocumentKind kind, std::uint32_t version) const {
    auto row = get(Tables::documents, key(kind, version));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<std::pair<Position, Bytes>>();
    return std::optional(split_document(**row));
}

Result<std::optional<DraftRow>> ReadStore::maybe_draft(Ordinal ordinal) const {
    return parsed(get(Tables::drafts, key(ordinal)), parse_draft_row);
}

Result<Draft> ReadStore::body(Ordinal ordinal) const {
    auto row = get_protected(Tables::bodies, key(ordinal));
    if (!row) return std::unexpected(row.error());
    if (!*row) return fail(Code::erased, "the draft is gone");
    Secret bytes(std::move(**row));
    // A draft longer than a row goes on in rows of its own.
    for (std::uint32_t part = 1;; ++part) {
        auto more = get_protected(Tables::bodies, part_key(ordinal, part));
        if (!more) return std::unexpected(more.error());
        if (!*more) return parse_draft(bytes.view());
        const Secret next(std::move(**more));
        Secret longer(bytes.size() + next.size());
        std::ranges::copy(bytes.view(), longer.writable().begin());
        std::ranges::copy(next.view(),
                          longer.writable().subspan(bytes.size(), next.size()).begin());
        bytes = std::move(longer);
    }
}

Result<std::vector<Ordinal>> ReadStore::waiting(std::size_t count_max) const {
    std::vector<Ordinal> ordinals;
    auto scanned = txn_.scan(id(Tables::waiting), {}, [&](BytesView row_key, BytesView) {
        if (ordinals.size() >= count_max) return false;
        ordinals.push_back(number_in(row_key));
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return ordinals;
}

Result<std::size_t> ReadStore::count(Tables table) const {
    std::size_t count = 0;
    auto scanned = txn_.scan(id(table), {}, [&](BytesView, BytesView) {
        ++count;
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return count;
}

Result<std::optional<KeyRow>> ReadStore::maybe_key(std::string_view text) const {
    auto row = get(Tables::keys, keys::sha256(as_bytes(text)).view());
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<KeyRow>();
    ByteReader in(**row);
    KeyRow found;
    found.ordinal = in.u64();
    found.content = in.hash();
    if (!in.done()) return fail(Code::corrupt, "a row of keys");
    return std::optional(found);
}

Result<std::optional<StreamRow>> ReadStore::maybe_stream(const Hash& delivery_class) const {
    auto row = get(Tables::streams, delivery_class.view());
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<StreamRow>();
    ByteReader in(**row);
    StreamRow found;
    found.stream = in.u64();
    found.next = in.u64();
    if (!in.done()) return fail(Code::corrupt, "a row of streams");
    return std::optional(found);
}

Result<std::vector<std::pair<MessageId, OutboxRow>>> ReadStore::outbox() const {
    std::vector<MessageId> ids;
    auto scanned = txn_.scan(id(Tables::outbox), {}, [&](BytesView row_key, BytesView) {
        ByteReader in(row_key);
        const std::uint64_t stream = in.u64();
        ids.push_back(MessageId{stream, in.u64()});
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    std::vector<std::pair<MessageId, OutboxRow>> all;
    for (const MessageId& first : ids) {
        auto row = parsed(get_protected(Tables::outbox, key(first)), parse_outbox);
        if (!row) return std::unexpected(row.error());
        if (*row) all.emplace_back(first, std::move(**row));
    }
    return all;
}

Result<std::optional<std::pair<MessageId, OutboxRow>>> ReadStore::first_in_outbox(
    const std::function<bool(const MessageId& first)>& which) const {
    std::optional<MessageId> first;
    auto scanned = txn_.scan(id(Tables::outbox), {}, [&](BytesView row_key, BytesView) {
        ByteReader in(row_key);
        const std::uint64_t stream = in.u64();
        const MessageId one{stream, in.u64()};
        if (!which(one)) return true;
        first = one;
        return false;
    });
    if (!scanned) return std::unexpected(scanned.error());
    if (!first) return std::optional<std::pair<MessageId, OutboxRow>>();
    auto row = parsed(get_protected(Tables::outbox, key(*first)), parse_outbox);
    if (!row) return std::unexpected(row.error());
    if (!*row) return fail(Code::corrupt, "a row of the outbox");
    return std::optional(std::pair(*first, std::move(**row)));
}

Result<std::optional<OutboxRow>> ReadStore::maybe_outbox(const MessageId& first) const {
    return parsed(get_protected(Tables::outbox, key(first)), parse_outbox);
}

Result<bool> ReadStore::is_waiting(Ordinal ordinal) const {
    auto row = get(Tables::waiting, key(ordinal));
    if (!row) return std::unexpected(row.error());
    return row->has_value();
}

Result<std::uint64_t> ReadStore::number_named(std::string_view name) const {
    auto row = get(Tables::meta, as_bytes(name));
    if (!row) return std::unexpected(row.error());
    return *row ? number_in(**row) : std::uint64_t{0};
}

Result<std::uint64_t> ReadStore::last_bundle() const { return number_named("bundle"); }
Result<std::uint64_t> ReadStore::last_reply() const { return number_named("reply"); }
Result<Position> ReadStore::own_case_end() const { return number_named("own_case_end"); }
Result<Ordinal> ReadStore::last_draft() const { return number_named("drafts"); }

Result<RestoreRow> ReadStore::restore() const {
    auto from = number_named("restore_from");
    if (!from) return std::unexpected(from.error());
    auto until = number_named("restore_until");
    if (!until) return std::unexpected(until.error());
    auto last_draft = number_named("restore_drafts");
    if (!last_draft) return std::unexpected(last_draft.error());
    return RestoreRow{*from, *until, *last_draft};
}

Result<std::optional<Hash>> ReadStore::maybe_bundle(std::uint64_t number) const {
    auto row = get(Tables::bundles, key(number));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<Hash>();
    auto digest = to_hash(**row);
    if (!digest) return fail(Code::corrupt, "a row of bundles");
    return std::optional(*digest);
}

Result<std::optional<message::DeliveredEntry>> ReadStore::maybe_inbox(Position position) const {
    return parsed(get_protected(Tables::inbox, key(position)), parse_delivered);
}

Result<std::vector<Position>> ReadStore::inbox_positions(Position from,
                                                         std::size_t count_max) const {
    std::vector<Position> positions;
    auto scanned = txn_.scan(id(Tables::inbox), key(from), [&](BytesView row_key, BytesView) {
        if (positions.size() >= count_max) return false;
        positions.push_back(number_in(row_key));
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return positions;
}

Result<std::optional<Position>> ReadStore::maybe_position(const MessageId& message) const {
    auto row = get(Tables::inbox_ids, key(message));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<Position>();
    return std::optional(number_in(**row));
}

Result<std::uint64_t> ReadStore::last_of_stream(std::uint64_t stream) const {
    auto row = get(Tables::in_streams, key(stream));
    if (!row) return std::unexpected(row.error());
    return *row ? number_in(**row) : std::uint64_t{0};
}

Result<std::optional<CaseKnowledge>> ReadStore::maybe_case(const CaseId& case_id) const {
    return parsed(get_protected(Tables::cases, case_id.bytes), parse_case);
}

Result<std::vector<std::string>> ReadStore::alarms() const {
    std::vector<std::string> all;
    auto scanned = txn_.scan(id(Tables::alarms), {}, [&](BytesView, BytesView value) {
        all.emplace_back(as_text(value));
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return all;
}

Result<std::optional<seal::StorageKey>> ReadStore::maybe_case_key(const CaseId& case_id) const {
    auto wrapped = get(Tables::case_keys, case_id.bytes);
    if (!wrapped) return std::unexpected(wrapped.error());
    if (!*wrapped) return std::optional<seal::StorageKey>();
    auto case_key = master_.unwrap(**wrapped, case_id);
    if (!case_key) return std::unexpected(case_key.error());
    return std::optional<seal::StorageKey>(std::move(*case_key));
}

// A protected row: the case whose key it stands under (zeros: the master key), then the ciphertext.
Result<std::optional<Bytes>> ReadStore::get_protected(Tables table, BytesView row_key) const {
    auto row = get(table, row_key);
    if (!row || !*row) return row;
    CaseId case_id;
    if ((*row)->size() < case_id.bytes.size()) return fail(Code::corrupt, "a protected row");
    std::copy_n((*row)->begin(), case_id.bytes.size(), case_id.bytes.begin());
    const BytesView stored = BytesView(**row).subspan(case_id.bytes.size());
    const Bytes bound_to = binding(table, row_key);
    if (case_id.is_none()) {
        auto opened = master_.open(stored, bound_to);
        if (!opened) return std::unexpected(opened.error());
        return std::optional<Bytes>(std::move(*opened));
    }
    auto case_key = maybe_case_key(case_id);
    if (!case_key) return std::unexpected(case_key.error());
    if (!*case_key) return std::optional<Bytes>();  // erased
    auto opened = (*case_key)->open(stored, bound_to);
    if (!opened) return std::unexpected(opened.error());
    return std::optional<Bytes>(std::move(*opened));
}

Result<void> WriteStore::put_protected(Tables table,
                                       BytesView row_key,
                                       const CaseId& case_id,
                                       BytesView value) {
    const Bytes bound_to = binding(table, row_key);
    ByteWriter out;
    out.raw(case_id.bytes);
    if (case_id.is_none()) {
        out.raw(master_.protect(value, bound_to, random_));
        return put(table, row_key, out.bytes());
    }
    auto case_key = maybe_case_key(case_id);
    if (!case_key) return std::unexpected(case_key.error());
    if (!*case_key) {
        case_key->emplace(seal::StorageKey::generate(random_));
        auto stored =
            put(Tables::case_keys, case_id.bytes, master_.wrap(**case_key, case_id, random_));
        if (!stored) return stored;
    }
    out.raw((*case_key)->protect(value, bound_to, random_));
    return put(table, row_key, out.bytes());
}

Result<std::uint64_t> WriteStore::next_number(std::string_view name) {
    auto row = get(Tables::meta, as_bytes(name));
    if (!row) return std::unexpected(row.error());
    const std::uint64_t next = *row ? number_in(**row) + 1 : 1;
    auto stored = put(Tables::meta, as_bytes(name), key(next));
    if (!stored) return std::unexpected(stored.error());
    return next;
}

Result<void> WriteStore::set_cursor(Position position) {
    return put(Tables::meta, as_bytes("cursor"), key(position));
}

Result<void> WriteStore::set_head(std::string_view note) {
    return put(Tables::meta, as_bytes("head"), as_bytes(note));
}

Result<void> WriteStore::set_witnessed(std::string_view note) {
    return put(Tables::meta, as_bytes("witnessed"), as_bytes(note));
}

Result<void> WriteStore::set_witnesses_since(Millis since) {
    return put(Tables::meta, as_bytes("witness-since"), key(static_cast<std::uint64_t>(since)));
}

Result<void> WriteStore::set_conflicting(std::string_view note) {
    return put(Tables::meta, as_bytes("conflicting"), as_bytes(note));
}

Result<void> WriteStore::put_document(Position position,
                                      const registry::SignedDocument& document,
                                      BytesView bytes) {
    return put(Tables::documents,
               key(document.kind, document.version),
               ByteWriter().u64(position).raw(bytes).take());
}

Result<Ordinal> WriteStore::add_draft(const Draft& draft, const Outcome& outcome) {
    auto ordinal = next_number("drafts");
    if (!ordinal) return ordinal;
    auto stored = put_outcome(*ordinal, DraftRow{outcome, draft.kind, {}});
    if (!stored) return std::unexpected(stored.error());
    const Secret body(encode(draft));
    for (std::uint32_t part = 0; part == 0 || part * kBodyPartBytes < body.size(); ++part) {
        const std::size_t from = part * kBodyPartBytes;
        const std::size_t size = std::min(kBodyPartBytes, body.size() - from);
        stored = put_protected(Tables::bodies,
                               part == 0 ? key(*ordinal) : part_key(*ordinal, part),
                               draft.case_id,
                               body.view().subspan(from, size));
        if (!stored) return std::unexpected(stored.error());
    }
    stored = set_waiting(*ordinal, true);
    if (!stored) return std::unexpected(stored.error());
    return ordinal;
}

Result<void> WriteStore::put_outcome(Ordinal ordinal, const DraftRow& row) {
    return put(Tables::drafts, key(ordinal), encode(row));
}

Result<void> WriteStore::set_waiting(Ordinal ordinal, bool waits) {
    return waits ? put(Tables::waiting, key(ordinal), {})
                 : write_.erase(id(Tables::waiting), key(ordinal));
}

Result<void> WriteStore::put_key(std::string_view text, const KeyRow& row) {
    return put(Tables::keys,
               keys::sha256(as_bytes(text)).view(),
               ByteWriter().u64(row.ordinal).hash(row.content).take());
}

Result<void> WriteStore::put_outbox(const MessageId& first, const OutboxRow& row) {
    return put_protected(Tables::outbox, key(first), CaseId{}, encode(row));
}

Result<void> WriteStore::erase_outbox(const MessageId& first) {
    return write_.erase(id(Tables::outbox), key(first));
}

Result<void> WriteStore::put_bundle(std::uint64_t number, const Hash& digest) {
    auto stored = put(Tables::meta, as_bytes("bundle"), key(number));
    if (!stored) return stored;
    if (number > kBundlesKept) {
        auto erased = write_.erase(id(Tables::bundles), key(number - kBundlesKept));
        if (!erased) return erased;
    }
    return put(Tables::bundles, key(number), digest.view());
}

Result<void> WriteStore::set_last_reply(std::uint64_t number) {
    return put(Tables::meta, as_bytes("reply"), key(number));
}

Result<void> WriteStore::set_own_case_end(Position end) {
    return put(Tables::meta, as_bytes("own_case_end"), key(end));
}

Result<void> WriteStore::set_restore(const RestoreRow& row) {
    auto set = put(Tables::meta, as_bytes("restore_from"), key(row.from));
    if (set) set = put(Tables::meta, as_bytes("restore_until"), key(row.until));
    return set ? put(Tables::meta, as_bytes("restore_drafts"), key(row.last_draft)) : set;
}

Result<void> WriteStore::put_inbox(const message::DeliveredEntry& entry, const CaseId& case_id) {
    return put_protected(Tables::inbox, key(entry.position), case_id, encode(entry));
}

Result<void> WriteStore::put_inbox_id(const MessageId& message, Position position) {
    return put(Tables::inbox_ids, key(message), key(position));
}

Result<void> WriteStore::set_last_of_stream(std::uint64_t stream, std::uint64_t number) {
    return put(Tables::in_streams, key(stream), key(number));
}

Result<void> WriteStore::put_case(const CaseId& case_id, const CaseKnowledge& knowledge) {
    return put_protected(Tables::cases, case_id.bytes, case_id, encode(knowledge));
}

Result<void> WriteStore::add_alarm(std::string_view text) {
    auto number = next_number("alarms");
    if (!number) return std::unexpected(number.error());
    return put(Tables::alarms, key(*number), as_bytes(text));
}

}  // namespace lienthong::node
