// SPDX-License-Identifier: Apache-2.0
#include "bus/broker/local_door.hpp"

namespace lienthong::broker {
namespace {

constexpr std::uint8_t kMark = 1;  // first byte of a visitor's routing id

}  // namespace

wire::PeerId LocalDoor::peer(wire::Channel channel, std::uint64_t visit) {
    return {channel, ByteWriter().u8(kMark).u64(visit).take()};
}

// By turns, so that neither side waits for the other.
std::optional<wire::Incoming> LocalDoor::maybe_receive() {
    local_next_ = !local_next_;
    if (!local_next_) {
        if (auto incoming = in_.maybe_pop()) return incoming;
        return link_.maybe_receive();
    }
    if (auto incoming = link_.maybe_receive()) return incoming;
    return in_.maybe_pop();
}

Result<void> LocalDoor::send(const wire::PeerId& peer, BytesView command, BytesView data) {
    if (peer.routing.empty() || peer.routing.front() != kMark) {
        return link_.send(peer, command, data);
    }
    // Only answers of a visitor who left can fill it; who comes next takes them away.
    if (!out_.try_push({peer, to_bytes(command), to_bytes(data)})) {
        return fail(Code::overloaded, "the visitor takes no more now");
    }
    return {};
}

}  // namespace lienthong::broker
