// SPDX-License-Identifier: Apache-2.0
// CommitAgent and the chunks of large sections: taken, given, collected when nobody claims them.
#include "bus/base/failpoint.hpp"
#include "bus/broker/commit_agent.hpp"

namespace lienthong::broker {
namespace {

// Chunks that one group stores: the reserve for reading stands behind them.
constexpr std::size_t kUploadBytesMax = 16 * 1024 * 1024;
constexpr std::size_t kCollectedMax = 64;  // chunks that one group drops
constexpr std::chrono::seconds kCollectEvery{60};

}  // namespace

Result<void> CommitAgent::take_chunk(core::Group& group, const Work& work, RawChunk& chunk) {
    if (refuse_publishing_) {
        refuse(work, Error{Code::disk_full, "the disk is nearly full", {}, {}});
        return {};
    }
    if (upload_bytes_ > kUploadBytesMax) {
        refuse(work, Error{Code::overloaded, "too many chunks at once", {}, {}});
        return {};
    }
    FAILPOINT_OR_FAIL(broker_chunk_taken, before);
    upload_bytes_ += chunk.bytes.size();
    wire::UploadChunk& command = chunk.command;
    auto taken = group.upload(work.session,
                              core::ChunkOffer{{command.stream, command.sequence},
                                               std::move(command.section),
                                               command.index,
                                               command.count,
                                               std::move(chunk.bytes)});
    if (!taken) return std::unexpected(taken.error());
    FAILPOINT_OR_FAIL(broker_chunk_taken, after);
    if (!*taken) {
        refuse(work, taken->error());
        return {};
    }
    counters_.chunks_taken.fetch_add(1);
    answer(work, wire::Done{});
    return {};
}

Result<void> CommitAgent::give_chunk(core::Group& group,
                                     const Work& work,
                                     const wire::FetchChunk& wanted) {
    FAILPOINT_OR_FAIL(broker_chunk_given, before);
    auto chunk = group.fetch_chunk(work.session, {wanted.position, wanted.section, wanted.index});
    if (!chunk) return std::unexpected(chunk.error());
    FAILPOINT_OR_FAIL(broker_chunk_given, after);
    if (!*chunk) {
        refuse(work, chunk->error());
        return {};
    }
    counters_.chunks_delivered.fetch_add(1);
    answer(work, wire::Done{wanted.position, std::move((*chunk)->path)}, std::move((*chunk)->sent));
    return {};
}

// Uploads that nobody claimed go in steps, so that no group waits long for them.
Result<void> CommitAgent::collect(core::Group& group) {
    if (collect_not_before_ > clock_.monotonic()) return {};
    FAILPOINT_OR_FAIL(broker_collect, before);
    auto collected = group.collect_uploads(kCollectedMax);
    if (!collected) return std::unexpected(collected.error());
    FAILPOINT_OR_FAIL(broker_collect, after);
    counters_.chunks_collected.fetch_add(*collected);
    collect_not_before_ = clock_.monotonic();
    if (*collected < kCollectedMax) collect_not_before_ += kCollectEvery;
    return {};
}

}  // namespace lienthong::broker
