// SPDX-License-Identifier: Apache-2.0
// Links: how frames travel. The broker's agents and the node's agent know these interfaces only;
// the ZeroMQ sockets behind them (socket.hpp) and the in-process links of tests and the simulator
// are the same to them. ZeroMQ ends in bus/wire.
#pragma once

#include <optional>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"

namespace lienthong::wire {

enum class Channel : std::uint8_t { control = 0, data = 1 };

// Names one connection of one peer for the life of the process.
struct PeerId {
    Channel channel = Channel::control;
    Bytes routing;
    auto operator<=>(const PeerId&) const = default;
};

struct Incoming {
    PeerId peer;
    Bytes curve_key;  // of the peer's CURVE handshake, raw 32 bytes, from the body frame's User-Id
    Bytes command;
    Bytes data;  // empty if there was no data frame
};

// The broker's side. Never blocks.
class ServerLink {
  public:
    virtual ~ServerLink() = default;
    virtual std::optional<Incoming> maybe_receive() = 0;
    // overloaded: the peer does not take more now (keep it and stop reading from that peer);
    // unreachable: the peer is gone; oversized: the frame is larger than its channel allows.
    virtual Result<void> send(const PeerId& peer, BytesView command, BytesView data) = 0;
};

struct Frames {
    Channel channel = Channel::control;
    Bytes command;
    Bytes data;
};

// The node's side. Never blocks. A lost connection shows as silence; the node times out and
// repeats.
class ClientLink {
  public:
    virtual ~ClientLink() = default;
    virtual std::optional<Frames> maybe_receive() = 0;
    virtual Result<void> send(const Frames& frames) = 0;  // overloaded, oversized
    // Drops both connections and makes new ones (after a time-out, or new keys).
    virtual Result<void> reconnect() = 0;
};

}  // namespace lienthong::wire
