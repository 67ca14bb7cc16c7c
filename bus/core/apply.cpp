// SPDX-License-Identifier: Apache-2.0
#include "bus/core/apply.hpp"

#include <algorithm>
#include <utility>

#include "bus/core/decide.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::core {
namespace {

Result<void> apply_class(State& state, Position position, const Entry& entry, message::Kind kind) {
    ClassRow row;
    if (!entry.new_class.empty()) {
        row.kind = kind;
        row.agencies = entry.new_class;
    } else {
        auto known = state.maybe_class(entry.class_id);
        if (!known) return std::unexpected(known.error());
        if (!*known) return fail(Code::corrupt, "an entry of an unknown class");
        row = std::move(**known);
    }
    row.last_position = position;
    auto stored = state.put_class(entry.class_id, row, !entry.new_class.empty());
    if (!stored) return stored;
    if (!entry.new_class.empty()) {
        stored = state.count_class_of(entry.sender);
        if (!stored) return stored;
    }
    return state.put_in_class(entry.class_id, position);
}

Result<void> apply_shelter(State& state,
                           const message::Header& header,
                           const message::CaseFacts& facts) {
    const bool capacity = header.kind == message::Kind::shelter_capacity;
    const bool intake =
        header.kind == message::Kind::shelter_intake && facts.answer == message::Answer::accepted;
    if (!capacity && !intake) return {};
    auto known = state.maybe_shelter(header.sender);
    if (!known) return std::unexpected(known.error());
    if (!*known && intake) return {};
    ShelterRow row = known->value_or(ShelterRow{});
    if (capacity) {
        if (facts.capacity_max == 0) return {};
        row.capacity_normal = facts.capacity_normal;
        row.capacity_max = facts.capacity_max;
    } else {
        row.taken += facts.persons;
    }
    return state.put_shelter(header.sender, row);
}

Result<void> apply_case(State& state,
                        const BusId& bus,
                        Position position,
                        const Entry& entry,
                        const message::Header& header,
                        const message::CaseFacts& facts) {
    auto known = state.maybe_case(header.case_id);
    if (!known) return std::unexpected(known.error());
    CaseRecord record = known->value_or(CaseRecord{});
    const auto next = maybe_next(record.state, header.kind, facts).value_or(record.state);
    const AgencyId holder = facts.holder.empty() ? record.holder : facts.holder;
    if (next != record.state || holder != record.holder) record.since = entry.time;
    record.state = next;
    record.holder = holder;
    record.position = position;
    record.epoch = entry.epoch;
    record.leaf = leaf_of(bus, position, entry);
    if (moves_case(header.kind)) record.due = facts.due;
    if (facts.persons != 0) record.places = facts.persons;
    const auto parties = parties_with(record.parties, header.sender, facts);
    for (const AgencyId& agency : parties) {
        if (std::ranges::binary_search(record.parties, agency)) continue;
        auto stored = state.put_party(agency, header.case_id, position);
        if (!stored) return stored;
    }
    record.parties = parties;
    record.consented = consented_with(record.consented, facts);
    auto stored = state.put_case(header.case_id, record);
    if (!stored) return stored;
    return state.put_case_step(
        header.case_id,
        position,
        CaseStepRecord{
            entry.time, header.kind, header.sender, next, header.id, keys::sha256(entry.content)});
}

Result<void> apply_message(
    State& state, const BusId& bus, Position position, const Entry& entry, const Opened& opened) {
    auto header = message::parse_header(entry.content);
    if (!header) return std::unexpected(header.error());
    auto stored = state.put_stream(
        header->id.stream,
        StreamRow{entry.sender, entry.node, entry.class_id, header->id.sequence, false, position});
    if (!stored) return stored;
    stored = apply_class(state, position, entry, header->kind);
    if (!stored) return stored;
    if (opened.status != Opened::Status::open || !opened.facts) return {};
    stored = apply_shelter(state, *header, *opened.facts);
    if (!stored || header->case_id.is_none()) return stored;
    return apply_case(state, bus, position, entry, *header, *opened.facts);
}

Result<void> apply_refusals(State& state, Position position, const Entry& entry) {
    auto refusals = parse_refusals(entry.content);
    if (!refusals) return std::unexpected(refusals.error());
    auto known = state.maybe_stream(refusals->stream);
    if (!known) return std::unexpected(known.error());
    StreamRow row = known->value_or(StreamRow{refusals->agency, refusals->node, 0, 0, false, 0});
    for (const auto& one : refusals->refused) {
        auto stored = state.put_refusal(MessageId{refusals->stream, one.sequence}, one.code);
        if (!stored) return stored;
        row.last = std::max(row.last, one.sequence);
    }
    row.newest = position;
    return state.put_stream(refusals->stream, row);
}

Result<void> apply_stream_closed(State& state, const Entry& entry) {
    auto closed = parse_stream_closed(entry.content);
    if (!closed) return std::unexpected(closed.error());
    auto known = state.maybe_stream(closed->stream);
    if (!known) return std::unexpected(known.error());
    StreamRow row =
        known->value_or(StreamRow{closed->agency, closed->node, 0, closed->last, false, 0});
    row.closed = true;
    return state.put_stream(closed->stream, row);
}

Result<void> apply_document(State& state, Position position, const Entry& entry) {
    auto document = registry::parse_document(entry.content);
    if (!document) return std::unexpected(document.error());
    auto stored = state.put_document(*document, entry.content);
    if (!stored) return stored;
    return state.put_in_class(kEverybody, position);
}

Result<void> apply_queried(State& state, const Entry& entry) {
    auto queried = parse_queried(entry.content);
    if (!queried) return std::unexpected(queried.error());
    auto stored = state.put_query_row(query_key(*queried), entry.time, 0);
    if (!stored) return stored;
    for (const Queried::Shown& shown : std::exchange(queried->shown, {})) {
        queried->case_id = shown.case_id;
        stored = state.put_query_row(query_key(*queried), entry.time, 0);
        if (!stored) return stored;
    }
    return {};
}

}  // namespace

