// SPDX-License-Identifier: Apache-2.0
// What the broker's agents hand each other, by value: work from the sessions through the
// verification workers to the committer, and answers back.
#pragma once

#include <memory>
#include <variant>

#include "bus/base/queue.hpp"
#include "bus/core/verified.hpp"
#include "bus/wire/command.hpp"
#include "bus/wire/link.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::broker {

// A batch as it came, for a verification worker.
struct RawBatch {
    wire::Publish command;
    Bytes frame;
    std::shared_ptr<const registry::Registry> registry;
    Millis at = 0;
    Position position = 0;
};

// A document of record, as it came.
struct RawDocument {
    Bytes bytes;
};

// A chunk of a large section, as it came.
struct RawChunk {
    wire::UploadChunk command;
    Bytes bytes;
};

// What an answer to a batch refers to, whatever becomes of the batch.
struct AskedBatch {
    wire::Publish command;
    Hash frame{};  // SHA-256 of the data frame
};

// One request of one peer. All batches of a peer go through the same worker, so that they reach the
// committer in the order in which they came (docs/decisions/0004).
struct Work {
    wire::PeerId peer;
    std::uint64_t request = 0;  // chosen by the node; the answer repeats it
    core::Session session;
    std::variant<RawBatch, Result<core::VerifiedBatch>, RawDocument, RawChunk, wire::Body> what;
    AskedBatch asked{};  // of a batch, once a verification worker has had it
};

struct Outgoing {
    wire::PeerId peer;
    std::uint64_t request = 0;
    wire::Body body;
    Bytes data;
};

// At most so many requests are between arrival and answer; each queue holds that many, so none of
// them can be full when an answer goes back.
inline constexpr std::size_t kInFlightMax = 4096;
inline constexpr std::size_t kInFlightPerPeerMax = 64;

using WorkQueue = Queue<Work>;
using OutgoingQueue = Queue<Outgoing>;

// What the sessions know of the committer's state: replaced after each adoption and each commit.
struct Published {
    std::shared_ptr<const registry::Registry> registry;
    Position log_size = 0;
    std::uint32_t policy_version = 0;
    Hash root;  // of the newest signed head, which has log_size entries
};
using LatestPublished = Latest<Published>;

}  // namespace lienthong::broker
