// SPDX-License-Identifier: Apache-2.0
// What the tests of the journal share: a temporary folder, short ways to write keys and values, and
// the tables that they open.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/base/check.hpp"
#include "bus/journal/journal.hpp"
#include "bus/journal/lmdb_journal.hpp"

namespace lienthong::journal {

inline constexpr Table kCats = 0;
inline constexpr Table kDogs = 1;
inline constexpr std::array<std::string_view, 2> kTableNames = {"cats", "dogs"};

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string path = (std::filesystem::temp_directory_path() / "journal-XXXXXX").string();
        CHECK(mkdtemp(path.data()) != nullptr);
        path_ = path;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;  // a folder left behind harms no test
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

inline Bytes text(std::string_view characters) { return to_bytes(as_bytes(characters)); }

using Records = std::vector<std::pair<std::string, std::string>>;

inline Records all_of(const ReadTxn& txn, Table table, std::string_view from = {}) {
    Records records;
    const auto scanned = txn.scan(table, as_bytes(from), [&](BytesView key, BytesView value) {
        records.emplace_back(as_text(key), as_text(value));
        return true;
    });
    EXPECT_TRUE(scanned.has_value());
    return records;
}

inline Records all_back(const ReadTxn& txn, Table table, std::string_view before = {}) {
    Records records;
    const auto scanned =
        txn.scan_back(table, as_bytes(before), [&](BytesView key, BytesView value) {
            records.emplace_back(as_text(key), as_text(value));
            return true;
        });
    EXPECT_TRUE(scanned.has_value());
    return records;
}

template <class T>
Code code_of(const Result<T>& result) {
    CHECK(!result.has_value());
    return result.error().code;
}

inline LmdbOptions options_in(const std::filesystem::path& directory) {
    LmdbOptions options;
    options.directory = directory;
    options.tables = kTableNames;
    return options;
}

}  // namespace lienthong::journal
