// SPDX-License-Identifier: Apache-2.0
// A writer killed between any two instructions keeps what it has acknowledged, and all or nothing
// of each commit.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/base/random.hpp"
#include "bus/journal/lmdb_journal.hpp"
#include "bus/journal/scrub.hpp"
#include "tests/unit/bus/journal/support.hpp"

namespace lienthong::journal {
namespace {

constexpr int kRounds = 10;
constexpr Position kBatch = 7;

std::string entry_at(Position position) {
    return std::to_string(position) + std::string(position * 37 % 3000, 'e');
}

// Commits for ever; tells the size of the log after each commit. Never returns.
[[noreturn]] void write_until_killed(const std::filesystem::path& directory, int acknowledgements) {
    const auto journal = open_lmdb(options_in(directory)).value();
    CHECK(journal->acquire().has_value());
    for (;;) {
        auto txn = journal->begin_write().value();
        for (Position i = 0; i < kBatch; ++i) {
            CHECK(txn->append(as_bytes(entry_at(txn->log_size()))).has_value());
        }
        const auto size = ByteWriter().u64(txn->log_size()).take();
        CHECK(txn->put(kCats, as_bytes("size"), size).has_value());
        CHECK(txn->commit().has_value());
        const Position committed = txn->log_size();
        CHECK(write(acknowledgements, &committed, sizeof committed) == sizeof committed);
    }
}

TEST(LmdbCrash, KeepsWhatAKilledWriterAcknowledged) {
    const TemporaryFolder folder;
    SeededRandom random(20211231);
    Position acknowledged = 0;
    for (int round = 0; round < kRounds; ++round) {
        std::array<int, 2> pipe_ends{};
        ASSERT_EQ(pipe(pipe_ends.data()), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            close(pipe_ends[0]);
            write_until_killed(folder.path(), pipe_ends[1]);
        }
        close(pipe_ends[1]);
        // The next commits go on while this side decides to kill, and spins a little before.
        Position size = 0;
        for (std::uint64_t left = 1 + random.next() % 20; left > 0; --left) {
            ASSERT_EQ(read(pipe_ends[0], &size, sizeof size), ssize_t{sizeof size});
        }
        volatile std::uint64_t spin = random.next() % 2'000'000;
        while (spin > 0) spin = spin - 1;
        ASSERT_EQ(kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));
        while (read(pipe_ends[0], &size, sizeof size) == ssize_t{sizeof size}) continue;
        close(pipe_ends[0]);
        ASSERT_GT(size, acknowledged);
        acknowledged = size;

        LmdbOptions options = options_in(folder.path());
        options.read_only = true;  // checks the pages, too
        const auto journal = open_lmdb(options);
        ASSERT_TRUE(journal.has_value()) << journal.error().detail;
        const auto txn = (*journal)->begin_read().value();
        ASSERT_GE(txn->log_size(), acknowledged);
        ASSERT_LE(txn->log_size(), acknowledged + kBatch);
        ASSERT_EQ(txn->log_size() % kBatch, 0U);
        ASSERT_EQ(txn->maybe_get(kCats, text("size")).value(),
                  ByteWriter().u64(txn->log_size()).take());
        for (Position position = 0; position < txn->log_size(); ++position) {
            ASSERT_EQ(txn->entry(position).value(), text(entry_at(position)));
        }
    }
}

}  // namespace
}  // namespace lienthong::journal
