// SPDX-License-Identifier: Apache-2.0
// What a ceremony has made before it is written to disk, and the writing. Inner part of
// ceremony.hpp.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/cli/ceremony.hpp"
#include "security/keys/keys.hpp"
#include "security/policy/policy.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::cli {

struct NodeKeyset {
    std::optional<keys::PrivateKey> sign;
    std::optional<keys::PrivateKey> curve;
    std::optional<keys::PrivateKey> witness;
    Bytes sign_certificate;
};

// One home to be made: a node of an agency.
struct NodePlan {
    std::size_t agency = 0;  // index in the registry
    NodeId node;
    std::string folder;
    std::filesystem::path path;
    NodeKeyset keys;
};

struct AgencySeal {
    std::optional<keys::PrivateKey> key;
    Bytes certificate;
};

struct BusMaterial {
    std::filesystem::path directory;
    BusId bus;
    registry::RegistryData registry;
    policy::PolicyData policy;
    std::string control_endpoint;
    std::string data_endpoint;
    std::optional<keys::PrivateKey> authority;
    std::optional<keys::PrivateKey> administrator;
    std::optional<keys::PrivateKey> log;
    std::optional<keys::PrivateKey> broker_curve;
    std::vector<AgencySeal> seals;  // by agency
    std::vector<NodePlan> nodes;
    std::vector<std::pair<std::string, Bytes>> documents;  // file name, signed document
    Hash pinned;                                           // of the administrators' list
};

// The homes of broker, nodes and administrators: io, disk_full.
Result<void> write_homes(const BusMaterial& material);

}  // namespace lienthong::cli
