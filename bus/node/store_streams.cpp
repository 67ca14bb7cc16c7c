// SPDX-License-Identifier: Apache-2.0
// Store: the streams that this node sends in. One for each delivery class is in use; those that are
// used no more are remembered, so that the broker's knowledge of them is no surprise.
#include "bus/node/store.hpp"

namespace lienthong::node {
namespace {

Bytes key(std::uint64_t number) { return ByteWriter().u64(number).take(); }
std::uint64_t number_in(BytesView bytes) { return ByteReader(bytes).u64(); }

}  // namespace

Result<std::uint64_t> ReadStore::next_of_stream(std::uint64_t stream) const {
    auto ended = get(Tables::ended, key(stream));
    if (!ended) return std::unexpected(ended.error());
    if (*ended) return number_in(**ended);
    std::uint64_t next = 0;
    auto scanned = txn_.scan(id(Tables::streams), {}, [&](BytesView, BytesView value) {
        ByteReader in(value);
        if (in.u64() == stream) next = in.u64();
        return next == 0;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return next;
}

Result<void> WriteStore::put_stream(const Hash& delivery_class, const StreamRow& row) {
    auto before = maybe_stream(delivery_class);
    if (!before) return std::unexpected(before.error());
    if (*before && (*before)->stream != row.stream) {
        auto ended = end_stream((*before)->stream, (*before)->next);
        if (!ended) return ended;
    }
    return put(
        Tables::streams, delivery_class.view(), ByteWriter().u64(row.stream).u64(row.next).take());
}

Result<void> WriteStore::end_stream(std::uint64_t stream, std::uint64_t next) {
    return put(Tables::ended, key(stream), key(next));
}

Result<void> WriteStore::forget_stream(std::uint64_t stream) {
    return forget_streams([&](std::uint64_t one) { return one == stream; });
}

Result<void> WriteStore::forget_streams_but(const std::set<std::uint64_t>& streams) {
    return forget_streams([&](std::uint64_t one) { return !streams.contains(one); });
}

Result<void> WriteStore::forget_streams(const std::function<bool(std::uint64_t)>& which) {
    std::vector<std::pair<Bytes, StreamRow>> found;
    auto scanned = txn_.scan(id(Tables::streams), {}, [&](BytesView row_key, BytesView value) {
        ByteReader in(value);
        const std::uint64_t stream = in.u64();
        if (which(stream)) found.emplace_back(to_bytes(row_key), StreamRow{stream, in.u64()});
        return true;
    });
    if (!scanned) return scanned;
    for (const auto& [row_key, row] : found) {
        auto done = end_stream(row.stream, row.next);
        if (!done) return done;
        done = write_.erase(id(Tables::streams), row_key);
        if (!done) return done;
    }
    return {};
}

}  // namespace lienthong::node
