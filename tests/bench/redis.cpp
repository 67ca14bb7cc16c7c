// SPDX-License-Identifier: Apache-2.0
// Redis Streams: XADD in a pipeline, XREAD by each consumer. The server runs with appendfsync
// always. Endpoint: a port of 127.0.0.1.
#include <hiredis/hiredis.h>
#include <strings.h>

#include <deque>

#include "tests/bench/load.hpp"

namespace lienthong::bench {
namespace {

class Connection {
  public:
    explicit Connection(const std::string& port)
        : handle_(redisConnect("127.0.0.1", std::stoi(port))) {
        if (handle_ == nullptr || handle_->err != 0) give_up("redis: no connection");
    }
    ~Connection() { redisFree(handle_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    redisContext* get() const { return handle_; }

    redisReply* reply() const {
        void* got = nullptr;
        if (redisGetReply(handle_, &got) != REDIS_OK) give_up("redis: connection lost");
        auto* const reply = static_cast<redisReply*>(got);
        if (reply->type == REDIS_REPLY_ERROR) give_up(reply->str);
        return reply;
    }

  private:
    redisContext* handle_;
};

class RedisPublisher final : public Publisher {
  public:
    RedisPublisher(const LoadOptions& options, std::size_t index)
        : connection_(options.endpoint),
          window_(options.window()),
          body_(make_body(options.size, options.seed + index)) {}

    void publish_until(Now until, Acks& acks) override {
        std::deque<Now> sent;
        for (bool open = true; open || !sent.empty();) {
            open = open && now() < until;
            while (open && sent.size() < window_) {
                redisAppendCommand(
                    connection_.get(), "XADD bench * b %b", body_.data(), body_.size());
                sent.push_back(now());
            }
            if (sent.empty()) return;
            freeReplyObject(connection_.reply());
            acks.add(sent.front());
            sent.pop_front();
        }
    }

  private:
    Connection connection_;
    std::size_t window_;
    std::string body_;
};

class RedisConsumer final : public Consumer {
  public:
    explicit RedisConsumer(const LoadOptions& options) : connection_(options.endpoint) {}

    std::size_t consume() override {
        redisAppendCommand(
            connection_.get(), "XREAD COUNT 1000 BLOCK 50 STREAMS bench %s", last_.c_str());
        redisReply* const reply = connection_.reply();
        std::size_t taken = 0;
        if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) {
            const redisReply* const entries = reply->element[0]->element[1];
            taken = entries->elements;
            if (taken > 0) last_ = entries->element[taken - 1]->element[0]->str;
        }
        freeReplyObject(reply);
        return taken;
    }

  private:
    Connection connection_;
    std::string last_ = "0-0";
};

}  // namespace
}  // namespace lienthong::bench

int main(int argc, char** argv) {
    using namespace lienthong::bench;
    const LoadOptions options = parse_options({argv, static_cast<std::size_t>(argc)});
    const Connection connection(options.endpoint);
    redisAppendCommand(connection.get(), "DEL bench");
    freeReplyObject(connection.reply());
    System system;
    system.name = "redis";
    system.note = "appendfsync always";
    system.each_gets_all = true;
    system.publisher = [&](std::size_t i) { return std::make_unique<RedisPublisher>(options, i); };
    system.consumer = [&](std::size_t) { return std::make_unique<RedisConsumer>(options); };
    return run_load(system, options);
}
