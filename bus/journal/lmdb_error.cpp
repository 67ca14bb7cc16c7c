// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/lmdb_error.hpp"

#include <lmdb.h>

#include <cerrno>

#include "bus/base/check.hpp"

namespace lienthong::journal {

Code lmdb_code(int status) {
    CHECK(status != MDB_SUCCESS);
    switch (status) {
        case MDB_MAP_FULL:
        case ENOSPC:
        case EDQUOT:
            return Code::disk_full;
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND:
        case MDB_INVALID:
        case MDB_VERSION_MISMATCH:
        case MDB_INCOMPATIBLE:
            return Code::corrupt;
        case MDB_READERS_FULL:
        case MDB_TXN_FULL:
            return Code::overloaded;
        case ENOENT:
            return Code::no_such_file;
        default:
            return Code::io;
    }
}

std::unexpected<Error> lmdb_fail(int status, const char* action, std::string where) {
    return fail(
        lmdb_code(status), std::string(action) + ": " + mdb_strerror(status), std::move(where));
}

}  // namespace lienthong::journal
