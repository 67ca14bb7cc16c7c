// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/memory_journal.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <ranges>
#include <set>
#include <string>
#include <utility>

#include "bus/base/check.hpp"
#include "bus/journal/record.hpp"

namespace lienthong::journal {
namespace {

constexpr std::size_t kSpaces = kTablesMax + 1;
constexpr std::size_t kLog = kTablesMax;  // the log is one more space; its keys are log_key()

using Commit = std::uint64_t;

struct Version {
    Commit commit;
    std::optional<Bytes> value;  // none: erased
};

}  // namespace

// Each key has its versions, oldest first; a snapshot sees the newest that is not newer than
// itself. A commit drops, of the keys it touches, the versions that no open reader can see.
class MemoryDisk {
  public:
    using Versions = std::map<Bytes, std::vector<Version>>;

    const Bytes* find(std::size_t space, const Bytes& key, Commit snapshot) const {
        const auto found = spaces[space].find(key);
        return found == spaces[space].end() ? nullptr : visible(found->second, snapshot);
    }

    static const Bytes* visible(const std::vector<Version>& versions, Commit snapshot) {
        for (const Version& version : std::views::reverse(versions)) {
            if (version.commit <= snapshot) return version.value ? &*version.value : nullptr;
        }
        return nullptr;
    }

    void add(std::size_t space, const Bytes& key, std::optional<Bytes> value) {
        auto& versions = spaces[space][key];
        const Commit oldest = readers.empty() ? commits : *readers.begin();
        // Of the versions that the oldest reader or an older one could see, it sees only the last.
        const auto seen = std::ranges::find_if(
            versions, [&](const Version& version) { return version.commit > oldest; });
        if (seen - versions.begin() > 1) versions.erase(versions.begin(), seen - 1);
        if (readers.empty()) versions.clear();
        if (readers.empty() && !value) {
            spaces[space].erase(key);
        } else {
            versions.push_back({commits, std::move(value)});
        }
    }

    std::array<Versions, kSpaces> spaces;
    std::multiset<Commit> readers;  // snapshots of open read transactions
    Commit commits = 0;
    Position log_size = 0;
    Epoch epoch = 0;
    bool writing = false;
    std::uint64_t bytes_used = 0;
    std::uint64_t bytes_max = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t commits_until_fault = 0;
    CommitFault fault = CommitFault::none;
};

namespace {

bool is_key(BytesView key) { return !key.empty() && key.size() <= kKeyBytesMax; }

std::unexpected<Error> bad_key() {
    return fail(Code::bad_argument, "a key has 1 to 500 bytes", "memory");
}

std::string where_of(Position position) { return "log " + std::to_string(position); }

using Staged = std::array<std::map<Bytes, std::optional<Bytes>>, kSpaces>;

// What reading and writing transactions share: a snapshot, and over it what is staged.
template <class Base>
class MemoryTxn : public Base {
  public:
    explicit MemoryTxn(std::shared_ptr<MemoryDisk> disk)
        : disk_(std::move(disk)), snapshot_(disk_->commits), log_size_(disk_->log_size) {}
    MemoryTxn(const MemoryTxn&) = delete;
    MemoryTxn& operator=(const MemoryTxn&) = delete;
    ~MemoryTxn() override = default;

    Result<std::optional<Bytes>> maybe_get(Table table, BytesView key) const override {
        CHECK(table < kTablesMax);
        if (!is_key(key)) return bad_key();
        const Bytes* found = find(table, to_bytes(key));
        return found == nullptr ? std::optional<Bytes>{} : std::optional<Bytes>(*found);
    }

    Result<void> scan(Table table, BytesView from, const Visit& visit) const override {
        CHECK(table < kTablesMax);
        std::optional<Bytes> key = next(table, to_bytes(from), true);
        while (key) {
            if (!show(table, *key, visit)) return {};
            key = next(table, *key, false);
        }
        return {};
    }

    Result<void> scan_back(Table table, BytesView before, const Visit& visit) const override {
        CHECK(table < kTablesMax);
        std::optional<Bytes> key = previous(table, to_bytes(before));
        while (key) {
            if (!show(table, *key, visit)) return {};
            key = previous(table, *key);
        }
        return {};
    }

    Position log_size() const override { return log_size_; }

