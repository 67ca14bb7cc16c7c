// SPDX-License-Identifier: Apache-2.0
// ZapHandler: answers libzmq's question "who is this key, may it come in?" (ZeroMQ RFC 27) on a
// thread of its own. Without it a CURVE server admits every key. Private to bus/wire.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "bus/wire/socket.hpp"
#include "bus/wire/zmq_socket.hpp"

namespace lienthong::wire {

inline constexpr std::string_view kZapDomain = "lienthong";

class ZapHandler {
  public:
    // Returns when the handler answers, so what is bound afterwards is guarded from the start.
    static Result<std::unique_ptr<ZapHandler>> start(ZmqContext& context, Admission admit);
    // Shuts the context down; its other sockets are closed by now.
    ~ZapHandler();
    ZapHandler(const ZapHandler&) = delete;
    ZapHandler& operator=(const ZapHandler&) = delete;

    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
    void forget_counts() { refused_.store(0, std::memory_order_relaxed); }

  private:
    ZapHandler(ZmqContext& context, Admission admit);
    void serve(ZmqSocket& socket);

    ZmqContext& context_;
    const Admission admit_;
    std::atomic<std::uint64_t> refused_{0};
    std::thread thread_;
};

}  // namespace lienthong::wire
