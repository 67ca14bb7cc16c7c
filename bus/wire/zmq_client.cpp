// SPDX-License-Identifier: Apache-2.0
// ZmqClient: a node's DEALER sockets. docs/protocol.md, "Connections", has the rules.
#include <zmq.h>

#include <array>
#include <cerrno>

#include "bus/base/check.hpp"
#include "bus/wire/socket.hpp"
#include "bus/wire/zmq_socket.hpp"

namespace lienthong::wire {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr int kRefusedAtOnceMax = 64;

// No routing id is set: the broker serves only peers that libzmq numbered.
Result<ZmqSocket> dial(const ZmqContext& context, Channel channel, const ClientOptions& options) {
    const std::string& endpoint =
        channel == Channel::control ? options.control_endpoint : options.data_endpoint;
    ZmqSocket socket(context, ZMQ_DEALER);
    set_options(socket, channel, endpoint);
    socket.set(ZMQ_CURVE_SERVERKEY, options.server_key);
    socket.set(ZMQ_CURVE_PUBLICKEY, options.keys->public_key);
    socket.set(ZMQ_CURVE_SECRETKEY, options.keys->secret_key.view());
    const auto connected = socket.connect(endpoint);
    if (!connected) return std::unexpected(connected.error());
    return socket;
}

}  // namespace

struct ZmqClient::Impl {
    ZmqContext context;
    WakeEvent wake;
    ClientOptions options;
    std::array<ZmqSocket, 2> sockets;  // by channel
    std::size_t turn = 0;
};

ZmqClient::ZmqClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZmqClient::~ZmqClient() = default;

Result<std::unique_ptr<ZmqClient>> ZmqClient::open(ClientOptions options) {
    CHECK(options.keys != nullptr);
    auto impl = std::make_unique<Impl>();
    impl->options = std::move(options);
    std::unique_ptr<ZmqClient> client(new ZmqClient(std::move(impl)));
    const auto connected = client->reconnect();
    if (!connected) return std::unexpected(connected.error());
    return client;
}

Result<void> ZmqClient::reconnect() {
    const ClientOptions& options = impl_->options;
    if (options.server_key.size() != kKeyBytes || options.keys->public_key.size() != kKeyBytes ||
        options.keys->secret_key.size() != kKeyBytes) {
        return fail(Code::malformed_key, "a CURVE key has 32 bytes");
    }
    for (const Channel channel : {Channel::control, Channel::data}) {
        auto socket = dial(impl_->context, channel, options);
        if (!socket) return std::unexpected(socket.error());
        impl_->sockets[std::to_underlying(channel)] = std::move(*socket);
    }
    return {};
}

std::optional<Frames> ZmqClient::maybe_receive() {
    impl_->turn ^= 1;
    for (std::size_t i = 0; i < impl_->sockets.size(); ++i) {
        const std::size_t at = impl_->turn ^ i;
        const auto channel = static_cast<Channel>(at);
        for (int refused = 0; refused < kRefusedAtOnceMax; ++refused) {
            Parts parts;
            const Received got = receive(impl_->sockets[at], false, bytes_max(channel), parts);
            if (got == Received::nothing) break;
            if (got == Received::message) {
                return Frames{channel, std::move(parts.command), std::move(parts.data)};
            }
        }
    }
    return std::nullopt;
}

Result<void> ZmqClient::send(const Frames& frames) {
    CHECK(!frames.command.empty());
    const std::size_t size_max = bytes_max(frames.channel);
    if (frames.command.size() > size_max || frames.data.size() > size_max) {
        return fail(Code::oversized, "larger than its channel allows");
    }
    const ZmqSocket& socket = impl_->sockets[std::to_underlying(frames.channel)];
    const bool sent = send_first_part(socket, frames.command, !frames.data.empty()) &&
                      (frames.data.empty() || send_part(socket, frames.data, false));
    if (!sent) return fail(Code::overloaded, "the connection takes no more now");
    return {};
}

void ZmqClient::wait(int timeout_ms) {
    wait_readable(impl_->sockets[0], impl_->sockets[1], impl_->wake, timeout_ms);
}
void ZmqClient::wake() { impl_->wake.signal(); }

}  // namespace lienthong::wire
