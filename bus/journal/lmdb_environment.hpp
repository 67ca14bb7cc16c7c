// SPDX-License-Identifier: Apache-2.0
// LmdbEnvironment: one open LMDB environment, with its lock, its spaces (the tables and the log)
// and the count of its pages. Private to this module; its format is in docs/storage.md. Thread:
// opened and closed on one; everything else is constant or atomic.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/base/file.hpp"
#include "bus/journal/lmdb_journal.hpp"

struct MDB_env;
struct MDB_txn;

namespace lienthong::journal {

// One named database.
struct LmdbSpace {
    unsigned dbi = 0;
    std::uint32_t id = 0;  // in checksums: the table's index, kLogSpace or kMetaSpace
    std::string name;
    bool present = false;  // a table that a read-only environment does not have reads as empty
};

class LmdbEnvironment {
  public:
    static Result<std::unique_ptr<LmdbEnvironment>> open(const LmdbOptions& options);
    ~LmdbEnvironment();
    LmdbEnvironment(const LmdbEnvironment&) = delete;
    LmdbEnvironment& operator=(const LmdbEnvironment&) = delete;

    MDB_env* get() const { return env_; }
    const LmdbSpace& table(Table table) const;  // an index past the names is our own bug
    const LmdbSpace& log() const { return log_; }
    bool read_only() const { return read_only_; }
    std::uint64_t page_bytes() const { return page_bytes_; }
    std::uint64_t used_bytes_max() const { return used_bytes_max_; }
    const std::filesystem::path& directory() const { return directory_; }

    // As of `txn`. The log's positions must have no gap: corrupt otherwise.
    Result<Position> log_size(MDB_txn* txn) const;
    Result<Epoch> stored_epoch(MDB_txn* txn) const;
    Result<void> store_epoch(MDB_txn* txn, Epoch epoch) const;

    // Pages up to the highest ever used. Cheap, and never less than used_pages().
    std::uint64_t file_pages() const;
    // Without the free pages that the next transaction may take. Pages that a reader may still see
    // count as used, so that a reader that stays cannot make the file grow past the limit.
    Result<std::uint64_t> used_pages() const;
    // As used_pages() was when it was last counted, and what commits added since. Counts anew after
    // kCommitsUncounted commits, and each time once the limit is near. On the writer's thread.
    Result<std::uint64_t> used_pages_about() const;
    void note_commit(std::int64_t pages_added);
    std::uint64_t times_counted() const { return times_counted_; }

    // The snapshots in use; `overloaded` if all slots are taken.
    Result<std::size_t> note_reader(std::uint64_t snapshot);
    void forget_reader(std::size_t slot) { readers_[slot] = 0; }

    // The writer's commits and everybody's snapshots, as LMDB's status: no snapshot has a commit
    // that is not durable yet.
    int commit(MDB_txn* txn);
    int begin_reader(MDB_txn** txn);

    // After a failed commit nothing may be done with it.
    std::atomic<bool> failed{false};
    std::atomic<bool> writing{false};

  private:
    LmdbEnvironment() = default;
    Result<void> open_file(const LmdbOptions& options);
    Result<void> open_spaces(const std::vector<std::string>& tables);
    Result<std::vector<std::string>> read_names(MDB_txn* txn) const;
    Result<void> open_space(MDB_txn* txn, LmdbSpace& space, bool create) const;
    Result<std::optional<Bytes>> maybe_meta(MDB_txn* txn, std::string_view key) const;
    Result<void> put_meta(MDB_txn* txn, std::string_view key, BytesView value) const;

    std::filesystem::path directory_;
    std::optional<FileLock> lock_;
    MDB_env* env_ = nullptr;
    std::vector<LmdbSpace> tables_;
    LmdbSpace log_;
    LmdbSpace meta_;
    bool read_only_ = false;
    std::uint64_t page_bytes_ = 0;
    std::uint64_t used_bytes_max_ = 0;
    mutable std::atomic<std::uint64_t> times_counted_ = 0;
    mutable std::optional<std::uint64_t> pages_counted_;
    mutable std::int64_t pages_added_since_ = 0;
    mutable unsigned commits_since_ = 0;
    std::atomic<std::uint64_t> commits_begun_ = 0;
    std::atomic<std::uint64_t> commits_ended_ = 0;
    std::array<std::atomic<std::uint64_t>, kReadersMax> readers_{};  // snapshot + 1, or 0
};

// The flags that LMDB holds, for the test that no sync is ever skipped.
unsigned lmdb_flags(const Journal& lmdb_journal);
// How often LMDB's list of free pages was walked, for the test that this is not done each time.
std::uint64_t lmdb_times_counted(const Journal& lmdb_journal);

}  // namespace lienthong::journal