    Result<Bytes> entry(Position position) const override {
        const Bytes* found = find(kLog, to_bytes(log_key(position)));
        if (found == nullptr) return fail(Code::not_found, "no such entry", where_of(position));
        return *found;
    }

  protected:
    const Bytes* find(std::size_t space, const Bytes& key) const {
        CHECK(!ended_);
        const auto staged = staged_[space].find(key);
        if (staged != staged_[space].end()) return staged->second ? &*staged->second : nullptr;
        return disk_->find(space, key, snapshot_);
    }
    bool scanning() const { return scans_ > 0; }

    std::shared_ptr<MemoryDisk> disk_;
    Commit snapshot_;
    Position log_size_;
    Staged staged_;
    bool ended_ = false;

  private:
    bool show(std::size_t space, const Bytes& key, const Visit& visit) const {
        const Bytes* value = find(space, key);
        if (value == nullptr) return true;  // erased
        ++scans_;
        const bool more = visit(key, *value);
        --scans_;
        return more;
    }

    // The least key after `from`, or at it if `inclusive`: of either map, also if it is erased.
    std::optional<Bytes> next(std::size_t space, const Bytes& from, bool inclusive) const {
        const auto first = [&](const auto& map) -> const Bytes* {
            const auto found = inclusive ? map.lower_bound(from) : map.upper_bound(from);
            return found == map.end() ? nullptr : &found->first;
        };
        const Bytes* stored = first(disk_->spaces[space]);
        const Bytes* staged = first(staged_[space]);
        if (stored == nullptr && staged == nullptr) return std::nullopt;
        if (stored == nullptr) return *staged;
        return staged == nullptr ? *stored : std::min(*stored, *staged);
    }

    // The greatest key below `before`, or of all if that is empty.
    std::optional<Bytes> previous(std::size_t space, const Bytes& before) const {
        const auto last = [&](const auto& map) -> const Bytes* {
            auto found = before.empty() ? map.end() : map.lower_bound(before);
            return found == map.begin() ? nullptr : &(--found)->first;
        };
        const Bytes* stored = last(disk_->spaces[space]);
        const Bytes* staged = last(staged_[space]);
        if (stored == nullptr && staged == nullptr) return std::nullopt;
        if (stored == nullptr) return *staged;
        return staged == nullptr ? *stored : std::max(*stored, *staged);
    }

    mutable int scans_ = 0;
};

class MemoryReadTxn final : public MemoryTxn<ReadTxn> {
  public:
    explicit MemoryReadTxn(std::shared_ptr<MemoryDisk> disk) : MemoryTxn(std::move(disk)) {
        disk_->readers.insert(snapshot_);
    }
    ~MemoryReadTxn() override { disk_->readers.erase(disk_->readers.find(snapshot_)); }
};

class MemoryWriteTxn final : public MemoryTxn<WriteTxn> {
  public:
    MemoryWriteTxn(std::shared_ptr<MemoryDisk> disk,
                   Epoch acquired,
                   bool& failed,
                   Position& confirmed)
        : MemoryTxn(std::move(disk)),
          acquired_(acquired),
          failed_(failed),
          confirmed_(confirmed),
          bytes_used_(disk_->bytes_used) {
        disk_->writing = true;
    }
    ~MemoryWriteTxn() override {
        if (!ended_) disk_->writing = false;
    }

    Result<void> put(Table table, BytesView key, BytesView value) override {
        CHECK(table < kTablesMax);
        return write(table, key, value);
    }

    Result<void> erase(Table table, BytesView key) override {
        CHECK(!ended_ && !scanning() && table < kTablesMax);
        if (spent_) return std::unexpected(*spent_);
        if (!is_key(key)) return bad_key();
        const Bytes bytes = to_bytes(key);
        if (const Bytes* old = find(table, bytes)) bytes_used_ -= key.size() + old->size();
        staged_[table][bytes] = std::nullopt;
        return {};
    }

    Result<Position> append(BytesView entry) override {
        if (acquired_ != disk_->epoch) return fenced();
        auto written = write(kLog, log_key(log_size_), entry);
        if (!written) return std::unexpected(written.error());
        return log_size_++;
    }

    Result<void> replace(Position position, BytesView entry) override {
        if (position >= log_size_) {
            return fail(Code::not_found, "no such entry", where_of(position));
        }
        return write(kLog, log_key(position), entry);
    }

