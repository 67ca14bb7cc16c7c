// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <istream>
#include <iterator>
#include <ostream>
#include <system_error>
#include <thread>

#include "adapters/cli/broker_api.hpp"
#include "adapters/cli/open_home.hpp"
#include "adapters/cli/parse.hpp"
#include "adapters/cli/socket.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/file.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLockPause{100};

Result<Bytes> read_stream(std::istream& in) {
    Bytes bytes;
    std::array<char, 65536> block{};
    while (in.read(block.data(), block.size()) || in.gcount() > 0) {
        const BytesView got = as_bytes({block.data(), static_cast<std::size_t>(in.gcount())});
        bytes.insert(bytes.end(), got.begin(), got.end());
        if (bytes.size() > kInputBytesMax) return fail(Code::oversized, "standard input", "-");
    }
    return bytes;
}

// Files are read where the command was called: the node's process may see others.
Result<void> read_inputs(Environment& environment, const Command& command, Invocation& invocation) {
    for (const Option& option : command.options) {
        const std::string path = invocation.text(option.name);
        if (path.empty()) continue;
        if (option.kind == Option::Kind::output) {
            std::error_code error;
            if (fs::exists(path, error)) {
                return fail(Code::already_exists, "the file is there already", path);
            }
        }
        if (option.kind != Option::Kind::input) continue;
        auto bytes = path == "-" ? read_stream(environment.in) : read_file(path, kInputBytesMax);
        if (!bytes && bytes.error().code == Code::no_such_file) {
            return fail(Code::bad_argument, "no such file", path);
        }
        if (!bytes) return std::unexpected(bytes.error());
        invocation.inputs.insert_or_assign(std::string(option.name), std::move(*bytes));
    }
    return {};
}

bool sync_parent(const fs::path& path) {
    const fs::path parent = path.has_parent_path() ? path.parent_path() : ".";
    const int fd = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // Not every file system syncs directories, and not every directory may be opened.
    const bool synced =
        fd >= 0 ? fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP : errno == EACCES;
    if (fd >= 0) close(fd);
    return synced;
}

// All of it is on the disk under a new name, or nothing is there: what looks like a result is one.
Result<void> write_new_file(const std::string& path, BytesView bytes) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        const int error = errno;
        return fail(error == EEXIST ? Code::already_exists : Code::io,
                    "create: " + std::generic_category().message(error),
                    path);
    }
    bool ok = true;
    while (ok && !bytes.empty()) {
        const ssize_t put = write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        ok = put > 0;
        if (ok) bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    ok = ok && fsync(fd) == 0;
    int error = ok ? 0 : errno;
    if (close(fd) != 0 && ok) error = errno;
    if (error == 0 && !sync_parent(path)) error = errno;
    if (error == 0) return {};
    unlink(path.c_str());  // made here, a moment ago
    return fail(error == ENOSPC ? Code::disk_full : Code::io,
                "write: " + std::generic_category().message(error),
                path);
}

Result<void> write_outputs(const Invocation& invocation, const Answer& answer) {
    for (const auto& [option, bytes] : answer.outputs) {
        const std::string path = invocation.text(option);
        if (path.empty()) continue;
        FAILPOINT_OR_FAIL(output_written, before);
        auto written = write_new_file(path, bytes);
        if (!written) return written;
        FAILPOINT(output_written, after);
    }
    return {};
}

// An error only if the node could not be opened; what the command itself meets is its answer.
Result<Answer> run_in_process(Environment& environment,
                              const fs::path& home,
                              const Invocation& invocation) {
    if (!is_node_home(home)) return std::unexpected(not_a_home(home, "node"));
    auto loaded = load_node_home(home, environment.credentials_directory);
    if (!loaded) return std::unexpected(loaded.error());
    auto node = environment.start_node(std::move(*loaded), environment.clock, environment.random);
    if (!node) return std::unexpected(node.error());
    Session session{**node,
                    home,
                    environment.clock,
                    environment.random,
                    [&](std::string_view line) { environment.progress(line); },
                    true};
    Answer answer = carry_out(session, invocation);
    (*node)->stop();
    return answer;
}

Result<Answer> run_on_data(Environment& environment,
                           const fs::path& home,
                           const Invocation& invocation) {
    auto data = open_broker_data(home, environment.random);
    if (!data) return std::unexpected(data.error());
    BrokerSession session{**data, [&](std::string_view line) { environment.progress(line); }};
    return carry_out(session, invocation);
}

using OpenHere = Result<Answer> (*)(Environment&, const fs::path&, const Invocation&);

