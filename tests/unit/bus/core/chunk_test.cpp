// SPDX-License-Identifier: Apache-2.0
// Chunks at the broker: taken for their own agency's next message only, within its quota; a message
// is admitted when all are there; given to whom a delivery showed the section; collected when
// nobody claims them; unreadable once the key of their case is gone.
#include <gtest/gtest.h>

#include <algorithm>

#include "security/proof/merkle.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::core {
namespace {

using message::Form;
using message::kChunkBytes;
using test::SmallLog;
using test::world;

constexpr std::uint64_t kStream = 77;
constexpr MessageId kId{kStream, 1};
constexpr std::size_t kBytes = 3 * kChunkBytes + 1;  // four chunks

class Chunks : public testing::Test {
  protected:
    // The envelope of an opening with a large identity; its chunks are in log.chunks().
    message::Envelope large(const MessageId& id = kId, std::size_t bytes = kBytes) {
        draft = log.with_case_id("border-guard", test::large_opening({"police", "labour"}, bytes));
        return log.compose("border-guard", draft, id);
    }
    std::optional<Code> offer(const message::Envelope& envelope, const MessageId& id = kId) {
        const auto receipt = log.offer("border-guard", id.stream, id.sequence, {envelope});
        EXPECT_TRUE(receipt.has_value());
        if (!receipt) return receipt.error().code;
        position = receipt->first_position;
        return receipt->verdicts.at(0).refused;
    }
    std::optional<Code> upload(const node::OutChunk& chunk,
                               std::string_view slug = "border-guard",
                               const MessageId& id = kId) {
        const auto answer = log.upload(slug, id, chunk);
        return answer ? std::nullopt : std::optional(answer.error().code);
    }
    std::uint64_t charged(std::string_view slug = "border-guard") {
        std::uint64_t bytes = 0;
        log.look([&](const ReadState& state) { bytes = state.upload_bytes(log.id(slug)).value(); });
        return bytes;
    }
    std::size_t leaves(const MessageId& id = kId) {
        std::size_t count = 0;
        log.look([&](const ReadState& state) {
            count = state.chunk_leaves({log.id("border-guard"), id, "identity"})->size();
        });
        return count;
    }
    // Published with all its chunks, and delivered to these.
    void published(const std::vector<std::string_view>& readers) {
        const auto envelope = large();
        log.upload_all("border-guard", kId);
        ASSERT_EQ(offer(envelope), std::nullopt);
        for (const std::string_view slug : readers) ASSERT_TRUE(log.fetch(slug, 0).has_value());
    }
    void set_quota(std::uint64_t bytes) {
        auto registry = world().registry;
        registry.limits.chunk_quota_bytes = bytes;
        ASSERT_TRUE(log.adopt(world().registry_document(registry, 2)).has_value());
    }

