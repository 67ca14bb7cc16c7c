// SPDX-License-Identifier: Apache-2.0
// ZmqServer: the broker's ROUTER sockets. docs/protocol.md, "Connections", has the rules.
#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>

#include "bus/base/check.hpp"
#include "bus/base/random.hpp"
#include "bus/wire/self_test.hpp"
#include "bus/wire/socket.hpp"
#include "bus/wire/zap.hpp"
#include "bus/wire/zmq_socket.hpp"

namespace lienthong::wire {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kRoutingBytes = 5;
// ZMQ_ZAP_ENFORCE_DOMAIN: zmq.h names it among its drafts, but Debian's library knows it (a test
// asks). With it, a CURVE server that has lost its ZAP handler admits nobody instead of everybody.
constexpr int kZapEnforceDomain = 93;
constexpr std::size_t kOwnersMax = 4096;
// Refused messages that one maybe_receive() reads away before it returns to its agent.
constexpr int kRefusedAtOnceMax = 64;

// libzmq numbers its peers itself, 00 and four bytes; a peer that chose its own id is not served.
bool is_given_by_library(const Bytes& routing) {
    return routing.size() == kRoutingBytes && routing[0] == 0;
}

// Remembers which key first used a routing id. When a second key comes with it, one of the two
// chose it on purpose: nobody is served under it any more, so nobody gets answers meant for
// another. Numbers ascend: at the limit the lowest, which is the oldest connection, is forgotten.
class RoutingOwners {
  public:
    bool admits(const Bytes& routing, const Bytes& key) {
        const auto [at, added] = owners_.try_emplace(routing, key);
        if (added && owners_.size() > kOwnersMax) {
            owners_.erase(at == owners_.begin() ? std::next(at) : owners_.begin());
        }
        if (added || at->second == key) return true;
        at->second.clear();
        return false;
    }
    bool is_contested(const Bytes& routing) const {
        const auto at = owners_.find(routing);
        return at != owners_.end() && at->second.empty();
    }
    void forget(const Bytes& routing) { owners_.erase(routing); }

  private:
    std::map<Bytes, Bytes> owners_;  // key; empty: contested
};

struct Door {
    Channel channel = Channel::control;
    ZmqSocket socket;
    std::string endpoint;
    RoutingOwners owners;
};

Result<void> open_door(Door& door, const ZmqContext& context, const ServerOptions& options) {
    const std::string& endpoint =
        door.channel == Channel::control ? options.control_endpoint : options.data_endpoint;
    // The ROUTER starts its numbers at rand(), which nobody else seeds: unseeded they are the same
    // in every process, and a client that squats on the next one makes libzmq 4.3.4 abort.
    std::array<std::uint8_t, sizeof(unsigned)> seed{};
    SystemRandom().fill(seed);
    unsigned number = 0;
    std::memcpy(&number, seed.data(), sizeof number);
    std::srand(number);  // NOLINT(cert-msc51-cpp): the seed is random
    door.socket = ZmqSocket(context, ZMQ_ROUTER);
    set_options(door.socket, door.channel, endpoint);
    door.socket.set(ZMQ_ROUTER_MANDATORY, 1);
    door.socket.set(ZMQ_ROUTER_HANDOVER, 0);
    door.socket.set(ZMQ_ZAP_DOMAIN, as_bytes(kZapDomain));
    door.socket.set(kZapEnforceDomain, 1);
    door.socket.set(ZMQ_CURVE_SERVER, 1);
    door.socket.set(ZMQ_CURVE_SECRETKEY, options.keys->secret_key.view());
    const auto bound = door.socket.bind(endpoint);
    if (!bound) return bound;
    door.endpoint = door.socket.last_endpoint();
    return check_random_key_is_refused(
        context, door.channel, door.endpoint, options.keys->public_key);
}

}  // namespace

// Destroyed from the last to the first: sockets, then the ZAP thread, then the context.
struct ZmqServer::Impl {
    ZmqContext context;
    std::unique_ptr<ZapHandler> zap;
    WakeEvent wake;
    std::array<Door, 2> doors{{{Channel::control, {}, {}, {}}, {Channel::data, {}, {}, {}}}};
    std::size_t turn = 0;  // which door is looked at first
    std::uint64_t refused = 0;

