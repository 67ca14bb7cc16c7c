// SPDX-License-Identifier: Apache-2.0
// State: the tables of uploads.
#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/core/rows.hpp"
#include "bus/core/state.hpp"
#include "security/proof/merkle.hpp"

namespace lienthong::core {
namespace {

bool starts_with(BytesView key, BytesView prefix) {
    return key.size() >= prefix.size() && std::ranges::equal(key.first(prefix.size()), prefix);
}

Bytes key_binding(const UploadId& upload) {
    return ByteWriter().prefixed("upload-key").raw(rows::key(upload)).take();
}

Bytes chunk_binding(BytesView row_key) {
    return ByteWriter().u8(id(Tables::chunks)).raw(row_key).take();
}

}  // namespace

Result<std::optional<UploadRow>> ReadState::maybe_upload(const UploadId& upload) const {
    auto row = get(Tables::uploads, rows::key(upload));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<UploadRow>();
    auto parsed = rows::parse_upload(**row);
    if (!parsed) return std::unexpected(parsed.error());
    return std::optional(std::move(*parsed));
}

Result<std::vector<std::pair<std::uint32_t, ChunkLeaf>>> ReadState::chunk_leaves(
    const UploadId& upload) const {
    std::vector<std::pair<std::uint32_t, ChunkLeaf>> found;
    std::optional<Error> error;
    const Bytes prefix = rows::key(upload);
    auto scanned = txn_.scan(id(Tables::chunk_leaves), prefix, [&](BytesView key, BytesView value) {
        if (!starts_with(key, prefix)) return false;
        auto leaf = rows::parse_chunk_leaf(value);
        if (!leaf) {
            error = leaf.error();
            return false;
        }
        found.emplace_back(rows::u32_at(key, prefix.size()), *leaf);
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    if (error) return std::unexpected(*error);
    return found;
}

Result<std::optional<ChunkLeaf>> ReadState::maybe_chunk_leaf(const UploadId& upload,
                                                             std::uint32_t index) const {
    auto row = get(Tables::chunk_leaves, rows::key(upload, index));
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::optional<ChunkLeaf>();
    auto leaf = rows::parse_chunk_leaf(**row);
    if (!leaf) return std::unexpected(leaf.error());
    return std::optional(*leaf);
}

Result<seal::StorageKey> ReadState::upload_key(const UploadId& upload, const UploadRow& row) const {
    const Bytes binding = key_binding(upload);
    Result<Bytes> bytes = fail(Code::erased);
    if (row.wrapped_by.is_none()) {
        bytes = vault_.master().open(row.wrapped_key, binding);
    } else {
        auto case_key = maybe_case_key(row.wrapped_by);
        if (!case_key) return std::unexpected(case_key.error());
        if (*case_key) bytes = (*case_key)->open(row.wrapped_key, binding);
    }
    if (!bytes) return std::unexpected(bytes.error());
    return seal::StorageKey::from_secret(Secret(std::move(*bytes)));
}

Result<Bytes> ReadState::chunk(const UploadId& upload, std::uint32_t index) const {
    auto row = maybe_upload(upload);
    if (!row) return std::unexpected(row.error());
    if (!*row) return fail(Code::corrupt, "the chunks of a message are missing");
    auto key = upload_key(upload, **row);
    if (!key) return std::unexpected(key.error());
    const Bytes row_key = rows::key(upload, index);
    auto stored = get(Tables::chunks, row_key);
    if (!stored) return std::unexpected(stored.error());
    if (!*stored) return fail(Code::corrupt, "a chunk of a message is missing");
    return key->open(**stored, chunk_binding(row_key));
}

Result<std::uint64_t> ReadState::upload_bytes(const AgencyId& agency) const {
    auto row = get(Tables::upload_bytes, rows::key(agency));
    if (!row) return std::unexpected(row.error());
    return *row ? ByteReader(**row).u64() : std::uint64_t{0};
}

Result<std::vector<UploadId>> ReadState::unclaimed_uploads(const AgencyId& agency,
                                                           const MessageId& first,
                                                           std::uint64_t last) const {
    std::vector<UploadId> found;
    std::optional<Error> error;
    const Bytes prefix = ByteWriter().raw(rows::key(agency)).u64(first.stream).take();
    const Bytes from = ByteWriter().raw(prefix).u64(first.sequence).take();
    auto scanned = txn_.scan(id(Tables::uploads), from, [&](BytesView key, BytesView value) {
        if (!starts_with(key, prefix) || rows::u64_at(key, prefix.size()) > last) return false;
        auto row = rows::parse_upload(value);
        if (!row) {
            error = row.error();
            return false;
        }
        if (row->wrapped_by.is_none()) found.push_back(rows::upload_of(key));
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    if (error) return std::unexpected(*error);
    return found;
}

Result<std::vector<UploadId>> ReadState::uploads_before(Millis time, std::size_t count_max) const {
    std::vector<UploadId> found;
    auto scanned = txn_.scan(id(Tables::upload_times), {}, [&](BytesView key, BytesView) {
        if (found.size() >= count_max || ByteReader(key).i64() >= time) return false;
        found.push_back(rows::upload_of(key.subspan(sizeof(Millis))));
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return found;
}

Result<std::vector<std::uint8_t>> ReadState::chunk_grant(const AgencyId& agency,
                                                         const NodeId& node,
                                                         Position position) const {
    auto row = get(Tables::chunk_grants, rows::key(agency, node, position));
    if (!row) return std::unexpected(row.error());
    return row->value_or(Bytes{});
}

Result<void> State::put_upload(const UploadId& upload, const UploadRow& row) {
    return put(Tables::uploads, rows::key(upload), rows::encode(row));
}

Result<void> State::charge(const AgencyId& agency, std::uint64_t more, std::uint64_t less) {
    auto charged = upload_bytes(agency);
    if (!charged) return std::unexpected(charged.error());
    if (*charged + more < less) return fail(Code::corrupt, "the quota of uploads");
    const std::uint64_t now = *charged + more - less;
    if (now == 0) return write_.erase(id(Tables::upload_bytes), rows::key(agency));
    return put(Tables::upload_bytes, rows::key(agency), rows::key(now));
}

Result<bool> State::put_chunk(const UploadId& upload, const ChunkOffer& offer, Millis time) {
    auto known = maybe_upload(upload);
    if (!known) return std::unexpected(known.error());
    if (*known && (*known)->count != offer.count) {
        auto erased = erase_chunks(upload, SIZE_MAX);
        if (!erased) return std::unexpected(erased.error());
        known->reset();
    }
    const ChunkLeaf leaf{proof::leaf_hash(offer.sent),
                         static_cast<std::uint32_t>(offer.sent.size())};
    auto earlier = maybe_chunk_leaf(upload, offer.index);
    if (!earlier) return std::unexpected(earlier.error());
    if (*earlier == leaf) return false;

    UploadRow row = known->value_or(UploadRow{offer.count, 0, 0, {}, {}});
    std::optional<seal::StorageKey> key;
    if (row.wrapped_key.empty()) {
        key.emplace(seal::StorageKey::generate(vault_.random()));
        row.wrapped_key =
            vault_.master().protect(key->secret().view(), key_binding(upload), vault_.random());
    } else {
        auto kept = upload_key(upload, row);
        if (!kept) return std::unexpected(kept.error());
        key.emplace(std::move(*kept));
        auto moved = write_.erase(id(Tables::upload_times), rows::key(row.time, upload));
        if (!moved) return std::unexpected(moved.error());
    }
    const std::uint64_t more = message::chunk_charge(leaf.bytes);
    const std::uint64_t less = *earlier ? message::chunk_charge((*earlier)->bytes) : 0;
    row.charged += more - less;
    row.time = time;
    const Bytes row_key = rows::key(upload, offer.index);
    auto stored = put(
        Tables::chunks, row_key, key->protect(offer.sent, chunk_binding(row_key), vault_.random()));
    if (stored) stored = put(Tables::chunk_leaves, row_key, rows::encode(leaf));
    if (stored) stored = put(Tables::upload_times, rows::key(time, upload), {});
    if (stored) stored = put_upload(upload, row);
    if (stored) stored = charge(upload.agency, more, less);
    if (!stored) return std::unexpected(stored.error());
    return true;
}

Result<void> State::claim_upload(const UploadId& upload, const CaseId& case_id) {
    auto row = maybe_upload(upload);
    if (!row) return std::unexpected(row.error());
    CHECK(row->has_value() && (*row)->wrapped_by.is_none() && !case_id.is_none());
    auto key = upload_key(upload, **row);
    if (!key) return std::unexpected(key.error());
    auto wrapped = protect(case_id, key->secret().view(), key_binding(upload));
    if (!wrapped) return std::unexpected(wrapped.error());
    auto erased = write_.erase(id(Tables::upload_times), rows::key((*row)->time, upload));
    if (!erased) return erased;
    auto freed = charge(upload.agency, 0, (*row)->charged);
    if (!freed) return freed;
    (*row)->charged = 0;
    (*row)->wrapped_by = case_id;
    (*row)->wrapped_key = std::move(*wrapped);
    return put_upload(upload, **row);
}

Result<void> State::abandon_upload(const UploadId& upload) {
    auto row = maybe_upload(upload);
    if (!row) return std::unexpected(row.error());
    CHECK(row->has_value() && (*row)->wrapped_by.is_none());
    auto erased = write_.erase(id(Tables::upload_times), rows::key((*row)->time, upload));
    if (!erased) return erased;
    (*row)->time = 0;
    auto stored = put(Tables::upload_times, rows::key(Millis{0}, upload), {});
    return stored ? put_upload(upload, **row) : stored;
}

Result<std::size_t> State::erase_chunks(const UploadId& upload, std::size_t count_max) {
    auto row = maybe_upload(upload);
    if (!row) return std::unexpected(row.error());
    CHECK(row->has_value() && (*row)->wrapped_by.is_none());
    auto leaves = chunk_leaves(upload);
    if (!leaves) return std::unexpected(leaves.error());
    const std::size_t count = std::min(leaves->size(), count_max);
    std::uint64_t freed = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& [index, leaf] = (*leaves)[i];
        freed += message::chunk_charge(leaf.bytes);
        const Bytes row_key = rows::key(upload, index);
        for (const Tables table : {Tables::chunks, Tables::chunk_leaves}) {
            auto erased = write_.erase(id(table), row_key);
            if (!erased) return std::unexpected(erased.error());
        }
    }
    auto done = charge(upload.agency, 0, freed);
    if (!done) return std::unexpected(done.error());
    if (count < leaves->size()) {
        (*row)->charged -= freed;
        done = put_upload(upload, **row);
    } else {
        done = write_.erase(id(Tables::upload_times), rows::key((*row)->time, upload));
        if (done) done = write_.erase(id(Tables::uploads), rows::key(upload));
    }
    if (!done) return std::unexpected(done.error());
    return count;
}

Result<void> State::put_chunk_grant(const AgencyId& agency,
                                    const NodeId& node,
                                    Position position,
                                    const std::vector<std::uint8_t>& sections) {
    return put(Tables::chunk_grants, rows::key(agency, node, position), sections);
}

}  // namespace lienthong::core
