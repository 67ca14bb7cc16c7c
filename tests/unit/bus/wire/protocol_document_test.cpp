// SPDX-License-Identifier: Apache-2.0
// docs/protocol.md against the program it describes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "bus/base/error.hpp"
#include "bus/wire/command.hpp"

namespace lienthong::wire {
namespace {

std::string document() {
    std::ifstream file(LT_SOURCE_DIR "/docs/protocol.md");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(ProtocolDocument, ListsEveryCode) {
    const std::string text = document();
    for (const CodeInfo& info : all_codes()) {
        const std::string row = fmt::format("| {} | `{}` | {} | {} | {} | {} |\n",
                                            std::to_underlying(info.code),
                                            info.name,
                                            name(info.errc),
                                            exit_code(info.errc),
                                            info.retriable ? "yes" : "",
                                            info.what_en);
        EXPECT_NE(text.find(row), std::string::npos) << "not in docs/protocol.md: " << row;
    }
}

TEST(ProtocolDocument, SaysTheVersionAndStaysShort) {
    const std::string text = document();
    EXPECT_NE(text.find(fmt::format("Version {}.", kProtocolVersion)), std::string::npos);
    EXPECT_LE(std::ranges::count(text, '\n'), 400);
}

}  // namespace
}  // namespace lienthong::wire
