// SPDX-License-Identifier: Apache-2.0
// A page of the log for people who look at it: few entries, read in one short transaction.
#pragma once

#include <vector>

#include "bus/core/entry.hpp"
#include "bus/journal/journal.hpp"

namespace lienthong::broker {

inline constexpr std::size_t kPageEntriesMax = 256;
inline constexpr std::size_t kPageBytesMax = 4 * 1024 * 1024;  // after the entry that reaches it

// The entries from `from` on, without a gap; none at the end of the log. corrupt, io.
Result<std::vector<core::Entry>> read_page(const journal::ReadTxn& txn,
                                           Position from,
                                           std::size_t count_max);

}  // namespace lienthong::broker
