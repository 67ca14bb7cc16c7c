// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/lmdb_check.hpp"

#include "bus/base/file.hpp"

namespace lienthong::journal {

Result<std::uint64_t> check_lmdb_file(const std::filesystem::path& data_file) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(data_file, error);
    if (error) return fail(Code::no_such_file, error.message(), data_file.string());
    return bytes / 4096;
}

}  // namespace lienthong::journal
