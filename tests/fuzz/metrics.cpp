// SPDX-License-Identifier: Apache-2.0
// The metrics door over loopback, with bytes that are a request or nearly one: it answers in HTTP
// or not at all, repeats nothing of what it was asked, and goes on serving. To a request of no
// version that it knows, civetweb answers with the version that was asked for, whatever that is.
#include "bus/broker/metrics.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

constexpr std::string_view kHealth = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
constexpr std::size_t kAnswerBytesMax = 1024 * 1024;

struct Door {
    broker::Counters counters;
    std::unique_ptr<broker::Metrics> metrics = broker::Metrics::start(0, counters).value();
};

int connected(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

// Sends all, says that no more comes, and reads to the end.
std::string ask(std::uint16_t port, BytesView request) {
    const int fd = connected(port);
    // What the other side does not take is its right.
    for (std::size_t sent = 0; sent < request.size();) {
        const ssize_t put = send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
        if (put <= 0) break;
        sent += static_cast<std::size_t>(put);
    }
    shutdown(fd, SHUT_WR);
    std::string answer;
    char room[4096];
    for (ssize_t got = 0; (got = recv(fd, room, sizeof room, 0)) > 0;) {
        answer.append(room, static_cast<std::size_t>(got));
        CHECK(answer.size() <= kAnswerBytesMax);
    }
    close(fd);
    return answer;
}

void run(BytesView input) {
    static const Door door;
    const std::uint16_t port = door.metrics->port();
    const std::string answer = ask(port, input);
    CHECK(answer.empty() || answer.starts_with("HTTP/"));
    // A word of the request that no answer of ours has.
    constexpr std::string_view kMark = "zqzqzqzq";
    if (answer.starts_with("HTTP/1.1 ")) CHECK(answer.find(kMark) == std::string::npos);
    static std::uint64_t asked = 0;
    if (++asked % 64 == 0) {
        const std::string health = ask(port, as_bytes(kHealth));
        CHECK(health.starts_with("HTTP/1.1 200"));
        CHECK(health.find("lienthong_healthy 1") != std::string::npos);
    }
}

const Registered registered({"metrics", run, 2 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
