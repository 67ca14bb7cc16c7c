// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/lmdb_environment.hpp"

#include <lmdb.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <system_error>
#include <utility>

#include "bus/base/check.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/journal/lmdb_check.hpp"
#include "bus/journal/lmdb_error.hpp"
#include "bus/journal/lmdb_place.hpp"
#include "bus/journal/record.hpp"

namespace lienthong::journal {
namespace {

constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kTableNameBytesMax = 32;
constexpr unsigned kSpacesMax = kTablesMax + 2;  // with log and meta
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kMetaBytes = 512;  // all that LMDB has in a meta page, in one sector
constexpr unsigned kCommitsUncounted = 64;
// Below the limit by less than this, or by an eighth of it, pages are counted each time. More than
// what the commits between two counts add.
constexpr std::uint64_t kNearBytes = std::uint64_t{1} << 30;

// A transaction of this file's own; aborted unless committed.
class OwnTxn {
  public:
    OwnTxn() = default;
    OwnTxn(const OwnTxn&) = delete;
    OwnTxn& operator=(const OwnTxn&) = delete;
    ~OwnTxn() {
        if (txn_ != nullptr) mdb_txn_abort(txn_);
    }
    int begin(MDB_env* env, bool read_only) {
        return mdb_txn_begin(env, nullptr, read_only ? MDB_RDONLY : 0U, &txn_);
    }
    MDB_txn* release() { return std::exchange(txn_, nullptr); }
    MDB_txn* get() const { return txn_; }

