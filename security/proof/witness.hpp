// SPDX-License-Identifier: Apache-2.0
// Witnesses: which agencies have co-signed a head. One vote an agency; a head is witnessed with
// more than half of the agencies that have a witness. Two heads of one size that disagree are a
// fork, and an agency that co-signed both has a witness that lied or was taken over.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "security/proof/head.hpp"

namespace lienthong::proof {

// A witness key as the registry has it.
struct Witness {
    AgencyId agency;
    std::string name;  // of its node, as in a signature line
    keys::PublicKey key;
};

struct WitnessedHead {
    Head head{};
    std::vector<AgencyId> agencies{};  // that co-signed it, ascending
    std::size_t of = 0;                // agencies that have a witness
    // At this moment more than half of them had co-signed, each agency as of its newest
    // co-signature; 0: they have not.
    Millis time = 0;
    bool is_witnessed() const { return time != 0; }
};

// More than half.
inline bool is_majority(std::size_t agencies, std::size_t of) { return 2 * agencies > of; }

// The moment as of which more than half had vouched, from one time for each agency; 0 if none.
Millis majority_time(std::vector<Millis> times, std::size_t of);

// Counts the signature lines of these witnesses; lines of other names and keys are not judged, as
// is the log's own (verify_head). malformed_proof; bad_signature if a witness's line does not hold.
Result<WitnessedHead> count_witnesses(std::string_view note, std::span<const Witness> witnesses);

// Heads of one log, of one size, with different roots: no log has both.
bool is_fork(const Head& a, const Head& b);
// Agencies that co-signed both, ascending.
std::vector<AgencyId> signed_both(const WitnessedHead& a, const WitnessedHead& b);

}  // namespace lienthong::proof
