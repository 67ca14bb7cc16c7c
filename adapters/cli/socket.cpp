// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "bus/base/failpoint.hpp"

namespace lienthong::cli {
namespace {

enum class FrameType : std::uint8_t { request = 1, progress = 2, answer = 3 };

// Where an error stands: the same words for node and broker.
constexpr std::string_view kPlace = "local socket";
constexpr int kStepMs = 100;
constexpr int kRequestMs = 30'000;  // for a request to arrive whole

std::unexpected<Error> io_error(const char* action) {
    return fail(Code::io,
                std::string(action) + ": " + std::generic_category().message(errno),
                std::string(kPlace));
}

class Fd {
  public:
    explicit Fd(int fd) : fd_(fd) {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) close(fd_);
    }
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.size() >= sizeof address.sun_path) {
        return fail(Code::bad_argument, "the path of the home is too long for a socket", text);
    }
    std::memcpy(address.sun_path, text.data(), text.size());
    return address;
}

// -1 waits for ever.
Result<void> wait_readable(int fd, int timeout_ms) {
    pollfd item{fd, POLLIN, 0};
    for (;;) {
        const int ready = poll(&item, 1, timeout_ms);
        if (ready > 0) return {};
        if (ready == 0) return fail(Code::timeout, "no answer", std::string(kPlace));
        if (errno != EINTR) return io_error("poll");
    }
}

Result<void> read_exactly(int fd, std::span<std::uint8_t> out, int timeout_ms) {
    while (!out.empty()) {
        auto ready = wait_readable(fd, timeout_ms);
        if (!ready) return ready;
        const ssize_t got = recv(fd, out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error("read");
        if (got == 0) return fail(Code::io, "the other side left", std::string(kPlace));
        out = out.subspan(static_cast<std::size_t>(got));
    }
    return {};
}

Result<void> write_all(int fd, BytesView bytes) {
    while (!bytes.empty()) {
        const ssize_t put = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return io_error("write");
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
}

Result<void> write_frame(int fd, FrameType type, BytesView bytes) {
    if (bytes.size() > kFrameBytesMax) return fail(Code::oversized, "a frame of the local socket");
    ByteWriter head;
    head.u32(static_cast<std::uint32_t>(bytes.size())).u8(static_cast<std::uint8_t>(type));
    auto written = write_all(fd, head.bytes());
    return written ? write_all(fd, bytes) : written;
}

struct Frame {
    FrameType type = FrameType::request;
    Bytes bytes;
};

Result<Frame> read_frame(int fd, int timeout_ms) {
    std::array<std::uint8_t, 5> head{};
    auto got = read_exactly(fd, head, timeout_ms);
    if (!got) return std::unexpected(got.error());
    ByteReader reader(head);
    const std::uint32_t size = reader.u32();
    const std::uint8_t type = reader.u8();
    if (size > kFrameBytesMax) return fail(Code::oversized, "a frame of the local socket");
    if (type < 1 || type > 3) return fail(Code::malformed_frame, "a frame of the local socket");
    Frame frame{static_cast<FrameType>(type), Bytes(size)};
    got = read_exactly(fd, frame.bytes, timeout_ms);
    if (!got) return std::unexpected(got.error());
    return frame;
}

}  // namespace

SocketServer::SocketServer(std::filesystem::path path, int fd, Serve serve)
    : path_(std::move(path)), fd_(fd), serve_(std::move(serve)) {
    threads_.emplace_back([this](const std::stop_token& stop) { accept_loop(stop); });
    for (std::size_t i = 0; i < kWorkers; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) { serve_loop(stop); });
    }
}

SocketServer::~SocketServer() {
    unlink(path_.c_str());
    for (std::jthread& thread : threads_) thread.request_stop();
    waiting_.interrupt();
    threads_.clear();
    close(fd_);
    while (const auto fd = waiting_.maybe_pop()) close(*fd);
}

