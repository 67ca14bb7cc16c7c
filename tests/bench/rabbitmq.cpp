// SPDX-License-Identifier: Apache-2.0
// RabbitMQ: a quorum queue, persistent messages, publisher confirms; consumers share the queue and
// acknowledge. Endpoint: a port of 127.0.0.1.
#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <deque>
#include <utility>

#include "tests/bench/load.hpp"

namespace lienthong::bench {
namespace {

constexpr amqp_channel_t kChannel = 1;
constexpr const char* kQueue = "bench";
constexpr std::uint16_t kPrefetch = 1000;
constexpr std::size_t kAckEvery = 100;

amqp_bytes_t bytes_of(const std::string& text) {
    return {text.size(), const_cast<char*>(text.data())};  // NOLINT: the library only reads it
}

class Connection {
  public:
    explicit Connection(const std::string& port) : handle_(amqp_new_connection()) {
        amqp_socket_t* const socket = amqp_tcp_socket_new(handle_);
        if (amqp_socket_open(socket, "127.0.0.1", std::stoi(port)) != AMQP_STATUS_OK) {
            give_up("rabbitmq: no connection");
        }
        check(amqp_login(handle_, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"));
        amqp_channel_open(handle_, kChannel);
        check(amqp_get_rpc_reply(handle_));
    }
    ~Connection() { amqp_destroy_connection(handle_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    amqp_connection_state_t get() const { return handle_; }
    static void check(const amqp_rpc_reply_t& reply) {
        if (reply.reply_type != AMQP_RESPONSE_NORMAL) give_up("rabbitmq: refused");
    }
    void check() const { check(amqp_get_rpc_reply(handle_)); }

  private:
    amqp_connection_state_t handle_;
};

void declare(const Connection& connection) {
    amqp_queue_delete(connection.get(), kChannel, amqp_cstring_bytes(kQueue), 0, 0);
    connection.check();
    amqp_table_entry_t type{};
    type.key = amqp_cstring_bytes("x-queue-type");
    type.value.kind = AMQP_FIELD_KIND_UTF8;
    type.value.value.bytes = amqp_cstring_bytes("quorum");
    const amqp_table_t arguments{1, &type};
    amqp_queue_declare(
        connection.get(), kChannel, amqp_cstring_bytes(kQueue), 0, 1, 0, 0, arguments);
    connection.check();
}

class RabbitPublisher final : public Publisher {
  public:
    RabbitPublisher(const LoadOptions& options, std::size_t index)
        : connection_(options.endpoint),
          window_(options.window()),
          body_(make_body(options.size, options.seed + index)) {
        amqp_confirm_select(connection_.get(), kChannel);
        connection_.check();
    }

    void publish_until(Now until, Acks& acks) override {
        for (bool open = true; open || !sent_.empty();) {
            open = open && now() < until;
            while (open && sent_.size() < window_) publish();
            if (!sent_.empty()) take_confirm(acks);
        }
    }

  private:
    void publish() {
        amqp_basic_properties_t properties{};
        properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
        properties.delivery_mode = 2;
        sent_.emplace_back(++tag_, now());
        const int status = amqp_basic_publish(connection_.get(),
                                              kChannel,
                                              amqp_empty_bytes,
                                              amqp_cstring_bytes(kQueue),
                                              0,
                                              0,
                                              &properties,
                                              bytes_of(body_));
        if (status != AMQP_STATUS_OK) give_up("rabbitmq: publish failed");
    }

    void take_confirm(Acks& acks) {
        amqp_frame_t frame{};
        amqp_maybe_release_buffers(connection_.get());
        if (amqp_simple_wait_frame(connection_.get(), &frame) != AMQP_STATUS_OK) {
            give_up("rabbitmq: connection lost");
        }
        if (frame.frame_type != AMQP_FRAME_METHOD) return;
        if (frame.payload.method.id != AMQP_BASIC_ACK_METHOD) give_up("rabbitmq: not confirmed");
        const auto* const ack = static_cast<amqp_basic_ack_t*>(frame.payload.method.decoded);
        // Confirms come out of order now and then: each ends its own.
        std::erase_if(sent_, [&](const auto& one) {
            const bool confirmed = ack->multiple != 0 ? one.first <= ack->delivery_tag
                                                      : one.first == ack->delivery_tag;
            if (confirmed) acks.add(one.second);
            return confirmed;
        });
    }

    Connection connection_;
    std::size_t window_;
    std::string body_;
    std::uint64_t tag_ = 0;
    std::deque<std::pair<std::uint64_t, Now>> sent_;
};

class RabbitConsumer final : public Consumer {
  public:
    explicit RabbitConsumer(const LoadOptions& options) : connection_(options.endpoint) {
        amqp_basic_qos(connection_.get(), kChannel, 0, kPrefetch, 0);
        connection_.check();
        amqp_basic_consume(connection_.get(),
                           kChannel,
                           amqp_cstring_bytes(kQueue),
                           amqp_empty_bytes,
                           0,
                           0,
                           0,
                           amqp_empty_table);
        connection_.check();
    }

    std::size_t consume() override {
        std::size_t taken = 0;
        std::uint64_t last = 0;
        while (taken < kAckEvery) {
            amqp_maybe_release_buffers(connection_.get());
            amqp_envelope_t envelope;
            timeval wait{0, taken == 0 ? 50'000 : 500};
            const auto reply = amqp_consume_message(connection_.get(), &envelope, &wait, 0);
            if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
                if (reply.library_error != AMQP_STATUS_TIMEOUT) give_up("rabbitmq: consumer ended");
                break;
            }
            last = envelope.delivery_tag;
            amqp_destroy_envelope(&envelope);
            ++taken;
        }
        if (taken > 0) amqp_basic_ack(connection_.get(), kChannel, last, 1);
        return taken;
    }

  private:
    Connection connection_;
};

}  // namespace
}  // namespace lienthong::bench

int main(int argc, char** argv) {
    using namespace lienthong::bench;
    const LoadOptions options = parse_options({argv, static_cast<std::size_t>(argc)});
    const Connection connection(options.endpoint);
    declare(connection);
    System system;
    system.name = "rabbitmq";
    system.note = "quorum queue of one member, publisher confirms";
    system.publisher = [&](std::size_t i) { return std::make_unique<RabbitPublisher>(options, i); };
    system.consumer = [&](std::size_t) { return std::make_unique<RabbitConsumer>(options); };
    return run_load(system, options);
}
