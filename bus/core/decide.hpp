// SPDX-License-Identifier: Apache-2.0
// decide: may this be, here and now? A pure function of state, request and time. It changes
// nothing; what it allows becomes an entry, and apply() makes the entry so.
#pragma once

#include <map>
#include <memory>

#include "bus/core/state.hpp"
#include "bus/core/verified.hpp"

namespace lienthong::core {

inline constexpr std::uint32_t kClassesMax = 4096;

struct Ruling {
    std::optional<Code> refused;  // nothing: accepted
    std::string grant_missing;    // only where it does not depend on a case

    // With stale_audience, for a party: what the sender has to know to choose anew.
    std::vector<AgencyId> parties;
    std::vector<AgencyId> consented;

    std::vector<AgencyId> recipients;  // of an accepted message: who gets the header
};

// One message, against the state after all before it. Errors are of the journal, never a verdict.
Result<Ruling> decide_message(const ReadState& state,
                              const Documents& documents,
                              const VerifiedEnvelope& envelope,
                              Millis time);

// The chunks of every chunked section of the message are there, all of them and under the root that
// its descriptor names. Looks at what the sender itself has uploaded and at nothing else.
Result<bool> has_chunks(const ReadState& state, const VerifiedEnvelope& envelope);

// Why a chunk is not taken; nothing: it is. malformed_section, malformed_frame, oversized;
// wrong_stream, stream_closed; id_conflict (its number is consumed; the very chunk that is there is
// taken again); overloaded (the agency's quota of unclaimed uploads).
Result<std::optional<Error>> decide_upload(const ReadState& state,
                                           const Documents& documents,
                                           const Session& session,
                                           const ChunkOffer& offer);

// A document of record: bus, version = newest + 1, threshold of administrators (a new list of them
// needs the old and the new), not expired, and a body that builds. The first administrators' list
// is trusted if its digest is `pinned`.
Result<registry::SignedDocument> decide_document(
    const Documents& documents, const BusId& bus, BytesView bytes, const Hash& pinned, Millis time);

// Registry and policy of earlier versions, opened when a message that was made under them is asked
// for: a few, kept.
class EarlierRules {
  public:
    // Nothing: the log has no such version.
    Result<std::shared_ptr<const Documents>> maybe_of(const ReadState& state,
                                                      std::uint32_t registry_version,
                                                      std::uint32_t policy_version);

  private:
    static constexpr std::size_t kKeptMax = 8;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::shared_ptr<const Documents>> kept_;
};

// Whether policy lets an agency of its audience read a section now. A grant to whom a message names
// holds for whom its audience shows to be named.
Result<bool> may_read_section(const ReadState& state,
                              const Documents& documents,
                              EarlierRules& earlier,
                              const AgencyId& agency,
                              const message::Header& header,
                              const message::Descriptor& descriptor,
                              policy::Context context);

// What of a stored message an agency gets now: indices into `sections`. Empty and `whole` false:
// the entry is skipped for lack of a grant.
struct Release {
    bool whole = false;  // at least the header
    std::vector<std::size_t> sections;
};
Result<Release> decide_release(const ReadState& state,
                               const Documents& documents,
                               EarlierRules& earlier,
                               const AgencyId& agency,
                               const message::Header& header,
                               const std::vector<message::Section>& sections,
                               Millis time);

// The case's parties and consents as they are once `facts` hold.
std::vector<AgencyId> parties_with(const std::vector<AgencyId>& parties,
                                   const AgencyId& sender,
                                   const message::CaseFacts& facts);
std::vector<AgencyId> consented_with(const std::vector<AgencyId>& consented,
                                     const message::CaseFacts& facts);

}  // namespace lienthong::core
