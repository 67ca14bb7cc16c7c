// SPDX-License-Identifier: Apache-2.0
// MemoryJournal: the journal without a disk, for tests and the simulator. The disk outlives the
// journals opened on it: a crash is to destroy transaction and journal, and to open another.
// Thread: everything on one disk on one thread. Several journals may be open on one disk, as the
// brokers of a cluster would be: the last to acquire is the owner.
#pragma once

#include <cstdint>
#include <memory>

#include "bus/journal/journal.hpp"

namespace lienthong::journal {

// What a MemoryJournal keeps; hand the same disk to a new journal to restart a crashed process.
class MemoryDisk;
std::shared_ptr<MemoryDisk> make_memory_disk();

// Faults for tests: the n-th commit from now (0 = the next) fails, before or after it was durable.
enum class CommitFault : std::uint8_t { none, before_durable, after_durable };
void fail_commit(MemoryDisk& disk, std::uint64_t commits_from_now, CommitFault fault);

// At most so many bytes of keys and values; put, append and replace then answer disk_full.
void limit_bytes(MemoryDisk& disk, std::uint64_t used_bytes_max);

std::unique_ptr<Journal> open_memory(std::shared_ptr<MemoryDisk> disk);

}  // namespace lienthong::journal
