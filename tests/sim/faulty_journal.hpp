// SPDX-License-Identifier: Apache-2.0
// A memory journal whose disk fails on purpose. Every read, write and commit is a step; the n-th
// step from now fails, once or from then on until the process has ended. A commit that fails is
// lost (what was not synced is gone after the crash, in part or in whole: a journal shows neither)
// or has happened although its answer never came.
#pragma once

#include <cstdint>
#include <memory>

#include "bus/journal/memory_journal.hpp"

namespace lienthong::sim {

// Of one disk; outlives the journals that are opened on it.
struct DiskFaults {
    enum class Then : std::uint8_t { works_again, is_dead };
    enum class Which : std::uint8_t { any_step, commit };  // commits are few among the steps

    void arm(Which steps_of, std::uint64_t from_now, Then then, bool durable) {
        which = steps_of;
        steps_left = from_now;
        after = then;
        commit_is_durable = durable;
        armed = true;
    }
    void disarm() { armed = dead = false; }

    // One step of the journal; true: it fails.
    bool strikes(bool is_commit);

    bool armed = false;
    bool dead = false;
    Which which = Which::any_step;
    std::uint64_t steps_left = 0;
    Then after = Then::works_again;
    bool commit_is_durable = false;

    std::uint64_t steps = 0;
    std::uint64_t reads_failed = 0;
    std::uint64_t writes_failed = 0;
    std::uint64_t commits_lost = 0;
    std::uint64_t commits_unanswered = 0;
};

// A new process on the disk: what was dead works again.
std::unique_ptr<journal::Journal> open_faulty(std::shared_ptr<journal::MemoryDisk> disk,
                                              DiskFaults& faults);

}  // namespace lienthong::sim
