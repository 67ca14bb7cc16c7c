// SPDX-License-Identifier: Apache-2.0
// What signed messages of a case prove of its parties and of the person's consents, whatever the
// broker says (decisions 0026, 0027). Values and pure functions.
#pragma once

#include <vector>

#include "bus/base/ids.hpp"
#include "bus/message/envelope.hpp"
#include "bus/message/facts.hpp"

namespace lienthong::node {

// Parties are a chain of entries, signed by their agencies, from the opening to which the case id
// is bound on. Who is named only by somebody that is not in it is in no chain.
struct ProvenCase {
    // The newest word of each agency, whatever the order in which the messages came.
    struct Consent {
        AgencyId agency;  // for which the person consented
        AgencyId by;      // whose message says so: giving counts once that one is a proven party
        bool given = false;
        Position at = 0;
        bool operator==(const Consent&) const = default;
    };
    std::vector<AgencyId> parties{};  // ascending
    std::vector<Consent> consents{};  // one for each agency and sender
};

// Takes in a message of the case at its position in the log: one more link of the chain, if its
// sender opened the case or is in the chain, and what it says of consent.
void prove(ProvenCase& proven,
           const message::Header& header,
           const message::CaseFacts& facts,
           Position position);
// The same without consents: entries shown by the broker prove parties alone.
void prove_parties(ProvenCase& proven,
                   const message::Header& header,
                   const message::CaseFacts& facts);

// For whom the person consented, ascending: by the word of proven parties, or of anybody. A
// withdrawal counts whoever sends it, for it opens nothing.
enum class Word : std::uint8_t { of_parties, of_anybody };
std::vector<AgencyId> consents(const ProvenCase& proven, Word whose);

}  // namespace lienthong::node
