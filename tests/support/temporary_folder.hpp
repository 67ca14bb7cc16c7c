// SPDX-License-Identifier: Apache-2.0
// TemporaryFolder: a folder of its own for one test, gone when it goes.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "bus/base/check.hpp"

namespace lienthong::test {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string path = (std::filesystem::temp_directory_path() / "lienthong-XXXXXX").string();
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

}  // namespace lienthong::test
