// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

Answer echo(const Invocation& invocation, const std::function<void(std::string_view)>& progress) {
    progress("working");
    Answer answer;
    answer.body = Json{{"command", invocation.command}};
    answer.exit = 4;
    answer.outputs = invocation.inputs;
    return answer;
}

Invocation question() {
    Invocation invocation;
    invocation.command = "status";
    invocation.inputs["file"] = Bytes(300'000, 0x7f);
    return invocation;
}

const std::function<void(std::string_view)> kQuiet = [](std::string_view) {};

TEST(Socket, CarriesRequestProgressAndAnswer) {
    TemporaryFolder folder;
    const auto path = folder.path() / kSocketFile;
    auto server = SocketServer::open(path, echo);
    ASSERT_TRUE(server.has_value()) << server.error().detail;
    std::vector<std::string> lines;
    auto answer =
        maybe_ask(path, question(), [&](std::string_view line) { lines.emplace_back(line); });
    ASSERT_TRUE(answer.has_value());
    ASSERT_TRUE(answer->has_value()) << answer->error().detail;
    EXPECT_EQ((*answer)->body["command"], "status");
    EXPECT_EQ((*answer)->exit, 4);
    EXPECT_EQ((*answer)->outputs, question().inputs);
    EXPECT_EQ(lines, std::vector<std::string>{"working"});
}

TEST(Socket, ServesManyAtOnce) {
    TemporaryFolder folder;
    const auto path = folder.path() / kSocketFile;
    auto server = SocketServer::open(path, echo);
    ASSERT_TRUE(server.has_value());
    std::atomic<int> answered = 0;
    {
        std::vector<std::jthread> clients;
        for (int i = 0; i < 16; ++i) {
            clients.emplace_back([&] {
                const auto answer = maybe_ask(path, question(), kQuiet);
                if (answer && *answer) ++answered;
            });
        }
    }
    EXPECT_EQ(answered, 16);
}

TEST(Socket, OnlyTheOwnerMayAsk) {
    TemporaryFolder folder;
    const auto path = folder.path() / kSocketFile;
    auto server = SocketServer::open(path, echo);
    ASSERT_TRUE(server.has_value());
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(Socket, NobodyListensIsNothingAndLeavesNoTrace) {
    TemporaryFolder folder;
    const auto path = folder.path() / kSocketFile;
    EXPECT_FALSE(maybe_ask(path, question(), kQuiet).has_value());
    {
        auto server = SocketServer::open(path, echo);
        ASSERT_TRUE(server.has_value());
        auto second = SocketServer::open(path, echo);
        ASSERT_FALSE(second.has_value());
        EXPECT_EQ(second.error().code, Code::already_running);
    }
    EXPECT_FALSE(maybe_ask(path, question(), kQuiet).has_value());
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Socket, TakesThePlaceOfADeadProcess) {
    TemporaryFolder folder;
    const auto path = folder.path() / kSocketFile;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    close(fd);
    auto server = SocketServer::open(path, echo);
    ASSERT_TRUE(server.has_value()) << server.error().detail;
    EXPECT_TRUE(maybe_ask(path, question(), kQuiet).has_value());
}

TEST(Socket, APathThatIsTooLongIsABadArgument) {
    TemporaryFolder folder;
    auto server = SocketServer::open(folder.path() / std::string(200, 'x'), echo);
    ASSERT_FALSE(server.has_value());
    EXPECT_EQ(server.error().code, Code::bad_argument);
}

// Sends bytes as they are and reads what comes back.
Bytes talk(const std::filesystem::path& path, BytesView bytes) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    shutdown(fd, SHUT_WR);
    Bytes back;
    std::array<std::uint8_t, 4096> block{};
    for (;;) {
        const ssize_t got = recv(fd, block.data(), block.size(), 0);
        if (got <= 0) break;
        back.insert(back.end(), block.begin(), block.begin() + got);
    }
    close(fd);
    return back;
}

TEST(Socket, BadFramesAreRefusedAndTheNextOneIsServed) {
    TemporaryFolder folder;
    const auto path = folder.path() / kSocketFile;
    auto server = SocketServer::open(path, echo);
    ASSERT_TRUE(server.has_value());
    const Bytes garbage = ByteWriter().u32(3).u8(1).raw(as_bytes("abc")).take();
    const Bytes back = talk(path, garbage);
    ASSERT_GT(back.size(), 5U);
    const auto answer = parse_answer(BytesView(back).subspan(5));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body["error"]["code"], "malformed_frame");
    EXPECT_TRUE(talk(path, ByteWriter().u32(kFrameBytesMax + 1).u8(1).take()).empty());
    EXPECT_TRUE(talk(path, ByteWriter().u32(1).u8(9).u8(0).take()).empty());
    EXPECT_TRUE(talk(path, ByteWriter().u32(100).u8(1).take()).empty());
    EXPECT_TRUE(maybe_ask(path, question(), kQuiet).has_value());
}

}  // namespace
}  // namespace lienthong::cli
