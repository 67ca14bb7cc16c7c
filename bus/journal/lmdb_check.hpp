// SPDX-License-Identifier: Apache-2.0
// The structure of an LMDB file, checked page by page without LMDB. Its pages have no checksums and
// LMDB trusts what they say: on a damaged file it may read outside of the map, loop or abort. After
// this check it may read the file; what is left, the bytes of keys and values, the records' own
// checksums cover (scrub.hpp).
#pragma once

#include <cstdint>
#include <filesystem>

#include "bus/base/error.hpp"

namespace lienthong::journal {

// The number of pages in use. corrupt, with the number of the page in `where`; no_such_file; io.
Result<std::uint64_t> check_lmdb_file(const std::filesystem::path& data_file);

}  // namespace lienthong::journal
