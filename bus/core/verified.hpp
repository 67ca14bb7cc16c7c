// SPDX-License-Identifier: Apache-2.0
// VerifiedBatch: a batch after everything that can be checked without the broker's state. The
// verification workers make it; decide() takes nothing else. Order of the checks: size, structure,
// proof, key, tree, signature; then for each message header, sender, bus, ids, and for each section
// descriptor, commitment, digest and, where the broker may read it, the plaintext commitment.
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"
#include "bus/message/envelope.hpp"
#include "bus/message/facts.hpp"
#include "security/proof/batch.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::core {

// Who speaks, as the transport has proven it.
struct Session {
    AgencyId agency;
    NodeId node;
    bool operator==(const Session&) const = default;
};

struct VerifiedEnvelope {
    message::Header header;
    Bytes header_bytes;
    std::vector<message::Section> sections;        // as they came
    std::vector<message::Descriptor> descriptors;  // of the sections, in the same order
    std::vector<std::vector<Bytes>> recipients;    // of sealed sections: who can open them
    std::optional<message::CaseFacts> facts;
};

struct VerifiedBatch {
    Session session;
    std::uint64_t stream = 0;
    std::uint64_t first = 0;
    proof::BatchProof proof;
    Bytes proof_bytes;
    std::vector<Hash> headers;  // leaf hashes
    std::vector<Result<VerifiedEnvelope>> messages;
    // Why key, tree or signature do not hold now; then `messages` is empty. It refuses the batch as
    // a whole, unless the batch is on the record already: whose receipt was lost, and whose key
    // ended meanwhile, gets that receipt.
    std::optional<Error> unproven;
};

// An error refuses the batch as a whole: nothing of it is on the record, no number is consumed.
// `at` and `position` are those of now: the key must be valid then; decide() looks again.
Result<VerifiedBatch> verify_batch(BytesView frame,
                                   const Session& session,
                                   std::uint64_t stream,
                                   std::uint64_t first,
                                   std::uint32_t count,
                                   const registry::Registry& registry,
                                   Millis at,
                                   Position position);

// One envelope of an already proven batch; also used by nodes and auditors on what was delivered.
Result<VerifiedEnvelope> verify_envelope(message::Envelope envelope,
                                         const MessageId& expected_id,
                                         const AgencyId& sender,
                                         const BusId& bus);

}  // namespace lienthong::core
