// SPDX-License-Identifier: Apache-2.0
// A peer that speaks CURVE but keeps none of our rules: it picks its routing id, its parts, its
// sizes.
#pragma once

#include <string>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/wire/socket.hpp"

namespace lienthong::wire {

class RawPeer {
  public:
    // An empty routing id leaves the choice to the server.
    RawPeer(const std::string& endpoint,
            BytesView server_key,
            const CurveKeyPair& keys,
            const Bytes& routing_id = {});
    ~RawPeer();
    RawPeer(const RawPeer&) = delete;
    RawPeer& operator=(const RawPeer&) = delete;

    void send(const std::vector<Bytes>& parts);
    // The first part of the next message, or nothing within five seconds.
    std::optional<Bytes> await_message();
    bool await_admission() { return await_event(0x1000) != 0; }   // ZMQ_EVENT_HANDSHAKE_SUCCEEDED
    bool await_refusal() { return await_event(0x4000) != 0; }     // ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
    bool await_disconnect() { return await_event(0x0200) != 0; }  // ZMQ_EVENT_DISCONNECTED

  private:
    int await_event(int event);

    void* context_;
    void* socket_;
    void* monitor_;
};

// A CURVE server without a ZAP handler, with or without an enforced domain: does it admit a key?
bool admits_without_handler(bool enforce_domain);

}  // namespace lienthong::wire
