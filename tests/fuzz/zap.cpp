// SPDX-License-Identifier: Apache-2.0
// The question "may this key come in?" (ZeroMQ RFC 27), as any number of frames of any content: the
// handler answers each with one answer of six parts, and admits exactly what is well formed and has
// an admitted key.
#include "bus/wire/zap.hpp"

#include <zmq.h>

#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

constexpr std::size_t kPartsMax = 10;

// The frames of a good request; an input changes some of them.
std::vector<Bytes> good() {
    std::vector<Bytes> parts;
    for (const std::string_view text : {"1.0", "17", "lienthong", "127.0.0.1", "", "CURVE"}) {
        parts.push_back(to_bytes(as_bytes(text)));
    }
    parts.emplace_back(32, std::uint8_t{1});
    return parts;
}

std::vector<Bytes> request_of(Choices& choices) {
    std::vector<Bytes> parts = good();
    parts.resize(choices.below(4) == 0 ? 1 + choices.below(kPartsMax) : parts.size());
    for (Bytes& part : parts) {
        if (choices.below(4) == 0) part = choices.bytes(40);
    }
    if (choices.below(8) == 0) parts.back() = Bytes(32, choices.byte());
    return parts;
}

bool may_come_in(const std::vector<Bytes>& parts) {
    const std::vector<Bytes> model = good();
    return parts.size() == 7 && parts[0] == model[0] && parts[2] == model[2] &&
           parts[5] == model[5] && parts[6] == Bytes(32, std::uint8_t{1});
}

// One handler and one asker for the whole run.
struct Door {
    wire::ZmqContext context;
    std::unique_ptr<wire::ZapHandler> handler = wire::ZapHandler::start(context, [](BytesView key) {
                                                    return equal(key, Bytes(32, std::uint8_t{1}));
                                                }).value();
    wire::ZmqSocket asker{context, ZMQ_REQ};

    Door() { CHECK(asker.connect("inproc://zeromq.zap.01").has_value()); }
};

std::vector<Bytes> ask(void* socket, const std::vector<Bytes>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const int more = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
        CHECK(zmq_send(socket, parts[i].data(), parts[i].size(), more) >= 0);
    }
    std::vector<Bytes> answer;
    for (int more = 1; more != 0;) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        CHECK(zmq_msg_recv(&part, socket, 0) >= 0);
        const auto* data = static_cast<const std::uint8_t*>(zmq_msg_data(&part));
        answer.emplace_back(data, data + zmq_msg_size(&part));
        more = zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
    return answer;
}

void run(BytesView input) {
    static Door door;
    Choices choices(input);
    const std::vector<Bytes> parts = request_of(choices);
    const std::uint64_t refused = door.handler->refused();
    const std::vector<Bytes> answer = ask(door.asker.get(), parts);
    const bool admitted = may_come_in(parts);
    CHECK(answer.size() == 6);
    CHECK(as_text(answer[0]) == "1.0");
    CHECK(answer[1] == (parts.size() > 1 ? parts[1] : Bytes{}));
    CHECK(as_text(answer[2]) == (admitted ? "200" : "400"));
    CHECK(as_text(answer[4]) == (admitted ? to_hex(parts[6]) : ""));
    CHECK(door.handler->refused() == refused + (admitted ? 0 : 1));
}

const Registered registered({"zap", run, 512});

}  // namespace
}  // namespace lienthong::fuzz
