// SPDX-License-Identifier: Apache-2.0
// Where an environment may stand: a local file system with room.
#pragma once

#include <cstdint>
#include <filesystem>

#include "bus/base/error.hpp"

namespace lienthong::journal {

// `io` for file systems reached over a network, by the number that statfs gives: neither the locks
// nor the shared memory map of LMDB hold there. FUSE is allowed: most of it is local.
Result<void> check_file_system(std::int64_t statfs_type, const std::filesystem::path& directory);
// As above, of the file system that holds `directory`.
Result<void> check_place(const std::filesystem::path& directory);
// Bytes that this user may still write on the file system of `directory`; io.
Result<std::uint64_t> bytes_available(const std::filesystem::path& directory);
// So that a file made in it is still there after a power cut; io.
Result<void> sync_directory(const std::filesystem::path& directory);

}  // namespace lienthong::journal
