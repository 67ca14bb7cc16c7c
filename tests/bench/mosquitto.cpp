// SPDX-License-Identifier: Apache-2.0
// mosquitto, QoS 1: PUBACK comes before anything is synced. Each subscriber gets everything.
// Endpoint: a port of 127.0.0.1.
#include <mosquitto.h>

#include <map>

#include "tests/bench/load.hpp"

namespace lienthong::bench {
namespace {

constexpr const char* kTopic = "bench";
constexpr int kWaitMs = 20;

class Client {
  public:
    Client(const std::string& port, int in_flight) : handle_(mosquitto_new(nullptr, true, this)) {
        mosquitto_int_option(handle_, MOSQ_OPT_SEND_MAXIMUM, in_flight);
        mosquitto_int_option(handle_, MOSQ_OPT_RECEIVE_MAXIMUM, in_flight);
        mosquitto_int_option(handle_, MOSQ_OPT_TCP_NODELAY, 1);
        mosquitto_connect_callback_set(handle_, [](mosquitto*, void* self, int code) {
            if (code != 0) give_up("mosquitto: refused");
            static_cast<Client*>(self)->connected_ = true;
        });
        mosquitto_subscribe_callback_set(handle_, [](mosquitto*, void* self, int, int, const int*) {
            static_cast<Client*>(self)->subscribed_ = true;
        });
        mosquitto_publish_callback_set(handle_, [](mosquitto*, void* self, int id) {
            static_cast<Client*>(self)->acknowledged(id);
        });
        mosquitto_message_callback_set(handle_,
                                       [](mosquitto*, void* self, const mosquitto_message*) {
                                           ++static_cast<Client*>(self)->received_;
                                       });
        if (mosquitto_connect(handle_, "127.0.0.1", std::stoi(port), 60) != MOSQ_ERR_SUCCESS) {
            give_up("mosquitto: no connection");
        }
        while (!connected_) loop();
    }
    ~Client() { mosquitto_destroy(handle_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void loop() {
        if (mosquitto_loop(handle_, kWaitMs, 1) != MOSQ_ERR_SUCCESS) {
            give_up("mosquitto: connection lost");
        }
    }
    void subscribe() {
        mosquitto_subscribe(handle_, nullptr, kTopic, 1);
        while (!subscribed_) loop();
    }
    void publish(const std::string& body) {
        int id = 0;
        const Now sent = now();
        if (mosquitto_publish(
                handle_, &id, kTopic, static_cast<int>(body.size()), body.data(), 1, false) !=
            MOSQ_ERR_SUCCESS) {
            give_up("mosquitto: publish failed");
        }
        sent_[id] = sent;
    }
    std::size_t waiting() const { return sent_.size(); }
    std::size_t take_received() { return std::exchange(received_, 0); }
    Acks* acks = nullptr;

  private:
    void acknowledged(int id) {
        const auto found = sent_.find(id);
        if (found == sent_.end()) return;
        acks->add(found->second);
        sent_.erase(found);
    }

    mosquitto* handle_;
    bool connected_ = false;
    bool subscribed_ = false;
    std::size_t received_ = 0;
    std::map<int, Now> sent_;
};

class MqttPublisher final : public Publisher {
  public:
    MqttPublisher(const LoadOptions& options, std::size_t index)
        : client_(options.endpoint, static_cast<int>(options.window())),
          window_(options.window()),
          body_(make_body(options.size, options.seed + index)) {}

    void publish_until(Now until, Acks& acks) override {
        client_.acks = &acks;
        for (bool open = true; open || client_.waiting() > 0;) {
            open = open && now() < until;
            while (open && client_.waiting() < window_) client_.publish(body_);
            client_.loop();
        }
    }

  private:
    Client client_;
    std::size_t window_;
    std::string body_;
};

class MqttConsumer final : public Consumer {
  public:
    explicit MqttConsumer(const LoadOptions& options) : client_(options.endpoint, 1000) {
        client_.subscribe();
    }
    std::size_t consume() override {
        client_.loop();
        return client_.take_received();
    }

  private:
    Client client_;
};

}  // namespace
}  // namespace lienthong::bench

int main(int argc, char** argv) {
    using namespace lienthong::bench;
    const LoadOptions options = parse_options({argv, static_cast<std::size_t>(argc)});
    mosquitto_lib_init();
    System system;
    system.name = "mosquitto";
    system.note = "acknowledges before it syncs";
    system.each_gets_all = true;
    system.publisher = [&](std::size_t i) { return std::make_unique<MqttPublisher>(options, i); };
    system.consumer = [&](std::size_t) { return std::make_unique<MqttConsumer>(options); };
    return run_load(system, options);
}
