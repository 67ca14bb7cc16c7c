// SPDX-License-Identifier: Apache-2.0
// Checks of what arrives: nothing of it is believed before. Pure functions of the bytes and of the
// documents that were in force at the entry's position.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "bus/base/secret.hpp"
#include "bus/message/exchange.hpp"
#include "bus/message/facts.hpp"
#include "bus/node/node.hpp"
#include "security/proof/head.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::node {

// The batch whose signature was verified last. Entries of one batch stand together in a delivery,
// and one signature is for all of them: to verify it once is enough, as long as its bytes and its
// sender are the same. Whether the key still counts is asked for each entry.
class ProvenBatch {
  public:
    bool is(const message::DeliveredEntry& entry, const AgencyId& sender) const {
        return !proof_.empty() && sender_ == sender && proof_ == entry.proof;
    }
    void set(const message::DeliveredEntry& entry, const AgencyId& sender) {
        proof_ = entry.proof;
        sender_ = sender;
    }

  private:
    Bytes proof_;
    AgencyId sender_;
};

// A delivered message after every check that needs no private key.
struct CheckedEntry {
    message::Header header;
    std::vector<message::Descriptor> descriptors;  // of entry.sections, in their order
    std::optional<message::CaseFacts> facts;
};

// Batch signature by a key of the sender valid at the entry's time and position; the header in its
// batch; each section against the header's commitments, its digest and, where it is readable, its
// plaintext commitment. Errors as of verification, never of trust.
Result<CheckedEntry> check_signed(const message::DeliveredEntry& entry,
                                  const BusId& bus,
                                  const registry::Registry& registry,
                                  ProvenBatch* proven = nullptr);

// The same of a delivered entry: this agency is in each audience too.
// `proven` is of this bus and of this registry alone.
Result<CheckedEntry> check_entry(const message::DeliveredEntry& entry,
                                 const BusId& bus,
                                 const AgencyId& agency,
                                 const registry::Registry& registry,
                                 ProvenBatch* proven = nullptr);

// The plaintext of a section that check_entry passed. Sealed ones are opened with the first of
// `keys` that fits; what stands inside must be what header and descriptor say. locked, bad_digest,
// bad_commitment.
Result<Secret> open_section(const message::Header& header,
                            const message::Section& section,
                            const message::Descriptor& descriptor,
                            std::span<const SealingKey> keys);

// The same of a chunked section, from all its chunks in order. They must be the ones under its
// root; each opens on its own and must say what the header says, its place and the count.
Result<Secret> open_chunks(const message::Header& header,
                           const message::Descriptor& descriptor,
                           std::span<const Bytes> chunks,
                           std::span<const SealingKey> keys);

// The signature over "these are all your entries", by the broker's log key.
Result<proof::Head> check_delivery(const message::Delivery& delivery,
                                   const BusId& bus,
                                   const AgencyId& agency,
                                   const registry::Registry& registry);

// A signed head of the log of this bus.
Result<proof::Head> check_head(std::string_view note,
                               const BusId& bus,
                               const registry::Registry& registry);

// The log key in force: by the head's own time.
Result<keys::PublicKey> log_key(const registry::Registry& registry, Millis at);

}  // namespace lienthong::node
