// SPDX-License-Identifier: Apache-2.0
// The one socket factory: CURVE with a ZAP handler, and every option set on purpose.
// Each server and client has its own ZeroMQ context, from open to destruction.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bus/base/secret.hpp"
#include "bus/wire/link.hpp"

namespace lienthong::wire {

struct CurveKeyPair {
    Bytes public_key;  // raw 32 bytes
    Secret secret_key;
};
CurveKeyPair make_curve_key_pair();  // libzmq's

// Asked by the ZAP handler for each handshake, on the ZAP thread: true admits. Must be thread safe.
using Admission = std::function<bool(BytesView curve_public_key)>;

struct ServerOptions {
    std::string control_endpoint = "tcp://127.0.0.1:0";
    std::string data_endpoint = "tcp://127.0.0.1:0";
    const CurveKeyPair* keys = nullptr;  // read in open() only
    Admission admit;
};

// ROUTER sockets of the broker. Used by the session agent's thread only (made there too).
class ZmqServer final : public ServerLink {
  public:
    // Starts the ZAP handler first, binds, and then tests itself: a random key must be refused.
    // bad_argument: `admit` lets any key in; timeout: no verdict within a second; io,
    // malformed_config: an endpoint cannot be bound; malformed_key.
    static Result<std::unique_ptr<ZmqServer>> open(ServerOptions options);
    ~ZmqServer() override;

    std::optional<Incoming> maybe_receive() override;
    Result<void> send(const PeerId& peer, BytesView command, BytesView data) override;
    // Waits until a socket is readable, wake() was called, or the time is over.
    void wait(int timeout_ms);
    void wake();                           // from any thread
    std::string control_endpoint() const;  // as bound, with the port
    std::string data_endpoint() const;
    // Since open: handshakes with a key that was not admitted; messages with too many parts, with
    // none, or from a peer under a routing id that is not its own.
    std::uint64_t handshakes_refused() const;
    std::uint64_t messages_refused() const;

  private:
    struct Impl;
    explicit ZmqServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

struct ClientOptions {
    std::string control_endpoint;
    std::string data_endpoint;
    Bytes server_key;                    // raw 32 bytes
    const CurveKeyPair* keys = nullptr;  // outlives the client; read again by reconnect()
};

// DEALER sockets of a node. Used by the thread that made it only, but for wake().
class ZmqClient final : public ClientLink {
  public:
    // Returns before the connections stand; what is sent meanwhile waits. malformed_key,
    // malformed_config (an endpoint), io.
    static Result<std::unique_ptr<ZmqClient>> open(ClientOptions options);
    ~ZmqClient() override;

    std::optional<Frames> maybe_receive() override;
    Result<void> send(const Frames& frames) override;
    Result<void> reconnect() override;
    void wait(int timeout_ms);
    void wake();

  private:
    struct Impl;
    explicit ZmqClient(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace lienthong::wire