    Result<void> commit() override {
        CHECK(!std::exchange(ended_, true) && !scanning());
        disk_->writing = false;
        if (spent_) return std::unexpected(*spent_);
        if (acquired_ != disk_->epoch) return fenced();
        auto fault = CommitFault::none;
        if (disk_->fault != CommitFault::none && disk_->commits_until_fault-- == 0) {
            fault = std::exchange(disk_->fault, CommitFault::none);
        }
        if (fault != CommitFault::before_durable) store();
        if (fault != CommitFault::none) {
            failed_ = true;
            return fail(Code::io, "commit: a fault that the test asked for", "memory");
        }
        confirmed_ = log_size_;
        return {};
    }

  private:
    static std::unexpected<Error> fenced() {
        return fail(
            Code::already_running, "the log has another owner, or was not acquired", "memory");
    }

    Result<void> write(std::size_t space, BytesView key, BytesView value) {
        CHECK(!ended_ && !scanning());
        if (spent_) return std::unexpected(*spent_);
        if (!is_key(key)) return bad_key();
        if (value.size() > kValueBytesMax) {
            return fail(Code::oversized, "a value has at most 16 MiB", "memory");
        }
        Bytes bytes = to_bytes(key);
        const Bytes* old = find(space, bytes);
        bytes_used_ -= old == nullptr ? 0 : key.size() + old->size();
        bytes_used_ += key.size() + value.size();
        if (bytes_used_ > disk_->bytes_max) {
            spent_ = fail(Code::disk_full, "the journal's limit is reached", "memory").error();
            return std::unexpected(*spent_);
        }
        staged_[space][std::move(bytes)] = to_bytes(value);
        return {};
    }

    void store() {
        ++disk_->commits;
        for (std::size_t space = 0; space < kSpaces; ++space) {
            for (auto& [key, value] : staged_[space]) disk_->add(space, key, std::move(value));
        }
        disk_->log_size = log_size_;
        disk_->bytes_used = bytes_used_;
    }

    Epoch acquired_;
    bool& failed_;
    Position& confirmed_;
    std::uint64_t bytes_used_;
    std::optional<Error> spent_;
};

class MemoryJournal final : public Journal {
  public:
    explicit MemoryJournal(std::shared_ptr<MemoryDisk> disk)
        : disk_(std::move(disk)), confirmed_(disk_->log_size) {}

    Result<Epoch> acquire() override {
        if (failed_) return fail(Code::io, "a commit failed before", "memory");
        CHECK(!disk_->writing);
        acquired_ = ++disk_->epoch;
        return acquired_;
    }

    Result<std::unique_ptr<ReadTxn>> begin_read() override {
        if (failed_) return fail(Code::io, "a commit failed before", "memory");
        return std::make_unique<MemoryReadTxn>(disk_);
    }

    Result<std::unique_ptr<WriteTxn>> begin_write() override {
        if (failed_) return fail(Code::io, "a commit failed before", "memory");
        CHECK(!disk_->writing);
        return std::make_unique<MemoryWriteTxn>(disk_, acquired_, failed_, confirmed_);
    }

    Position confirmed() const override { return confirmed_; }

    Result<std::pair<std::uint64_t, std::uint64_t>> bytes_used_and_max() const override {
        return std::pair(disk_->bytes_used, disk_->bytes_max);
    }

  private:
    std::shared_ptr<MemoryDisk> disk_;
    Position confirmed_;
    Epoch acquired_ = 0;
    bool failed_ = false;
};

}  // namespace

std::shared_ptr<MemoryDisk> make_memory_disk() { return std::make_shared<MemoryDisk>(); }

void fail_commit(MemoryDisk& disk, std::uint64_t commits_from_now, CommitFault fault) {
    disk.commits_until_fault = commits_from_now;
    disk.fault = fault;
}

void limit_bytes(MemoryDisk& disk, std::uint64_t used_bytes_max) {
    disk.bytes_max = used_bytes_max;
}

std::unique_ptr<Journal> open_memory(std::shared_ptr<MemoryDisk> disk) {
    return std::make_unique<MemoryJournal>(std::move(disk));
}

}  // namespace lienthong::journal
