// SPDX-License-Identifier: Apache-2.0
// Store: what this node holds the broker to. Receipts and refusals are evidence: one row for a
// batch at most, kept as long as the outcomes of its messages. Nothing of them is personal: ids,
// digests, codes and signatures.
#include "bus/node/draft_bytes.hpp"

namespace lienthong::node {
namespace {

Bytes key_of(const MessageId& id) { return ByteWriter().u64(id.stream).u64(id.sequence).take(); }
Bytes key_of(Position position) { return ByteWriter().u64(position).take(); }

MessageId id_in(BytesView bytes) {
    ByteReader in(bytes);
    const std::uint64_t stream = in.u64();
    return {stream, in.u64()};
}

}  // namespace

Result<std::optional<std::pair<MessageId, ReceiptRow>>> ReadStore::maybe_receipt_of(
    const MessageId& message) const {
    using Found = std::optional<std::pair<MessageId, ReceiptRow>>;
    if (message.sequence == UINT64_MAX) return Found();  // no batch has it
    MessageId first;
    Bytes value;
    const Bytes behind = key_of(MessageId{message.stream, message.sequence + 1});
    auto scanned =
        txn_.scan_back(id(Tables::receipts), behind, [&](BytesView row_key, BytesView row) {
            first = id_in(row_key);
            value = to_bytes(row);
            return false;
        });
    if (!scanned) return std::unexpected(scanned.error());
    if (value.empty() || first.stream != message.stream) return Found();
    auto row = parse_receipt(value);
    if (!row) return std::unexpected(row.error());
    if (message.sequence - first.sequence >= row->headers.size()) return Found();
    return Found(std::pair(first, std::move(*row)));
}

Result<std::optional<RefusalRow>> ReadStore::maybe_refusal(const MessageId& first) const {
    auto bytes = get(Tables::refusals, key_of(first));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return std::optional<RefusalRow>();
    auto row = parse_refusal(**bytes);
    if (!row) return std::unexpected(row.error());
    return std::optional(std::move(*row));
}

Result<std::size_t> ReadStore::refusals_of_nothing() const {
    std::size_t found = 0;
    auto scanned = txn_.scan(id(Tables::refusals), {}, [&](BytesView, BytesView value) {
        ByteReader in(value);
        in.u32();
        if (in.u8() == 0) ++found;
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return found;
}

Result<std::vector<std::pair<Position, MessageId>>> ReadStore::own_due_before(
    Position until) const {
    std::vector<std::pair<Position, MessageId>> due;
    auto scanned = txn_.scan(id(Tables::own_due), {}, [&](BytesView row_key, BytesView value) {
        const Position position = ByteReader(row_key).u64();
        if (position >= until) return false;
        due.emplace_back(position, id_in(value));
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return due;
}

Result<bool> ReadStore::is_doubtful(Position position) const {
    auto row = get(Tables::doubtful, key_of(position));
    if (!row) return std::unexpected(row.error());
    return row->has_value();
}

Result<std::optional<Position>> ReadStore::maybe_doubtful_from(Position from) const {
    std::optional<Position> found;
    auto scanned = txn_.scan(id(Tables::doubtful), key_of(from), [&](BytesView row_key, BytesView) {
        found = ByteReader(row_key).u64();
        return false;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return found;
}

Result<void> WriteStore::put_receipt(const MessageId& first, const ReceiptRow& row) {
    return put(Tables::receipts, key_of(first), encode(row));
}

Result<void> WriteStore::put_refusal(const MessageId& first, const RefusalRow& row) {
    return put(Tables::refusals, key_of(first), encode(row));
}

Result<void> WriteStore::put_own_due(Position position, const MessageId& message) {
    return put(Tables::own_due, key_of(position), key_of(message));
}

Result<void> WriteStore::erase_own_due(Position position) {
    return write_.erase(id(Tables::own_due), key_of(position));
}

Result<void> WriteStore::put_doubtful(Position position, Code code) {
    return put(Tables::doubtful,
               key_of(position),
               ByteWriter().u16(static_cast<std::uint16_t>(code)).take());
}

Result<void> WriteStore::erase_doubtful(Position position) {
    return write_.erase(id(Tables::doubtful), key_of(position));
}

}  // namespace lienthong::node
