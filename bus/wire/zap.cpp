// SPDX-License-Identifier: Apache-2.0
#include "bus/wire/zap.hpp"

#include <zmq.h>

#include <array>
#include <cerrno>
#include <future>
#include <optional>
#include <vector>

#include "bus/base/check.hpp"

namespace lienthong::wire {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::string_view kVersion = "1.0";
// version, request id, domain, address, routing id, mechanism, CURVE key
constexpr std::size_t kRequestParts = 7;
enum RequestPart : std::size_t { version = 0, request = 1, domain = 2, mechanism = 5, key = 6 };

// Waits for a whole request; nothing when the context ends.
std::optional<std::vector<Bytes>> maybe_request(void* socket) {
    std::vector<Bytes> parts;
    bool more = true;
    while (more) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, 0) < 0) {
            const int why = errno;
            zmq_msg_close(&part);
            if (why == EINTR) continue;
            return std::nullopt;
        }
        const auto* data = static_cast<const std::uint8_t*>(zmq_msg_data(&part));
        if (parts.size() <= kRequestParts) parts.emplace_back(data, data + zmq_msg_size(&part));
        more = zmq_msg_more(&part) != 0;
        zmq_msg_close(&part);
    }
    return parts;
}

bool answer(void* socket, BytesView id, std::string_view status, std::string_view user) {
    const std::array<BytesView, 6> parts{
        as_bytes(kVersion), id, as_bytes(status), BytesView{}, as_bytes(user), BytesView{}};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const int flags = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
        while (zmq_send(socket, parts[i].data(), parts[i].size(), flags) < 0) {
            if (errno != EINTR) return false;
        }
    }
    return true;
}

bool is_well_formed(const std::vector<Bytes>& parts) {
    return parts.size() == kRequestParts && as_text(parts[version]) == kVersion &&
           as_text(parts[domain]) == kZapDomain && as_text(parts[mechanism]) == "CURVE" &&
           parts[key].size() == kKeyBytes;
}

}  // namespace

ZapHandler::ZapHandler(ZmqContext& context, Admission admit)
    : context_(context), admit_(std::move(admit)) {}

Result<std::unique_ptr<ZapHandler>> ZapHandler::start(ZmqContext& context, Admission admit) {
    std::unique_ptr<ZapHandler> handler(new ZapHandler(context, std::move(admit)));
    std::promise<Result<void>> ready;
    auto is_ready = ready.get_future();
    // The socket is made, used and closed by the thread.
    handler->thread_ = std::thread([&self = *handler, ready = std::move(ready)]() mutable {
        ZmqSocket socket(self.context_, ZMQ_REP);
        auto bound = socket.bind("inproc://zeromq.zap.01");
        const bool serves = bound.has_value();
        ready.set_value(std::move(bound));
        if (serves) self.serve(socket);
    });
    const auto started = is_ready.get();
    if (!started) return std::unexpected(started.error());
    return handler;
}

ZapHandler::~ZapHandler() {
    context_.shut_down();
    if (thread_.joinable()) thread_.join();
}

void ZapHandler::serve(ZmqSocket& socket) {
    while (const auto parts = maybe_request(socket.get())) {
        const BytesView id = parts->size() > request ? BytesView((*parts)[request]) : BytesView{};
        const bool admitted = is_well_formed(*parts) && admit_((*parts)[key]);
        if (!admitted) refused_.fetch_add(1, std::memory_order_relaxed);
        const bool sent = admitted ? answer(socket.get(), id, "200", to_hex((*parts)[key]))
                                   : answer(socket.get(), id, "400", {});
        if (!sent) return;  // the context ends
    }
}

}  // namespace lienthong::wire
