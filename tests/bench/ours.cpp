// SPDX-License-Identifier: Apache-2.0
// Liên Thông itself: CURVE, batch signatures, policy, receipts, sync before acknowledgement, and a
// consumer that verifies everything. Mode: wire (no outbox) or outbox. Endpoint: a scratch folder.
#include "bus/base/log.hpp"
#include "tests/bench/wire_driver.hpp"

int main(int argc, char** argv) {
    using namespace lienthong;
    using namespace lienthong::bench;
    LoadOptions options = parse_options({argv, static_cast<std::size_t>(argc)});
    if (options.mode != "wire" && options.mode != "outbox") give_up("mode: wire or outbox");
    const std::filesystem::path folder = options.endpoint;
    const BenchBus bus = make_bench_bus(options.publishers, options.consumers, 0);
    const BrokerChild broker = BrokerChild::start(bus, folder / "broker");
    options.server_pid = broker.pid;
    const bool outbox = options.mode == "outbox";
    System system;
    system.name = "lienthong";
    system.note = outbox ? "outbox and inbox on disk, everything signed and verified"
                         : "everything signed and verified";
    system.each_gets_all = true;
    system.publisher = [&](std::size_t i) {
        const Place& place = bus.publishers[i];
        return outbox ? make_node_publisher(bus, broker, place, options, folder)
                      : make_wire_publisher(bus, broker, place, options);
    };
    system.consumer = [&](std::size_t i) {
        const Place& place = bus.readers[i];
        return outbox ? make_node_consumer(bus, broker, place, folder)
                      : make_wire_consumer(bus, broker, place);
    };
    const int code = run_load(system, options);
    broker.stop();
    return code;
}
