// SPDX-License-Identifier: Apache-2.0
// Ceremony: makes the keys of a new bus, its first documents of record, and a home for the broker,
// for each node and for the administrators. Nothing leaves the machine; in a real province each
// agency makes its own keys and sends a request (key_request.hpp).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "adapters/cli/invocation.hpp"
#include "bus/base/clock.hpp"
#include "bus/base/error.hpp"
#include "bus/base/random.hpp"

namespace lienthong::cli {

struct CeremonyOptions {
    std::filesystem::path directory;  // absent or empty
    std::string registry_toml;        // agencies, without keys
    std::string policy_toml;
    std::string control_endpoint;  // empty: a free loopback port
    std::string data_endpoint;
};

struct CeremonyResult {
    std::string bus;
    std::string control_endpoint;
    std::string data_endpoint;
    std::string broker_home;
    std::string admin_home;
    std::vector<std::pair<std::string, std::string>> node_homes;  // slug (or slug-node) → path
};

// already_exists (the directory holds something), malformed_document, malformed_config, io.
Result<CeremonyResult> make_bus(const CeremonyOptions& options,
                                const Clock& clock,
                                Random& random,
                                const std::function<void(const Words&)>& progress);

}  // namespace lienthong::cli
