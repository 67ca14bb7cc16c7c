// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/bus/wire/raw_peer.hpp"

#include <zmq.h>

#include "bus/base/check.hpp"

namespace lienthong::wire {
namespace {

constexpr int kPatienceMs = 5'000;
constexpr int kZapEnforceDomain = 93;

void set(void* socket, int option, int value) {
    CHECK(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}
void set(void* socket, int option, BytesView value) {
    CHECK(zmq_setsockopt(socket, option, value.data(), value.size()) == 0);
}

bool await_readable(void* socket) {
    zmq_pollitem_t item{socket, 0, ZMQ_POLLIN, 0};
    return zmq_poll(&item, 1, kPatienceMs) > 0;
}

// Takes a whole message; gives its first part.
Bytes take(void* socket) {
    Bytes first;
    int more = 1;
    for (int i = 0; more != 0; ++i) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        CHECK(zmq_msg_recv(&part, socket, 0) >= 0);
        const auto* data = static_cast<const std::uint8_t*>(zmq_msg_data(&part));
        if (i == 0) first.assign(data, data + zmq_msg_size(&part));
        more = zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
    return first;
}

}  // namespace

RawPeer::RawPeer(const std::string& endpoint,
                 BytesView server_key,
                 const CurveKeyPair& keys,
                 const Bytes& routing_id)
    : context_(zmq_ctx_new()),
      socket_(zmq_socket(context_, ZMQ_DEALER)),
      monitor_(zmq_socket(context_, ZMQ_PAIR)) {
    set(socket_, ZMQ_LINGER, 0);
    set(monitor_, ZMQ_LINGER, 0);
    if (!routing_id.empty()) set(socket_, ZMQ_ROUTING_ID, routing_id);
    set(socket_, ZMQ_CURVE_SERVERKEY, server_key);
    set(socket_, ZMQ_CURVE_PUBLICKEY, keys.public_key);
    set(socket_, ZMQ_CURVE_SECRETKEY, keys.secret_key.view());
    CHECK(zmq_socket_monitor(socket_, "inproc://events", ZMQ_EVENT_ALL) == 0);
    CHECK(zmq_connect(monitor_, "inproc://events") == 0);
    CHECK(zmq_connect(socket_, endpoint.c_str()) == 0);
}

RawPeer::~RawPeer() {
    zmq_socket_monitor(socket_, nullptr, 0);
    zmq_close(monitor_);
    zmq_close(socket_);
    zmq_ctx_term(context_);
}

void RawPeer::send(const std::vector<Bytes>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const int flags = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
        CHECK(zmq_send(socket_, parts[i].data(), parts[i].size(), flags) >= 0);
    }
}

std::optional<Bytes> RawPeer::await_message() {
    if (!await_readable(socket_)) return std::nullopt;
    return take(socket_);
}

int RawPeer::await_event(int event) {
    while (await_readable(monitor_)) {
        const Bytes frame = take(monitor_);
        std::uint16_t number = 0;
        std::memcpy(&number, frame.data(), sizeof number);
        if (number == event) return number;
    }
    return 0;
}

bool admits_without_handler(bool enforce_domain) {
    const CurveKeyPair server_keys = make_curve_key_pair();
    void* context = zmq_ctx_new();
    void* server = zmq_socket(context, ZMQ_ROUTER);
    set(server, ZMQ_LINGER, 0);
    set(server, ZMQ_CURVE_SERVER, 1);
    set(server, ZMQ_CURVE_SECRETKEY, server_keys.secret_key.view());
    set(server, ZMQ_ZAP_DOMAIN, as_bytes("lienthong"));
    set(server, kZapEnforceDomain, enforce_domain ? 1 : 0);
    CHECK(zmq_bind(server, "tcp://127.0.0.1:0") == 0);
    char endpoint[64] = {};
    std::size_t size = sizeof endpoint;
    CHECK(zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    bool admitted = false;
    {
        const CurveKeyPair keys = make_curve_key_pair();
        RawPeer peer(endpoint, server_keys.public_key, keys);
        // With enforcement the server hangs up; without it the handshake ends well.
        admitted = enforce_domain ? !peer.await_disconnect() : peer.await_admission();
    }
    zmq_close(server);
    zmq_ctx_term(context);
    return admitted;
}

}  // namespace lienthong::wire
