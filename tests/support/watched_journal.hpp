// SPDX-License-Identifier: Apache-2.0
// WatchedJournal: a journal in memory that notes every access: what is touched and in which order,
// which is what the time of an answer is made of. Keys are not noted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bus/journal/journal.hpp"

namespace lienthong::test {

// As "get 5" or "append"; the number is the table's.
using Accesses = std::vector<std::string>;

// `accesses` outlives the journal.
std::unique_ptr<journal::Journal> watched_memory_journal(Accesses& accesses);

}  // namespace lienthong::test
