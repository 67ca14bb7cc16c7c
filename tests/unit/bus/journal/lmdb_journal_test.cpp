// SPDX-License-Identifier: Apache-2.0
// What holds for the journal in LMDB beyond the conformance suite.
#include "bus/journal/lmdb_journal.hpp"

#include <gmock/gmock.h>
#include <lmdb.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "bus/base/file.hpp"
#include "bus/journal/lmdb_environment.hpp"
#include "bus/journal/lmdb_error.hpp"
#include "bus/journal/lmdb_place.hpp"
#include "bus/journal/record.hpp"
#include "bus/journal/scrub.hpp"
#include "tests/unit/bus/journal/support.hpp"

namespace lienthong::journal {
namespace {

namespace fs = std::filesystem;

class LmdbJournalTest : public testing::Test {
  protected:
    std::unique_ptr<Journal> open(bool read_only = false) {
        LmdbOptions options = options_in(folder_.path());
        options.read_only = read_only;
        auto journal = open_lmdb(options);
        CHECK(journal.has_value());
        return std::move(*journal);
    }
    std::unique_ptr<Journal> open_limited(std::uint64_t used_bytes_max) {
        LmdbOptions options = options_in(folder_.path());
        options.used_bytes_max = used_bytes_max;
        auto journal = open_lmdb(options);
        CHECK(journal.has_value());
        return std::move(*journal);
    }
    static Result<void> try_put(Journal& journal, std::string_view key, BytesView value) {
        auto txn = journal.begin_write();
        if (!txn) return std::unexpected(txn.error());
        auto put = (*txn)->put(kCats, as_bytes(key), value);
        if (!put) return put;
        return (*txn)->commit();
    }
    static void put(Journal& journal, std::string_view key, std::string_view value) {
        ASSERT_TRUE(try_put(journal, key, as_bytes(value)).has_value());
    }
    fs::path data_file() const { return folder_.path() / "data.mdb"; }
    Bytes read_data() const { return read_file(data_file(), std::size_t{1} << 30).value(); }
    void flip_in_data(std::string_view what) const {
        Bytes bytes = read_data();
        const auto found = std::ranges::search(bytes, as_bytes(what));
        CHECK(!found.empty());
        found.front() ^= 1;
        CHECK(write_file(data_file(), bytes).has_value());
    }

