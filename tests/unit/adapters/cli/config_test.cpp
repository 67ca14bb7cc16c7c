// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/config.hpp"

#include <gtest/gtest.h>

namespace lienthong::cli {
namespace {

BrokerConfig broker_config() {
    BrokerConfig config;
    config.bus = BusId::of("ninh-binh-2021");
    config.control_endpoint = "tcp://127.0.0.1:5701";
    config.data_endpoint = "tcp://127.0.0.1:5702";
    config.administrators.bytes.fill(0x11);
    config.metrics_port = 0;
    return config;
}

NodeConfig node_config() {
    NodeConfig config;
    config.bus = BusId::of("ninh-binh-2021");
    config.agency = AgencyId::of("ag-1");
    config.node = NodeId::of("node-1");
    config.control_endpoint = "tcp://127.0.0.1:5701";
    config.data_endpoint = "tcp://127.0.0.1:5702";
    config.broker_key = Bytes(32, 0x22);
    config.administrators.bytes.fill(0x11);
    config.seal_keys = {"keys/seal-1.pem", "keys/seal-2.pem"};
    return config;
}

TEST(BrokerConfig, IsReadAsItWasWritten) {
    const auto read = parse_broker_config(to_toml(broker_config()));
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_EQ(to_toml(*read), to_toml(broker_config()));
    EXPECT_EQ(read->metrics_port, std::uint16_t{0});
}

TEST(NodeConfig, IsReadAsItWasWritten) {
    const auto read = parse_node_config(to_toml(node_config()));
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_EQ(to_toml(*read), to_toml(node_config()));
    EXPECT_EQ(read->seal_keys.size(), 2U);
}

struct BadLine {
    std::string_view from;  // in the good text
    std::string_view to;
    std::string_view key;  // that the error names
};

std::string changed(std::string text, const BadLine& bad) {
    if (bad.from.empty()) return std::string(bad.to) + "\n" + text;
    const std::size_t at = text.find(bad.from);
    EXPECT_NE(at, std::string::npos) << bad.from;
    return text.replace(at, bad.from.size(), bad.to);
}

TEST(BrokerConfig, ABadKeyIsNamed) {
    for (const BadLine& bad : {
             BadLine{"", "colour = \"red\"", "colour"},
             BadLine{"bus = \"ninh-binh-2021\"", "bus = \"Ninh Bình\"", "bus"},
             BadLine{"bus = \"ninh-binh-2021\"", "", "bus"},
             BadLine{"tcp://127.0.0.1:5701", "ipc://x", "control_endpoint"},
             BadLine{"data_endpoint = \"tcp://127.0.0.1:5702\"", "", "data_endpoint"},
             BadLine{"administrators = \"11", "administrators = \"zz", "administrators"},
             BadLine{"metrics_port = 0", "metrics_port = 65536", "metrics_port"},
             BadLine{"verify_workers = 1", "verify_workers = 0", "verify_workers"},
             BadLine{"verify_workers = 1", "verify_workers = 65", "verify_workers"},
             BadLine{"verify_workers = 1", "verify_workers = \"1\"", "verify_workers"},
             BadLine{"used_bytes_max = 68719476736", "used_bytes_max = 1", "used_bytes_max"},
             BadLine{"flight_bytes_max = 268435456", "flight_bytes_max = 9437183", "flight_bytes"},
             BadLine{"peer_max = 9437184", "peer_max = 9437183", "in_flight_bytes_per_peer_max"},
         }) {
        const auto read = parse_broker_config(changed(to_toml(broker_config()), bad));
        ASSERT_FALSE(read.has_value()) << bad.to;
        EXPECT_EQ(read.error().code, Code::malformed_config) << bad.to;
        EXPECT_NE(read.error().where.find(bad.key), std::string::npos)
            << bad.to << ": " << read.error().where;
    }
}

TEST(NodeConfig, ABadKeyIsNamed) {
    for (const BadLine& bad : {
             BadLine{"", "colour = \"red\"", "colour"},
             BadLine{"agency = \"ag-1\"", "agency = \"\"", "agency"},
             BadLine{"node = \"node-1\"", "", "node"},
             BadLine{"broker_key = \"22", "broker_key = \"2", "broker_key"},
             BadLine{"keys/sign.pem", "/etc/sign.pem", "sign"},
             BadLine{"keys/seal-1.pem", "../seal-1.pem", "seal"},
             BadLine{"witness = ", "witnes = ", "witnes"},
             BadLine{"drafts_waiting_max = 100000", "drafts_waiting_max = 0", "drafts_waiting_max"},
         }) {
        const auto read = parse_node_config(changed(to_toml(node_config()), bad));
        ASSERT_FALSE(read.has_value()) << bad.to;
        EXPECT_EQ(read.error().code, Code::malformed_config) << bad.to;
        EXPECT_NE(read.error().where.find(bad.key), std::string::npos)
            << bad.to << ": " << read.error().where;
    }
}

TEST(NodeConfig, WhatIsNoTomlIsMalformed) {
    const auto read = parse_node_config("bus = [");
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, Code::malformed_config);
}

}  // namespace
}  // namespace lienthong::cli
