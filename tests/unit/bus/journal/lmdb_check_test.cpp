// SPDX-License-Identifier: Apache-2.0
// The check of an LMDB file finds no fault in files that LMDB wrote, and after it nothing that a
// flipped byte can do crashes the reader or changes a record in silence.
#include "bus/journal/lmdb_check.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "bus/base/file.hpp"
#include "bus/base/random.hpp"
#include "bus/journal/lmdb_journal.hpp"
#include "bus/journal/scrub.hpp"
#include "tests/unit/bus/journal/support.hpp"

namespace lienthong::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kMetaBytes = 152;  // of a meta page, with its header

// Does everything that a journal can do, from a seed: sizes on both sides of the overflow border,
// erasures, dropped transactions, and readers that hold old pages.
class RandomLoad {
  public:
    RandomLoad(const fs::path& directory, std::uint64_t seed)
        : random_(seed), journal_(open_lmdb(options_in(directory)).value()) {}

    void run(int transactions) {
        for (int i = 0; i < transactions; ++i) {
            transaction();
            if (below(7) == 0) reader_ = journal_->begin_read().value();
            if (below(7) == 0) reader_.reset();
        }
    }

  private:
    std::uint64_t below(std::uint64_t limit) { return random_.next() % limit; }

    Bytes value() {
        const std::uint64_t size = below(10) == 0 ? below(20'000) : below(300);
        return Bytes(size, static_cast<std::uint8_t>(below(256)));
    }

    void transaction() {
        auto txn = journal_->begin_write().value();
        const bool mostly_erases = below(3) == 0;
        for (std::uint64_t left = below(120); left > 0; --left) {
            const auto table = static_cast<Table>(below(2));
            const std::string key = std::to_string(below(600)) + std::string(below(2) * 90, 'k');
            if (below(4) == 0) {
                CHECK(txn->append(value()).has_value());
            } else if (mostly_erases ? below(5) != 0 : below(5) == 0) {
                CHECK(txn->erase(table, as_bytes(key)).has_value());
            } else {
                CHECK(txn->put(table, as_bytes(key), value()).has_value());
            }
            if (txn->log_size() > 0 && below(9) == 0) {
                CHECK(txn->replace(below(txn->log_size()), value()).has_value());
            }
        }
        if (below(6) != 0) CHECK(txn->commit().has_value());
    }

    SeededRandom random_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<ReadTxn> reader_;
};

// Everything that a reader can see.
struct Content {
    std::vector<Bytes> log;
    Records cats;
    Records dogs;
    bool operator==(const Content&) const = default;
};

// As an audit reads a copied directory: any damage that is noticed is an error.
Result<Content> read_content(const fs::path& directory) {
    LmdbOptions options = options_in(directory);
    options.read_only = true;
    auto journal = open_lmdb(options);
    if (!journal) return std::unexpected(journal.error());
    auto txn = (*journal)->begin_read();
    if (!txn) return std::unexpected(txn.error());
    auto scrubbed = scrub(**txn, kTableNames.size(), [](const ScrubFault&) {});
    if (!scrubbed) return std::unexpected(scrubbed.error());
    Content content;
    for (Position position = 0; position < (*txn)->log_size(); ++position) {
        content.log.push_back((*txn)->entry(position).value());
    }
    content.cats = all_of(**txn, kCats);
    content.dogs = all_of(**txn, kDogs);
    return content;
}

// Flips bits of one byte in the file, and puts it back at the end.
class Flip {
  public:
    Flip(const fs::path& file, std::size_t offset, std::uint8_t bits)
        : fd_(open(file.c_str(), O_RDWR | O_CLOEXEC)), offset_(static_cast<off_t>(offset)) {
        CHECK(pread(fd_, &byte_, 1, offset_) == 1);
        const auto flipped = static_cast<std::uint8_t>(byte_ ^ bits);
        CHECK(pwrite(fd_, &flipped, 1, offset_) == 1);
    }
    Flip(const Flip&) = delete;
    Flip& operator=(const Flip&) = delete;
    ~Flip() {
        CHECK(pwrite(fd_, &byte_, 1, offset_) == 1);
        close(fd_);
    }

