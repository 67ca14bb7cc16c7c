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

struct LmdbOptions {
    std::filesystem::path directory;                   // made with mode 0700 if absent; not on NFS
    std::span<const std::string_view> tables;          // at most kTablesMax names, [a-z_]
    std::uint64_t map_bytes = std::uint64_t{1} << 40;  // reserved address space; 1 GiB under TSan
    std::uint64_t used_bytes_max = std::uint64_t{64} << 30;  // enforced by a counter
    bool read_only = false;                                  // audits of a copied directory
};

// already_running, corrupt, io, unsupported (network file system).
Result<std::unique_ptr<Journal>> open_lmdb(const LmdbOptions& options);

}  // namespace lienthong::journal