  private:
    MDB_txn* txn_ = nullptr;
};

MDB_val borrow(BytesView bytes) {
    // LMDB takes keys as writable and does not write to them.
    return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}

bool is_table_name(std::string_view name) {
    return !name.empty() && name.size() <= kTableNameBytesMax && name != "log" && name != "meta" &&
           std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

Result<std::vector<std::string>> check_options(const LmdbOptions& options) {
    if (options.tables.size() > kTablesMax) {
        return fail(Code::malformed_config, "too many tables", "tables");
    }
    std::vector<std::string> names;
    for (const std::string_view name : options.tables) {
        if (!is_table_name(name) || std::ranges::find(names, name) != names.end()) {
            return fail(Code::malformed_config, "a table's name is bad or twice", "tables");
        }
        names.emplace_back(name);
    }
    return names;
}

// LMDB trusts its pages: on a damaged file it may end the process, or leave out what is there and
// say nothing. A file that is empty was made by a process that ended before it wrote: a new one.
Result<void> check_what_is_there(const std::filesystem::path& data_file) {
    std::error_code absent;
    const auto bytes = std::filesystem::file_size(data_file, absent);
    if (absent || bytes == 0) return {};
    auto checked = check_lmdb_file(data_file);
    if (!checked) return std::unexpected(checked.error());
    return {};
}

std::unexpected<Error> damaged(const char* detail, const std::filesystem::path& where) {
    return fail(Code::corrupt, detail, where.string());
}

}  // namespace

Result<std::unique_ptr<LmdbEnvironment>> LmdbEnvironment::open(const LmdbOptions& options) {
    auto names = check_options(options);
    if (!names) return std::unexpected(names.error());
    std::unique_ptr<LmdbEnvironment> environment(new LmdbEnvironment);
    environment->directory_ = options.directory;
    environment->read_only_ = options.read_only;
    // Half of the map stays free for what a transaction adds before the next one reuses pages.
    environment->used_bytes_max_ = std::min(options.used_bytes_max, options.map_bytes / 2);
    if (options.read_only) {
        auto checked = check_lmdb_file(options.directory / "data.mdb");
        if (!checked) return std::unexpected(checked.error());
    } else {
        auto made = make_private_directory(options.directory);
        if (!made) return std::unexpected(made.error());
        auto local = check_place(options.directory);
        if (!local) return std::unexpected(local.error());
        auto lock = FileLock::acquire(options.directory / "lock.owner");
        if (!lock) return std::unexpected(lock.error());
        environment->lock_ = std::move(*lock);
        auto checked = check_what_is_there(options.directory / "data.mdb");
        if (!checked) return std::unexpected(checked.error());
    }
    auto opened = environment->open_file(options);
    if (!opened) return std::unexpected(opened.error());
    auto spaces = environment->open_spaces(*names);
    if (!spaces) return std::unexpected(spaces.error());
    if (!options.read_only) {
        auto synced = sync_directory(options.directory);
        if (!synced) return std::unexpected(synced.error());
    }
    return environment;
}

LmdbEnvironment::~LmdbEnvironment() {
    CHECK(!writing);
    CHECK(std::ranges::all_of(readers_, [](const auto& slot) { return slot == 0; }));
    if (env_ != nullptr) mdb_env_close(env_);
}

Result<void> LmdbEnvironment::open_file(const LmdbOptions& options) {
    const std::string where = directory_.string();
    int status = mdb_env_create(&env_);
    if (status != 0) return lmdb_fail(status, "create", where);
    // Nothing here may ever let a commit return before its sync. NOTLS: a reader's slot belongs to
    // its transaction, so that one thread may have several. NOLOCK: a copy on read-only media.
    const unsigned flags = MDB_NOTLS | (read_only_ ? MDB_RDONLY | MDB_NOLOCK : 0U);
    status = mdb_env_set_maxdbs(env_, kSpacesMax);
    if (status == 0) status = mdb_env_set_maxreaders(env_, kReadersMax);
    if (status == 0) status = mdb_env_set_mapsize(env_, options.map_bytes);
    FAILPOINT_OR_FAIL(journal_open, before);
    if (status == 0) status = mdb_env_open(env_, directory_.c_str(), flags, kFileMode);
    FAILPOINT(journal_open, after);
    if (status != 0) return lmdb_fail(status, "open", where);
    int dead_readers = 0;
    if (!read_only_) status = mdb_reader_check(env_, &dead_readers);
    if (status != 0) return lmdb_fail(status, "check readers", where);

    MDB_stat stat{};
    status = mdb_env_stat(env_, &stat);
    if (status != 0) return lmdb_fail(status, "stat", where);
    page_bytes_ = stat.ms_psize;
    return {};
}

Result<void> LmdbEnvironment::open_space(MDB_txn* txn, LmdbSpace& space, bool create) const {
    const int status = mdb_dbi_open(txn, space.name.c_str(), create ? MDB_CREATE : 0U, &space.dbi);
    if (status == MDB_NOTFOUND) return damaged("a table is missing", directory_);
    if (status != 0) return lmdb_fail(status, "open a table", space.name);
    space.present = true;
    return {};
}

Result<void> LmdbEnvironment::open_spaces(const std::vector<std::string>& tables) {
    for (const std::string& name : tables) {
        tables_.push_back({0, static_cast<std::uint32_t>(tables_.size()), name, false});
    }
    log_ = {0, kLogSpace, "log", false};
    meta_ = {0, kMetaSpace, "meta", false};
    OwnTxn txn;
    int status = txn.begin(env_, read_only_);
    if (status != 0) return lmdb_fail(status, "begin", directory_.string());
    unsigned main = 0;
    MDB_stat stat{};
    status = mdb_dbi_open(txn.get(), nullptr, 0, &main);
    if (status == 0) status = mdb_stat(txn.get(), main, &stat);
    if (status != 0) return lmdb_fail(status, "stat", directory_.string());
    const bool is_new = stat.ms_entries == 0;
    if (is_new && read_only_) return damaged("the file holds no journal", directory_);

    auto opened = open_space(txn.get(), meta_, is_new);
    if (opened) opened = open_space(txn.get(), log_, is_new);
    if (!opened) return opened;
    std::vector<std::string> stored;
    if (!is_new) {
        auto read = read_names(txn.get());
        if (!read) return std::unexpected(read.error());
        stored = std::move(*read);
        if (stored.size() > tables.size() ||
            !std::equal(stored.begin(), stored.end(), tables.begin())) {
            return fail(Code::unknown_version,
                        "the tables are not those of this program",
                        directory_.string());
        }
    }
    for (LmdbSpace& space : tables_) {
        const bool is_stored = space.id < stored.size();
        if (!is_stored && read_only_) continue;
        opened = open_space(txn.get(), space, !is_stored);
        if (!opened) return opened;
    }
    if (!read_only_ && (is_new || stored.size() < tables.size())) {
        ByteWriter names;
        names.u32(static_cast<std::uint32_t>(tables.size()));
        for (const std::string& name : tables) names.prefixed(name);
        auto put = put_meta(txn.get(), "format", ByteWriter().u32(kFormatVersion).bytes());
        if (put) put = put_meta(txn.get(), "tables", names.bytes());
        if (put && is_new) put = store_epoch(txn.get(), 0);
        if (!put) return put;
    }
    FAILPOINT_OR_FAIL(journal_tables, before);
    status = commit(txn.release());
    if (status != 0) return lmdb_fail(status, "commit", directory_.string());
    FAILPOINT(journal_tables, after);
    return {};
}

Result<std::vector<std::string>> LmdbEnvironment::read_names(MDB_txn* txn) const {
    auto format = maybe_meta(txn, "format");
    if (!format) return std::unexpected(format.error());
    if (!*format || (*format)->size() != 4) return damaged("no format version", directory_);
    if (ByteReader(**format).u32() != kFormatVersion) {
        return fail(Code::unknown_version, "another version of the format", directory_.string());
    }
    auto tables = maybe_meta(txn, "tables");
    if (!tables) return std::unexpected(tables.error());
    if (!*tables) return damaged("no list of tables", directory_);
    ByteReader reader(**tables);
    std::vector<std::string> names;
    for (std::uint32_t left = reader.u32(); left > 0 && reader.ok(); --left) {
        names.push_back(reader.text());
    }
    if (!reader.done()) return damaged("the list of tables cannot be read", directory_);
    return names;
}

Result<std::optional<Bytes>> LmdbEnvironment::maybe_meta(MDB_txn* txn, std::string_view key) const {
    MDB_val mdb_key = borrow(as_bytes(key));
    MDB_val record{};
    const int status = mdb_get(txn, meta_.dbi, &mdb_key, &record);
    if (status == MDB_NOTFOUND) return std::optional<Bytes>{};
    if (status != 0) return lmdb_fail(status, "read", "meta");
    auto value = read_record(kMetaSpace,
                             as_bytes(key),
                             {static_cast<const std::uint8_t*>(record.mv_data), record.mv_size},
                             "meta");
    if (!value) return std::unexpected(value.error());
    return to_bytes(*value);
}

Result<void> LmdbEnvironment::put_meta(MDB_txn* txn, std::string_view key, BytesView value) const {
    Bytes record(value.size() + kChecksumBytes);
    write_record(kMetaSpace, as_bytes(key), value, record);
    MDB_val mdb_key = borrow(as_bytes(key));
    MDB_val mdb_value = borrow(record);
    const int status = mdb_put(txn, meta_.dbi, &mdb_key, &mdb_value, 0);
    if (status != 0) return lmdb_fail(status, "write", "meta");
    return {};
}

Result<Epoch> LmdbEnvironment::stored_epoch(MDB_txn* txn) const {
    auto value = maybe_meta(txn, "epoch");
    if (!value) return std::unexpected(value.error());
    if (!*value || (*value)->size() != 8) return damaged("no epoch", directory_);
    return ByteReader(**value).u64();
}

Result<void> LmdbEnvironment::store_epoch(MDB_txn* txn, Epoch epoch) const {
    return put_meta(txn, "epoch", ByteWriter().u64(epoch).bytes());
}

const LmdbSpace& LmdbEnvironment::table(Table table) const {
    CHECK(table < tables_.size());
    return tables_[table];
}

Result<Position> LmdbEnvironment::log_size(MDB_txn* txn) const {
    MDB_stat stat{};
    int status = mdb_stat(txn, log_.dbi, &stat);
    if (status != 0) return lmdb_fail(status, "stat", "log");
    MDB_cursor* cursor = nullptr;
    status = mdb_cursor_open(txn, log_.dbi, &cursor);
    if (status != 0) return lmdb_fail(status, "open a cursor", "log");
    MDB_val key{};
    status = mdb_cursor_get(cursor, &key, nullptr, MDB_LAST);
    std::array<std::uint8_t, 8> last{};
    const bool whole = status == 0 && key.mv_size == last.size();
    if (whole) std::memcpy(last.data(), key.mv_data, last.size());
    mdb_cursor_close(cursor);
    if (status == MDB_NOTFOUND && stat.ms_entries == 0) return Position{0};
    if (status != 0) return lmdb_fail(status, "read the last position", "log");
    if (!whole || ByteReader(last).u64() + 1 != stat.ms_entries) {
        return damaged("the log has a gap", directory_);
    }
    return Position{stat.ms_entries};
}

std::uint64_t LmdbEnvironment::file_pages() const {
    MDB_envinfo info{};
    CHECK(mdb_env_info(env_, &info) == 0);
    return info.me_last_pgno + 1;
}

void LmdbEnvironment::note_commit(std::int64_t pages_added) {
    pages_added_since_ += pages_added;
    ++commits_since_;
}

Result<std::uint64_t> LmdbEnvironment::used_pages_about() const {
    const auto about = [this] {
        const auto pages = static_cast<std::int64_t>(*pages_counted_) + pages_added_since_;
        return std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(pages, 0)), file_pages());
    };
    const std::uint64_t pages_max = used_bytes_max_ / page_bytes_;
    const std::uint64_t near = std::min(pages_max / 8, kNearBytes / page_bytes_);
    if (pages_counted_ && commits_since_ < kCommitsUncounted && about() + near < pages_max) {
        return about();
    }
    auto counted = used_pages();
    if (!counted) return counted;
    pages_counted_ = *counted;
    pages_added_since_ = 0;
    commits_since_ = 0;
    return counted;
}

