// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/lmdb_journal.hpp"

#include <lmdb.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bus/base/check.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/journal/lmdb_environment.hpp"
#include "bus/journal/lmdb_error.hpp"
#include "bus/journal/lmdb_place.hpp"
#include "bus/journal/record.hpp"
#include "bus/journal/scrub.hpp"

namespace lienthong::journal {
namespace {

MDB_val borrow(BytesView bytes) {
    // LMDB takes keys as writable and does not write to them.
    return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}

BytesView view(const MDB_val& value) {
    return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

bool is_key(BytesView key) { return !key.empty() && key.size() <= kKeyBytesMax; }

std::unexpected<Error> bad_key(const LmdbSpace& space) {
    return fail(Code::bad_argument, "a key has 1 to 500 bytes", space.name);
}

std::string where_of(const LmdbSpace& space, BytesView key) {
    if (space.id != kLogSpace) return space.name;
    return space.name + " " + std::to_string(ByteReader(key).u64());
}

class Cursor {
  public:
    Cursor() = default;
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;
    ~Cursor() {
        if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    }
    int open(MDB_txn* txn, unsigned dbi) { return mdb_cursor_open(txn, dbi, &cursor_); }
    MDB_cursor* get() const { return cursor_; }

  private:
    MDB_cursor* cursor_ = nullptr;
};

// What reading and writing transactions share. Owns the LMDB transaction.
template <class Base>
class LmdbTxn : public Base {
  public:
    LmdbTxn(LmdbEnvironment& environment, MDB_txn* txn, Position log_size)
        : environment_(environment), txn_(txn), log_size_(log_size) {}
    LmdbTxn(const LmdbTxn&) = delete;
    LmdbTxn& operator=(const LmdbTxn&) = delete;
    ~LmdbTxn() override { abort(); }

    Result<std::optional<Bytes>> maybe_get(Table table, BytesView key) const override {
        return maybe_read(environment_.table(table), key);
    }

    Result<void> scan(Table table, BytesView from, const Visit& visit) const override {
        const MDB_cursor_op first = from.empty() ? MDB_FIRST : MDB_SET_RANGE;
        return walk(environment_.table(table), from, first, MDB_NEXT, visit);
    }

    Result<void> scan_back(Table table, BytesView before, const Visit& visit) const override {
        return walk(environment_.table(table), before, MDB_LAST, MDB_PREV, visit);
    }

    Position log_size() const override { return log_size_; }

    Result<Bytes> entry(Position position) const override {
        const auto key = log_key(position);
        auto found = maybe_read(environment_.log(), key);
        if (!found) return std::unexpected(found.error());
        if (!*found) {
            return fail(Code::not_found, "no such entry", where_of(environment_.log(), key));
        }
        return std::move(**found);
    }

  protected:
    void abort() {
        if (txn_ != nullptr) mdb_txn_abort(std::exchange(txn_, nullptr));
    }
    bool scanning() const { return scans_ > 0; }

    LmdbEnvironment& environment_;
    MDB_txn* txn_;
    Position log_size_;

  private:
    Result<std::optional<Bytes>> maybe_read(const LmdbSpace& space, BytesView key) const {
        CHECK(txn_ != nullptr);
        if (!is_key(key)) return bad_key(space);
        if (!space.present) return std::optional<Bytes>{};
        MDB_val mdb_key = borrow(key);
        MDB_val record{};
        const int status = mdb_get(txn_, space.dbi, &mdb_key, &record);
        if (status == MDB_NOTFOUND) return std::optional<Bytes>{};
        if (status != 0) return lmdb_fail(status, "read", where_of(space, key));
        auto value = read_record(space.id, key, view(record), space.name);
        if (!value) {
            value.error().where = where_of(space, key);
            return std::unexpected(value.error());
        }
        return to_bytes(*value);
    }

    // `first` finds the first record; MDB_LAST with a limit finds the last one below it.
    Result<void> walk(const LmdbSpace& space,
                      BytesView limit,
                      MDB_cursor_op first,
                      MDB_cursor_op next,
                      const Visit& visit) const {
        CHECK(txn_ != nullptr);
        if (!space.present) return {};
        Cursor cursor;
        int status = cursor.open(txn_, space.dbi);
        if (status != 0) return lmdb_fail(status, "open a cursor", space.name);
        MDB_val key = borrow(limit);
        MDB_val record{};
        if (first == MDB_LAST && !limit.empty()) {
            status = mdb_cursor_get(cursor.get(), &key, &record, MDB_SET_RANGE);
            if (status == 0) first = MDB_PREV;
            if (status != 0 && status != MDB_NOTFOUND) {
                return lmdb_fail(status, "scan", space.name);
            }
        }
        status = mdb_cursor_get(cursor.get(), &key, &record, first);
        while (status == 0) {
            auto value = read_record(space.id, view(key), view(record), space.name);
            if (!value) return std::unexpected(value.error());
            ++scans_;
            const bool more = visit(view(key), *value);
            --scans_;
            if (!more) return {};
            status = mdb_cursor_get(cursor.get(), &key, &record, next);
        }
        if (status != MDB_NOTFOUND) return lmdb_fail(status, "scan", space.name);
        return {};
    }

    mutable int scans_ = 0;
};

class LmdbReadTxn final : public LmdbTxn<ReadTxn> {
  public:
    LmdbReadTxn(LmdbEnvironment& environment, MDB_txn* txn, Position log_size, std::size_t slot)
        : LmdbTxn(environment, txn, log_size), slot_(slot) {}
    ~LmdbReadTxn() override {
        abort();
        environment_.forget_reader(slot_);
    }

  private:
    std::size_t slot_;
};

class LmdbWriteTxn final : public LmdbTxn<WriteTxn> {
  public:
    LmdbWriteTxn(LmdbEnvironment& environment,
                 MDB_txn* txn,
                 Position log_size,
                 bool is_owner,
                 std::atomic<Position>& confirmed)
        : LmdbTxn(environment, txn, log_size),
          is_owner_(is_owner),
          confirmed_(confirmed),
          pages_max_(environment.used_bytes_max() / environment.page_bytes()),
          pages_at_begin_(environment.file_pages()) {}
    ~LmdbWriteTxn() override {
        if (txn_ != nullptr) end(std::exchange(txn_, nullptr));
    }

    Result<void> put(Table table, BytesView key, BytesView value) override {
        return write(environment_.table(table), key, value, 0);
    }

    Result<void> erase(Table table, BytesView key) override {
        const LmdbSpace& space = environment_.table(table);
        CHECK(txn_ != nullptr && !scanning());
        if (spent_) return std::unexpected(*spent_);
        if (!is_key(key)) return bad_key(space);
        MDB_val mdb_key = borrow(key);
        auto before = pages_of(space);
        if (!before) return spend(before.error());
        const int status = mdb_del(txn_, space.dbi, &mdb_key, nullptr);
        if (status == MDB_NOTFOUND) return {};
        if (status != 0) return spend(lmdb_fail(status, "erase", space.name).error());
        auto after = pages_of(space);
        if (!after) return spend(after.error());
        pages_added_ += *after - *before;
        return {};
    }

    Result<Position> append(BytesView entry) override {
        if (!is_owner_) return fenced();
        FAILPOINT_OR_FAIL(journal_append, before);
        auto written = write(environment_.log(), log_key(log_size_), entry, MDB_APPEND);
        if (!written) return std::unexpected(written.error());
        FAILPOINT_OR_FAIL(journal_append, after);
        return log_size_++;
    }

    Result<void> replace(Position position, BytesView entry) override {
        const auto key = log_key(position);
        if (position >= log_size_) {
            return fail(Code::not_found, "no such entry", where_of(environment_.log(), key));
        }
        return write(environment_.log(), key, entry, 0);
    }

    Result<void> commit() override {
        CHECK(txn_ != nullptr && !scanning());
        MDB_txn* txn = std::exchange(txn_, nullptr);
        if (spent_ || !is_owner_) {
            end(txn);
            return spent_ ? std::unexpected(*spent_) : fenced();
        }
        const int status = commit_or_fail(txn);
        environment_.writing = false;
        if (status != 0) {
            environment_.failed = true;
            return lmdb_fail(status, "commit", environment_.directory().string());
        }
        confirmed_ = log_size_;
        environment_.note_commit(pages_added_);
        return {};
    }

  private:
    // A failpoint that fails leaves open whether the commit is on the disk, as a real failure does.
    int commit_or_fail(MDB_txn* txn) {
        if (FAILS_AT(journal_commit, before)) {
            mdb_txn_abort(txn);
            return EIO;
        }
        const int status = environment_.commit(txn);
        return FAILS_AT(journal_commit, after) ? EIO : status;
    }

    void end(MDB_txn* txn) {
        mdb_txn_abort(txn);
        environment_.writing = false;
    }

    std::unexpected<Error> fenced() const {
        return fail(Code::already_running,
                    "the log has another owner, or was not acquired",
                    environment_.directory().string());
    }

    std::unexpected<Error> spend(Error error) {
        spent_ = std::move(error);
        return std::unexpected(*spent_);
    }

    Result<std::int64_t> pages_of(const LmdbSpace& space) const {
        MDB_stat stat{};
        const int status = mdb_stat(txn_, space.dbi, &stat);
        if (status != 0) return lmdb_fail(status, "stat", space.name);
        return static_cast<std::int64_t>(stat.ms_branch_pages + stat.ms_leaf_pages +
                                         stat.ms_overflow_pages);
    }

    // disk_full if the pages in use, with those that this transaction added, exceed the limit.
    // Free pages are only counted when it would matter: that reads their whole list.
    Result<void> check_limit(std::int64_t pages_to_add) {
        const auto exceeded = [&] {
            return static_cast<std::int64_t>(pages_at_begin_) + pages_added_ + pages_to_add >
                   static_cast<std::int64_t>(pages_max_);
        };
        if (exceeded() && !counted_free_) {
            auto used = environment_.used_pages();
            if (!used) return std::unexpected(used.error());
            pages_at_begin_ = *used;
            counted_free_ = true;
        }
        if (!exceeded()) return {};
        return fail(Code::disk_full, "the journal's limit is reached", "used_bytes_max");
    }

    Result<void> write(const LmdbSpace& space, BytesView key, BytesView value, unsigned flags) {
        CHECK(txn_ != nullptr && !scanning());
        if (spent_) return std::unexpected(*spent_);
        if (!is_key(key)) return bad_key(space);
        if (value.size() > kValueBytesMax) {
            return fail(Code::oversized, "a value has at most 16 MiB", space.name);
        }
        // Large values are refused before they take memory, small ones by what they really added.
        const std::size_t record_bytes = value.size() + kChecksumBytes;
        auto room =
            check_limit(static_cast<std::int64_t>(record_bytes / environment_.page_bytes()));
        if (!room) return spend(room.error());
        auto before = pages_of(space);
        if (!before) return spend(before.error());
        MDB_val mdb_key = borrow(key);
        MDB_val record{record_bytes, nullptr};
        const int status = mdb_put(txn_, space.dbi, &mdb_key, &record, flags | MDB_RESERVE);
        if (status != 0) return spend(lmdb_fail(status, "write", space.name).error());
        write_record(
            space.id, key, value, {static_cast<std::uint8_t*>(record.mv_data), record.mv_size});
        auto after = pages_of(space);
        if (!after) return spend(after.error());
        pages_added_ += *after - *before;
        room = check_limit(0);
        if (!room) return spend(room.error());
        return {};
    }

    bool is_owner_;
    std::atomic<Position>& confirmed_;
    std::optional<Error> spent_;
    std::uint64_t pages_max_;
    std::uint64_t pages_at_begin_;
    std::int64_t pages_added_ = 0;
    bool counted_free_ = false;
};

class LmdbJournal final : public Journal {
  public:
    LmdbJournal(std::unique_ptr<LmdbEnvironment> environment, Position confirmed)
        : environment_(std::move(environment)), confirmed_(confirmed) {}

    Result<Epoch> acquire() override {
        auto writable = check_writable();
        if (!writable) return std::unexpected(writable.error());
        MDB_txn* txn = nullptr;
        int status = mdb_txn_begin(environment_->get(), nullptr, 0, &txn);
        if (status != 0) return lmdb_fail(status, "begin", where());
        auto stored = environment_->stored_epoch(txn);
        Result<void> put = {};
        if (stored) put = environment_->store_epoch(txn, *stored + 1);
        if (!stored || !put) {
            mdb_txn_abort(txn);
            return std::unexpected(stored ? put.error() : stored.error());
        }
        FAILPOINT(journal_acquire, before);
        status = environment_->commit(txn);
        if (status != 0) {
            environment_->failed = true;
            return lmdb_fail(status, "commit", where());
        }
        FAILPOINT_OR_FAIL(journal_acquire, after);
        acquired_ = *stored + 1;
        return acquired_;
    }

    Result<std::unique_ptr<ReadTxn>> begin_read() override {
        if (environment_->failed) return fail(Code::io, "a commit failed before", where());
        MDB_txn* txn = nullptr;
        const int status = environment_->begin_reader(&txn);
        if (status != 0) return lmdb_fail(status, "begin", where());
        auto log_size = environment_->log_size(txn);
        if (!log_size) {
            mdb_txn_abort(txn);
            return std::unexpected(log_size.error());
        }
        auto slot = environment_->note_reader(mdb_txn_id(txn));
        if (!slot) {
            mdb_txn_abort(txn);
            return std::unexpected(slot.error());
        }
        return std::make_unique<LmdbReadTxn>(*environment_, txn, *log_size, *slot);
    }

    Result<std::unique_ptr<WriteTxn>> begin_write() override {
        auto writable = check_writable();
        if (!writable) return std::unexpected(writable.error());
        MDB_txn* txn = nullptr;
        const int status = mdb_txn_begin(environment_->get(), nullptr, 0, &txn);
        if (status != 0) return lmdb_fail(status, "begin", where());
        auto log_size = environment_->log_size(txn);
        auto stored = environment_->stored_epoch(txn);
        if (!log_size || !stored) {
            mdb_txn_abort(txn);
            return std::unexpected(log_size ? stored.error() : log_size.error());
        }
        environment_->writing = true;
        return std::make_unique<LmdbWriteTxn>(
            *environment_, txn, *log_size, *stored == acquired_, confirmed_);
    }

    Position confirmed() const override { return confirmed_; }

    Result<std::pair<std::uint64_t, std::uint64_t>> bytes_used_and_max() const override {
        auto pages = environment_->used_pages_about();
        if (!pages) return std::unexpected(pages.error());
        auto room = bytes_available(environment_->directory());
        if (!room) return std::unexpected(room.error());
        const std::uint64_t used = *pages * environment_->page_bytes();
        return std::pair(used, std::min(environment_->used_bytes_max(), used + *room));
    }

    std::uint64_t times_counted() const { return environment_->times_counted(); }

    unsigned flags() const {
        unsigned flags = 0;
        CHECK(mdb_env_get_flags(environment_->get(), &flags) == 0);
        return flags;
    }

  private:
    Result<void> check_writable() const {
        CHECK(!environment_->writing);
        if (environment_->read_only()) {
            return fail(Code::forbidden, "opened read-only", where());
        }
        if (environment_->failed) return fail(Code::io, "a commit failed before", where());
        return {};
    }

    std::string where() const { return environment_->directory().string(); }

    std::unique_ptr<LmdbEnvironment> environment_;
    std::atomic<Position> confirmed_;
    Epoch acquired_ = 0;  // 0: this journal has not acquired
};

}  // namespace

Result<std::unique_ptr<Journal>> open_lmdb(const LmdbOptions& options) {
    auto environment = LmdbEnvironment::open(options);
    if (!environment) return std::unexpected(environment.error());
    MDB_txn* txn = nullptr;
    const int status = mdb_txn_begin((*environment)->get(), nullptr, MDB_RDONLY, &txn);
    if (status != 0) return lmdb_fail(status, "begin", options.directory.string());
    auto log_size = (*environment)->log_size(txn);
    mdb_txn_abort(txn);
    if (!log_size) return std::unexpected(log_size.error());
    auto journal = std::make_unique<LmdbJournal>(std::move(*environment), *log_size);
    if (options.read_only) return journal;
    // A key whose bytes have changed is a row that is not found: only a reader of all rows sees it.
    auto all = journal->begin_read();
    if (!all) return std::unexpected(all.error());
    auto whole = scrub(**all, options.tables.size(), [](const ScrubFault&) {});
    if (!whole) return std::unexpected(whole.error());
    return journal;
}

unsigned lmdb_flags(const Journal& lmdb_journal) {
    const auto* journal = dynamic_cast<const LmdbJournal*>(&lmdb_journal);
    CHECK(journal != nullptr);
    return journal->flags();
}

std::uint64_t lmdb_times_counted(const Journal& lmdb_journal) {
    const auto* journal = dynamic_cast<const LmdbJournal*>(&lmdb_journal);
    CHECK(journal != nullptr);
    return journal->times_counted();
}

}  // namespace lienthong::journal
