// SPDX-License-Identifier: Apache-2.0
// compose: makes an envelope of a draft: chooses each section's audience from the policy, commits
// to it, seals it. A pure function but for the random salts and keys of sealing.
#pragma once

#include "bus/base/random.hpp"
#include "bus/node/api.hpp"
#include "bus/node/store.hpp"

namespace lienthong::node {

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
// malformed_section (a section unknown, missing, or not what its schema says), classified_matter,
// unknown_agency.
Result<std::vector<std::pair<std::size_t, Bytes>>> ordered_sections(const Draft& draft);
Result<void> check_draft(const Draft& draft);

// forbidden with the missing grant if policy does not let the agency publish this.
Result<Recipients> choose_recipients(const Draft& draft, const Scene& scene);

// Names the stream: kind and recipients.
Hash delivery_class(message::Kind kind, const std::vector<AgencyId>& recipients);

// bad_certificate if one of the audience has no valid sealing key.
Result<message::Envelope> compose(const Draft& draft,
                                  const Scene& scene,
                                  const Recipients& recipients,
                                  const MessageId& id,
                                  Random& random);

}  // namespace lienthong::node
