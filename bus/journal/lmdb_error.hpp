// SPDX-License-Identifier: Apache-2.0
// What LMDB's and the system's status numbers mean to a caller.
#pragma once

#include <string>

#include "bus/base/error.hpp"

namespace lienthong::journal {

// Never for success (0).
Code lmdb_code(int status);
std::unexpected<Error> lmdb_fail(int status, const char* action, std::string where = {});

}  // namespace lienthong::journal
