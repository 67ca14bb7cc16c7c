// SPDX-License-Identifier: Apache-2.0
#include "bus/wire/zmq_socket.hpp"

#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "bus/base/check.hpp"
#include "bus/wire/command.hpp"
#include "bus/wire/socket.hpp"

namespace lienthong::wire {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyZ85Bytes = 41;  // with the ending zero

constexpr int kSocketsMax = 64;
constexpr int kBacklogMax = 128;
// Whole messages that wait for one peer, in each direction; then `overloaded`, or TCP stops
// reading.
constexpr int kControlWaitingMax = 64;
constexpr int kDataWaitingMax = 8;
// A CURVE frame is its content and 33 bytes: 8 "\x07MESSAGE", 8 nonce, 1 flags, 16 tag.
constexpr std::int64_t kCurveFrameBytes = 33;
constexpr int kHandshakeMs = 5'000;
constexpr int kHeartbeatMs = 5'000;
constexpr int kHeartbeatTtlMs = 20'000;
constexpr int kHeartbeatTimeoutMs = 20'000;
constexpr int kReconnectMs = 100;
constexpr int kReconnectMaxMs = 5'000;
constexpr int kKeepaliveIdleS = 60;
constexpr int kKeepaliveIntervalS = 10;
constexpr int kKeepaliveCount = 6;

// One part of a message; closed when it goes.
class Part {
  public:
    Part() { zmq_msg_init(&part_); }
    ~Part() { zmq_msg_close(&part_); }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    bool receive(void* socket) {
        int got = -1;
        do {
            got = zmq_msg_recv(&part_, socket, ZMQ_DONTWAIT);
        } while (got < 0 && errno == EINTR);
        return got >= 0;
    }
    bool more() const { return zmq_msg_more(&part_) != 0; }
    std::size_t size() const { return zmq_msg_size(&part_); }
    Bytes bytes() {
        const auto* data = static_cast<const std::uint8_t*>(zmq_msg_data(&part_));
        return {data, data + size()};
    }
    std::string user_id() const {
        const char* value = zmq_msg_gets(&part_, "User-Id");
        return value == nullptr ? std::string() : std::string(value);
    }

  private:
    zmq_msg_t part_{};
};

Error failed(std::string_view what, const std::string& endpoint) {
    const Code code = errno == EINVAL || errno == EPROTONOSUPPORT || errno == ENODEV
                          ? Code::malformed_config
                          : Code::io;
    return {code, std::string(what) + ": " + zmq_strerror(errno), endpoint, {}};
}

}  // namespace

ZmqContext::ZmqContext() : context_(zmq_ctx_new()) {
    CHECK(context_ != nullptr);
    CHECK(zmq_ctx_set(context_, ZMQ_IO_THREADS, 1) == 0);
    CHECK(zmq_ctx_set(context_, ZMQ_MAX_SOCKETS, kSocketsMax) == 0);
    CHECK(zmq_ctx_set(context_, ZMQ_BLOCKY, 0) == 0);
}

ZmqContext::~ZmqContext() {
    while (zmq_ctx_term(context_) != 0 && errno == EINTR) {
    }
}

void ZmqContext::shut_down() { zmq_ctx_shutdown(context_); }

ZmqSocket::ZmqSocket(const ZmqContext& context, int type)
    : socket_(zmq_socket(context.get(), type)) {
    CHECK(socket_ != nullptr);
    set(ZMQ_LINGER, 0);
}

ZmqSocket& ZmqSocket::operator=(ZmqSocket&& other) noexcept {
    if (this != &other) {
        close();
        socket_ = std::exchange(other.socket_, nullptr);
    }
    return *this;
}

void ZmqSocket::close() {
    if (socket_ != nullptr) zmq_close(socket_);
    socket_ = nullptr;
}

void ZmqSocket::set(int option, int value) {
    CHECK(zmq_setsockopt(socket_, option, &value, sizeof value) == 0);
}
void ZmqSocket::set(int option, std::int64_t value) {
    CHECK(zmq_setsockopt(socket_, option, &value, sizeof value) == 0);
}
void ZmqSocket::set(int option, BytesView value) {
    CHECK(zmq_setsockopt(socket_, option, value.data(), value.size()) == 0);
}

Result<void> ZmqSocket::bind(const std::string& endpoint) {
    if (zmq_bind(socket_, endpoint.c_str()) == 0) return {};
    return std::unexpected(failed("cannot bind", endpoint));
}

Result<void> ZmqSocket::connect(const std::string& endpoint) {
    if (zmq_connect(socket_, endpoint.c_str()) == 0) return {};
    return std::unexpected(failed("cannot connect", endpoint));
}

std::string ZmqSocket::last_endpoint() const {
    std::string text(256, '\0');
    std::size_t size = text.size();
    CHECK(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text.data(), &size) == 0);
    text.resize(size == 0 ? 0 : size - 1);  // without the ending zero
    return text;
}

WakeEvent::WakeEvent() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    CHECK(descriptor_ >= 0);
}
WakeEvent::~WakeEvent() { ::close(descriptor_); }

