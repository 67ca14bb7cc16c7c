// SPDX-License-Identifier: Apache-2.0
// Entries that a broker which lies could show: what an agency signed and nobody admitted, and what
// stands in the log, with a path of one's choice.
#pragma once

#include "bus/base/check.hpp"
#include "security/proof/batch.hpp"
#include "security/proof/merkle.hpp"
#include "tests/support/small_bus.hpp"

namespace lienthong::test {

// With all its sections, signed by the agency's own key, by the rules that labour knows.
inline message::DeliveredEntry signed_entry(SmallBus& bus,
                                            std::string_view slug,
                                            const node::Draft& draft,
                                            std::vector<AgencyId> parties,
                                            Position position) {
    const auto rules = bus.node("labour").documents();
    node::CaseKnowledge knowledge;
    knowledge.version.epoch = 1;
    knowledge.parties = std::move(parties);
    const node::Scene at{world().bus,
                         world().id(slug),
                         *rules.registry,
                         *rules.policy,
                         bus.clock().wall(),
                         std::move(knowledge),
                         {},
                         0};
    const auto recipients = node::choose_recipients(draft, at).value();
    auto composed =
        node::compose(draft, at, recipients, MessageId{bus.random().u64(), 1}, bus.random())
            .value();
    const std::vector<Hash> leaves{proof::leaf_hash(composed.envelope.header)};
    const auto signer = world().member(slug).sign.signer();
    message::DeliveredEntry entry;
    entry.position = position;
    entry.kind = static_cast<std::uint8_t>(proof::EntryKind::message);
    entry.epoch = 1;
    entry.time = bus.clock().wall();
    entry.header = composed.envelope.header;
    entry.proof = proof::encode_batch_proof(
        proof::sign_batch(*signer, world().bus, world().id(slug), leaves).value());
    entry.sections = std::move(composed.envelope.sections);
    return entry;
}

inline void keep_facts_alone(message::DeliveredEntry& entry) {
    std::erase_if(entry.sections, [](const message::Section& section) {
        return message::parse_descriptor(section.descriptor)->form != message::Form::facts;
    });
}

// An entry of the log as evidence, with its path to a tree of this size.
inline message::PartyEvidence evidence_of(SmallBus& bus, Position position, std::uint64_t size) {
    message::PartyEvidence evidence;
    bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
        const core::Entry entry = state.entry(position).value();
        const auto header = message::parse_header(entry.content).value();
        const auto batch = state.maybe_batch(header.id.stream, entry.batch_first).value();
        CHECK(batch.has_value());
        message::DeliveredEntry& shown = evidence.entry;
        shown.position = position;
        shown.kind = static_cast<std::uint8_t>(entry.kind);
        shown.epoch = entry.epoch;
        shown.time = entry.time;
        shown.header = entry.content;
        shown.proof = batch->proof;
        shown.batch_index = static_cast<std::uint32_t>(header.id.sequence - entry.batch_first);
        shown.batch_path =
            proof::inclusion_path(
                shown.batch_index, batch->headers.size(), proof::over(batch->headers))
                .value();
        shown.sections = state.sections(entry).value();
        keep_facts_alone(shown);
        evidence.path = proof::inclusion_path(position, size, state.tree()).value();
    });
    return evidence;
}

}  // namespace lienthong::test
