// SPDX-License-Identifier: Apache-2.0
// LocalDoor: a server's link with one more way in, for frames that a bundle brought. To the session
// agent they are those of one more peer, which presents the CURVE key that the registry holds for
// the node; everything behind it runs as for the network.
//
// Thread: the session agent's, as the link; try_put, maybe_take and wait_for are the visitor's, who
// is one at a time.
#pragma once

#include <chrono>
#include <functional>

#include "bus/base/queue.hpp"
#include "bus/wire/link.hpp"

namespace lienthong::broker {

class LocalDoor final : public wire::ServerLink {
  public:
    static constexpr std::size_t kWaitingMax = 64;  // frames, each way

    struct Answer {
        wire::PeerId peer;
        Bytes command;
        Bytes data;
    };

    explicit LocalDoor(wire::ServerLink& link) : link_(link) {}

    // Names a visitor on a channel. libzmq's ids begin with 00, so these are nobody else's.
    static wire::PeerId peer(wire::Channel channel, std::uint64_t visit);

    std::optional<wire::Incoming> maybe_receive() override;
    Result<void> send(const wire::PeerId& peer, BytesView command, BytesView data) override;

    // Called after each try_put, on the visitor's thread.
    void on_put(std::function<void()> wake) { in_.on_push(std::move(wake)); }
    bool try_put(wire::Incoming&& incoming) { return in_.try_push(std::move(incoming)); }
    // Answers to visitors who left are there too: look at `peer`.
    std::optional<Answer> maybe_take() { return out_.maybe_pop(); }
    void wait_for(std::chrono::milliseconds time) { out_.wait_for(time); }

  private:
    wire::ServerLink& link_;
    Queue<wire::Incoming> in_{kWaitingMax};
    Queue<Answer> out_{kWaitingMax};
    bool local_next_ = true;
};

}  // namespace lienthong::broker