    TemporaryFolder folder_;
};

TEST_F(LmdbJournalTest, NeverSkipsASync) {
    const unsigned forbidden = MDB_NOSYNC | MDB_NOMETASYNC | MDB_WRITEMAP | MDB_MAPASYNC;
    const auto journal = open();
    EXPECT_EQ(lmdb_flags(*journal) & forbidden, 0U);
    EXPECT_EQ(lmdb_flags(*journal) & MDB_NOTLS, unsigned{MDB_NOTLS});
    EXPECT_EQ(lmdb_flags(*journal) & MDB_NOLOCK, 0U);
}

TEST_F(LmdbJournalTest, RefusesASecondOwnerOfTheDirectory) {
    auto first = open();
    EXPECT_EQ(code_of(open_lmdb(options_in(folder_.path()))), Code::already_running);
    first.reset();
    EXPECT_TRUE(open_lmdb(options_in(folder_.path())).has_value());
}

TEST_F(LmdbJournalTest, MakesAPrivateDirectory) {
    const fs::path directory = folder_.path() / "a" / "b";
    ASSERT_TRUE(open_lmdb(options_in(directory)).has_value());
    EXPECT_EQ(fs::status(directory).permissions(), fs::perms::owner_all);
    EXPECT_EQ(fs::status(directory / "data.mdb").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
}

TEST(LmdbPlace, RefusesNetworkFileSystemsOnly) {
    for (const std::int64_t network : {0x6969, 0x517B, 0x00C36400, 0x01021997, 0x564C}) {
        EXPECT_EQ(code_of(check_file_system(network, "/srv")), Code::io) << network;
    }
    for (const std::int64_t cifs : {std::int64_t{0xFF534D42}, std::int64_t{-11317950}}) {
        EXPECT_EQ(code_of(check_file_system(cifs, "/srv")), Code::io) << cifs;
    }
    for (const std::int64_t local : {0xEF53, 0x58465342, 0x01021994, 0x65735546}) {
        EXPECT_TRUE(check_file_system(local, "/srv").has_value()) << local;
    }
}

TEST(LmdbPlace, SaysWhenTheDirectoryIsNotThere) {
    const TemporaryFolder folder;
    EXPECT_EQ(code_of(check_place(folder.path() / "absent")), Code::no_such_file);
    EXPECT_EQ(code_of(bytes_available(folder.path() / "absent")), Code::no_such_file);
    EXPECT_EQ(code_of(sync_directory(folder.path() / "absent")), Code::no_such_file);
    EXPECT_GT(bytes_available(folder.path()).value(), 0U);
}

TEST(LmdbError, TellsAFullDiskFromADamagedFile) {
    for (const int full : {MDB_MAP_FULL, ENOSPC, EDQUOT}) {
        EXPECT_EQ(lmdb_code(full), Code::disk_full);
    }
    for (const int corrupt :
         {MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_INCOMPATIBLE}) {
        EXPECT_EQ(lmdb_code(corrupt), Code::corrupt);
    }
    EXPECT_EQ(lmdb_code(MDB_READERS_FULL), Code::overloaded);
    EXPECT_EQ(lmdb_code(MDB_TXN_FULL), Code::overloaded);
    EXPECT_EQ(lmdb_code(ENOENT), Code::no_such_file);
    EXPECT_EQ(lmdb_code(EIO), Code::io);
    EXPECT_EQ(lmdb_code(MDB_PANIC), Code::io);
}

TEST_F(LmdbJournalTest, RefusesBadListsOfTables) {
    std::vector<std::string> texts;
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i <= kTablesMax; ++i) texts.push_back("t" + std::string(i / 2, 'a'));
    for (std::size_t i = 0; i <= kTablesMax; i += 2) texts[i] += "_";
    for (const std::string& name : texts) names.push_back(name);
    LmdbOptions options = options_in(folder_.path());
    options.tables = names;
    EXPECT_EQ(code_of(open_lmdb(options)), Code::malformed_config);
    options.tables = std::span(names).first(kTablesMax);
    EXPECT_TRUE(open_lmdb(options).has_value());
    for (const std::string_view bad : {"", "log", "meta", "Cats", "c-ts"}) {
        const std::array<std::string_view, 1> one = {bad};
        options.tables = one;
        EXPECT_EQ(code_of(open_lmdb(options)), Code::malformed_config) << bad;
    }
    const std::array<std::string_view, 2> twice = {"cats", "cats"};
    options.tables = twice;
    EXPECT_EQ(code_of(open_lmdb(options)), Code::malformed_config);
}

TEST_F(LmdbJournalTest, RefusesDataOfAnotherListOfTables) {
    open();
    const std::array<std::string_view, 2> swapped = {"dogs", "cats"};
    const std::array<std::string_view, 1> fewer = {"cats"};
    LmdbOptions options = options_in(folder_.path());
    options.tables = swapped;
    EXPECT_EQ(code_of(open_lmdb(options)), Code::unknown_version);
    options.tables = fewer;
    EXPECT_EQ(code_of(open_lmdb(options)), Code::unknown_version);
}

TEST_F(LmdbJournalTest, AddsNewTablesBehindTheOldOnes) {
    put(*open(), "tom", "grey");
    constexpr Table kBirds = 2;
    const std::array<std::string_view, 3> more = {"cats", "dogs", "birds"};
    LmdbOptions options = options_in(folder_.path());
    options.tables = more;
    options.read_only = true;
    {
        const auto journal = open_lmdb(options).value();
        const auto txn = journal->begin_read().value();
        EXPECT_EQ(all_of(*txn, kBirds), Records{});
        EXPECT_EQ(all_back(*txn, kBirds), Records{});
        EXPECT_EQ(txn->maybe_get(kBirds, text("tweety")).value(), std::nullopt);
    }
    options.read_only = false;
    const auto journal = open_lmdb(options).value();
    auto txn = journal->begin_write().value();
    ASSERT_TRUE(txn->put(kBirds, text("tweety"), text("yellow")).has_value());
    ASSERT_TRUE(txn->commit().has_value());
    EXPECT_EQ(all_of(*journal->begin_read().value(), kCats), (Records{{"tom", "grey"}}));
    EXPECT_EQ(all_of(*journal->begin_read().value(), kBirds), (Records{{"tweety", "yellow"}}));
}

TEST_F(LmdbJournalTest, RefusesALaterVersionOfTheFormat) {
    open();
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    MDB_dbi meta = 0;
    ASSERT_EQ(mdb_env_create(&env), 0);
    ASSERT_EQ(mdb_env_set_maxdbs(env, 10), 0);
    ASSERT_EQ(mdb_env_open(env, folder_.path().c_str(), 0, 0600), 0);
    ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
    ASSERT_EQ(mdb_dbi_open(txn, "meta", 0, &meta), 0);
    Bytes key = text("format");
    Bytes record(4 + kChecksumBytes);
    write_record(kMetaSpace, key, ByteWriter().u32(2).bytes(), record);
    MDB_val mdb_key{key.size(), key.data()};
    MDB_val mdb_value{record.size(), record.data()};
    ASSERT_EQ(mdb_put(txn, meta, &mdb_key, &mdb_value, 0), 0);
    ASSERT_EQ(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    EXPECT_EQ(code_of(open_lmdb(options_in(folder_.path()))), Code::unknown_version);
}

TEST_F(LmdbJournalTest, IsFullAtItsLimitAndGoesOnBelowIt) {
    constexpr std::uint64_t kLimit = 1 << 20;
    const auto journal = open_limited(kLimit);
    const Bytes value(10'000, 1);
    int kept = 0;
    Result<void> last;
    while ((last = try_put(*journal, std::to_string(kept), value)).has_value()) ++kept;
    EXPECT_EQ(last.error().code, Code::disk_full);
    EXPECT_GT(kept, 70);
    const auto [used, max] = journal->bytes_used_and_max().value();
    EXPECT_LE(used, max);
    EXPECT_EQ(max, kLimit);
    EXPECT_LE(fs::file_size(data_file()), kLimit + 65536);
    EXPECT_EQ(all_of(*journal->begin_read().value(), kCats).size(), static_cast<std::size_t>(kept));

    auto txn = journal->begin_write().value();
    for (int i = 0; i < kept; i += 2) {
        ASSERT_TRUE(txn->erase(kCats, as_bytes(std::to_string(i))).has_value());
    }
    ASSERT_TRUE(txn->commit().has_value());
    // Pages that one transaction freed can be used again by the one after the next.
    put(*journal, "small", "value");
    EXPECT_TRUE(try_put(*journal, "again", value).has_value());
}

TEST_F(LmdbJournalTest, CountsItsFreePagesSeldomAndStillKnowsWhatIsUsed) {
    auto journal = open_limited(std::uint64_t{256} << 20);
    for (int i = 0; i < 320; ++i) {
        ASSERT_TRUE(try_put(*journal, std::to_string(i % 40), Bytes(20'000, 7)).has_value());
        ASSERT_TRUE(journal->bytes_used_and_max().has_value());
    }
    EXPECT_LE(lmdb_times_counted(*journal), 320U / 64 + 1);
    const std::uint64_t told = journal->bytes_used_and_max()->first;
    journal.reset();
    journal = open_limited(std::uint64_t{256} << 20);
    const std::uint64_t counted = journal->bytes_used_and_max()->first;
    const std::uint64_t apart = told > counted ? told - counted : counted - told;
    EXPECT_LE(apart, counted / 4) << told << " " << counted;
    EXPECT_GT(counted, 40U * 20'000);
}

TEST_F(LmdbJournalTest, CountsEachTimeNearItsLimit) {
    const auto journal = open_limited(1 << 20);
    ASSERT_TRUE(try_put(*journal, "most", Bytes(950'000, 1)).has_value());
    const std::uint64_t before = lmdb_times_counted(*journal);
    for (int i = 0; i < 5; ++i) {
        put(*journal, "small", "value");
        ASSERT_TRUE(journal->bytes_used_and_max().has_value());
    }
    EXPECT_GE(lmdb_times_counted(*journal), before + 5);
}

TEST_F(LmdbJournalTest, SpendsATransactionThatReachedTheLimit) {
    const auto journal = open_limited(1 << 20);
    auto txn = journal->begin_write().value();
    ASSERT_TRUE(txn->append(as_bytes("entry")).has_value());
    EXPECT_EQ(code_of(txn->put(kCats, as_bytes("large"), Bytes(2 << 20))), Code::disk_full);
    EXPECT_EQ(code_of(txn->put(kCats, as_bytes("small"), {})), Code::disk_full);
    EXPECT_EQ(code_of(txn->append({})), Code::disk_full);
    EXPECT_EQ(code_of(txn->replace(0, {})), Code::disk_full);
    EXPECT_EQ(code_of(txn->erase(kCats, as_bytes("small"))), Code::disk_full);
    EXPECT_EQ(code_of(txn->commit()), Code::disk_full);
    EXPECT_EQ(journal->confirmed(), 0U);
    put(*journal, "small", "value");
}

TEST_F(LmdbJournalTest, KeepsToItsLimitWhenAReaderHoldsOldPages) {
    constexpr std::uint64_t kLimit = 1 << 20;
    const auto journal = open_limited(kLimit);
    put(*journal, "tom", "grey");
    auto reader = journal->begin_read().value();
    Result<void> last;
    for (int i = 0; i < 1000 && last; ++i) last = try_put(*journal, "tom", Bytes(5'000));
    ASSERT_FALSE(last.has_value());
    EXPECT_EQ(last.error().code, Code::disk_full);
    EXPECT_LE(fs::file_size(data_file()), kLimit + 65536);
    reader.reset();
    EXPECT_TRUE(try_put(*journal, "tom", Bytes(5'000)).has_value());
}

TEST_F(LmdbJournalTest, NamesARecordThatDiffersFromItsChecksum) {
    {
        const auto journal = open();
        put(*journal, "tom", "grey, and he sleeps");
        auto txn = journal->begin_write().value();
        ASSERT_TRUE(txn->append(as_bytes("an entry of the log")).has_value());
        ASSERT_TRUE(txn->append(as_bytes("and another")).has_value());
        ASSERT_TRUE(txn->commit().has_value());
    }
    flip_in_data("grey, and he sleeps");
    flip_in_data("and another");
    EXPECT_EQ(code_of(open_lmdb(options_in(folder_.path()))), Code::bad_checksum);
    const auto journal = open(true);
    auto txn = journal->begin_read().value();
    const auto value = txn->maybe_get(kCats, text("tom"));
    EXPECT_EQ(code_of(value), Code::bad_checksum);
    EXPECT_EQ(value.error().where, "cats");
    const auto ignore = [](BytesView, BytesView) { return true; };
    EXPECT_EQ(code_of(txn->scan(kCats, {}, ignore)), Code::bad_checksum);
    EXPECT_EQ(code_of(txn->scan_back(kCats, {}, ignore)), Code::bad_checksum);
    EXPECT_TRUE(txn->entry(0).has_value());
    EXPECT_EQ(code_of(txn->entry(1)), Code::bad_checksum);
    EXPECT_EQ(txn->entry(1).error().where, "log 1");

    std::vector<ScrubFault> faults;
    const auto note = [&](const ScrubFault& fault) { faults.push_back(fault); };
    EXPECT_EQ(code_of(scrub(*txn, kTableNames.size(), note)), Code::bad_checksum);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].maybe_table, std::nullopt);
    EXPECT_EQ(faults[0].position, 1U);
    txn.reset();
}

TEST_F(LmdbJournalTest, DoesNotStartOnSwappedPages) {
    {
        const auto journal = open();
        for (char key = 'a'; key <= 'z'; ++key) put(*journal, std::string(1, key), "a value");
    }
    const Bytes data = read_data();
    constexpr std::size_t kPage = 4096;
    bool refused = false;
    for (std::size_t at = 2 * kPage; at + 2 * kPage <= data.size(); at += kPage) {
        Bytes swapped = data;
        const auto first = swapped.begin() + static_cast<std::ptrdiff_t>(at);
        std::swap_ranges(first, first + kPage, first + kPage);
        ASSERT_TRUE(write_file(data_file(), swapped).has_value());
        const auto started = open_lmdb(options_in(folder_.path()));
        if (!started) {
            EXPECT_EQ(started.error().code, Code::corrupt);
            refused = true;
            continue;
        }
        const auto txn = (*started)->begin_read().value();  // neither was in use
        for (char key = 'a'; key <= 'z'; ++key) {
            EXPECT_TRUE(txn->maybe_get(kCats, text(std::string(1, key))).value().has_value());
        }
    }
    EXPECT_TRUE(refused);
}

TEST_F(LmdbJournalTest, StartsOnAFileThatIsStillEmpty) {
    ASSERT_TRUE(write_file(data_file(), {}).has_value());
    EXPECT_TRUE(open_lmdb(options_in(folder_.path())).has_value());
}

TEST_F(LmdbJournalTest, ScrubsTablesToo) {
    {
        const auto journal = open();
        put(*journal, "a", "first");
        put(*journal, "b", "second value");
    }
    flip_in_data("second value");
    const auto journal = open(true);
    const auto txn = journal->begin_read().value();
    std::optional<ScrubFault> found;
    const auto note = [&](const ScrubFault& fault) { found = fault; };
    EXPECT_EQ(code_of(scrub(*txn, kTableNames.size(), note)), Code::bad_checksum);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->maybe_table, kCats);
    EXPECT_EQ(found->position, 1U);
}

TEST_F(LmdbJournalTest, OpensACopyReadOnlyAndWritesNothing) {
    put(*open(), "tom", "grey");
    const TemporaryFolder copy;
    fs::copy_file(data_file(), copy.path() / "data.mdb");
    const Bytes before = read_data();
    fs::permissions(copy.path(), fs::perms::owner_read | fs::perms::owner_exec);
    LmdbOptions options = options_in(copy.path());
    options.read_only = true;
    {
        const auto journal = open_lmdb(options).value();
        const auto again = open_lmdb(options).value();
        EXPECT_EQ(all_of(*journal->begin_read().value(), kCats), (Records{{"tom", "grey"}}));
        EXPECT_EQ(code_of(journal->begin_write()), Code::forbidden);
        EXPECT_EQ(code_of(journal->acquire()), Code::forbidden);
        EXPECT_TRUE(journal->bytes_used_and_max().has_value());
    }
    fs::permissions(copy.path(), fs::perms::owner_all);
    const fs::directory_iterator files(copy.path());
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
    EXPECT_TRUE(read_file(copy.path() / "data.mdb", before.size()).value() == before);
}

TEST_F(LmdbJournalTest, SaysWhenThereIsNothingToRead) {
    LmdbOptions options = options_in(folder_.path() / "absent");
    options.read_only = true;
    EXPECT_EQ(code_of(open_lmdb(options)), Code::no_such_file);
}

TEST_F(LmdbJournalTest, SaysThatATruncatedFileIsCorrupt) {
    {
        const auto journal = open();
        for (int i = 0; i < 50; ++i) put(*journal, std::to_string(i), std::string(3000, 'x'));
    }
    fs::resize_file(data_file(), fs::file_size(data_file()) / 2);
    EXPECT_EQ(code_of(open_lmdb(options_in(folder_.path()))), Code::corrupt);
    LmdbOptions options = options_in(folder_.path());
    options.read_only = true;
    EXPECT_EQ(code_of(open_lmdb(options)), Code::corrupt);
}

TEST_F(LmdbJournalTest, SaysThatAFileOfAnotherFormatIsCorrupt) {
    ASSERT_TRUE(write_file(data_file(), Bytes(16384, 0x41)).has_value());
    EXPECT_EQ(code_of(open_lmdb(options_in(folder_.path()))), Code::corrupt);
    ASSERT_TRUE(write_file(data_file(), Bytes(10, 0x41)).has_value());
    EXPECT_EQ(code_of(open_lmdb(options_in(folder_.path()))), Code::corrupt);
}

TEST_F(LmdbJournalTest, TakesSoManyReadersAndNoMore) {
    const auto journal = open();
    std::vector<std::unique_ptr<ReadTxn>> readers;
    for (unsigned i = 0; i < kReadersMax; ++i) readers.push_back(journal->begin_read().value());
    EXPECT_EQ(code_of(journal->begin_read()), Code::overloaded);
    readers.pop_back();
    EXPECT_TRUE(journal->begin_read().has_value());
}

// Writing behind this size fails with EFBIG, as a disk that refuses would.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        CHECK(getrlimit(RLIMIT_FSIZE, &before_) == 0);
        rlimit limit = before_;
        limit.rlim_cur = bytes;
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() {
        CHECK(setrlimit(RLIMIT_FSIZE, &before_) == 0);
        CHECK(std::signal(SIGXFSZ, handler_) == SIG_IGN);
    }

  private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST_F(LmdbJournalTest, RefusesEverythingAfterAFailedCommit) {
    {
        const auto journal = open();
        put(*journal, "tom", "grey");
        {
            const FileSizeLimit limit(fs::file_size(data_file()));
            EXPECT_EQ(code_of(try_put(*journal, "large", Bytes(200'000))), Code::io);
        }
        EXPECT_EQ(code_of(try_put(*journal, "small", Bytes(1))), Code::io);
        EXPECT_EQ(code_of(journal->begin_read()), Code::io);
        EXPECT_EQ(code_of(journal->begin_write()), Code::io);
        EXPECT_EQ(code_of(journal->acquire()), Code::io);
    }
    EXPECT_EQ(all_of(*open()->begin_read().value(), kCats), (Records{{"tom", "grey"}}));
}

}  // namespace
}  // namespace lienthong::journal
