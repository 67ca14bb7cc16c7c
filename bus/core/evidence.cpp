// SPDX-License-Identifier: Apache-2.0
// Group: what made the parties of a case parties, for a node that must not believe it of the
// broker. Each item is an entry as its sender signed it, with its facts and nothing else of it, and
// only where policy now lets the asking agency read these facts: so past entries are reached by
// query, never by delivery.
#include <algorithm>
#include <set>

#include "bus/core/machine.hpp"
#include "security/proof/merkle.hpp"

namespace lienthong::core {
namespace {

// For the record of the disclosure: no officer asked, the node did, to address a message.
constexpr std::string_view kNodesPurpose = "addressing";

}  // namespace

// Nothing: the agency may not read these facts, or they are erased.
Result<std::optional<message::PartyEvidence>> Group::evidence_at(const AgencyId& agency,
                                                                 Position position,
                                                                 const CaseRecord& record,
                                                                 std::uint64_t head_size) {
    using Found = std::optional<message::PartyEvidence>;
    auto entry = state_.entry(position);
    if (!entry) return std::unexpected(entry.error());
    auto header = message::parse_header(entry->content);
    if (!header) return std::unexpected(header.error());
    auto sections = state_.sections(*entry);
    if (!sections && sections.error().code == Code::erased) return Found();
    if (!sections) return std::unexpected(sections.error());
    message::PartyEvidence evidence;
    for (message::Section& section : *sections) {
        auto descriptor = message::parse_descriptor(section.descriptor);
        if (!descriptor) return std::unexpected(descriptor.error());
        if (descriptor->form != message::Form::facts) continue;
        policy::Context context;
        context.at = time_;
        context.parties = record.parties;
        context.consented = record.consented;
        auto granted = may_read_section(state_,
                                        machine_.documents_,
                                        machine_.earlier_,
                                        agency,
                                        *header,
                                        *descriptor,
                                        std::move(context));
        if (!granted) return std::unexpected(granted.error());
        if (*granted) evidence.entry.sections.push_back(std::move(section));
    }
    if (evidence.entry.sections.empty()) return Found();
    auto path = proof::inclusion_path(position, head_size, state_.tree());
    if (!path) return std::unexpected(path.error());
    evidence.path = std::move(*path);
    evidence.entry.position = position;
    evidence.entry.kind = static_cast<std::uint8_t>(entry->kind);
    evidence.entry.epoch = entry->epoch;
    evidence.entry.time = entry->time;
    auto put = put_in_batch(evidence.entry, std::move(*entry), header->id);
    if (!put) return std::unexpected(put.error());
    return Found(std::move(evidence));
}

// In pages: from the position that the query names, in the order of the log, as much as a frame
// takes. What the asker's head does not cover is left out: it fetches first and asks again.
Result<void> Group::answer_evidence(const Session& session,
                                    const message::Query& query,
                                    const CaseRecord& record,
                                    message::QueryAnswer& answer) {
    if (query.head_size > size_before_) return {};  // no head of this log
    std::set<Position> positions;
    for (const AgencyId& agency : record.parties) {
        auto since = state_.maybe_party_since(agency, query.case_id);
        if (!since) return std::unexpected(since.error());
        if (*since && **since >= query.from && **since < query.head_size) positions.insert(**since);
    }
    std::size_t bytes = 0;
    for (const Position position : positions) {
        auto evidence = evidence_at(session.agency, position, record, query.head_size);
        if (!evidence) return std::unexpected(evidence.error());
        if (!*evidence) continue;
        bytes += message::size_of((*evidence)->entry) + (*evidence)->path.size() * kHashBytes;
        const bool full =
            answer.evidence.size() >= message::kEvidenceMax ||
            (!answer.evidence.empty() && bytes > machine_.options_.evidence_bytes_max);
        if (full) {
            answer.more = true;
            break;
        }
        answer.evidence.push_back(std::move(**evidence));
    }
    if (answer.evidence.empty()) return {};
    message::Query recorded = query;
    recorded.officer = {};
    recorded.purpose = Purpose::of(kNodesPurpose);
    auto noted = record_query(session, recorded, {});  // facts of a case leave
    if (!noted) return std::unexpected(noted.error());
    return {};
}

}  // namespace lienthong::core
