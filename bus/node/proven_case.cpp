// SPDX-License-Identifier: Apache-2.0
#include "bus/node/proven_case.hpp"

#include <algorithm>

#include "security/seal/opening.hpp"

namespace lienthong::node {
namespace {

bool contains(const std::vector<AgencyId>& agencies, const AgencyId& agency) {
    return std::ranges::binary_search(agencies, agency);
}

void insert(std::vector<AgencyId>& agencies, const AgencyId& agency) {
    const auto place = std::ranges::lower_bound(agencies, agency);
    if (place == agencies.end() || *place != agency) agencies.insert(place, agency);
}

}  // namespace

// Only who opened a case can have opened it, its id says so; anybody else makes others a party once
// it is one itself.
void prove_parties(ProvenCase& proven,
                   const message::Header& header,
                   const message::CaseFacts& facts) {
    const bool opened =
        facts.opens &&
        header.case_id == seal::case_id_of(header.bus, header.sender, facts.opening_nonce);
    if (opened) insert(proven.parties, header.sender);
    if (!contains(proven.parties, header.sender)) return;
    for (const AgencyId& agency : facts.parties) insert(proven.parties, agency);
}

void prove(ProvenCase& proven,
           const message::Header& header,
           const message::CaseFacts& facts,
           Position position) {
    prove_parties(proven, header, facts);
    const bool given = facts.consent == message::ConsentState::given;
    for (const AgencyId& agency : facts.consent_for) {
        auto known = std::ranges::find_if(proven.consents, [&](const auto& consent) {
            return consent.agency == agency && consent.by == header.sender;
        });
        if (known == proven.consents.end()) {
            proven.consents.push_back({agency, header.sender, given, position});
        } else if (known->at <= position) {  // what is mended late undoes nothing that is newer
            known->given = given;
            known->at = position;
        }
    }
}

std::vector<AgencyId> consents(const ProvenCase& proven, Word whose) {
    std::vector<AgencyId> consented;
    for (const ProvenCase::Consent& consent : proven.consents) {
        if (!consent.given) continue;
        if (whose == Word::of_parties && !contains(proven.parties, consent.by)) continue;
        const bool withdrawn = std::ranges::any_of(proven.consents, [&](const auto& other) {
            return other.agency == consent.agency && !other.given && other.at > consent.at;
        });
        if (!withdrawn) insert(consented, consent.agency);
    }
    return consented;
}

}  // namespace lienthong::node
