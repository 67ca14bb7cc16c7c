// SPDX-License-Identifier: Apache-2.0
// Configuration: the file broker.toml or node.toml of a home, as a checked value. An unknown key, a
// missing one and an impossible value are malformed_config with the line and the key in `where`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"

namespace lienthong::cli {

struct BrokerConfig {
    BusId bus;
    std::string control_endpoint;
    std::string data_endpoint;
    Hash administrators;  // SHA-256 of the first administrators' list, as signed
    std::optional<std::uint16_t> metrics_port;
    std::uint64_t verify_workers = 1;
    std::uint64_t used_bytes_max = std::uint64_t{64} << 30;
    // Requests inside the broker: in all, and of one connection.
    std::uint64_t in_flight_bytes_max = std::uint64_t{256} << 20;
    std::uint64_t in_flight_bytes_per_peer_max = std::uint64_t{9} << 20;
};

// Paths of keys are relative to the home. A sealing key's certificate stands beside it (.crt).
struct NodeConfig {
    BusId bus;
    AgencyId agency;
    NodeId node;
    std::string control_endpoint;
    std::string data_endpoint;
    Bytes broker_key;  // CURVE, raw 32 bytes
    Hash administrators;
    std::string sign_key = "keys/sign.pem";
    std::vector<std::string> seal_keys = {"keys/seal-1.pem"};
    std::string curve_key = "keys/curve.pem";
    std::string witness_key = "keys/witness.pem";
    std::uint64_t drafts_waiting_max = 100'000;
    std::uint64_t used_bytes_max = std::uint64_t{16} << 30;
};

Result<BrokerConfig> parse_broker_config(std::string_view toml);
Result<NodeConfig> parse_node_config(std::string_view toml);
std::string to_toml(const BrokerConfig& config);
std::string to_toml(const NodeConfig& config);

}  // namespace lienthong::cli