    // Nothing: no message waits at this door, or only refused ones.
    std::optional<Incoming> maybe_receive(Door& door) {
        for (int i = 0; i < kRefusedAtOnceMax; ++i) {
            Parts parts;
            switch (receive(door.socket, true, bytes_max(door.channel), parts)) {
                case Received::nothing:
                    return std::nullopt;
                case Received::message:
                    if (auto incoming = maybe_admit(door, std::move(parts))) return incoming;
                    break;
                case Received::refused:
                    break;
            }
            ++refused;
        }
        return std::nullopt;
    }

    static std::optional<Incoming> maybe_admit(Door& door, Parts parts) {
        auto key = from_hex(parts.user_id);
        if (!key || key->size() != kKeyBytes) return std::nullopt;
        if (!is_given_by_library(parts.routing)) return std::nullopt;
        if (!door.owners.admits(parts.routing, *key)) return std::nullopt;
        return Incoming{{door.channel, std::move(parts.routing)},
                        std::move(*key),
                        std::move(parts.command),
                        std::move(parts.data)};
    }
};

ZmqServer::ZmqServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZmqServer::~ZmqServer() = default;

Result<std::unique_ptr<ZmqServer>> ZmqServer::open(ServerOptions options) {
    CHECK(options.keys != nullptr && options.admit);
    if (options.keys->public_key.size() != kKeyBytes ||
        options.keys->secret_key.size() != kKeyBytes) {
        return fail(Code::malformed_key, "a CURVE key has 32 bytes");
    }
    auto impl = std::make_unique<Impl>();
    auto zap = ZapHandler::start(impl->context, std::move(options.admit));
    if (!zap) return std::unexpected(zap.error());
    impl->zap = std::move(*zap);
    for (Door& door : impl->doors) {
        const auto opened = open_door(door, impl->context, options);
        if (!opened) return std::unexpected(opened.error());
    }
    impl->zap->forget_counts();  // the self-test's own
    return std::unique_ptr<ZmqServer>(new ZmqServer(std::move(impl)));
}

std::optional<Incoming> ZmqServer::maybe_receive() {
    impl_->turn ^= 1;  // neither channel starves the other
    for (std::size_t i = 0; i < impl_->doors.size(); ++i) {
        auto incoming = impl_->maybe_receive(impl_->doors[impl_->turn ^ i]);
        if (incoming) return incoming;
    }
    return std::nullopt;
}

Result<void> ZmqServer::send(const PeerId& peer, BytesView command, BytesView data) {
    CHECK(!command.empty());
    const std::size_t size_max = bytes_max(peer.channel);
    if (command.size() > size_max || data.size() > size_max) {
        return fail(Code::oversized, "larger than its channel allows");
    }
    Door& door = impl_->doors[std::to_underlying(peer.channel)];
    if (door.owners.is_contested(peer.routing)) {
        return fail(Code::unreachable, "two peers claim this connection");
    }
    // ROUTER_MANDATORY: the first part, the routing id, finds out whether the peer takes a message.
    if (!send_first_part(door.socket, peer.routing, true)) {
        if (errno == EAGAIN) return fail(Code::overloaded, "the peer takes no more now");
        door.owners.forget(peer.routing);
        return fail(Code::unreachable, "the peer is gone");
    }
    const bool sent = send_part(door.socket, command, !data.empty()) &&
                      (data.empty() || send_part(door.socket, data, false));
    if (!sent) return fail(Code::unreachable, "the peer is gone");
    return {};
}

void ZmqServer::wait(int timeout_ms) {
    wait_readable(impl_->doors[0].socket, impl_->doors[1].socket, impl_->wake, timeout_ms);
}
void ZmqServer::wake() { impl_->wake.signal(); }

std::string ZmqServer::control_endpoint() const { return impl_->doors[0].endpoint; }
std::string ZmqServer::data_endpoint() const { return impl_->doors[1].endpoint; }
std::uint64_t ZmqServer::handshakes_refused() const { return impl_->zap->refused(); }
std::uint64_t ZmqServer::messages_refused() const { return impl_->refused; }

}  // namespace lienthong::wire