void WakeEvent::signal() const {
    // Fails only when the counter is full, and then it is signalled already.
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}
void WakeEvent::clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(descriptor_, &count, sizeof count);
}

std::size_t bytes_max(Channel channel) {
    return channel == Channel::control ? kControlBytesMax : kDataBytesMax;
}

void set_options(ZmqSocket& socket, Channel channel, std::string_view endpoint) {
    const int waiting_max = channel == Channel::control ? kControlWaitingMax : kDataWaitingMax;
    socket.set(ZMQ_MAXMSGSIZE, static_cast<std::int64_t>(bytes_max(channel)) + kCurveFrameBytes);
    socket.set(ZMQ_SNDHWM, waiting_max);
    socket.set(ZMQ_RCVHWM, waiting_max);
    socket.set(ZMQ_BACKLOG, kBacklogMax);
    socket.set(ZMQ_HANDSHAKE_IVL, kHandshakeMs);
    socket.set(ZMQ_HEARTBEAT_IVL, kHeartbeatMs);
    socket.set(ZMQ_HEARTBEAT_TTL, kHeartbeatTtlMs);
    socket.set(ZMQ_HEARTBEAT_TIMEOUT, kHeartbeatTimeoutMs);
    socket.set(ZMQ_RECONNECT_IVL, kReconnectMs);
    socket.set(ZMQ_RECONNECT_IVL_MAX, kReconnectMaxMs);
    socket.set(ZMQ_IMMEDIATE, 0);
    socket.set(ZMQ_IPV6, endpoint.find('[') == std::string_view::npos ? 0 : 1);
    socket.set(ZMQ_TCP_KEEPALIVE, 1);
    socket.set(ZMQ_TCP_KEEPALIVE_IDLE, kKeepaliveIdleS);
    socket.set(ZMQ_TCP_KEEPALIVE_INTVL, kKeepaliveIntervalS);
    socket.set(ZMQ_TCP_KEEPALIVE_CNT, kKeepaliveCount);
}

Received receive(const ZmqSocket& socket, bool routed, std::size_t part_bytes_max, Parts& out) {
    out = {};
    const std::size_t body = routed ? 1 : 0;  // where the command stands
    bool fits = true;
    std::size_t count = 0;
    for (bool more = true; more; ++count) {
        Part part;
        if (!part.receive(socket.get())) {
            // The first part: nothing is there. Later ones arrive with the first.
            return count == 0 ? Received::nothing : Received::refused;
        }
        more = part.more();
        if (!fits) continue;
        if (count == body) out.user_id = part.user_id();
        if (count >= body + 2 || part.size() > part_bytes_max) {
            fits = false;
            out = {};
        } else if (count < body) {
            out.routing = part.bytes();
        } else {
            (count == body ? out.command : out.data) = part.bytes();
        }
    }
    return fits && count > body && !out.command.empty() ? Received::message : Received::refused;
}

bool send_first_part(const ZmqSocket& socket, BytesView part, bool more) {
    if (send_part(socket, part, more)) return true;
    if (errno != EAGAIN) return false;
    // A send looks only now and then at what the other thread has told the socket, "there is room
    // again" too. Asking for its events makes it look.
    int events = 0;
    std::size_t size = sizeof events;
    zmq_getsockopt(socket.get(), ZMQ_EVENTS, &events, &size);
    return send_part(socket, part, more);
}

bool send_part(const ZmqSocket& socket, BytesView part, bool more) {
    int sent = -1;
    do {
        sent = zmq_send(
            socket.get(), part.data(), part.size(), ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

void wait_readable(const ZmqSocket& first,
                   const ZmqSocket& second,
                   const WakeEvent& wake,
                   int timeout_ms) {
    std::array items = {zmq_pollitem_t{first.get(), 0, ZMQ_POLLIN, 0},
                        zmq_pollitem_t{second.get(), 0, ZMQ_POLLIN, 0},
                        zmq_pollitem_t{nullptr, wake.descriptor(), ZMQ_POLLIN, 0}};
    // A signal (EINTR) ends the wait early, as wake() does: the caller looks and waits again.
    const int ready = zmq_poll(items.data(), static_cast<int>(items.size()), timeout_ms);
    if (ready > 0 && (items.back().revents & ZMQ_POLLIN) != 0) wake.clear();
}

CurveKeyPair make_curve_key_pair() {
    std::array<char, kKeyZ85Bytes> public_text{};
    std::array<char, kKeyZ85Bytes> secret_text{};
    CHECK(zmq_curve_keypair(public_text.data(), secret_text.data()) == 0);
    CurveKeyPair pair{Bytes(kKeyBytes), Secret(kKeyBytes)};
    CHECK(zmq_z85_decode(pair.public_key.data(), public_text.data()) != nullptr);
    CHECK(zmq_z85_decode(pair.secret_key.writable().data(), secret_text.data()) != nullptr);
    explicit_bzero(secret_text.data(), secret_text.size());
    return pair;
}

}  // namespace lienthong::wire
