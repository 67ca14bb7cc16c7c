// SPDX-License-Identifier: Apache-2.0
// compose: makes an envelope of a draft: chooses each section's audience from the policy, commits
// to it, seals it, in chunks where it is large. A pure function but for the random salts and keys
// of sealing.
#pragma once

#include "bus/base/random.hpp"
#include "bus/node/api.hpp"
#include "bus/node/store.hpp"

namespace lienthong::node {

// An envelope alone in a batch: room is left for the batch's proof and frame.
inline constexpr std::size_t kEnvelopeBytesMax = message::kBatchBytesMax - 16 * 1024;
// All plaintexts of a draft together.
inline constexpr std::size_t kDraftBytesMax = 64 * 1024 * 1024;

// What the message is composed against.
struct Scene {
    BusId bus;
    AgencyId agency;
    const registry::Registry& registry;
    const policy::Policy& policy;
    Millis at = 0;
    CaseKnowledge knowledge;  // of the draft's case; empty if it has none or opens one
    AgencyId answered;        // sender of the message that the draft refers to
    std::uint32_t procedure_version = 0;
};

// A section's audience, and who gets the header at all.
struct Recipients {
    std::vector<std::vector<AgencyId>> audiences;  // for each section of the draft, in kind order
    std::vector<AgencyId> all;                     // ascending, the sender among them
};

// The draft's sections in the order of its kind; `facts` is encoded from Draft::facts.
// malformed_section (a section unknown, missing, not what its schema says, or contradicting the
// facts), classified_matter, unknown_agency, oversized.
Result<std::vector<std::pair<std::size_t, Bytes>>> ordered_sections(const Draft& draft);
Result<void> check_draft(const Draft& draft);

// forbidden with the missing grant if policy does not let the agency publish this.
Result<Recipients> choose_recipients(const Draft& draft, const Scene& scene);

// Whom it goes to depends on who the parties of a case are.
bool needs_knowledge(const Draft& draft);

// Names the stream: kind and recipients.
Hash delivery_class(message::Kind kind, const std::vector<AgencyId>& recipients);

// What of a batch's bytes an envelope takes, at most.
std::size_t envelope_bytes(const message::Envelope& envelope);

// What a batch of them is signed over.
std::vector<Hash> leaves_of(const std::vector<message::Envelope>& envelopes);

// With the chunks that have to be at the broker before the envelope.
struct Composed {
    message::Envelope envelope;
    std::vector<OutChunk> chunks;
};

// A sealed section of more than message::kChunkBytes is chunked; so are the largest others, until
// the envelope has at most `bytes_max`. bad_certificate if one of the audience has no valid sealing
// key; oversized (sections that cannot be chunked are too large, or the chunks are more than the
// agency's quota of uploads).
Result<Composed> compose(const Draft& draft,
                         const Scene& scene,
                         const Recipients& recipients,
                         const MessageId& id,
                         Random& random,
                         std::size_t bytes_max = kEnvelopeBytesMax);

}  // namespace lienthong::node
