// SPDX-License-Identifier: Apache-2.0
// Scrub: reads every record of a journal against its checksum, to find damage before it is needed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "bus/journal/journal.hpp"

namespace lienthong::journal {

struct ScrubFault {
    std::optional<Table> maybe_table;  // none: the log
    Position position = 0;  // in the log; in a table, how many records before it are good
    Error error;
};

// Reads the log, then the tables 0 to `tables` - 1. Returns how many records there are, all good;
// or the error of the first bad one (bad_checksum, corrupt, io), after `on_fault` has seen it.
// A long read: of a copy, or of a journal that nobody writes to meanwhile.
Result<std::uint64_t> scrub(const ReadTxn& txn,
                            std::size_t tables,
                            const std::function<void(const ScrubFault&)>& on_fault);

}  // namespace lienthong::journal
