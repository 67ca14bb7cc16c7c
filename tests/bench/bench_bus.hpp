// SPDX-License-Identifier: Apache-2.0
// BenchBus: the bus of the tests with more agencies and nodes, and its broker in a process of its
// own, so that its costs can be read. The bus's calendar begins where that of the tests does.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bus/node/node.hpp"
#include "security/policy/policy.hpp"
#include "tests/support/test_world.hpp"

namespace lienthong::bench {

// A node of the bus with its private keys.
struct Place {
    AgencyId agency;
    NodeId node;
    keys::PrivateKey sign;
    keys::PrivateKey curve;
    keys::PrivateKey witness;
    const test::Member* seals_as = nullptr;  // whose sealing key its agency has
};

struct BenchBus {
    std::vector<Place> publishers;  // each of an agency of its own, with the grants of a reporter
    std::vector<Place> readers;     // all of the labour department, which reads every report
    std::vector<Bytes> idle_curve_keys;  // secret halves of nodes that do nothing
    std::vector<Bytes> idle_public_keys;
    std::vector<Bytes> genesis;
    std::shared_ptr<const registry::Registry> registry;
    std::shared_ptr<const policy::Policy> policy;

    node::NodeOptions node_options(const Place& place) const;
    static node::NodeKeys node_keys(const Place& place);
};
BenchBus make_bench_bus(std::size_t publishers, std::size_t readers, std::size_t idle_nodes);

// The wall clock of the tests' world, running: began at test::kNow when the program began.
class BenchClock final : public Clock {
  public:
    Millis wall() const override;
    Monotonic monotonic() const override;
};

// An outreach report of exactly so many bytes, if they are a multiple of 8 and at least 200.
Bytes make_report(std::size_t size, std::uint64_t seed);

// Forks: call it before any thread is started. The child runs the broker until it is told to stop.
struct BrokerChild {
    int pid = 0;
    std::string control_endpoint;
    std::string data_endpoint;

    static BrokerChild start(const BenchBus& bus, const std::filesystem::path& directory);
    void stop() const;  // waits
};

}  // namespace lienthong::bench
