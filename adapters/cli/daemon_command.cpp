// SPDX-License-Identifier: Apache-2.0
// `lienthong broker` and `lienthong node`: processes that stay until they are told to end.
#include <fmt/format.h>
#include <unistd.h>

#include <ostream>

#include "adapters/cli/broker_api.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/cli/key_files.hpp"
#include "adapters/cli/open_home.hpp"
#include "adapters/cli/run.hpp"
#include "adapters/cli/socket.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/file.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRunFile = "run.json";

// The one line that says: from now on this process serves.
void say_ready(Environment& environment, const Json& ready) {
    Json line{{"ready", true}};
    line.update(ready);
    FAILPOINT(daemon_ready, before);
    environment.out << to_line(line) << '\n' << std::flush;
    FAILPOINT(daemon_ready, after);
}

Result<Answer> ended(const std::optional<Error>& error) {
    if (error) return std::unexpected(*error);
    return Answer{};
}

// Starts the node; if newer keys of this home have become valid in the registry, starts it again
// with these.
Result<std::unique_ptr<node::Node>> start_node(Environment& environment, const fs::path& home) {
    for (int attempt = 0;; ++attempt) {
        auto loaded = load_node_home(home, environment.credentials_directory);
        if (!loaded) return std::unexpected(loaded.error());
        auto node =
            environment.start_node(std::move(*loaded), environment.clock, environment.random);
        if (!node || attempt > 0) return node;
        auto documents = (*node)->documents();
        if (!documents || !documents->registry) return node;
        auto installed = install_keys(home, *documents->registry, environment.clock.wall());
        if (!installed) return std::unexpected(installed.error());
        if (installed->empty()) return node;
        for (const std::string& name : *installed) {
            environment.progress(fmt::format("key installed: {}", name));
        }
        (*node)->stop();
    }
}

}  // namespace

Result<Answer> run_broker(Environment& environment, const Invocation& invocation) {
    const fs::path home = invocation.text("home");
    if (!is_broker_home(home)) return std::unexpected(not_a_home(home, "broker"));
    environment.ending.prepare();
    auto loaded = load_broker_home(home, environment.credentials_directory);
    if (!loaded) return std::unexpected(loaded.error());
    auto broker = broker::Broker::start(
        std::move(loaded->options), std::move(loaded->keys), environment.clock, environment.random);
    if (!broker) return std::unexpected(broker.error());
    const Json running{{"role", "broker"},
                       {"pid", getpid()},
                       {"control", (*broker)->control_endpoint()},
                       {"data", (*broker)->data_endpoint()},
                       {"metrics", (*broker)->metrics_port()}};
    auto written = write_file(home / kRunFile, as_bytes(to_line(running) + "\n"), 0600);
    if (!written) return std::unexpected(written.error());
    std::optional<Error> error;
    {
        const auto api = api_of(**broker);
        auto server = SocketServer::open(
            home / kBrokerSocketFile,
            [&](const Invocation& asked, const std::function<void(std::string_view)>& progress) {
                BrokerSession session{*api, progress};
                return carry_out(session, asked);
            });
        if (!server) return std::unexpected(server.error());
        say_ready(environment, running);
        while (!(*broker)->failed() && !environment.ending.wait()) {
        }
        error = (*broker)->failed();
    }
    (*broker)->stop();
    std::error_code ignored;  // a file of a process that has gone says so by its pid
    fs::remove(home / kRunFile, ignored);
    return ended(error);
}

Result<Answer> run_node(Environment& environment, const Invocation& invocation) {
    const fs::path home = invocation.text("home");
    if (!is_node_home(home)) return std::unexpected(not_a_home(home, "node"));
    environment.ending.prepare();
    auto node = start_node(environment, home);
    if (!node) return std::unexpected(node.error());
    std::optional<Error> error;
    {
        auto server = SocketServer::open(
            home / kSocketFile,
            [&](const Invocation& asked, const std::function<void(std::string_view)>& progress) {
                Session session{**node, home, environment.clock, environment.random, progress};
                return carry_out(session, asked);
            });
        if (!server) return std::unexpected(server.error());
        say_ready(environment, {{"role", "node"}, {"pid", getpid()}, {"home", home.string()}});
        while (!(*node)->failed() && !environment.ending.wait()) {
        }
        error = (*node)->failed();
    }
    (*node)->stop();
    return ended(error);
}

}  // namespace lienthong::cli
