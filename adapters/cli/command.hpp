// SPDX-License-Identifier: Apache-2.0
// Command: one row of the table of everything that `lienthong` can be told to do. Parser, help, man
// page and bash completion are all made from, or compared with, this table.
//
// A command of a node is a function of the node's Api; it runs in the process that holds the node,
// a command of a broker likewise.
// A local one runs in the process that was called.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "adapters/cli/invocation.hpp"
#include "bus/audit/audit.hpp"
#include "bus/base/clock.hpp"
#include "bus/base/random.hpp"
#include "bus/node/api.hpp"

namespace lienthong::node {
class Node;
}

namespace lienthong::cli {

struct NodeHome;
class BrokerApi;

struct Option {
    enum class Kind : std::uint8_t {
        flag,
        text,
        number,
        list,    // may be given several times
        input,   // a file, read by the client; "-" is standard input
        output,  // a file that must not exist yet, written by the client with mode 0600
    };
    std::string_view name;  // "kind" is --kind, or the place of an argument
    Kind kind = Kind::text;
    Words help;
    bool positional = false;
    bool required = false;
};

using Progress = std::function<void(std::string_view)>;

// What a command of a node may use. `home` is where the node's own files are.
struct Session {
    node::Api& api;
    const std::filesystem::path& home;
    const Clock& clock;
    Random& random;
    Progress progress;
    bool just_started = false;  // the node was opened for this command
};

// What a command of a broker's home may use.
struct BrokerSession {
    BrokerApi& broker;
    Progress progress;
};

// How a Node comes to be; main() gives the real one, tests another.
using StartNode =
    std::function<Result<std::unique_ptr<node::Node>>(NodeHome&& home, const Clock&, Random&)>;
using VerifyLog = std::function<Result<audit::Verdict>(
    const std::filesystem::path&, const std::optional<Hash>&, const audit::Progress&)>;
// Of a process that stays: `prepare` comes before any other thread; `wait` returns when the process
// is told to end (true) or a moment has passed.
struct Ending {
    std::function<void()> prepare;
    std::function<bool()> wait;
};

// The process and its surroundings.
struct Environment {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    const Clock& clock;
    Random& random;
    StartNode start_node;
    VerifyLog verify_log;
    Ending ending;
    std::string locale;                           // of LANG
    std::filesystem::path credentials_directory;  // of systemd; may be empty

    void progress(std::string_view line) const;
};

struct Command {
    std::string_view name;  // "case open"
    Words help;
    std::span<const Option> options;
    Result<Answer> (*node)(Session&, const Invocation&) = nullptr;
    Result<Answer> (*local)(Environment&, const Invocation&) = nullptr;
    // In place of `node` where --home is a broker's; in the broker's process if it runs.
    Result<Answer> (*broker)(BrokerSession&, const Invocation&) = nullptr;
    std::string (*render)(const Json& body, Lang lang) = nullptr;  // text for people
    bool json_lines = false;  // the body is a list, printed one item a line
    bool hidden = false;
    bool needs_home = true;
};

std::span<const Command> all_commands();
// Options that every command takes.
std::span<const Option> common_options();
const Command* maybe_command(std::string_view name);

}  // namespace lienthong::cli
