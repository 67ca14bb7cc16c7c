// SPDX-License-Identifier: Apache-2.0
// A node's streams: what a Hello is answered from costs no more than what it says.
#include <gtest/gtest.h>

#include "tests/support/small_log.hpp"

namespace lienthong::core {
namespace {

using test::world;

// Counts the rows that are read.
class CountingTxn final : public journal::ReadTxn {
  public:
    explicit CountingTxn(const journal::ReadTxn& txn) : txn_(txn) {}

    Result<std::optional<Bytes>> maybe_get(journal::Table table, BytesView key) const override {
        ++rows;
        return txn_.maybe_get(table, key);
    }
    Result<void> scan(journal::Table table,
                      BytesView from,
                      const journal::Visit& visit) const override {
        return txn_.scan(table, from, counted(visit));
    }
    Result<void> scan_back(journal::Table table,
                           BytesView before,
                           const journal::Visit& visit) const override {
        return txn_.scan_back(table, before, counted(visit));
    }
    Position log_size() const override { return txn_.log_size(); }
    Result<Bytes> entry(Position position) const override { return txn_.entry(position); }

    mutable std::size_t rows = 0;

  private:
    journal::Visit counted(const journal::Visit& visit) const {
        return [this, &visit](BytesView key, BytesView value) {
            ++rows;
            return visit(key, value);
        };
    }
    const journal::ReadTxn& txn_;
};

class Streams : public testing::Test {
  protected:
    void put(std::string_view slug, std::uint64_t stream, Position newest) {
        const auto& member = world().member(slug);
        const StreamRow row{member.id, member.node, 0, 1, false, newest};
        ASSERT_TRUE(state.put_stream(stream, row).has_value());
    }
    std::vector<std::uint64_t> streams_of(std::string_view slug, std::size_t count_max) {
        const CountingTxn counting(*txn);
        const auto found =
            ReadState(counting, vault).streams_of(world().member(slug).node, count_max).value();
        rows_read = counting.rows;
        std::vector<std::uint64_t> streams;
        for (const auto& [stream, row] : found) streams.push_back(stream);
        return streams;
    }

    SeededRandom random{1};
    Vault vault{test::TestWorld::master(""), random};
    std::unique_ptr<journal::Journal> journal = journal::open_memory(journal::make_memory_disk());
    std::unique_ptr<journal::WriteTxn> txn = journal->begin_write().value();
    State state{*txn, vault};
    std::size_t rows_read = 0;
};

TEST_F(Streams, OfANodeAreReadWithoutThoseOfOthers) {
    for (std::uint64_t i = 0; i < 500; ++i) {
        put("police", 1000 + i, i);
        put("border-guard", 2000 + i, i);
    }
    put("labour", 1, 7);
    put("labour", 2, 9);
    put("labour", 3, 8);
    EXPECT_EQ(streams_of("labour", 100), (std::vector<std::uint64_t>{2, 3, 1}));
    EXPECT_LE(rows_read, 3U + 3U + 1U);
    EXPECT_EQ(streams_of("police", 10).size(), 10U);
    EXPECT_LE(rows_read, 10U + 10U + 1U) << "nor more of its own than are asked for";
}

TEST_F(Streams, StandOnceUnderTheirNewestEntry) {
    put("labour", 1, 7);
    put("labour", 2, 9);
    put("labour", 1, 11);
    put("labour", 1, 11);
    EXPECT_EQ(streams_of("labour", 100), (std::vector<std::uint64_t>{1, 2}));
}

}  // namespace
}  // namespace lienthong::core
