// SPDX-License-Identifier: Apache-2.0
// Chunks at the committer: answered after the sync, refused when the disk fills or a group has
// enough of them, collected though nobody speaks.
#include <gtest/gtest.h>

#include "tests/support/raw_client.hpp"

namespace lienthong::broker {
namespace {

using test::RawClient;
using test::SmallBus;
using test::world;

class ChunkCommits : public testing::Test {
  protected:
    static wire::UploadChunk command(std::uint32_t index, std::uint32_t count = 100) {
        return {77, 1, "identity", index, count};
    }
    static bool is_done(const std::optional<wire::Body>& body) {
        return body && std::holds_alternative<wire::Done>(*body);
    }
    static std::uint64_t charged(SmallBus& bus) {
        std::uint64_t bytes = 0;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            bytes = state.upload_bytes(world().id("border-guard")).value();
        });
        return bytes;
    }

    const Bytes chunk = Bytes(message::kChunkBytes, 7);
    SmallBus bus{{.nodes = {}}};
    RawClient peer{bus, "border-guard"};
};

TEST_F(ChunkCommits, AChunkIsAnsweredWhenItIsOnTheDisk) {
    ASSERT_TRUE(is_done(peer.ask(command(0), chunk)));
    EXPECT_EQ(charged(bus), chunk.size());
    journal::fail_commit(bus.broker_disk(), 0, journal::CommitFault::before_durable);
    EXPECT_EQ(peer.ask(command(1), chunk), std::nullopt);
    EXPECT_EQ(bus.maybe_broker(), nullptr);
    ASSERT_TRUE(bus.start_broker());
    EXPECT_EQ(charged(bus), chunk.size());
    EXPECT_TRUE(is_done(peer.ask(command(1), chunk)));
    EXPECT_EQ(bus.broker().counters.chunks_taken, 1U);
}

TEST_F(ChunkCommits, AnUploadWritesNothingInTheLog) {
    const std::uint64_t before = bus.broker().journal->confirmed();
    ASSERT_TRUE(is_done(peer.ask(command(0), chunk)));
    EXPECT_EQ(bus.broker().journal->confirmed(), before);
}

TEST_F(ChunkCommits, AFullDiskRefusesThem) {
    SmallBus full({.nodes = {}, .commit = {.reserve_bytes = 64 * 1024}});
    RawClient one(full, "border-guard");
    ASSERT_TRUE(is_done(one.ask(command(0), chunk)));
    const auto used = full.broker().journal->bytes_used_and_max()->first;
    journal::limit_bytes(full.broker_disk(), used + 1000);
    EXPECT_EQ(one.refusal(command(1), chunk), Code::disk_full);
    EXPECT_TRUE(info(Code::disk_full).retriable);
    journal::limit_bytes(full.broker_disk(), used + 10 * 1024 * 1024);
    EXPECT_TRUE(is_done(one.ask(command(1), chunk)));
}

TEST_F(ChunkCommits, AGroupTakesSoManyAndTheRestIsOverloaded) {
    // 64 of one peer are inside the broker at most, so two peers of the agency fill a group.
    RawClient other(bus, "border-guard");
    std::vector<std::pair<RawClient*, std::uint64_t>> asked;
    for (std::uint32_t i = 0; i < 80; ++i) {
        RawClient& one = i % 2 == 0 ? peer : other;
        asked.emplace_back(&one, one.send(command(i), chunk));
    }
    bus.steps(3);
    std::size_t taken = 0;
    std::size_t overloaded = 0;
    for (const auto& [one, request] : asked) {
        const auto answer = one->maybe_answer(request);
        ASSERT_TRUE(answer.has_value());
        if (std::holds_alternative<wire::Done>(answer->body)) ++taken;
        const auto* failure = std::get_if<wire::Failure>(&answer->body);
        if (failure != nullptr && failure->code == Code::overloaded) ++overloaded;
    }
    EXPECT_EQ(taken, 16 * 1024 * 1024 / message::kChunkBytes + 1);
    EXPECT_EQ(taken + overloaded, 80U);
    EXPECT_EQ(charged(bus), taken * chunk.size());
}

TEST_F(ChunkCommits, AStrangerIsToldTheSameOfAnyPosition) {
    EXPECT_EQ(peer.refusal(wire::FetchChunk{0, "identity", 0}), Code::forbidden);
    EXPECT_EQ(peer.refusal(wire::FetchChunk{UINT64_MAX, "identity", 0}), Code::forbidden);
    EXPECT_EQ(bus.broker().counters.chunks_delivered, 0U);
}

TEST_F(ChunkCommits, WhatNobodyClaimsIsCollectedThoughNobodySpeaks) {
    for (std::uint32_t i = 0; i < 70; ++i) ASSERT_TRUE(is_done(peer.ask(command(i), Bytes(9, 1))));
    bus.clock().advance(std::chrono::milliseconds{core::kUploadKeptMs + 60'000});
    bus.step();
    EXPECT_EQ(bus.broker().counters.chunks_collected, 64U) << "in steps";
    bus.steps(2);
    EXPECT_EQ(bus.broker().counters.chunks_collected, 70U);
    EXPECT_EQ(charged(bus), 0U);
}

}  // namespace
}  // namespace lienthong::broker
