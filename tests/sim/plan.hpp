// SPDX-License-Identifier: Apache-2.0
// Plan: what may go wrong in one run, and how often; chosen by the seed. Each kind of fault is in
// about half of the runs, so that one does not hide what another would show.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bus/base/random.hpp"
#include "bus/wire/inproc_link.hpp"

namespace lienthong::sim {

// How the broker of a run lies to one node.
enum class Lie : std::uint8_t {
    none,
    drops,         // an entry of a stream is left out
    withholds,     // nothing newer is shown
    reorders,      // entries come in another order, or one at another place
    forks,         // two logs, one for this node and one for the others
    rewrites,      // an entry of the log, or of a delivery, is altered
    rolls_back,    // the log is an older one
    stale_policy,  // heads name a policy that is no longer in force
};
const char* name(Lie lie);

struct Plan {
    explicit Plan(std::uint64_t seed);

    Lie lie = Lie::none;
    std::size_t steps = 0;  // with faults
    wire::LinkFaults links;
    // Each in a thousand, for each step.
    std::uint32_t cut = 0;
    std::uint32_t disk_fault = 0;
    std::uint32_t crash = 0;
    std::uint32_t clock_step = 0;
    std::uint32_t pause = 0;    // a process does nothing in this step
    std::uint32_t restore = 0;  // of a node, from a copy that was made earlier
    std::uint32_t change = 0;   // administrators do something
    bool drifting = false;
    bool nights = false;  // all nodes are switched off now and then
    bool weeks_away = false;
    bool large = false;  // a case opens with a section in chunks
};

// What really happened, by name; for the record of a campaign.
using FaultCounts = std::map<std::string, std::uint64_t>;

}  // namespace lienthong::sim
