// SPDX-License-Identifier: Apache-2.0
// Files as a whole: read with a limit, written so that a crash leaves the old or the new one.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <utility>

#include "bus/base/bytes.hpp"

namespace lienthong {

// no_such_file, oversized (more than bytes_max) or io.
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t bytes_max);
// As read_file, but unsafe_mode unless the file is a regular one that only its owner may read.
Result<Bytes> read_private_file(const std::filesystem::path& path, std::size_t bytes_max);
// Writes beside, syncs, renames, syncs the directory.
Result<void> write_file(const std::filesystem::path& path, BytesView bytes, mode_t mode = 0644);
Result<void> make_private_directory(const std::filesystem::path& path);  // 0700, with parents

// Holds an advisory lock on a file for its lifetime: one owner for one data directory.
class FileLock {
  public:
    // already_running if another process holds it.
    static Result<FileLock> acquire(const std::filesystem::path& path);
    FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

  private:
    explicit FileLock(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace lienthong
