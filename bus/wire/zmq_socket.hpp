// SPDX-License-Identifier: Apache-2.0
// What server, client and ZAP handler share: handles of libzmq with an owner, the options of every
// socket, and receiving a message of bounded parts. Private to bus/wire.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "bus/base/bytes.hpp"
#include "bus/base/error.hpp"
#include "bus/wire/link.hpp"

namespace lienthong::wire {

// Ends when its sockets are closed, so it is declared before them.
class ZmqContext {
  public:
    ZmqContext();
    ~ZmqContext();
    ZmqContext(const ZmqContext&) = delete;
    ZmqContext& operator=(const ZmqContext&) = delete;
    void* get() const { return context_; }
    // Every call on a socket of it then fails (ETERM): how the ZAP thread is told to end.
    void shut_down();

  private:
    void* context_;
};

class ZmqSocket {
  public:
    ZmqSocket() = default;
    ZmqSocket(const ZmqContext& context, int type);
    ~ZmqSocket() { close(); }
    ZmqSocket(ZmqSocket&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}
    ZmqSocket& operator=(ZmqSocket&& other) noexcept;
    void* get() const { return socket_; }
    void close();

    // An option that the library refuses is a fault of this program.
    void set(int option, int value);
    void set(int option, std::int64_t value);
    void set(int option, BytesView value);
    Result<void> bind(const std::string& endpoint);
    Result<void> connect(const std::string& endpoint);
    std::string last_endpoint() const;

  private:
    void* socket_ = nullptr;
};

// Another thread ends a wait. (A socket may be touched by its own thread only.)
class WakeEvent {
  public:
    WakeEvent();
    ~WakeEvent();
    WakeEvent(const WakeEvent&) = delete;
    WakeEvent& operator=(const WakeEvent&) = delete;
    void signal() const;
    void clear() const;
    int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

// The largest frame of a channel.
std::size_t bytes_max(Channel channel);

// Limits, time-outs, heartbeats, back-off, keep-alive: everything but keys. `endpoint` says whether
// IPv6 is wanted.
void set_options(ZmqSocket& socket, Channel channel, std::string_view endpoint);

struct Parts {
    Bytes routing;  // of a ROUTER only
    Bytes command;
    Bytes data;
    std::string user_id;  // as the ZAP handler gave it, read from the body frame
};
enum class Received { nothing, message, refused };

// Takes one message without waiting. `routed`: the socket is a ROUTER. A message with other parts
// than [command] or [command][data] is read to its end, kept nowhere, and refused.
Received receive(const ZmqSocket& socket, bool routed, std::size_t part_bytes_max, Parts& out);

// Sends one part without waiting; false with errno as libzmq set it. The first part of a message
// says whether there is room; those after it always find some.
bool send_first_part(const ZmqSocket& socket, BytesView part, bool more);
bool send_part(const ZmqSocket& socket, BytesView part, bool more);

// Waits until one of both sockets is readable, the event was signalled, or the time is over.
void wait_readable(const ZmqSocket& first,
                   const ZmqSocket& second,
                   const WakeEvent& wake,
                   int timeout_ms);

}  // namespace lienthong::wire