  private:
    int fd_;
    off_t offset_;
    std::uint8_t byte_ = 0;
};

TEST(LmdbCheck, FindsNoFaultInWhatLmdbWrote) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        const TemporaryFolder folder;
        for (int round = 0; round < 8; ++round) {
            RandomLoad(folder.path(), seed * 1000 + static_cast<std::uint64_t>(round)).run(10);
            const auto checked = check_lmdb_file(folder.path() / "data.mdb");
            ASSERT_TRUE(checked.has_value())
                << seed << " " << checked.error().detail << ", " << checked.error().where;
            const auto pages = fs::file_size(folder.path() / "data.mdb") / kPageBytes;
            ASSERT_GT(*checked, 2U);
            ASSERT_LE(*checked, pages);
            ASSERT_TRUE(read_content(folder.path()).has_value());
        }
    }
}

TEST(LmdbCheck, AllowsPagesAtTheEndThatWereNeverWritten) {
    const TemporaryFolder folder;
    {
        const auto journal = open_lmdb(options_in(folder.path())).value();
        for (int round = 0; round < 20; ++round) {
            auto txn = journal->begin_write().value();
            for (int i = 0; i < 100; ++i) {
                ASSERT_TRUE(txn->put(kCats, as_bytes(std::to_string(i)), Bytes(500)).has_value());
            }
            ASSERT_TRUE(txn->put(kCats, as_bytes("large"), Bytes(1 << 20)).has_value());
            ASSERT_TRUE(txn->erase(kCats, as_bytes("large")).has_value());
            ASSERT_TRUE(txn->commit().has_value());
        }
    }
    // The number of the last page, in the newer of the meta pages.
    const Bytes bytes = read_file(folder.path() / "data.mdb", std::size_t{1} << 30).value();
    std::array<std::uint64_t, 2> last_pages{};
    std::memcpy(&last_pages[0], bytes.data() + 136, sizeof(std::uint64_t));
    std::memcpy(&last_pages[1], bytes.data() + kPageBytes + 136, sizeof(std::uint64_t));
    EXPECT_GT(std::ranges::max(last_pages) + 1, bytes.size() / kPageBytes);
    EXPECT_TRUE(read_content(folder.path()).has_value());
    EXPECT_TRUE(open_lmdb(options_in(folder.path())).has_value());
    EXPECT_TRUE(read_content(folder.path()).has_value());
}

class FlippedByte : public testing::Test {
  protected:
    // Some 2,000 records, written in several transactions so that pages are in use and free.
    void fill() {
        const auto journal = open_lmdb(options_in(folder_.path())).value();
        SeededRandom random(7);
        for (int batch = 0; batch < 20; ++batch) {
            auto txn = journal->begin_write().value();
            for (int i = 0; i < 60; ++i) {
                Bytes value(random.next() % (i == 0 ? 9000 : 400));
                random.fill(value);
                const std::string key = std::to_string(random.next() % 5000);
                ASSERT_TRUE(txn->append(value).has_value());
                ASSERT_TRUE(txn->put(kCats, as_bytes(key), value).has_value());
                ASSERT_TRUE(txn->erase(kCats, as_bytes(std::to_string(i * batch))).has_value());
            }
            ASSERT_TRUE(txn->commit().has_value());
        }
        ASSERT_GT(read_content(folder_.path()).value().log.size() +
                      read_content(folder_.path()).value().cats.size(),
                  2000U);
    }

