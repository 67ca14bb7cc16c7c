// SPDX-License-Identifier: Apache-2.0
#include "security/proof/witness.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "security/proof/note.hpp"

namespace lienthong::proof {

Millis majority_time(std::vector<Millis> times, std::size_t of) {
    if (!is_majority(times.size(), of)) return 0;
    std::ranges::sort(times, std::greater<>());
    return times[of / 2];
}

Result<WitnessedHead> count_witnesses(std::string_view note, std::span<const Witness> witnesses) {
    const auto parsed = parse_note(note);
    if (!parsed) return std::unexpected(parsed.error());
    auto head = parse_head(note);
    if (!head) return std::unexpected(head.error());
    std::set<AgencyId> having;
    std::map<AgencyId, Millis> votes;
    for (const Witness& witness : witnesses) {
        having.insert(witness.agency);
        const std::string& name = witness.name;
        const auto key_hash =
            note_key_hash(name, NoteSignatureType::cosignature_v1, witness.key.raw());
        for (const NoteSignature& signature : parsed->signatures) {
            if (signature.name != name || signature.key_hash != key_hash) continue;
            const auto time =
                verify_cosignature(note, note_signature_line(signature), name, witness.key);
            if (!time) return std::unexpected(time.error());
            Millis& newest = votes[witness.agency];
            newest = std::max(newest, *time);
        }
    }
    WitnessedHead counted;
    counted.head = std::move(*head);
    counted.of = having.size();
    std::vector<Millis> times;
    for (const auto& [agency, time] : votes) {
        counted.agencies.push_back(agency);
        times.push_back(time);
    }
    counted.time = majority_time(std::move(times), counted.of);
    return counted;
}

bool is_fork(const Head& a, const Head& b) {
    return a.bus == b.bus && a.size == b.size && a.root != b.root;
}

std::vector<AgencyId> signed_both(const WitnessedHead& a, const WitnessedHead& b) {
    std::vector<AgencyId> both;
    std::ranges::set_intersection(a.agencies, b.agencies, std::back_inserter(both));
    return both;
}

}  // namespace lienthong::proof
