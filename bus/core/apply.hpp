// SPDX-License-Identifier: Apache-2.0
// apply: makes an entry so. Total: it refuses nothing, reads no clock and no randomness but the
// keys of new cases, and is the same in the broker, in a replay, in an audit and in the simulator.
#pragma once

#include "bus/core/state.hpp"

namespace lienthong::core {

// What the journal could open of a message's facts.
struct Opened {
    enum class Status : std::uint8_t { none, open, erased, locked };
    Status status = Status::none;
    std::optional<message::CaseFacts> facts;
};

// Entries that are no messages have Opened{}. A message that is erased or locked is applied as
// header only: streams and classes go on, its case does not show.
Result<void> apply(
    State& state, const BusId& bus, Position position, const Entry& entry, const Opened& opened);

// Opens what a replay needs of a stored entry.
Result<Opened> open_facts(const ReadState& state, const Entry& entry);

// Names the row that counts repeats of a query.
Hash query_key(const Queried& queried);

}  // namespace lienthong::core