// The daemon holds the lock of its data, so it is asked first. While it starts or ends it holds the
// lock and does not listen: then both are tried again for a while.
Answer ask_or_open(Environment& environment,
                   const fs::path& home,
                   std::string_view socket,
                   OpenHere open_here,
                   const Invocation& invocation) {
    const auto until = environment.clock.monotonic() + std::chrono::nanoseconds(invocation.wait);
    const auto say = [&](std::string_view line) { environment.progress(line); };
    for (;;) {
        auto asked = maybe_ask(home / socket, invocation, say);
        if (asked) return *asked ? std::move(**asked) : failed(asked->error(), invocation.lang);
        auto answer = open_here(environment, home, invocation);
        if (answer) return std::move(*answer);
        const bool busy = answer.error().code == Code::already_running;
        if (!busy || environment.clock.monotonic() >= until) {
            return failed(answer.error(), invocation.lang);
        }
        std::this_thread::sleep_for(kLockPause);
    }
}

Answer run_command(Environment& environment, const Parsed& parsed) {
    const Command& command = *parsed.command;
    const Invocation& invocation = parsed.invocation;
    if (command.broker != nullptr && is_broker_home(parsed.home)) {
        return ask_or_open(environment, parsed.home, kBrokerSocketFile, run_on_data, invocation);
    }
    if (command.local != nullptr) {
        auto answer = command.local(environment, invocation);
        return answer ? std::move(*answer) : failed(answer.error(), invocation.lang);
    }
    return ask_or_open(environment, parsed.home, kSocketFile, run_in_process, invocation);
}

void print(Environment& environment, const Parsed& parsed, const Answer& answer) {
    const Command& command = *parsed.command;
    const Lang lang = parsed.invocation.lang;
    const auto error = answer.body.is_object() ? answer.body.find("error") : answer.body.end();
    const bool has_error = answer.body.is_object() && error != answer.body.end();
    if (parsed.json || (command.json_lines && !has_error)) {
        if (command.json_lines && answer.body.is_array()) {
            for (const Json& item : answer.body) environment.out << to_line(item) << '\n';
        } else {
            environment.out << to_line(answer.body) << '\n';
        }
        environment.out.flush();
        return;
    }
    // A body may hold a part of a result beside the error that ended it.
    const bool only_error = has_error && answer.body.size() == 1;
    if (!only_error && command.render != nullptr) {
        environment.out << command.render(answer.body, lang) << std::flush;
    } else if (!only_error && !answer.body.empty()) {
        environment.out << to_pretty(answer.body) << '\n' << std::flush;
    }
    if (has_error) environment.err << error_to_text(*error, lang) << std::flush;
}

}  // namespace

void Environment::progress(std::string_view line) const { err << line << '\n' << std::flush; }

Answer carry_out(Session& session, const Invocation& invocation) {
    const Command* command = maybe_command(invocation.command);
    if (command == nullptr || command->node == nullptr) {
        return failed(Error{Code::bad_argument, "not a command of a node", invocation.command, {}},
                      invocation.lang);
    }
    auto answer = command->node(session, invocation);
    return answer ? std::move(*answer) : failed(answer.error(), invocation.lang);
}

Answer carry_out(BrokerSession& session, const Invocation& invocation) {
    const Command* command = maybe_command(invocation.command);
    if (command == nullptr || command->broker == nullptr) {
        return failed(
            Error{Code::bad_argument, "not a command of a broker", invocation.command, {}},
            invocation.lang);
    }
    auto answer = command->broker(session, invocation);
    return answer ? std::move(*answer) : failed(answer.error(), invocation.lang);
}

void catch_up(Session& session, const Invocation& invocation) {
    const auto until = session.clock.monotonic() + std::chrono::nanoseconds(invocation.wait);
    const auto left = [&] {
        const auto now = session.clock.monotonic();
        return now >= until ? node::Api::Timeout(0)
                            : std::chrono::duration_cast<node::Api::Timeout>(until - now);
    };
    if (invocation.has("until")) {
        // What has not arrived in time is shown by the next call; the inbox is right as it is.
        (void)session.api.catch_up(static_cast<Position>(invocation.number("until", 0)), left());
        return;
    }
    if (!session.api.catch_up_to_now(left())) {
        const Words words{"máy chủ trục không trả lời: dữ liệu có thể chưa mới nhất",
                          "the broker does not answer: what is shown may not be the newest"};
        session.progress(words.in(invocation.lang));
    }
}

int run(const std::vector<std::string>& words, Environment& environment) {
    const Manners manners = manners_of(words, environment.locale);
    const auto refuse = [&](const Error& error) {
        const Answer answer = failed(error, manners.lang);
        if (manners.json) {
            environment.out << to_line(answer.body) << '\n' << std::flush;
        } else {
            environment.err << error_to_text(answer.body["error"], manners.lang) << std::flush;
        }
        return answer.exit;
    };
    auto parsed = parse(words, environment.locale);
    if (!parsed) return refuse(parsed.error());
    if (parsed->command == nullptr) {
        environment.out << parsed->text << std::flush;
        return 0;
    }
    auto read = read_inputs(environment, *parsed->command, parsed->invocation);
    if (!read) return refuse(read.error());
    const Answer answer = run_command(environment, *parsed);
    auto written = write_outputs(parsed->invocation, answer);
    if (!written) return refuse(written.error());
    print(environment, *parsed, answer);
    return answer.exit;
}

}  // namespace lienthong::cli
