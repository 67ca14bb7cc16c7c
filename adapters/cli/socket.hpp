// SPDX-License-Identifier: Apache-2.0
// The own door of a node or a broker: a Unix socket in its home (mode 0600, so the owner alone)
// through which other runs of `lienthong` ask the process that holds the home's data. A frame is a
// 32-bit big-endian length, a type and bytes; one request a connection, answered by progress lines
// and then the answer.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "adapters/cli/invocation.hpp"
#include "bus/base/queue.hpp"

namespace lienthong::cli {

inline constexpr std::string_view kSocketFile = "node.sock";
inline constexpr std::string_view kBrokerSocketFile = "broker.sock";

// Carries out one request; may be called on several threads at once.
using Serve =
    std::function<Answer(const Invocation&, const std::function<void(std::string_view)>&)>;

// Thread: its own ones, one that accepts and a few that serve; at most so many connections wait.
class SocketServer {
  public:
    static constexpr std::size_t kWorkers = 4;
    static constexpr std::size_t kWaitingMax = 64;

    // already_running if a process listens there; io; bad_argument (too long a path).
    static Result<std::unique_ptr<SocketServer>> open(const std::filesystem::path& path,
                                                      Serve serve);
    ~SocketServer();  // ends when the requests in hand are answered

  private:
    SocketServer(std::filesystem::path path, int fd, Serve serve);
    void accept_loop(const std::stop_token& stop);
    void serve_loop(const std::stop_token& stop);
    void serve_one(int raw);

    const std::filesystem::path path_;
    const int fd_;
    const Serve serve_;
    Queue<int> waiting_{kWaitingMax};
    std::vector<std::jthread> threads_;
};

// Nothing if nobody listens at that path. timeout, io, malformed_frame, oversized.
std::optional<Result<Answer>> maybe_ask(const std::filesystem::path& path,
                                        const Invocation& invocation,
                                        const std::function<void(std::string_view)>& progress);

}  // namespace lienthong::cli
