// SPDX-License-Identifier: Apache-2.0
// Invocation and Answer: what was asked on the command line and what came of it, as values that
// travel between the client and the process that holds the node (socket.hpp).
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "adapters/cli/json.hpp"
#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"

namespace lienthong::cli {

enum class Lang { vi, en };

// The same words in both languages.
struct Words {
    std::string_view vi;
    std::string_view en;
    constexpr std::string_view in(Lang lang) const { return lang == Lang::vi ? vi : en; }
};

inline constexpr std::size_t kInputBytesMax = 64 * 1024 * 1024;  // of one file
inline constexpr std::size_t kFrameBytesMax = 192 * 1024 * 1024;

using Contents = std::map<std::string, Bytes, std::less<>>;

struct Invocation {
    std::string command;         // "case open"
    Json args = Json::object();  // by option: text, integer, true or list of texts
    Contents inputs;             // by option: what is in the file that it names
    Lang lang = Lang::vi;
    std::chrono::milliseconds wait{10'000};  // for the broker

    bool has(std::string_view name) const { return args.contains(name); }
    bool flag(std::string_view name) const { return has(name); }
    std::string text(std::string_view name) const;  // absent: empty
    std::int64_t number(std::string_view name, std::int64_t otherwise) const;
    std::vector<std::string> texts(std::string_view name) const;
    // bad_argument with the option's name in `where`.
    Result<std::string_view> input(std::string_view name) const;
};

// `exit` and `body` are printed; each of `outputs` goes to the file that its option names.
struct Answer {
    Json body = Json::object();
    int exit = 0;
    Contents outputs;
};

// `what` and `do` in the given language; texts that are empty stay there, as null.
Json error_to_json(const Error& error, Lang lang);
// One or two lines for people.
std::string error_to_text(const Json& error, Lang lang);
Answer failed(const Error& error, Lang lang);

Bytes encode_invocation(const Invocation& invocation);
Result<Invocation> parse_invocation(BytesView bytes);  // malformed_frame
Bytes encode_answer(const Answer& answer);
Result<Answer> parse_answer(BytesView bytes);  // malformed_frame

// Never throws: a text that is not UTF-8 is shown with replacement characters.
std::string to_line(const Json& json);
std::string to_pretty(const Json& json);
// Nothing if it is no JSON, or if more than depth_max objects and arrays stand in one another.
std::optional<Json> maybe_json(std::string_view text, std::size_t depth_max = 64);

}  // namespace lienthong::cli
