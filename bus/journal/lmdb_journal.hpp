// SPDX-License-Identifier: Apache-2.0
// LmdbJournal: the journal in one LMDB environment. One write transaction is one group commit; it
// is durable when commit() returns (no flag that skips a sync is ever used; tests/tidy greps for
// them).
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "bus/journal/journal.hpp"

namespace lienthong::journal {

// Address space to reserve. ThreadSanitizer's own layout leaves no room for more.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LT_SMALL_MAP
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(LT_SMALL_MAP)
inline constexpr std::uint64_t kMapBytesDefault = std::uint64_t{1} << 30;
#else
inline constexpr std::uint64_t kMapBytesDefault = std::uint64_t{1} << 40;
#endif

inline constexpr unsigned kReadersMax = 126;  // read transactions at once

struct LmdbOptions {
    std::filesystem::path directory;           // made with mode 0700 if absent; not on NFS
    std::span<const std::string_view> tables;  // at most kTablesMax names, [a-z_]; not log, meta
    std::uint64_t map_bytes = kMapBytesDefault;
    std::uint64_t used_bytes_max = std::uint64_t{64} << 30;  // by a counter; at most half the map
    // For audits of a copied directory that nobody writes to: takes no lock, writes nothing.
    bool read_only = false;
};

// Every page is checked (lmdb_check.hpp) before LMDB may read any; unless read_only, every record
// too (scrub.hpp): an owner that starts reads its file once, and serves nothing of a damaged one.
// malformed_config (options that cannot be); already_running (another owner); io (also a network
// file system), disk_full, no_such_file (read_only); corrupt, bad_checksum; unknown_version: of a
// later format, or its tables are not the first of `tables`, in order. New names may be added at
// the end: a read_only journal shows tables that the data does not have yet as empty.
Result<std::unique_ptr<Journal>> open_lmdb(const LmdbOptions& options);

}  // namespace lienthong::journal
