// SPDX-License-Identifier: Apache-2.0
// A commit whose last write fails: that of LMDB's meta page, which makes the others count.
#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "bus/journal/lmdb_journal.hpp"
#include "tests/unit/bus/journal/support.hpp"

namespace {

// The next write of a meta page fails, after it has changed the page or not.
enum class Disk { works, refuses, writes_and_says_no };
Disk disk = Disk::works;
constexpr off_t kMetaPagesEnd = 8192;
constexpr std::size_t kLessThanAPage = 512;

ssize_t write_or_fail(int fd, const void* bytes, std::size_t size, off_t at) {
    const Disk now = disk;
    const bool is_meta = now != Disk::works && at < kMetaPagesEnd && size < kLessThanAPage;
    ssize_t put = 0;
    if (!is_meta || now == Disk::writes_and_says_no) {
        put = syscall(SYS_pwrite64, fd, bytes, size, at);
    }
    if (!is_meta) return put;
    disk = Disk::works;
    errno = EIO;
    return -1;
}

}  // namespace

// LMDB's, instead of those of libc.
extern "C" {
ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t at) {
    return write_or_fail(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, std::size_t size, off64_t at) {
    return write_or_fail(fd, bytes, size, at);
}
}

namespace lienthong::journal {
namespace {

class LmdbFailedCommit : public testing::TestWithParam<Disk> {
  protected:
    void TearDown() override { disk = Disk::works; }
    Result<std::unique_ptr<Journal>> open() const { return open_lmdb(options_in(folder_.path())); }
    static Result<void> put(Journal& journal, std::string_view value) {
        auto txn = journal.begin_write();
        if (!txn) return std::unexpected(txn.error());
        auto kept = (*txn)->put(kCats, as_bytes("cat"), as_bytes(value));
        return kept ? (*txn)->commit() : kept;
    }
    Bytes cat() const {
        const auto journal = open();
        CHECK(journal.has_value());
        return (*journal)->begin_read().value()->maybe_get(kCats, as_bytes("cat")).value().value();
    }

    TemporaryFolder folder_;
};

// Twice: once for each of the two meta pages.
TEST_P(LmdbFailedCommit, HasNotHappenedAndTheNextStartGoesOn) {
    for (const std::string_view kept : {"first", "second"}) {
        auto journal = open().value();
        ASSERT_TRUE(put(*journal, kept).has_value());
        disk = GetParam();
        EXPECT_EQ(code_of(put(*journal, "lost")), Code::io);
        EXPECT_EQ(disk, Disk::works);
        EXPECT_EQ(code_of(journal->begin_read()), Code::io);
        journal.reset();
        EXPECT_EQ(as_text(cat()), kept);
    }
}

TEST_P(LmdbFailedCommit, OfTheFirstTablesIsMadeAgain) {
    disk = GetParam();
    EXPECT_EQ(code_of(open()), Code::io);
    EXPECT_EQ(disk, Disk::works);
    EXPECT_TRUE(open().has_value());
}

INSTANTIATE_TEST_SUITE_P(Disks,
                         LmdbFailedCommit,
                         testing::Values(Disk::refuses, Disk::writes_and_says_no));

}  // namespace
}  // namespace lienthong::journal
