// SPDX-License-Identifier: Apache-2.0
// Readers of the journal in LMDB beside its writer, on other threads.
#include <gmock/gmock.h>
#include <sched.h>

#include <atomic>
#include <thread>

#include "bus/journal/lmdb_journal.hpp"
#include "tests/unit/bus/journal/support.hpp"

namespace lienthong::journal {
namespace {

// This thread and those that it starts share one processor: each stands still again and again
// between any two instructions, while others go on.
class OneProcessor {
  public:
    OneProcessor() {
        CHECK(sched_getaffinity(0, sizeof before_, &before_) == 0);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(sched_getcpu()), &one);
        CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    }
    OneProcessor(const OneProcessor&) = delete;
    OneProcessor& operator=(const OneProcessor&) = delete;
    ~OneProcessor() { CHECK(sched_setaffinity(0, sizeof before_, &before_) == 0); }

  private:
    cpu_set_t before_{};
};

void put_count(Journal& journal, int count) {
    auto txn = journal.begin_write().value();
    CHECK(txn->put(kCats, as_bytes("count"), as_bytes(std::to_string(count))).has_value());
    CHECK(txn->commit().has_value());
}

TEST(LmdbReaders, ReadOnOtherThreadsWhileItWrites) {
    const OneProcessor one_processor;
    const TemporaryFolder folder;
    const auto journal = open_lmdb(options_in(folder.path())).value();
    constexpr Position kEntries = 100;
    std::vector<std::thread> readers;
    std::atomic<int> wrong = 0;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            Position seen = 0;
            while (seen < kEntries) {
                const auto txn = journal->begin_read().value();
                if (txn->log_size() < seen) ++wrong;
                seen = txn->log_size();
                if (seen > 0 && txn->entry(seen - 1).value() != text(std::to_string(seen - 1))) {
                    ++wrong;
                }
            }
        });
    }
    for (Position position = 0; position < kEntries; ++position) {
        auto txn = journal->begin_write().value();
        ASSERT_TRUE(txn->append(as_bytes(std::to_string(position))).has_value());
        ASSERT_TRUE(txn->commit().has_value());
    }
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(wrong, 0);
}

// As a node's are: commits that add nothing to the log. The newest is never seen and gone again.
TEST(LmdbReaders, SeeNoCommitBeforeItIsDurable) {
    const OneProcessor one_processor;
    const TemporaryFolder folder;
    const auto journal = open_lmdb(options_in(folder.path())).value();
    constexpr int kCommits = 100;
    put_count(*journal, 1000);
    std::vector<std::thread> readers;
    std::atomic<int> wrong = 0;
    for (int i = 0; i < 6; ++i) {
        readers.emplace_back([&] {
            std::string seen;
            while (seen != std::to_string(1000 + kCommits)) {
                const auto txn = journal->begin_read().value();
                const auto found = txn->maybe_get(kCats, as_bytes("count")).value();
                std::string now(found->begin(), found->end());
                if (now < seen) ++wrong;
                seen = std::move(now);
            }
        });
    }
    for (int i = 1; i <= kCommits; ++i) put_count(*journal, 1000 + i);
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace lienthong::journal