    // False if it was not noticed; then nothing that can be read may have changed.
    bool is_found(std::size_t offset, std::uint8_t bits) {
        const Flip flip(file(), offset, bits);
        const auto content = read_content(folder_.path());
        if (content) {
            EXPECT_TRUE(*content == before_) << "at " << offset << " with " << int{bits};
            return false;
        }
        EXPECT_EQ(content.error().errc(), Errc::corrupt) << content.error().detail;
        return true;
    }
    void remember() { before_ = read_content(folder_.path()).value(); }
    fs::path file() const { return folder_.path() / "data.mdb"; }

    TemporaryFolder folder_;
    Content before_;
};

TEST_F(FlippedByte, IsFoundOrChangesNothingAnywhereInTheFile) {
    fill();
    remember();
    SeededRandom random(2021);
    const std::size_t bytes = fs::file_size(file());
    int found = 0;
    constexpr int kFlips = 100;
    for (int i = 0; i < kFlips; ++i) {
        const auto bits = static_cast<std::uint8_t>(1 + random.next() % 255);
        if (is_found(random.next() % bytes, bits)) ++found;
    }
    EXPECT_GT(found, kFlips / 4);
}

TEST_F(FlippedByte, IsFoundOrChangesNothingInTheStructureOfPages) {
    fill();
    remember();
    SeededRandom random(2022);
    const std::size_t pages = fs::file_size(file()) / kPageBytes;
    int found = 0;
    constexpr int kFlips = 200;
    for (int i = 0; i < kFlips; ++i) {
        // Headers of pages and offsets of nodes.
        const std::size_t offset = random.next() % pages * kPageBytes + random.next() % 48;
        const auto bits = static_cast<std::uint8_t>(1U << (random.next() % 8));
        if (is_found(offset, bits)) ++found;
    }
    EXPECT_GT(found, kFlips / 4);
}

TEST_F(FlippedByte, IsFoundOrChangesNothingInEveryByteOfTheMetaPages) {
    {
        const auto journal = open_lmdb(options_in(folder_.path())).value();
        for (int i = 0; i < 6; ++i) {
            auto txn = journal->begin_write().value();
            ASSERT_TRUE(txn->append(as_bytes(std::to_string(i))).has_value());
            ASSERT_TRUE(txn->commit().has_value());
        }
    }
    remember();
    int found = 0;
    for (std::size_t offset = 0; offset < kMetaBytes; ++offset) {
        for (const unsigned bits : {0x01U, 0x02U, 0xFFU}) {
            if (is_found(offset, static_cast<std::uint8_t>(bits))) ++found;
            if (is_found(kPageBytes + offset, static_cast<std::uint8_t>(bits))) ++found;
        }
    }
    EXPECT_GT(found, 250);
}

TEST_F(FlippedByte, IsNamedByItsPage) {
    fill();
    const Bytes bytes = read_file(file(), std::size_t{1} << 30).value();
    // A page's own number, of the first page that is a leaf in use.
    for (std::size_t page = 2; page < bytes.size() / kPageBytes; ++page) {
        const Flip flip(file(), page * kPageBytes, 0xFF);
        const auto checked = check_lmdb_file(file());
        if (checked) continue;  // a free page
        EXPECT_EQ(checked.error().code, Code::corrupt);
        EXPECT_EQ(checked.error().where, "page " + std::to_string(page));
        return;
    }
    FAIL() << "no page is in use";
}

TEST(LmdbCheck, SaysWhenThereIsNoFile) {
    const TemporaryFolder folder;
    EXPECT_EQ(code_of(check_lmdb_file(folder.path() / "data.mdb")), Code::no_such_file);
    EXPECT_EQ(code_of(check_lmdb_file(folder.path())), Code::io);  // a directory
}

TEST(LmdbCheck, SaysThatAFileWithoutMetaPagesIsCorrupt) {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "data.mdb";
    for (const std::size_t size : {0U, 1U, 8192U, 100'000U}) {
        ASSERT_TRUE(write_file(file, Bytes(size)).has_value());
        EXPECT_EQ(code_of(check_lmdb_file(file)), Code::corrupt) << size;
    }
}

}  // namespace
}  // namespace lienthong::journal