    SmallLog log;
    node::Draft draft;
    Position position = 0;
};

TEST_F(Chunks, AMessageIsAdmittedWhenAllOfThemAreThere) {
    const auto envelope = large();
    ASSERT_EQ(log.chunks().size(), 4U);
    for (const node::OutChunk& chunk : log.chunks()) {
        const std::uint64_t before = log.size();
        EXPECT_EQ(offer(envelope), Code::chunks_missing);
        EXPECT_EQ(log.size(), before) << "nothing is on the record, no number is consumed";
        EXPECT_EQ(upload(chunk), std::nullopt);
    }
    EXPECT_EQ(offer(envelope), std::nullopt);
    EXPECT_EQ(charged(), 0U) << "claimed: no quota counts them any more";
    EXPECT_EQ(leaves(), 4U);
}

TEST_F(Chunks, ARetriableVerdictEndsTheBatchThere) {
    std::vector<message::Envelope> batch{large({kStream, 1}), large({kStream, 2})};
    log.upload_all("border-guard", {kStream, 2});  // the second one's
    const auto receipt = log.offer("border-guard", kStream, 1, std::move(batch));
    ASSERT_TRUE(receipt.has_value());
    EXPECT_EQ(receipt->verdicts.at(0).refused, Code::chunks_missing);
    EXPECT_EQ(receipt->verdicts.at(1).refused, Code::not_reached);
    EXPECT_EQ(receipt->accepted_count, 0U);
}

TEST_F(Chunks, OnesThatAreNotUnderTheRootAreMissing) {
    const auto envelope = large();
    auto chunks = log.chunks();
    std::swap(chunks[1].sent, chunks[2].sent);
    for (const node::OutChunk& chunk : chunks) EXPECT_EQ(upload(chunk), std::nullopt);
    EXPECT_EQ(offer(envelope), Code::chunks_missing);
    // Before the header claims them the last one counts, so they can be put right.
    log.upload_all("border-guard", kId);
    EXPECT_EQ(offer(envelope), std::nullopt);
}

TEST_F(Chunks, OfAnotherMessageAreNotTheMessagesOwn) {
    const auto envelope = large();
    log.upload_all("border-guard", {kStream, 2});
    EXPECT_EQ(offer(envelope), Code::chunks_missing);
    log.upload_all("labour", kId);
    EXPECT_EQ(offer(envelope), Code::chunks_missing) << "another agency's, under the same id";
    EXPECT_GT(charged("labour"), 0U);
}

TEST_F(Chunks, ADescriptorThatCountsOrSizesThemWronglyFindsThemMissing) {
    auto envelope = large();
    log.upload_all("border-guard", kId);
    const std::size_t section = 2;  // document, facts, identity
    auto fewer = envelope;
    test::change_descriptor(fewer, section, [](auto& descriptor) { --descriptor.chunk_count; });
    EXPECT_EQ(offer(fewer), Code::chunks_missing);
    auto smaller = envelope;
    test::change_descriptor(smaller, section, [](auto& descriptor) { --descriptor.padded_bytes; });
    EXPECT_EQ(offer(smaller), Code::chunks_missing);
    auto other = envelope;
    test::change_descriptor(other, section, [](auto& descriptor) {
        descriptor.chunk_root.bytes[0] ^= 1;
        descriptor.section_digest = descriptor.chunk_root;
    });
    EXPECT_EQ(offer(other), Code::chunks_missing);
    EXPECT_EQ(offer(envelope), std::nullopt);
}

TEST_F(Chunks, ADescriptorThatContradictsItselfIsBadDigest) {
    auto envelope = large();
    log.upload_all("border-guard", kId);
    test::change_descriptor(
        envelope, 2, [](auto& descriptor) { descriptor.section_digest.bytes[0] ^= 1; });
    EXPECT_EQ(offer(envelope), Code::bad_digest);
    EXPECT_EQ(leaves(), 4U);
    EXPECT_EQ(log.collect(), 4U) << "refused for good: collected without waiting";
    EXPECT_EQ(charged(), 0U);
}

TEST_F(Chunks, AChunkedSectionHasNoBody) {
    auto envelope = large();
    log.upload_all("border-guard", kId);
    envelope.sections.at(2).body = Bytes(10, 1);
    EXPECT_EQ(offer(envelope), Code::bad_digest);
}

TEST_F(Chunks, TheSameOneAgainIsTakenAndCountsOnce) {
    large();
    EXPECT_EQ(upload(log.chunks()[0]), std::nullopt);
    const std::uint64_t once = charged();
    EXPECT_EQ(once, message::chunk_charge(log.chunks()[0].sent.size()));
    EXPECT_EQ(upload(log.chunks()[0]), std::nullopt);
    EXPECT_EQ(charged(), once);
}

TEST_F(Chunks, AnotherCountBeginsTheUploadAnew) {
    large();
    EXPECT_EQ(upload(log.chunks()[0]), std::nullopt);
    EXPECT_EQ(upload(log.chunks()[1]), std::nullopt);
    node::OutChunk other = log.chunks()[2];
    other.count = 9;
    EXPECT_EQ(upload(other), std::nullopt);
    EXPECT_EQ(leaves(), 1U);
    EXPECT_EQ(charged(), message::chunk_charge(other.sent.size()));
}

TEST_F(Chunks, AreTakenUpToTheQuotaAndNotOneByteAbove) {
    large();
    const std::uint64_t three = message::chunk_charge(log.chunks()[0].sent.size()) +
                                message::chunk_charge(log.chunks()[1].sent.size()) +
                                message::chunk_charge(log.chunks()[2].sent.size());
    set_quota(three);
    EXPECT_EQ(upload(log.chunks()[0]), std::nullopt);
    EXPECT_EQ(upload(log.chunks()[1]), std::nullopt);
    EXPECT_EQ(upload(log.chunks()[2]), std::nullopt) << "exactly the quota";
    EXPECT_EQ(charged(), three);
    EXPECT_EQ(upload(log.chunks()[3]), Code::overloaded);
    node::OutChunk larger = log.chunks()[0];
    larger.sent.push_back(0);
    EXPECT_EQ(upload(larger), Code::overloaded) << "a byte above it";
    EXPECT_EQ(upload(log.chunks()[0]), std::nullopt) << "what is there may be sent again";
    EXPECT_EQ(upload(log.chunks()[3], "labour"), std::nullopt) << "each agency has its own";
}

TEST_F(Chunks, ManySmallOnesCountFor4KiBEach) {
    set_quota(2 * 4096);
    const node::OutChunk small{2, "identity", 0, 9, Bytes(1, 7)};
    node::OutChunk next = small;
    EXPECT_EQ(upload(small), std::nullopt);
    next.index = 1;
    EXPECT_EQ(upload(next), std::nullopt);
    next.index = 2;
    EXPECT_EQ(upload(next), Code::overloaded);
}

TEST_F(Chunks, HaveALimitOfSizeAndPlace) {
    node::OutChunk chunk{2, "identity", 0, 1, Bytes(message::kChunkSentBytesMax, 7)};
    EXPECT_EQ(upload(chunk), std::nullopt);
    chunk.sent.push_back(7);
    EXPECT_EQ(upload(chunk), Code::oversized);
    chunk.sent.clear();
    EXPECT_EQ(upload(chunk), Code::malformed_section);
    chunk.sent = Bytes(1, 7);
    chunk.count = message::kChunksMax;
    EXPECT_EQ(upload(chunk), std::nullopt);
    chunk.count = message::kChunksMax + 1;
    EXPECT_EQ(upload(chunk), Code::malformed_frame);
    chunk.count = 3;
    chunk.index = 3;
    EXPECT_EQ(upload(chunk), Code::malformed_frame);
}

TEST_F(Chunks, AConsumedNumberTakesTheVeryChunksThatItHasAndNoOthers) {
    const auto envelope = large();
    log.upload_all("border-guard", kId);
    ASSERT_EQ(offer(envelope), std::nullopt);
    EXPECT_EQ(upload(log.chunks()[3]), std::nullopt);
    node::OutChunk other = log.chunks()[3];
    other.sent.back() ^= 1;
    EXPECT_EQ(upload(other), Code::id_conflict);
    EXPECT_EQ(charged(), 0U);
    EXPECT_EQ(upload(log.chunks()[0], "labour"), Code::wrong_stream);
}

TEST_F(Chunks, AreNotTakenForAClosedStream) {
    auto policy = world().policy;
    const auto stale = large({kStream, 1});
    std::erase_if(policy.grants,
                  [](const policy::Grant& grant) { return grant.id == "intake-read-verifier"; });
    ASSERT_TRUE(log.adopt(world().policy_document(policy, 2)).has_value());
    log.upload_all("border-guard", kId);
    ASSERT_EQ(offer(stale), Code::stale_audience);
    EXPECT_EQ(log.collect(), 4U) << "nobody can claim them any more";
    EXPECT_EQ(charged(), 0U);
    EXPECT_EQ(upload(log.chunks()[0], "border-guard", {kStream, 2}), Code::stream_closed);
}

TEST_F(Chunks, AreGivenToWhomADeliveryShowedTheSection) {
    published({"police"});
    for (const node::OutChunk& chunk : log.chunks()) {
        const auto given = log.fetch_chunk("police", position, "identity", chunk.index);
        ASSERT_TRUE(given.has_value());
        EXPECT_EQ(given->sent, chunk.sent);
        std::vector<Hash> all;
        for (const auto& one : log.chunks()) all.push_back(proof::leaf_hash(one.sent));
        EXPECT_TRUE(proof::verify_inclusion(
            proof::leaf_hash(chunk.sent), chunk.index, 4, given->path, proof::root(all)));
    }
    EXPECT_EQ(log.fetch_chunk("police", position, "identity", 4).error().code, Code::bad_argument);
    EXPECT_FALSE(log.entries_of(proof::EntryKind::delivered).empty());
}

TEST_F(Chunks, AreForbiddenInOneWayToEverybodyElse) {
    published({"police"});
    const auto refusal = [&](std::string_view slug, Position at, const char* section) {
        const auto answer = log.fetch_chunk(slug, at, section, 0);
        EXPECT_FALSE(answer.has_value());
        return answer ? Error{} : answer.error();
    };
    const Error absent = refusal("information", 1'000'000, "identity");
    EXPECT_EQ(absent.code, Code::forbidden);
    EXPECT_EQ(absent.detail + absent.where + absent.grant_missing, "");
    const auto same = [&](const Error& error) {
        return error.code == absent.code && error.detail == absent.detail &&
               error.where == absent.where && error.grant_missing == absent.grant_missing;
    };
    EXPECT_TRUE(same(refusal("information", position, "identity"))) << "no party";
    EXPECT_TRUE(same(refusal("labour", position, "identity"))) << "a party that has not fetched";
    EXPECT_TRUE(same(refusal("police", position, "document"))) << "a section without chunks";
    EXPECT_TRUE(same(refusal("police", position, "no-such"))) << "no section at all";
    EXPECT_TRUE(same(refusal("police", 0, "identity"))) << "an entry that is no message";
    // Each is counted alike; the count of a minute is written when the next one comes.
    log.time += 61'000;
    refusal("information", 1'000'000, "identity");
    const auto denied = log.entries_of(proof::EntryKind::denied);
    ASSERT_EQ(denied.size(), 1U);
    const Denied written = parse_denied(denied.front().content).value();
    EXPECT_EQ(written.agency, log.id("information"));
    EXPECT_EQ(written.rule, "chunk");
    EXPECT_EQ(written.count, 2U);
}

TEST_F(Chunks, StopWhenPolicyNoLongerGrantsTheSection) {
    published({"police", "labour"});
    auto policy = world().policy;
    std::erase_if(policy.grants,
                  [](const policy::Grant& grant) { return grant.id == "intake-read-verifier"; });
    ASSERT_TRUE(log.adopt(world().policy_document(policy, 2)).has_value());
    EXPECT_EQ(log.fetch_chunk("police", position, "identity", 0).error().code, Code::forbidden);
    EXPECT_TRUE(log.fetch_chunk("labour", position, "identity", 0).has_value());
}

TEST_F(Chunks, ThatNobodyClaimsAreCollectedAfterSevenDaysInSteps) {
    const auto envelope = large();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(upload(log.chunks()[i]), std::nullopt);
    log.time += kUploadKeptMs;
    EXPECT_EQ(log.collect(), 0U) << "seven days, not more";
    EXPECT_EQ(upload(log.chunks()[3]), std::nullopt);
    log.time += kUploadKeptMs;
    EXPECT_EQ(log.collect(), 0U) << "the newest chunk counts";
    log.time += 1;
    EXPECT_EQ(log.collect(3), 3U);
    EXPECT_EQ(leaves(), 1U);
    EXPECT_EQ(log.collect(3), 1U);
    EXPECT_EQ(log.collect(3), 0U);
    EXPECT_EQ(charged(), 0U);
    EXPECT_EQ(offer(envelope), Code::chunks_missing);
    log.upload_all("border-guard", kId);
    EXPECT_EQ(offer(envelope), std::nullopt);
    log.time += 2 * kUploadKeptMs;
    EXPECT_EQ(log.collect(), 0U) << "a message has claimed them";
}

// What erasure will do: drop the wrapped key of the case.
TEST(ChunksAtRest, CannotBeReadWithoutTheKeyOfTheCase) {
    const auto disk = journal::make_memory_disk();
    SmallLog log({}, journal::open_memory(disk));
    const node::Draft draft =
        log.with_case_id("border-guard", test::large_opening({"police"}, kBytes));
    const auto [message, position] = log.accept("border-guard", draft);
    ASSERT_TRUE(log.fetch("police", 0).has_value());
    const Bytes sent = log.fetch_chunk("police", position, "identity", 0)->sent;
    const auto journal = journal::open_memory(disk);
    {
        const auto txn = journal->begin_read().value();
        const auto scanned = txn->scan(id(Tables::chunks), {}, [&](BytesView, BytesView stored) {
            EXPECT_EQ(std::ranges::search(stored, BytesView(sent).first(64)).size(), 0U);
            return true;
        });
        ASSERT_TRUE(scanned.has_value());
    }
    ASSERT_TRUE(journal->acquire().has_value());
    const auto txn = journal->begin_write().value();
    ASSERT_TRUE(txn->erase(id(Tables::case_keys), draft.case_id.bytes).has_value());
    ASSERT_TRUE(txn->commit().has_value());
    const UploadId upload{log.id("border-guard"), message, "identity"};
    log.look([&](const ReadState& state) {
        const auto chunk = state.chunk(upload, 0);
        ASSERT_FALSE(chunk.has_value());
        EXPECT_EQ(chunk.error().code, Code::erased);
    });
}

}  // namespace
}  // namespace lienthong::core
