// SPDX-License-Identifier: Apache-2.0
// Node: an agency's side of the bus. It keeps a durable, encrypted outbox and inbox, chooses each
// section's audience from the policy, seals and signs, verifies everything that arrives, and never
// trusts the broker.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "bus/base/clock.hpp"
#include "bus/base/random.hpp"
#include "bus/node/api.hpp"
#include "bus/wire/socket.hpp"
#include "security/keys/keys.hpp"
#include "security/seal/case_vault.hpp"

namespace lienthong::node {

struct NodeOptions {
    BusId bus;
    AgencyId agency;
    NodeId node;
    std::filesystem::path data_directory;  // LMDB; one owner
    std::string control_endpoint;
    std::string data_endpoint;
    Bytes server_key;            // the broker's CURVE key, raw 32 bytes
    Hash pinned_administrators;  // SHA-256 of the first administrators' list, as signed
    std::vector<Bytes> genesis;  // signed documents known from the start
    std::size_t drafts_waiting_max = 100'000;
    std::chrono::milliseconds answer_timeout{10'000};
    std::chrono::milliseconds reconnect_max{5'000};
    std::uint64_t used_bytes_max = std::uint64_t{16} << 30;
};

// A sealing key of the agency with its certificate; old ones stay as long as anything is sealed to
// them. The newest valid one is used for nothing but opening: who seals takes it from the registry.
struct SealingKey {
    keys::PrivateKey key;
    Bytes certificate;
};

struct NodeKeys {
    std::unique_ptr<keys::Signer> sign;
    std::vector<SealingKey> seal;
    wire::CurveKeyPair curve;
    std::unique_ptr<keys::Signer> witness;
    seal::StorageKey master;
};

// Opens the data directory, starts the node's thread and connects in the background.
// already_running if another process owns the directory.
class Node : public Api {
  public:
    static Result<std::unique_ptr<Node>> start(NodeOptions options,
                                               NodeKeys keys,
                                               const Clock& clock,
                                               Random& random);
    virtual void stop() = 0;  // returns when the thread has ended
    // Set when the node cannot go on (its disk failed, its data is corrupt).
    virtual std::optional<Error> failed() const = 0;
};

}  // namespace lienthong::node
