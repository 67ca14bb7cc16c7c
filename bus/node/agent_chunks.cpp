// SPDX-License-Identifier: Apache-2.0
// NodeAgent and the chunks of large sections: out before their header, a few at a time, each
// remembered as taken; in after their entry, each checked against the root before it is stored.
// Neither holds up the cursor, and both go on where they were after a restart.
#include <algorithm>

#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/proof/merkle.hpp"

namespace lienthong::node {
namespace {

// Together with a batch and a fetch these fit the data channel (docs/protocol.md).
constexpr std::size_t kChunksUnderWay = 3;
constexpr std::chrono::milliseconds kChunkTimeout{60'000};  // on a slow line too
constexpr std::chrono::milliseconds kRetryPause{500};
constexpr std::chrono::milliseconds kLongPause{5'000};  // a quota that is full, a lie

std::chrono::milliseconds pause_after(const Error& error) {
    return error.errc() == Errc::overloaded ? kLongPause : kRetryPause;
}

}  // namespace

// A few chunks on their way; what came of them is stored when all are answered.
struct NodeAgent::UploadRound {
    MessageId message;
    std::vector<OutChunk> chunks;
    std::vector<bool> taken;
    std::set<CaseId> cases;  // of the message
    std::size_t under_way = 0;
    std::optional<Error> error;
};

// The one section whose chunks are being fetched.
struct NodeAgent::ChunkFetch {
    WantedKey key;
    WantedRow row;
    std::deque<std::uint32_t> missing;
    std::size_t under_way = 0;
    bool failed = false;
};

Result<bool> NodeAgent::upload_next(const MessageId& message, const OutboxRow& row) {
    auto chunks =
        read([&](const ReadStore& store) { return store.unsent_chunks(message, kChunksUnderWay); });
    if (!chunks) return std::unexpected(chunks.error());
    if (chunks->empty()) return false;
    auto cases = read([&](const ReadStore& store) { return cases_of(store, row); });
    if (!cases) return std::unexpected(cases.error());
    publishing_ = true;
    auto round = std::make_shared<UploadRound>();
    round->cases = std::move(*cases);
    round->message = message;
    round->chunks = std::move(*chunks);
    round->taken.resize(round->chunks.size(), false);
    round->under_way = round->chunks.size();
    for (std::size_t i = 0; i < round->chunks.size(); ++i) {
        OutChunk& chunk = round->chunks[i];
        wire::UploadChunk command{
            message.stream, message.sequence, chunk.section, chunk.index, chunk.count};
        send(wire::Channel::data,
             std::move(command),
             std::move(chunk.sent),
             after(kChunkTimeout),
             [this, round, i](Result<Reply> reply) {
                 if (reply && std::holds_alternative<wire::Done>(reply->body)) {
                     round->taken[i] = true;
                 } else if (!round->error || round->error->retriable()) {
                     round->error = reply ? Error{Code::timeout, "no answer to an upload", {}, {}}
                                          : reply.error();
                 }
                 if (--round->under_way == 0) uploaded(*round);
             });
    }
    return true;
}

void NodeAgent::uploaded(const UploadRound& round) {
    publishing_ = false;
    // A final refusal of a chunk is not signed, and ends nothing: the number may be consumed or its
    // stream closed. The batch's own answer, which is asked for next, tells what became of it.
    const bool consumed = round.error && !round.error->retriable();
    FAILPOINT(node_chunks_sent, before);
    auto stored = write([&](WriteStore& store) -> Result<void> {
        if (consumed) return store.set_chunks_unsent(round.message, false);
        for (std::size_t i = 0; i < round.chunks.size(); ++i) {
            if (!round.taken[i]) continue;
            auto one = store.set_chunk_sent(round.message, round.chunks[i]);
            if (!one) return one;
        }
        return {};
    });
    FAILPOINT(node_chunks_sent, after);
    if (!stored) {
        fail_with(stored.error());
        return;
    }
    if (consumed) return;
    // Between two rounds of a long upload something else may go.
    if (!round.error) {
        turns_.put_aside(round.message, round.cases, clock_.monotonic(), std::nullopt);
        return;
    }
    if (round.error->errc() == Errc::overloaded) {
        alarm(fmt::format("upload_waits code={}", info(round.error->code).name));
        turns_.put_aside(round.message, round.cases, after(kLongPause), round.error->code);
        return;
    }
    publish_not_before_ = after(kRetryPause);
    if (round.error->code == Code::timeout && connection_ == Connection::up) {
        lose_connection(*round.error);
    }
}

// The broker has not all chunks that this node believed it to have.
Result<void> NodeAgent::upload_again(WriteStore& store, const MessageId& message) {
    if (missed_chunks_of_ == message) {
        alarm(fmt::format(
            "chunks_missing stream={:016x} number={}", message.stream, message.sequence));
    }
    missed_chunks_of_ = message;
    return store.set_chunks_unsent(message, true);
}

Result<void> NodeAgent::want_chunks(WriteStore& store,
                                    const message::DeliveredEntry& entry,
                                    const CheckedEntry& checked) {
    for (std::size_t i = 0; i < entry.sections.size(); ++i) {
        const message::Descriptor& descriptor = checked.descriptors[i];
        if (descriptor.form != message::Form::chunked) continue;
        auto wanted = store.put_wanted({entry.position, entry.sections[i].index},
                                       {descriptor.name,
                                        descriptor.chunk_root,
                                        descriptor.chunk_count,
                                        storage_case(checked.header)});
        if (!wanted) return wanted;
        chunks_idle_ = false;
    }
    return {};
}

void NodeAgent::step_chunks() {
    if (!chunk_fetch_) {
        if (chunks_idle_ || clock_.monotonic() < chunks_not_before_) return;
        auto chosen = choose_chunks();
        if (!chosen) fail_with(chosen.error());
    }
    const std::shared_ptr<ChunkFetch> fetch = chunk_fetch_;
    while (fetch && !fetch->failed && fetch->under_way < kChunksUnderWay &&
           !fetch->missing.empty()) {
        const std::uint32_t index = fetch->missing.front();
        fetch->missing.pop_front();
        ++fetch->under_way;
        send(wire::Channel::data,
             wire::FetchChunk{fetch->key.position, fetch->row.section, index},
             {},
             after(kChunkTimeout),
             [this, fetch, index](Result<Reply> reply) {
                 --fetch->under_way;
                 received_chunk(*fetch, index, std::move(reply));
                 if (fetch->under_way == 0 && (fetch->failed || fetch->missing.empty())) {
                     end_chunk_fetch(*fetch);
                 }
             });
    }
}

// The next section in the order of the log; after the last one, from the beginning.
Result<void> NodeAgent::choose_chunks() {
    auto next =
        read([&](const ReadStore& store) { return store.maybe_wanted_after(wanted_after_); });
    if (!next) return std::unexpected(next.error());
    if (!*next) {
        wanted_after_.reset();
        chunks_idle_ = !chunks_left_;
        if (chunks_left_) chunks_not_before_ = after(kRetryPause);
        chunks_left_ = false;
        return {};
    }
    const auto& [key, row] = **next;
    wanted_after_ = key;
    if (chunks_refused_.contains(key)) return {};
    auto missing =
        read([&](const ReadStore& store) { return store.missing_chunks(key, row.count); });
    if (!missing) return std::unexpected(missing.error());
    auto fetch = std::make_shared<ChunkFetch>();
    fetch->key = key;
    fetch->row = row;
    fetch->missing.assign(missing->begin(), missing->end());
    if (fetch->missing.empty()) {
        end_chunk_fetch(*fetch);
    } else {
        chunk_fetch_ = std::move(fetch);
    }
    return {};
}

void NodeAgent::received_chunk(ChunkFetch& fetch, std::uint32_t index, Result<Reply> reply) {
    const auto name = [&](std::string_view what) {
        return fmt::format("{} position={} section={} index={}",
                           what,
                           fetch.key.position,
                           fetch.row.section,
                           index);
    };
    const auto fail_after = [&](std::chrono::milliseconds pause) {
        fetch.failed = true;
        chunks_left_ = true;
        chunks_not_before_ = std::max(chunks_not_before_, after(pause));
    };
    if (!reply) {
        const Error& error = reply.error();
        if (error.retriable()) {
            fail_after(pause_after(error));
            if (error.code == Code::timeout && connection_ == Connection::up) {
                lose_connection(error);
            }
            return;
        }
        alarm(fmt::format("chunk_refused position={} section={} code={}",
                          fetch.key.position,
                          fetch.row.section,
                          info(error.code).name));
        fetch.failed = true;
        if (chunks_refused_.size() < kChunksRefusedMax) chunks_refused_[fetch.key] = error.code;
        restored_pending_.erase(fetch.key.position);
        return;
    }
    const auto* done = std::get_if<wire::Done>(&reply->body);
    if (done == nullptr ||
        !proof::verify_inclusion(
            proof::leaf_hash(reply->data), index, fetch.row.count, done->path, fetch.row.root)) {
        alarm(name("bad_chunk"));
        fail_after(kLongPause);
        return;
    }
    FAILPOINT(node_chunk_stored, before);
    auto stored = write([&](WriteStore& store) {
        return store.put_in_chunk(fetch.key, fetch.row, index, reply->data);
    });
    FAILPOINT(node_chunk_stored, after);
    if (!stored && stored.error().code == Code::disk_full) {
        alarm("disk_full");
        fail_after(kLongPause);
    } else if (!stored) {
        fail_with(stored.error());
    }
}

void NodeAgent::end_chunk_fetch(const ChunkFetch& fetch) {
    if (chunk_fetch_.get() == &fetch) chunk_fetch_.reset();
    if (fetch.failed || broken_) return;
    FAILPOINT(node_chunks_complete, before);
    auto stored = write([&](WriteStore& store) -> Result<void> {
        auto complete = store.erase_wanted(fetch.key);
        return complete ? recognise_pending(store, fetch.key.position) : complete;
    });
    FAILPOINT(node_chunks_complete, after);
    if (!stored) fail_with(stored.error());
}

// As open_section(), for what is stored: the chunks of a large one are read too.
Result<Secret> NodeAgent::open_stored(const ReadStore& store,
                                      Position position,
                                      const message::Header& header,
                                      const message::Section& section,
                                      const message::Descriptor& descriptor) const {
    if (descriptor.form != message::Form::chunked) {
        return open_section(header, section, descriptor, keys_.seal);
    }
    auto chunks = stored_chunks(store, position, section, descriptor);
    if (!chunks) return std::unexpected(chunks.error());
    return open_chunks(header, descriptor, *chunks, keys_.seal);
}

Result<std::vector<Bytes>> NodeAgent::stored_chunks(const ReadStore& store,
                                                    Position position,
                                                    const message::Section& section,
                                                    const message::Descriptor& descriptor) const {
    const WantedKey key{position, section.index};
    if (const auto refused = chunks_refused_.find(key); refused != chunks_refused_.end()) {
        return fail(refused->second, "the broker gives no chunks of it", descriptor.name);
    }
    return store.chunks_of(key, descriptor.chunk_count);
}

}  // namespace lienthong::node
