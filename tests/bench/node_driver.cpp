// SPDX-License-Identifier: Apache-2.0
// Publisher and consumer through nodes of the product, each with its data directory.
#include <fmt/format.h>

#include <thread>

#include "tests/bench/wire_driver.hpp"

namespace lienthong::bench {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::microseconds kIdle{500};
constexpr std::size_t kRead = 1024;

const BenchClock kClock;
SystemRandom& random_source() {
    static SystemRandom random;
    return random;
}

std::unique_ptr<node::Node> start_node(const BenchBus& bus,
                                       const BrokerChild& broker,
                                       const Place& place,
                                       const std::filesystem::path& directory) {
    node::NodeOptions options = bus.node_options(place);
    options.data_directory = directory / place.node.text();
    options.control_endpoint = broker.control_endpoint;
    options.data_endpoint = broker.data_endpoint;
    auto node =
        node::Node::start(std::move(options), BenchBus::node_keys(place), kClock, random_source());
    if (!node) give_up(fmt::format("node: {}", info(node.error().code).name));
    return std::move(*node);
}

class NodePublisher final : public Publisher {
  public:
    NodePublisher(std::unique_ptr<node::Node> node, const LoadOptions& options)
        : node_(std::move(node)), window_(options.window()) {
        draft_.kind = message::Kind::outreach_report;
        draft_.sections.emplace_back("report", make_report(options.size, options.seed));
    }

    void publish_until(Now until, Acks& acks) override {
        while (now() < until) {
            const Now sent = now();
            const auto outcomes =
                node_->submit(std::vector<node::Draft>(window_, draft_), kPatience);
            if (!outcomes) give_up(fmt::format("submit: {}", info(outcomes.error().code).name));
            for (const node::Outcome& outcome : *outcomes) {
                if (outcome.state != node::Outcome::State::accepted) {
                    give_up(fmt::format("not accepted: {}",
                                        outcome.refusal ? info(outcome.refusal->code).name
                                                        : std::string_view("waiting")));
                }
            }
            acks.add(sent, outcomes->size());
        }
    }

  private:
    std::unique_ptr<node::Node> node_;
    std::size_t window_;
    node::Draft draft_;
};

class NodeConsumer final : public Consumer {
  public:
    explicit NodeConsumer(std::unique_ptr<node::Node> node) : node_(std::move(node)) {}

    std::size_t consume() override {
        const auto entries = node_->consume(next_, kRead);
        if (!entries) give_up(fmt::format("consume: {}", info(entries.error().code).name));
        if (entries->empty()) {
            std::this_thread::sleep_for(kIdle);
            return 0;
        }
        next_ = entries->back().position + 1;
        return entries->size();
    }

  private:
    std::unique_ptr<node::Node> node_;
    Position next_ = 0;
};

}  // namespace

std::unique_ptr<Publisher> make_node_publisher(const BenchBus& bus,
                                               const BrokerChild& broker,
                                               const Place& place,
                                               const LoadOptions& options,
                                               const std::filesystem::path& directory) {
    return std::make_unique<NodePublisher>(start_node(bus, broker, place, directory), options);
}

std::unique_ptr<Consumer> make_node_consumer(const BenchBus& bus,
                                             const BrokerChild& broker,
                                             const Place& place,
                                             const std::filesystem::path& directory) {
    return std::make_unique<NodeConsumer>(start_node(bus, broker, place, directory));
}

}  // namespace lienthong::bench
