// SPDX-License-Identifier: Apache-2.0
#include "bus/wire/self_test.hpp"

#include <zmq.h>

#include <cstring>

#include "bus/base/check.hpp"
#include "bus/wire/socket.hpp"

namespace lienthong::wire {
namespace {

// One for each channel: libzmq frees a name some time after its socket is closed.
const char* monitor_name(Channel channel) {
    return channel == Channel::control ? "inproc://self-test-control" : "inproc://self-test-data";
}

constexpr int kEvents = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

// The first event of the monitor, or 0 when the time is over.
int wait_for_event(const ZmqSocket& monitor) {
    zmq_pollitem_t item{monitor.get(), 0, ZMQ_POLLIN, 0};
    if (zmq_poll(&item, 1, kSelfTestMs) <= 0) return 0;
    Parts event;  // [event u16 ‖ value u32][endpoint]
    if (receive(monitor, false, 512, event) != Received::message || event.command.size() < 2) {
        return 0;
    }
    std::uint16_t number = 0;
    std::memcpy(&number, event.command.data(), sizeof number);
    return number;
}

}  // namespace

Result<void> check_random_key_is_refused(const ZmqContext& context,
                                         Channel channel,
                                         const std::string& endpoint,
                                         BytesView server_key) {
    const CurveKeyPair stranger = make_curve_key_pair();
    const char* name = monitor_name(channel);
    ZmqSocket socket(context, ZMQ_DEALER);
    set_options(socket, channel, endpoint);
    socket.set(ZMQ_CURVE_SERVERKEY, server_key);
    socket.set(ZMQ_CURVE_PUBLICKEY, stranger.public_key);
    socket.set(ZMQ_CURVE_SECRETKEY, stranger.secret_key.view());
    CHECK(zmq_socket_monitor(socket.get(), name, kEvents) == 0);
    ZmqSocket monitor(context, ZMQ_PAIR);
    auto connected = monitor.connect(name);
    if (connected) connected = socket.connect(endpoint);
    const int event = connected ? wait_for_event(monitor) : 0;
    zmq_socket_monitor(socket.get(), nullptr, 0);
    if (!connected) return connected;
    switch (event) {
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
            return {};
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
            return fail(Code::bad_argument, "self-test: an unknown key was admitted", endpoint);
        case 0:
            return fail(Code::timeout, "self-test: no verdict on an unknown key", endpoint);
        default:
            return fail(Code::io, "self-test: the handshake failed", endpoint);
    }
}

}  // namespace lienthong::wire
