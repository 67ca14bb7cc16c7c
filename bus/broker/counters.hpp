// SPDX-License-Identifier: Apache-2.0
// Counters: what each agent counts, for metrics and tests. Written by one agent, read by any
// thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "bus/base/error.hpp"

namespace lienthong::broker {

struct Counters {
    std::atomic<std::uint64_t> frames_in = 0;
    std::atomic<std::uint64_t> frames_refused = 0;   // not readable, or of nobody in the registry
    std::atomic<std::uint64_t> answers_dropped = 0;  // the peer did not take them
    std::atomic<std::uint64_t> peers_dropped = 0;    // repeated offenders
    std::atomic<std::uint64_t> in_flight_bytes = 0;  // of requests that were not answered yet
    std::atomic<std::uint64_t> batches_verified = 0;
    std::atomic<std::uint64_t> batches_refused = 0;
    std::atomic<std::uint64_t> messages_accepted = 0;
    std::atomic<std::uint64_t> messages_refused = 0;
    std::atomic<std::uint64_t> entries_delivered = 0;
    std::atomic<std::uint64_t> chunks_taken = 0;
    std::atomic<std::uint64_t> chunks_delivered = 0;
    std::atomic<std::uint64_t> chunks_collected = 0;  // of uploads that nobody claimed
    std::atomic<std::uint64_t> queries = 0;
    std::atomic<std::uint64_t> commits = 0;
    std::atomic<std::uint64_t> groups_dropped = 0;  // at the limit of the store, all refused
    std::atomic<std::uint64_t> commit_longest_us = 0;
    std::atomic<std::uint64_t> log_size = 0;
    std::atomic<std::uint64_t> bytes_used = 0;
    std::atomic<std::uint64_t> bytes_max = 0;
    std::atomic<std::uint64_t> cosignatures = 0;
    std::atomic<std::uint64_t> witnessed_size = 0;     // of the newest witnessed head
    std::atomic<std::uint64_t> witnessed_time_ms = 0;  // at which more than half had vouched for it
    std::atomic<std::uint64_t> clock_held = 0;         // 1: the wall clock stepped, entries wait
    std::array<std::atomic<std::uint64_t>, 256> refusals_by_code{};

    void refuse(Code code) {
        const auto number = static_cast<std::size_t>(code);
        if (number < refusals_by_code.size()) refusals_by_code[number].fetch_add(1);
    }
};

}  // namespace lienthong::broker
