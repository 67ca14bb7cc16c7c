// SPDX-License-Identifier: Apache-2.0
// A home with its keys read into memory: what a broker or a node starts with.
#pragma once

#include "adapters/cli/home.hpp"
#include "bus/broker/broker.hpp"
#include "bus/node/node.hpp"

namespace lienthong::cli {

struct BrokerHome {
    broker::BrokerOptions options;
    broker::BrokerKeys keys;
};

struct NodeHome {
    node::NodeOptions options;
    node::NodeKeys keys;
};

// unsafe_mode, no_such_file, malformed_config, and what keys::PrivateKey::load says.
Result<BrokerHome> load_broker_home(const std::filesystem::path& home,
                                    const std::filesystem::path& credentials_directory);
Result<NodeHome> load_node_home(const std::filesystem::path& home,
                                const std::filesystem::path& credentials_directory);

}  // namespace lienthong::cli