Result<std::uint64_t> LmdbEnvironment::used_pages() const {
    times_counted_.fetch_add(1);
    OwnTxn txn;
    int status = txn.begin(env_, true);
    if (status != 0) return lmdb_fail(status, "begin", directory_.string());
    std::uint64_t oldest = mdb_txn_id(txn.get());
    for (const auto& slot : readers_) {
        const std::uint64_t snapshot = slot;
        if (snapshot != 0) oldest = std::min(oldest, snapshot - 1);
    }
    // Database 0 lists, for each transaction, the pages that it freed: a count, then their numbers.
    MDB_cursor* cursor = nullptr;
    status = mdb_cursor_open(txn.get(), 0, &cursor);
    if (status != 0) return lmdb_fail(status, "open a cursor", directory_.string());
    std::uint64_t reusable = 0;
    MDB_val key{};
    MDB_val list{};
    while ((status = mdb_cursor_get(cursor, &key, &list, MDB_NEXT)) == 0) {
        std::uint64_t freed_by = 0;
        std::uint64_t count = 0;
        if (key.mv_size != sizeof freed_by || list.mv_size < sizeof count) break;
        std::memcpy(&freed_by, key.mv_data, sizeof freed_by);
        std::memcpy(&count, list.mv_data, sizeof count);
        if (freed_by < oldest) reusable += count;
    }
    mdb_cursor_close(cursor);
    if (status != MDB_NOTFOUND) {
        return damaged("the list of free pages cannot be read", directory_);
    }
    const std::uint64_t all = file_pages();
    if (reusable > all) return damaged("more free pages than pages", directory_);
    return all - reusable;
}

