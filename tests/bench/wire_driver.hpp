// SPDX-License-Identifier: Apache-2.0
// A publisher and a consumer that speak the wire themselves: all the cryptography of a node, none
// of its disk. What it would cost an agency that keeps messages elsewhere.
#pragma once

#include "bus/wire/socket.hpp"
#include "tests/bench/bench_bus.hpp"
#include "tests/bench/load.hpp"

namespace lienthong::bench {

std::unique_ptr<Publisher> make_wire_publisher(const BenchBus& bus,
                                               const BrokerChild& broker,
                                               const Place& place,
                                               const LoadOptions& options);
std::unique_ptr<Consumer> make_wire_consumer(const BenchBus& bus,
                                             const BrokerChild& broker,
                                             const Place& place);

// The same through a node: outbox and inbox on disk, in `directory`.
std::unique_ptr<Publisher> make_node_publisher(const BenchBus& bus,
                                               const BrokerChild& broker,
                                               const Place& place,
                                               const LoadOptions& options,
                                               const std::filesystem::path& directory);
std::unique_ptr<Consumer> make_node_consumer(const BenchBus& bus,
                                             const BrokerChild& broker,
                                             const Place& place,
                                             const std::filesystem::path& directory);

// Messages in a batch, and batches without a receipt, of a publisher with this window.
struct Batching {
    std::size_t messages = 1;
    std::size_t batches = 1;
};
Batching batching_of(std::size_t window);

}  // namespace lienthong::bench
