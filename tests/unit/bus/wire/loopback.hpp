// SPDX-License-Identifier: Apache-2.0
// A server on free ports of 127.0.0.1 that admits two keys, and clients of it.
#pragma once

#include <memory>
#include <string>

#include "bus/base/check.hpp"
#include "bus/wire/socket.hpp"

namespace lienthong::wire {

struct Loopback {
    CurveKeyPair server_keys = make_curve_key_pair();
    CurveKeyPair alice_keys = make_curve_key_pair();
    CurveKeyPair bob_keys = make_curve_key_pair();
    std::unique_ptr<ZmqServer> server = open();

    ServerOptions options() {
        ServerOptions options;
        options.keys = &server_keys;
        options.admit = [this](BytesView key) {
            return equal(key, alice_keys.public_key) || equal(key, bob_keys.public_key);
        };
        return options;
    }
    std::unique_ptr<ZmqServer> open() {
        auto opened = ZmqServer::open(options());
        CHECK(opened.has_value());
        return std::move(*opened);
    }
    std::unique_ptr<ZmqClient> connect(const CurveKeyPair& keys) {
        auto client = ZmqClient::open(
            {server->control_endpoint(), server->data_endpoint(), server_keys.public_key, &keys});
        CHECK(client.has_value());
        return std::move(*client);
    }
};

// The next message, or nothing within five seconds.
template <class Link>
auto await(Link& link) -> decltype(link.maybe_receive()) {
    for (int i = 0; i < 100; ++i) {
        if (auto got = link.maybe_receive()) return got;
        link.wait(50);
    }
    return std::nullopt;
}

// The server gives every message back, with the key it came from, until `client` has its own.
inline bool talks(ZmqServer& server,
                  ZmqClient& client,
                  const CurveKeyPair& keys,
                  std::uint8_t number,
                  Channel channel) {
    if (!client.send({channel, {number}, {}})) return false;
    for (int i = 0; i < 200; ++i) {
        while (auto incoming = server.maybe_receive()) {
            // A peer that is gone by now is no fault of this client's.
            (void)server.send(incoming->peer, incoming->command, incoming->curve_key);
        }
        if (auto got = client.maybe_receive()) {
            return got->channel == channel && got->command == Bytes{number} &&
                   got->data == keys.public_key;
        }
        server.wait(10);
        client.wait(10);
    }
    return false;
}

}  // namespace lienthong::wire
