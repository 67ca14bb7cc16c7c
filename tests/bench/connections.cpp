// SPDX-License-Identifier: Apache-2.0
// The broker's memory at rest, and with many nodes connected that have greeted it: connections
// --directory=D --nodes=2000. One line of JSON.
#include <sys/resource.h>
#include <zmq.h>

#include <fmt/format.h>

#include <thread>

#include "bus/wire/command.hpp"
#include "tests/bench/wire_driver.hpp"

namespace lienthong::bench {
namespace {

constexpr int kPatienceMs = 120'000;

void check(int status, const char* what) {
    if (status < 0) give_up(fmt::format("{}: {}", what, zmq_strerror(zmq_errno())));
}

// Both sockets of one node, all of them in one context: as many contexts would be as many threads.
class IdleNode {
  public:
    IdleNode(void* context, const BrokerChild& broker, const BenchBus& bus, std::size_t index)
        : control_(socket(context, broker.control_endpoint, bus, index)),
          data_(socket(context, broker.data_endpoint, bus, index)) {}
    ~IdleNode() {
        zmq_close(control_);
        zmq_close(data_);
    }
    IdleNode(const IdleNode&) = delete;
    IdleNode& operator=(const IdleNode&) = delete;

    void greet() {
        wire::Hello hello;
        hello.versions = {wire::kProtocolVersion};
        hello.bus = test::world().bus;
        hello.software = "bench";
        const Bytes frame = wire::encode(wire::Command{1, hello});
        check(zmq_send(control_, frame.data(), frame.size(), 0), "send");
        const Bytes fetch = wire::encode(wire::Command{2, wire::Fetch{"idle", 0, 65536, 16}});
        check(zmq_send(data_, fetch.data(), fetch.size(), 0), "send");
    }
    void wait_for_welcome() {
        for (void* const socket : {control_, data_}) {
            zmq_msg_t message;
            zmq_msg_init(&message);
            check(zmq_msg_recv(&message, socket, 0), "no answer");
            zmq_msg_close(&message);
        }
    }

  private:
    static void* socket(void* context,
                        const std::string& endpoint,
                        const BenchBus& bus,
                        std::size_t index) {
        void* const made = zmq_socket(context, ZMQ_DEALER);
        const Bytes server = test::world().broker_curve.public_key().raw();
        const Bytes& mine = bus.idle_public_keys[index];
        const Bytes& secret = bus.idle_curve_keys[index];
        const int patience = kPatienceMs;
        const int linger = 0;
        zmq_setsockopt(made, ZMQ_CURVE_SERVERKEY, server.data(), server.size());
        zmq_setsockopt(made, ZMQ_CURVE_PUBLICKEY, mine.data(), mine.size());
        zmq_setsockopt(made, ZMQ_CURVE_SECRETKEY, secret.data(), secret.size());
        zmq_setsockopt(made, ZMQ_RCVTIMEO, &patience, sizeof patience);
        zmq_setsockopt(made, ZMQ_LINGER, &linger, sizeof linger);
        check(zmq_connect(made, endpoint.c_str()), "connect");
        return made;
    }

    void* control_;
    void* data_;
};

// Sockets of both sides need descriptors.
void raise_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace lienthong::bench

int main(int argc, char** argv) {
    using namespace lienthong;
    using namespace lienthong::bench;
    std::filesystem::path directory;
    std::size_t nodes = 2000;
    for (int i = 1; i < argc; ++i) {
        const std::string text = argv[i];
        if (text.starts_with("--directory=")) directory = text.substr(12);
        if (text.starts_with("--nodes=")) nodes = std::stoul(text.substr(8));
    }
    raise_limit();
    const BenchBus bus = make_bench_bus(1, 1, nodes);
    const BrokerChild broker = BrokerChild::start(bus, directory / "broker");
    std::this_thread::sleep_for(std::chrono::seconds{1});  // until it is at rest
    JsonLine line;
    line.text("system", "connections").count("nodes", nodes);
    line.count("rest_rss_anon_kib", costs_of_tree(broker.pid).rss_anon_kib);
    void* const context = zmq_ctx_new();
    zmq_ctx_set(context, ZMQ_MAX_SOCKETS, static_cast<int>(2 * nodes + 16));
    {
        std::vector<std::unique_ptr<IdleNode>> connected;
        const Now begin = now();
        for (std::size_t i = 0; i < nodes; ++i) {
            connected.push_back(std::make_unique<IdleNode>(context, broker, bus, i));
            connected.back()->greet();
        }
        for (const auto& node : connected) node->wait_for_welcome();
        line.number("connected_after_seconds",
                    std::chrono::duration<double>(now() - begin).count());
        line.count("connected_rss_anon_kib", costs_of_tree(broker.pid).rss_anon_kib);
        LoadOptions load;
        load.in_flight = 1000;
        const auto publisher = make_wire_publisher(bus, broker, bus.publishers[0], load);
        Acks acks;
        publisher->publish_until(now() + std::chrono::seconds{2}, acks);
        line.count("loaded_rss_anon_kib", costs_of_tree(broker.pid).rss_anon_kib);
        line.count("acknowledged", acks.count());
    }
    zmq_ctx_term(context);
    line.print();
    broker.stop();
    return 0;
}