Hash query_key(const Queried& queried) {
    ByteWriter out;
    out.prefixed(queried.agency.text()).prefixed(queried.officer.text());
    out.prefixed(queried.purpose.text()).raw(queried.case_id.bytes);
    return keys::sha256(out.bytes());
}

Result<void> apply(
    State& state, const BusId& bus, Position position, const Entry& entry, const Opened& opened) {
    switch (entry.kind) {
        case proof::EntryKind::message:
            return apply_message(state, bus, position, entry, opened);
        case proof::EntryKind::refusals:
            return apply_refusals(state, position, entry);
        case proof::EntryKind::document:
            return apply_document(state, position, entry);
        case proof::EntryKind::stream_closed:
            return apply_stream_closed(state, entry);
        case proof::EntryKind::queried:
            return apply_queried(state, entry);
        case proof::EntryKind::delivered:
        case proof::EntryKind::denied:
        case proof::EntryKind::tick:
        case proof::EntryKind::erase:
        case proof::EntryKind::epoch:
        case proof::EntryKind::opened:
        case proof::EntryKind::backup_mark:
            return {};  // evidence; nothing is derived from it
    }
    return fail(Code::corrupt, "an entry of an unknown kind");
}

Result<Opened> open_facts(const ReadState& state, const Entry& entry) {
    if (entry.kind != proof::EntryKind::message) return Opened{};
    auto sections = state.sections(entry);
    if (!sections) {
        if (sections.error().code == Code::erased) return Opened{Opened::Status::erased, {}};
        if (sections.error().code == Code::locked) return Opened{Opened::Status::locked, {}};
        return std::unexpected(sections.error());
    }
    for (const message::Section& section : *sections) {
        auto descriptor = message::parse_descriptor(section.descriptor);
        if (!descriptor) return std::unexpected(descriptor.error());
        if (descriptor->form != message::Form::facts) continue;
        auto facts = message::parse_facts(section.body);
        if (!facts) return std::unexpected(facts.error());
        return Opened{Opened::Status::open, std::move(*facts)};
    }
    return Opened{Opened::Status::open, std::nullopt};
}

}  // namespace lienthong::core