// Where LMDB cannot write its meta page, it writes the old number of the transaction beside the new
// roots, which is no state that ever was, and refused as damage at the next start. So the page is
// put back as it was: nothing of the commit has happened.
int LmdbEnvironment::commit(MDB_txn* txn) {
    mdb_filehandle_t fd = -1;
    std::array<std::uint8_t, kMetaBytes> page{};
    const auto at = static_cast<off_t>((mdb_txn_id(txn) & 1) * page_bytes_);
    const bool kept = mdb_env_get_fd(env_, &fd) == 0 &&
                      pread(fd, page.data(), page.size(), at) == ssize_t{page.size()};
    ++commits_begun_;
    const int status = mdb_txn_commit(txn);
    if (status != 0 && kept) {
        // On a disk that refuses this too, the next start says that the file is damaged.
        const bool put_back = pwrite(fd, page.data(), page.size(), at) == ssize_t{page.size()};
        if (put_back) static_cast<void>(fdatasync(fd));
    }
    ++commits_ended_;
    return status;
}

// LMDB reads the number of the newest commit, then copies the meta page of that commit, which the
// commit after the next writes over, and syncs only then. A reader that stood still between the two
// was given a commit under way, and its next snapshot would be the one before it. If at most one
// commit began since the last one that had ended, the page was not written over.
int LmdbEnvironment::begin_reader(MDB_txn** txn) {
    for (;;) {
        const std::uint64_t ended = commits_ended_;
        const int status = mdb_txn_begin(env_, nullptr, MDB_RDONLY, txn);
        // An addition, behind which no read of before can move.
        if (status != 0 || commits_begun_.fetch_add(0) <= ended + 1) return status;
        mdb_txn_abort(*txn);
    }
}

Result<std::size_t> LmdbEnvironment::note_reader(std::uint64_t snapshot) {
    for (std::size_t slot = 0; slot < readers_.size(); ++slot) {
        std::uint64_t none = 0;
        if (readers_[slot].compare_exchange_strong(none, snapshot + 1)) return slot;
    }
    return fail(Code::overloaded, "too many read transactions", directory_.string());
}

}  // namespace lienthong::journal
