// SPDX-License-Identifier: Apache-2.0
// The table of commands, and what is written apart from it: man page and bash completion.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <vector>

#include "adapters/cli/commands.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

TEST(CommandTable, EveryCommandDoesSomethingOnceAndSaysWhat) {
    std::set<std::string_view> names;
    for (const Command& command : all_commands()) {
        EXPECT_TRUE(names.insert(command.name).second) << command.name;
        EXPECT_NE(command.node == nullptr, command.local == nullptr) << command.name;
        EXPECT_FALSE(command.help.vi.empty()) << command.name;
        EXPECT_FALSE(command.help.en.empty()) << command.name;
        EXPECT_EQ(maybe_command(command.name), &command);
        std::set<std::string_view> options;
        for (const Option& option : command.options) {
            EXPECT_TRUE(options.insert(option.name).second) << command.name << " " << option.name;
            EXPECT_FALSE(option.help.vi.empty()) << command.name << " " << option.name;
            EXPECT_FALSE(option.help.en.empty()) << command.name << " " << option.name;
        }
    }
    EXPECT_EQ(maybe_command("no such"), nullptr);
}

TEST(CommandTable, HasEveryCommandOfTheContract) {
    for (const char* name : {
             "report outreach", "report completeness",
             "publish",         "consume",
             "inbox",           "case status",
             "case list",       "case timeline",
             "case open",       "case handover",
             "case notify",     "case check",
             "case request",    "case acknowledge",
             "case ask",        "case reply",
             "case extend",     "case result",
             "case certify",    "case refer",
             "case accept",     "case consent",
             "case correct",    "policy explain",
             "policy check",    "policy diff",
             "policy adopt",    "registry show",
             "registry add",    "registry adopt",
             "key list",        "key issue",
             "key rotate",      "key revoke",
             "message show",    "message section",
             "audit verify",    "log show",
             "status",          "bundle export",
             "bundle import",   "init",
             "broker",          "node",
             "bench",
         }) {
        EXPECT_NE(maybe_command(name), nullptr) << name;
    }
}

// docs/glossary.md: one word for one thing. What is left of these is another word's.
TEST(Vietnamese, UsesTheWordsOfTheGlossary) {
    const std::filesystem::path root(LT_SOURCE_DIR);
    std::vector<std::filesystem::path> files = {root / "bus/base/error.cpp"};
    for (const auto& entry : std::filesystem::directory_iterator(root / "adapters/cli")) {
        if (entry.path().extension() == ".cpp") files.push_back(entry.path());
    }
    for (const auto& path : files) {
        const std::string source = read_source_file(path.lexically_relative(root).string());
        for (const char* other : {"danh bạ",
                                  "Danh bạ",
                                  "vụ việc",
                                  "Vụ việc",
                                  "hàng gửi",
                                  "mục của nhật ký",
                                  "mục nhật ký",
                                  "chạy trục",
                                  "\"trục không"}) {
            EXPECT_EQ(source.find(other), std::string::npos) << path << ": " << other;
        }
    }
}

TEST(ManPage, NamesEveryCommandAndEveryOption) {
    const std::string page = read_source_file("adapters/cli/man/lienthong.1");
    for (const Command& command : all_commands()) {
        if (command.hidden) continue;
        EXPECT_NE(page.find(fmt::format(".It Nm Cm {}", command.name)), std::string::npos)
            << command.name;
        for (const Option& option : command.options) {
            if (option.positional) continue;
            EXPECT_NE(page.find(fmt::format("Fl -{}", option.name)), std::string::npos)
                << command.name << " --" << option.name;
        }
    }
    for (const Option& option : common_options()) {
        EXPECT_NE(page.find(fmt::format(".It Fl -{}", option.name)), std::string::npos)
            << option.name;
    }
}

TEST(BashCompletion, IsTheOneThatTheTableMakes) {
    EXPECT_EQ(read_source_file("adapters/cli/completion/lienthong.bash"), bash_completion());
}

TEST(BashCompletion, KnowsNoOtherShell) {
    Surroundings around;
    Invocation invocation;
    invocation.args["shell"] = "zsh";
    const auto answer = print_completion(around.environment, invocation);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Code::bad_argument);
}

}  // namespace
}  // namespace lienthong::cli