Result<std::unique_ptr<SocketServer>> SocketServer::open(const std::filesystem::path& path,
                                                         Serve serve) {
    const auto address = address_of(path);
    if (!address) return std::unexpected(address.error());
    const auto* generic = reinterpret_cast<const sockaddr*>(&*address);
    {
        // The caller holds the lock of the data, so a socket that nobody answers at is a dead
        // one's.
        const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (probe.get() < 0) return io_error("socket");
        if (connect(probe.get(), generic, sizeof *address) == 0) {
            return fail(Code::already_running, "a process listens here", path.string());
        }
        unlink(path.c_str());
    }
    FAILPOINT_OR_FAIL(socket_open, before);
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd.get() < 0) return io_error("socket");
    // Nobody but the owner may enter the home (0700), so there is no moment of looser access.
    if (bind(fd.get(), generic, sizeof *address) != 0) return io_error("bind");
    if (chmod(path.c_str(), 0600) != 0) return io_error("chmod");
    if (listen(fd.get(), static_cast<int>(kWaitingMax)) != 0) return io_error("listen");
    FAILPOINT_OR_FAIL(socket_open, after);
    return std::unique_ptr<SocketServer>(new SocketServer(path, fd.release(), std::move(serve)));
}

void SocketServer::accept_loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd item{fd_, POLLIN, 0};
        if (poll(&item, 1, kStepMs) <= 0) continue;
        const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        if (!waiting_.try_push(int{fd})) {
            const Answer full =
                failed(Error{Code::overloaded, {}, std::string(kPlace), {}}, Lang::vi);
            // A client that does not take it finds a closed connection instead.
            (void)write_frame(fd, FrameType::answer, encode_answer(full));
            close(fd);
        }
    }
}

void SocketServer::serve_loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        waiting_.wait_for(std::chrono::milliseconds(kStepMs));
        while (const auto fd = waiting_.maybe_pop()) serve_one(*fd);
    }
}

void SocketServer::serve_one(int raw) {
    const Fd fd(raw);
    auto frame = read_frame(fd.get(), kRequestMs);
    if (!frame) return;
    Answer answer;
    auto invocation = parse_invocation(frame->bytes);
    if (frame->type != FrameType::request || !invocation) {
        answer = failed(Error{Code::malformed_frame, {}, std::string(kPlace), {}}, Lang::vi);
    } else {
        answer = serve_(*invocation, [&](std::string_view line) {
            // Progress is for who still listens; the work goes on without.
            (void)write_frame(fd.get(), FrameType::progress, as_bytes(line));
        });
    }
    Bytes bytes = encode_answer(answer);
    if (bytes.size() > kFrameBytesMax) {
        const Lang lang = invocation ? invocation->lang : Lang::vi;
        bytes = encode_answer(failed(Error{Code::oversized, "the answer", {}, {}}, lang));
    }
    // A client that has left does not get it; what was done stays done.
    FAILPOINT(socket_answer, before);
    (void)write_frame(fd.get(), FrameType::answer, bytes);
    FAILPOINT(socket_answer, after);
}

std::optional<Result<Answer>> maybe_ask(const std::filesystem::path& path,
                                        const Invocation& invocation,
                                        const std::function<void(std::string_view)>& progress) {
    const auto address = address_of(path);
    if (!address) return std::nullopt;
    const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) return io_error("socket");
    const auto* generic = reinterpret_cast<const sockaddr*>(&*address);
    if (connect(fd.get(), generic, sizeof *address) != 0) return std::nullopt;
    auto sent = write_frame(fd.get(), FrameType::request, encode_invocation(invocation));
    if (!sent) return std::unexpected(sent.error());
    for (;;) {
        auto frame = read_frame(fd.get(), -1);
        if (!frame) return std::unexpected(frame.error());
        if (frame->type == FrameType::progress) {
            progress(as_text(frame->bytes));
            continue;
        }
        return parse_answer(frame->bytes);
    }
}

}  // namespace lienthong::cli
