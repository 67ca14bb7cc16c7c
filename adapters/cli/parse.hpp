// SPDX-License-Identifier: Apache-2.0
// Parse: the words of a command line to an invocation, by the table of commands.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapters/cli/command.hpp"

namespace lienthong::cli {

// What a command line asks for: a command, or a text to be shown (help, version).
struct Parsed {
    const Command* command = nullptr;  // null: `text` is all
    Invocation invocation;
    std::filesystem::path home;
    bool json = false;
    std::string text;
};

// The language and --json, even of a command line that cannot be parsed.
struct Manners {
    Lang lang = Lang::vi;
    bool json = false;
};
Manners manners_of(const std::vector<std::string>& words, std::string_view locale);

// bad_argument, with the option or command in `where`.
Result<Parsed> parse(const std::vector<std::string>& words, std::string_view locale);

}  // namespace lienthong::cli
