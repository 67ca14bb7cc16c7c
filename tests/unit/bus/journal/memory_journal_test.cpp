// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/memory_journal.hpp"

#include "tests/unit/bus/journal/support.hpp"

namespace lienthong::journal {
namespace {

void append(Journal& journal, std::string_view entry) {
    auto txn = journal.begin_write().value();
    ASSERT_TRUE(txn->append(as_bytes(entry)).has_value());
    ASSERT_TRUE(txn->commit().has_value());
}

Result<void> try_append(Journal& journal, std::string_view entry) {
    auto txn = journal.begin_write().value();
    auto position = txn->append(as_bytes(entry));
    if (!position) return std::unexpected(position.error());
    return txn->commit();
}

TEST(MemoryJournal, LosesACommitThatFailedBeforeItWasDurable) {
    const auto disk = make_memory_disk();
    fail_commit(*disk, 1, CommitFault::before_durable);
    {
        const auto journal = open_memory(disk);
        append(*journal, "kept");
        EXPECT_EQ(code_of(try_append(*journal, "lost")), Code::io);
        EXPECT_EQ(journal->confirmed(), 1U);
    }
    const auto journal = open_memory(disk);
    EXPECT_EQ(journal->confirmed(), 1U);
    append(*journal, "after");
    EXPECT_EQ(journal->begin_read().value()->entry(1).value(), text("after"));
}

TEST(MemoryJournal, KeepsACommitThatFailedAfterItWasDurable) {
    const auto disk = make_memory_disk();
    fail_commit(*disk, 0, CommitFault::after_durable);
    {
        const auto journal = open_memory(disk);
        EXPECT_EQ(code_of(try_append(*journal, "kept")), Code::io);
        EXPECT_EQ(journal->confirmed(), 0U);
    }
    EXPECT_EQ(open_memory(disk)->begin_read().value()->entry(0).value(), text("kept"));
}

TEST(MemoryJournal, RefusesEverythingAfterAFailedCommit) {
    const auto disk = make_memory_disk();
    fail_commit(*disk, 0, CommitFault::before_durable);
    const auto journal = open_memory(disk);
    EXPECT_EQ(code_of(try_append(*journal, "lost")), Code::io);
    EXPECT_EQ(code_of(journal->begin_read()), Code::io);
    EXPECT_EQ(code_of(journal->begin_write()), Code::io);
    EXPECT_EQ(code_of(journal->acquire()), Code::io);
}

TEST(MemoryJournal, FencesTheOwnerBeforeTheLast) {
    const auto disk = make_memory_disk();
    const auto first = open_memory(disk);
    const auto second = open_memory(disk);
    ASSERT_EQ(first->acquire().value(), 1U);
    append(*first, "of the first");
    auto open = first->begin_write().value();
    ASSERT_TRUE(open->append(as_bytes("too late")).has_value());
    open.reset();
    ASSERT_EQ(second->acquire().value(), 2U);
    EXPECT_EQ(code_of(try_append(*first, "of the first")), Code::already_running);
    append(*second, "of the second");
    EXPECT_EQ(second->confirmed(), 2U);
}

TEST(MemoryJournal, IsFullAtItsLimit) {
    const auto disk = make_memory_disk();
    limit_bytes(*disk, 8 + 100);  // a position and an entry
    const auto journal = open_memory(disk);
    {
        auto txn = journal->begin_write().value();
        EXPECT_EQ(code_of(txn->append(Bytes(101))), Code::disk_full);
        EXPECT_EQ(code_of(txn->append(Bytes(1))), Code::disk_full);
        EXPECT_EQ(code_of(txn->commit()), Code::disk_full);
    }
    auto txn = journal->begin_write().value();
    ASSERT_TRUE(txn->append(Bytes(100)).has_value());
    ASSERT_TRUE(txn->commit().has_value());
    EXPECT_EQ(journal->bytes_used_and_max().value(), std::pair(108UL, 108UL));
}

}  // namespace
}  // namespace lienthong::journal
