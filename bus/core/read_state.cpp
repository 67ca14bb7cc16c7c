// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/core/rows.hpp"
#include "bus/core/state.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::core {
namespace {

constexpr std::string_view kLastTimeKey = "last-time";

// Turns "a row, or none" into "a value, or none" with the row's parser.
template <class T>
Result<std::optional<T>> parsed(Result<std::optional<Bytes>> row,
                                Result<T> (*parse)(BytesView bytes)) {
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<T>();
    auto value = parse(**row);
    if (!value) return std::unexpected(value.error());
    return std::optional<T>(std::move(*value));
}

bool starts_with(BytesView key, BytesView prefix) {
    return key.size() >= prefix.size() && std::ranges::equal(key.first(prefix.size()), prefix);
}

}  // namespace

Result<Millis> ReadState::last_time() const {
    auto row = get(Tables::meta, as_bytes(kLastTimeKey));
    if (!row) return std::unexpected(row.error());
    if (!*row) return Millis{0};
    ByteReader in(**row);
    const Millis time = in.i64();
    if (!in.done()) return fail(Code::corrupt, "the time of the last entry");
    return time;
}

Result<std::optional<Bytes>> ReadState::maybe_document(registry::DocumentKind kind,
                                                       std::uint32_t version) const {
    if (version != 0) return get(Tables::documents, rows::key(kind, version));
    std::optional<Bytes> newest;
    const Bytes end = rows::key(kind, UINT32_MAX);
    auto scanned = txn_.scan_back(id(Tables::documents), end, [&](BytesView key, BytesView value) {
        if (key[0] == static_cast<std::uint8_t>(kind)) newest = to_bytes(value);
        return false;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return newest;
}

Result<Documents> ReadState::documents() const {
    Documents documents;
    using Kind = registry::DocumentKind;
    for (const Kind kind : {Kind::administrators, Kind::registry, Kind::policy}) {
        auto bytes = maybe_document(kind, 0);
        if (!bytes) return std::unexpected(bytes.error());
        if (!*bytes) continue;
        auto document = registry::parse_document(**bytes);
        if (!document) return std::unexpected(document.error());
        auto taken = documents.take(*document, **bytes);
        if (!taken) return std::unexpected(taken.error());
    }
    return documents;
}

Result<std::optional<StreamRow>> ReadState::maybe_stream(std::uint64_t stream) const {
    return parsed(get(Tables::streams, rows::key(stream)), rows::parse_stream);
}

Result<std::vector<std::pair<std::uint64_t, StreamRow>>> ReadState::streams_of(
    const NodeId& node, std::size_t count_max) const {
    const std::size_t name_bytes = node.text().size();
    std::vector<std::uint64_t> streams;
    auto scanned = txn_.scan_back(
        id(Tables::node_streams), rows::key_after(node), [&](BytesView key, BytesView) {
            // Another node's rows begin with another name.
            if (streams.size() == count_max || key.size() != name_bytes + 17 ||
                !starts_with(key, as_bytes(node.text())) || key[name_bytes] != 0) {
                return false;
            }
            streams.push_back(rows::u64_at(key, name_bytes + 9));
            return true;
        });
    if (!scanned) return std::unexpected(scanned.error());
    std::vector<std::pair<std::uint64_t, StreamRow>> found;
    for (const std::uint64_t stream : streams) {
        auto row = maybe_stream(stream);
        if (!row) return std::unexpected(row.error());
        if (!*row) return fail(Code::corrupt, "a node's stream has no row");
        found.emplace_back(stream, std::move(**row));
    }
    return found;
}

Result<std::optional<BatchRow>> ReadState::maybe_batch(std::uint64_t stream,
                                                       std::uint64_t first) const {
    return parsed(get(Tables::batches, rows::key(stream, first)), rows::parse_batch);
}

Result<std::optional<std::pair<std::uint64_t, BatchRow>>> ReadState::maybe_batch_with(
    const MessageId& message) const {
    std::optional<std::pair<std::uint64_t, BatchRow>> found;
    std::optional<Error> error;
    if (message.sequence == UINT64_MAX) return found;
    const Bytes after = rows::key(message.stream, message.sequence + 1);
    auto scanned = txn_.scan_back(id(Tables::batches), after, [&](BytesView key, BytesView value) {
        if (rows::u64_at(key, 0) != message.stream) return false;
        auto row = rows::parse_batch(value);
        if (!row) {
            error = row.error();
            return false;
        }
        const std::uint64_t first = rows::u64_at(key, 8);
        if (message.sequence < first + row->verdicts.size()) found.emplace(first, std::move(*row));
        return false;
    });
    if (!scanned) return std::unexpected(scanned.error());
    if (error) return std::unexpected(*error);
    return found;
}

Result<std::optional<Position>> ReadState::maybe_position(const MessageId& message) const {
    auto found = maybe_batch_with(message);
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::optional<Position>();
    const auto& [first, row] = **found;
    Position position = row.first_position;
    for (std::uint64_t i = 0; i < message.sequence - first; ++i) {
        if (row.verdicts[i] == 0) ++position;
    }
    if (row.verdicts[message.sequence - first] != 0) return std::optional<Position>();
    return std::optional(position);
}

Result<std::optional<Code>> ReadState::maybe_refusal(const MessageId& message) const {
    auto row = get(Tables::refused, rows::key(message.stream, message.sequence));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<Code>();
    const auto code = maybe_code(ByteReader(**row).u16());
    if (!code) return fail(Code::corrupt, "a row of refusals");
    return code;
}

Result<bool> ReadState::is_withheld(const AgencyId& agency, const MessageId& message) const {
    auto row = get(Tables::withheld, rows::key(agency, message));
    if (!row) return std::unexpected(row.error());
    return row->has_value();
}

Result<std::optional<std::uint64_t>> ReadState::maybe_bridge(const AgencyId& agency,
                                                             const MessageId& message) const {
    auto row = get(Tables::bridges, rows::key(agency, message));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<std::uint64_t>();
    ByteReader in(**row);
    const std::uint64_t number = in.u64();
    if (!in.done()) return fail(Code::corrupt, "a row of bridges");
    return std::optional(number);
}

Result<std::optional<ClassRow>> ReadState::maybe_class(std::uint32_t class_id) const {
    return parsed(get(Tables::classes, rows::key(class_id)), rows::parse_class);
}

Result<std::optional<std::uint32_t>> ReadState::maybe_class_id(
    message::Kind kind, const std::vector<AgencyId>& agencies) const {
    auto row =
        get(Tables::class_ids, keys::sha256(rows::encode(ClassRow{kind, agencies, 0})).view());
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<std::uint32_t>();
    return std::optional(ByteReader(**row).u32());
}

Result<std::uint32_t> ReadState::class_count() const {
    std::uint32_t count = 0;
    auto scanned = txn_.scan_back(id(Tables::classes), {}, [&](BytesView key, BytesView) {
        count = rows::u32_at(key, 0);
        return false;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return count;
}

Result<std::uint32_t> ReadState::classes_made_by(const AgencyId& agency) const {
    auto row = get(Tables::class_makers, rows::key(agency));
    if (!row) return std::unexpected(row.error());
    return *row ? ByteReader(**row).u32() : 0U;
}

Result<std::vector<std::uint32_t>> ReadState::classes_of(const AgencyId& agency) const {
    std::vector<std::uint32_t> found;
    const Bytes prefix = rows::key(agency);
    auto scanned = txn_.scan(id(Tables::agency_class), prefix, [&](BytesView key, BytesView) {
        if (!starts_with(key, prefix)) return false;
        found.push_back(rows::u32_at(key, prefix.size()));
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return found;
}

Result<std::optional<Position>> ReadState::maybe_next_in_class(std::uint32_t class_id,
                                                               Position from) const {
    std::optional<Position> found;
    auto scanned = txn_.scan(
        id(Tables::class_index), rows::key(class_id, from), [&](BytesView key, BytesView) {
            if (rows::u32_at(key, 0) == class_id) found = rows::u64_at(key, 4);
            return false;
        });
    if (!scanned) return std::unexpected(scanned.error());
    return found;
}

Result<bool> ReadState::is_party(const AgencyId& agency, const CaseId& case_id) const {
    auto row = get(Tables::case_parties, rows::key(agency, case_id));
    if (!row) return std::unexpected(row.error());
    return row->has_value();
}

Result<std::optional<Position>> ReadState::maybe_party_since(const AgencyId& agency,
                                                             const CaseId& case_id) const {
    auto row = get(Tables::case_parties, rows::key(agency, case_id));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<Position>();
    if ((*row)->size() != 8) return fail(Code::corrupt, "a row of parties");
    return std::optional<Position>(rows::u64_at(**row, 0));
}

Result<std::vector<CaseId>> ReadState::cases_of(const AgencyId& agency,
                                                const CaseId& after,
                                                std::size_t count_max) const {
    std::vector<CaseId> found;
    const Bytes prefix = rows::key(agency);
    const Bytes from = rows::key(agency, after);
    auto scanned = txn_.scan(id(Tables::case_parties), from, [&](BytesView key, BytesView) {
        if (!starts_with(key, prefix) || found.size() >= count_max) return false;
        CaseId case_id;
        std::ranges::copy(key.subspan(prefix.size()), case_id.bytes.begin());
        if (case_id != after) found.push_back(case_id);
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return found;
}

Result<std::optional<CaseRecord>> ReadState::maybe_case(const CaseId& case_id) const {
    return parsed(get_protected(Tables::cases, rows::key(case_id), case_id), rows::parse_case);
}

Result<std::vector<std::pair<Position, CaseStepRecord>>> ReadState::case_steps(
    const CaseId& case_id, Position from, std::size_t count_max) const {
    std::vector<Position> positions;
    const Bytes prefix = rows::key(case_id);
    auto scanned =
        txn_.scan(id(Tables::case_steps), rows::key(case_id, from), [&](BytesView key, BytesView) {
            if (!starts_with(key, prefix) || positions.size() >= count_max) return false;
            positions.push_back(rows::u64_at(key, prefix.size()));
            return true;
        });
    if (!scanned) return std::unexpected(scanned.error());
    std::vector<std::pair<Position, CaseStepRecord>> steps;
    for (const Position position : positions) {
        auto step = parsed(get_protected(Tables::case_steps, rows::key(case_id, position), case_id),
                           rows::parse_case_step);
        if (!step) return std::unexpected(step.error());
        if (*step) steps.emplace_back(position, std::move(**step));
    }
    return steps;
}

Result<std::optional<ShelterRow>> ReadState::maybe_shelter(const AgencyId& centre) const {
    auto row = get(Tables::shelters, rows::key(centre));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<ShelterRow>();
    ByteReader in(**row);
    ShelterRow shelter;
    shelter.capacity_normal = in.u32();
    shelter.capacity_max = in.u32();
    shelter.taken = in.u32();
    if (!in.done()) return fail(Code::corrupt, "a row of shelters");
    return std::optional(shelter);
}

Result<Entry> ReadState::entry(Position position) const {
    auto bytes = txn_.entry(position);
    if (!bytes) return std::unexpected(bytes.error());
    return parse_entry(*bytes);
}

Result<std::vector<message::Section>> ReadState::sections(const Entry& entry) const {
    if (entry.sealed_under.is_none()) return message::parse_sections(entry.sections);
    auto key = maybe_case_key(entry.sealed_under);
    if (!key) return std::unexpected(key.error());
    if (!*key) return fail(Code::erased);
    auto header = message::parse_header(entry.content);
    if (!header) return std::unexpected(header.error());
    auto opened = (*key)->open(entry.sections, storage_binding(header->id));
    if (!opened) return std::unexpected(opened.error());
    return message::parse_sections(*opened);
}

proof::NodeSource ReadState::tree() const {
    return [this](proof::NodeId node) -> Result<Hash> {
        auto row = get(Tables::tree, rows::key(node));
        if (!row) return std::unexpected(row.error());
        if (!*row) return fail(Code::corrupt, "a node of the tree is missing");
        return to_hash(**row);
    };
}

Result<std::optional<std::string>> ReadState::maybe_head(std::uint64_t size) const {
    auto row = get(Tables::heads, rows::key(size));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<std::string>();
    return std::optional(std::string(as_text(**row)));
}

Result<std::optional<std::string>> ReadState::newest_head() const {
    std::optional<std::string> note;
    auto scanned = txn_.scan_back(id(Tables::heads), {}, [&](BytesView, BytesView value) {
        note = std::string(as_text(value));
        return false;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return note;
}

Result<std::optional<seal::StorageKey>> ReadState::maybe_case_key(const CaseId& case_id) const {
    auto wrapped = get(Tables::case_keys, rows::key(case_id));
    if (!wrapped) return std::unexpected(wrapped.error());
    if (!*wrapped) return std::optional<seal::StorageKey>();
    auto key = vault_.master().unwrap(**wrapped, case_id);
    if (!key) return std::unexpected(key.error());
    return std::optional<seal::StorageKey>(std::move(*key));
}

Result<std::optional<Bytes>> ReadState::get_protected(Tables table,
                                                      BytesView key,
                                                      const CaseId& case_id) const {
    auto row = get(table, key);
    if (!row || !*row) return row;
    auto case_key = maybe_case_key(case_id);
    if (!case_key) return std::unexpected(case_key.error());
    if (!*case_key) return std::optional<Bytes>();
    auto opened = (*case_key)->open(**row, ByteWriter().u8(id(table)).raw(key).take());
    if (!opened) return std::unexpected(opened.error());
    return std::optional<Bytes>(std::move(*opened));
}

CaseId storage_case(const message::Header& header) {
    if (!header.case_id.is_none()) return header.case_id;
    if (message::info(header.kind).kind_class != message::Class::personal) return {};
    CaseId own;
    const Bytes bytes = ByteWriter().u64(header.id.stream).u64(header.id.sequence).take();
    std::ranges::copy(bytes, own.bytes.begin());
    return own;
}

Bytes storage_binding(const MessageId& message) {
    return ByteWriter().prefixed("sections").u64(message.stream).u64(message.sequence).take();
}

}  // namespace lienthong::core
