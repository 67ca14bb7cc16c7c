// SPDX-License-Identifier: Apache-2.0
// Store: chunks on their way out and in. A chunk is a CMS and needs no secrecy of its own; it is
// locked under the key of its case all the same, so that who drops that key erases it.
#include <algorithm>

#include "bus/node/store.hpp"

namespace lienthong::node {
namespace {

Bytes prefix_of(const MessageId& message) {
    return ByteWriter().u64(message.stream).u64(message.sequence).take();
}
Bytes key_of(const MessageId& message, std::uint8_t section_index, std::uint32_t index) {
    return ByteWriter().raw(prefix_of(message)).u8(section_index).u32(index).take();
}
Bytes key_of(const WantedKey& key) {
    return ByteWriter().u64(key.position).u8(key.section_index).take();
}
Bytes key_of(const WantedKey& key, std::uint32_t index) {
    return ByteWriter().raw(key_of(key)).u32(index).take();
}

bool starts_with(BytesView key, BytesView prefix) {
    return key.size() >= prefix.size() && std::ranges::equal(key.first(prefix.size()), prefix);
}

Result<std::vector<Bytes>> keys_with(const journal::ReadTxn& txn,
                                     Tables table,
                                     BytesView prefix,
                                     std::size_t count_max) {
    std::vector<Bytes> found;
    auto scanned = txn.scan(id(table), prefix, [&](BytesView key, BytesView) {
        if (!starts_with(key, prefix) || found.size() >= count_max) return false;
        found.push_back(to_bytes(key));
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return found;
}

Bytes encode(const OutChunk& chunk) {
    ByteWriter out;
    out.u8(chunk.section_index).prefixed(chunk.section).u32(chunk.index).u32(chunk.count);
    return out.raw(chunk.sent).take();
}

Result<OutChunk> parse_out_chunk(BytesView bytes) {
    ByteReader in(bytes);
    OutChunk chunk;
    chunk.section_index = in.u8();
    chunk.section = in.text();
    chunk.index = in.u32();
    chunk.count = in.u32();
    if (!in.ok()) return fail(Code::corrupt, "a chunk of the outbox");
    chunk.sent = to_bytes(in.rest());
    return chunk;
}

Result<WantedRow> parse_wanted(BytesView bytes) {
    ByteReader in(bytes);
    WantedRow row;
    row.section = in.text();
    row.root = in.hash();
    row.count = in.u32();
    const BytesView case_id = in.raw(row.stored_under.bytes.size());
    std::ranges::copy(case_id, row.stored_under.bytes.begin());
    if (!in.done()) return fail(Code::corrupt, "a row of wanted chunks");
    return row;
}

}  // namespace

CaseId storage_case(const message::Header& header) {
    if (!header.case_id.is_none()) return header.case_id;
    if (message::info(header.kind).kind_class != message::Class::personal) return {};
    CaseId own;
    std::ranges::copy(prefix_of(header.id), own.bytes.begin());
    return own;
}

Result<std::vector<OutChunk>> ReadStore::unsent_chunks(const MessageId& message,
                                                       std::size_t count_max) const {
    auto keys = keys_with(txn_, Tables::out_unsent, prefix_of(message), count_max);
    if (!keys) return std::unexpected(keys.error());
    std::vector<OutChunk> chunks;
    for (const Bytes& key : *keys) {
        auto row = get_protected(Tables::out_chunks, key);
        if (!row) return std::unexpected(row.error());
        if (!*row) return fail(Code::erased, "the chunks of a draft are gone");
        auto chunk = parse_out_chunk(**row);
        if (!chunk) return std::unexpected(chunk.error());
        chunks.push_back(std::move(*chunk));
    }
    return chunks;
}

Result<std::optional<std::pair<WantedKey, WantedRow>>> ReadStore::maybe_wanted_after(
    const std::optional<WantedKey>& after) const {
    std::optional<std::pair<WantedKey, Bytes>> found;
    const Bytes from = after ? key_of(*after) : Bytes{};
    auto scanned = txn_.scan(id(Tables::in_wanted), from, [&](BytesView key, BytesView value) {
        ByteReader in(key);
        const Position position = in.u64();
        const WantedKey at{position, in.u8()};
        if (after && at == *after) return true;
        found.emplace(at, to_bytes(value));
        return false;
    });
    if (!scanned) return std::unexpected(scanned.error());
    if (!found) return std::optional<std::pair<WantedKey, WantedRow>>();
    auto row = parse_wanted(found->second);
    if (!row) return std::unexpected(row.error());
    return std::optional(std::pair(found->first, std::move(*row)));
}

Result<std::vector<std::uint32_t>> ReadStore::missing_chunks(const WantedKey& key,
                                                             std::uint32_t count) const {
    const Bytes prefix = key_of(key);
    auto keys = keys_with(txn_, Tables::in_chunks, prefix, SIZE_MAX);
    if (!keys) return std::unexpected(keys.error());
    std::vector<bool> there(count, false);
    for (const Bytes& one : *keys) {
        const std::uint32_t index = ByteReader(BytesView(one).subspan(prefix.size())).u32();
        if (index < count) there[index] = true;
    }
    std::vector<std::uint32_t> missing;
    for (std::uint32_t index = 0; index < count; ++index) {
        if (!there[index]) missing.push_back(index);
    }
    return missing;
}

Result<std::vector<Bytes>> ReadStore::chunks_of(const WantedKey& key, std::uint32_t count) const {
    std::vector<Bytes> chunks;
    for (std::uint32_t index = 0; index < count; ++index) {
        const Bytes row_key = key_of(key, index);
        auto there = get(Tables::in_chunks, row_key);
        if (!there) return std::unexpected(there.error());
        if (!*there) return fail(Code::chunks_missing, "they have not all arrived here");
        auto chunk = get_protected(Tables::in_chunks, row_key);
        if (!chunk) return std::unexpected(chunk.error());
        if (!*chunk) return fail(Code::erased);
        chunks.push_back(std::move(**chunk));
    }
    return chunks;
}

Result<void> WriteStore::put_out_chunk(const MessageId& message,
                                       const CaseId& case_id,
                                       const OutChunk& chunk) {
    const Bytes row_key = key_of(message, chunk.section_index, chunk.index);
    auto stored = put_protected(Tables::out_chunks, row_key, case_id, encode(chunk));
    return stored ? put(Tables::out_unsent, row_key, {}) : stored;
}

Result<void> WriteStore::set_chunk_sent(const MessageId& message, const OutChunk& chunk) {
    return write_.erase(id(Tables::out_unsent), key_of(message, chunk.section_index, chunk.index));
}

Result<void> WriteStore::set_chunks_unsent(const MessageId& message, bool unsent) {
    auto keys = keys_with(txn_, Tables::out_chunks, prefix_of(message), SIZE_MAX);
    if (!keys) return std::unexpected(keys.error());
    for (const Bytes& key : *keys) {
        auto set =
            unsent ? put(Tables::out_unsent, key, {}) : write_.erase(id(Tables::out_unsent), key);
        if (!set) return set;
    }
    return {};
}

Result<bool> ReadStore::has_out_chunks(const MessageId& message) const {
    auto keys = keys_with(txn_, Tables::out_chunks, prefix_of(message), 1);
    if (!keys) return std::unexpected(keys.error());
    return !keys->empty();
}

Result<void> WriteStore::erase_out_chunks(const MessageId& message) {
    for (const Tables table : {Tables::out_chunks, Tables::out_unsent}) {
        auto keys = keys_with(txn_, table, prefix_of(message), SIZE_MAX);
        if (!keys) return std::unexpected(keys.error());
        for (const Bytes& key : *keys) {
            auto erased = write_.erase(id(table), key);
            if (!erased) return erased;
        }
    }
    return {};
}

Result<void> WriteStore::put_wanted(const WantedKey& key, const WantedRow& row) {
    ByteWriter out;
    out.prefixed(row.section).hash(row.root).u32(row.count).raw(row.stored_under.bytes);
    return put(Tables::in_wanted, key_of(key), out.bytes());
}

Result<void> WriteStore::erase_wanted(const WantedKey& key) {
    return write_.erase(id(Tables::in_wanted), key_of(key));
}

Result<void> WriteStore::put_in_chunk(const WantedKey& key,
                                      const WantedRow& row,
                                      std::uint32_t index,
                                      BytesView sent) {
    return put_protected(Tables::in_chunks, key_of(key, index), row.stored_under, sent);
}

}  // namespace lienthong::node
