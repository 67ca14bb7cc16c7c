// SPDX-License-Identifier: Apache-2.0
// Group::fetch: what an agency is sent. It merges the delivery classes that the agency is in,
// releases of each message what policy grants now, and puts on the record that case data left.
#include <algorithm>

#include "bus/core/machine.hpp"
#include "security/proof/delivered.hpp"

namespace lienthong::core {
namespace {

// Skipped numbers before one entry whose reasons are told one by one; one range is for the rest.
constexpr std::uint64_t kReasonsMax = message::kEntrySkippedMax - 1;

Error no_room() { return {Code::disk_full, "no room for the record of this", {}, {}}; }

void add(std::vector<std::uint32_t>& classes, std::uint32_t class_id) {
    if (std::ranges::find(classes, class_id) == classes.end()) classes.push_back(class_id);
}

}  // namespace

bool Group::may_write() {
    if (!may_record()) wanted_to_write_ = true;
    return may_record();
}

// Why the agency did not get this number of a stream; nothing if it did.
Result<std::optional<Code>> Group::why_skipped(const AgencyId& agency, const MessageId& message) {
    auto refusal = state_.maybe_refusal(message);
    if (!refusal || *refusal) return refusal;
    auto withheld = state_.is_withheld(agency, message);
    if (!withheld) return std::unexpected(withheld.error());
    if (*withheld) return std::optional(Code::forbidden);
    auto position = state_.maybe_position(message);
    if (!position) return std::unexpected(position.error());
    if (!*position) return std::optional<Code>();
    auto entry = state_.entry(**position);
    if (!entry) return std::unexpected(entry.error());
    auto header = message::parse_header(entry->content);
    if (!header) return std::unexpected(header.error());
    auto sections = state_.sections(*entry);
    if (!sections && sections.error().code == Code::erased) return std::optional<Code>();
    if (!sections) return std::unexpected(sections.error());
    auto release = decide_release(
        state_, machine_.documents_, machine_.earlier_, agency, *header, *sections, time_);
    if (!release) return std::unexpected(release.error());
    return release->whole ? std::optional<Code>() : std::optional(Code::forbidden);
}

// The newest number up to `number` that the agency did get, 0 if there is none. The way back over a
// long run is gone once and then kept: who fetches again does not make the committer go it again.
Result<std::uint64_t> Group::delivered_before(const AgencyId& agency,
                                              const MessageId& message,
                                              std::uint64_t number) {
    auto known = state_.maybe_bridge(agency, message);
    if (!known) return std::unexpected(known.error());
    if (*known) return **known;
    for (; number > 0; --number) {
        auto code = why_skipped(agency, MessageId{message.stream, number});
        if (!code) return std::unexpected(code.error());
        if (!*code) break;
    }
    if (!may_write()) return number;
    auto kept = state_.put_bridge(agency, message, number);
    if (!kept) return std::unexpected(kept.error());
    return number;
}

// Numbers of the stream right before this message that the agency does not get, and why: refused
// ones, and ones that no grant lets through to it. Each of the newest has its own reason; what is
// older is one range with the reason of its newest number, however long it is.
Result<std::vector<message::Skipped>> Group::skipped_before(const AgencyId& agency,
                                                            const MessageId& message) {
    std::vector<message::Skipped> skipped;  // newest first
    const auto add = [&skipped](std::uint64_t first, std::uint64_t count, Code code) {
        const auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, UINT32_MAX));
        if (!skipped.empty() && skipped.back().code == code &&
            skipped.back().count <= UINT32_MAX - size) {
            skipped.back().first = first;
            skipped.back().count += size;
        } else {
            skipped.push_back({first, size, code});
        }
    };
    std::uint64_t number = message.sequence - 1;
    for (; number > 0; --number) {
        auto code = why_skipped(agency, MessageId{message.stream, number});
        if (!code) return std::unexpected(code.error());
        if (!*code) break;
        if (message.sequence - number <= kReasonsMax) {
            add(number, 1, **code);
            continue;
        }
        auto got = delivered_before(agency, message, number);
        if (!got) return std::unexpected(got.error());
        add(*got + 1, number - *got, **code);
        break;
    }
    std::ranges::reverse(skipped);
    return skipped;
}

// The signed batch around a message: proof and path.
Result<void> Group::put_in_batch(message::DeliveredEntry& delivered,
                                 Entry entry,
                                 const MessageId& message) {
    auto batch = state_.maybe_batch(message.stream, entry.batch_first);
    if (!batch) return std::unexpected(batch.error());
    if (!*batch) return fail(Code::corrupt, "the batch of an entry is missing");
    delivered.batch_index = static_cast<std::uint32_t>(message.sequence - entry.batch_first);
    auto path = proof::inclusion_path(
        delivered.batch_index, (*batch)->headers.size(), proof::over((*batch)->headers));
    if (!path) return std::unexpected(path.error());
    delivered.batch_path = std::move(*path);
    delivered.proof = std::move((*batch)->proof);
    delivered.header = std::move(entry.content);
    return {};
}

Result<std::optional<message::DeliveredEntry>> Group::deliver_entry(const Session& session,
                                                                    Position position) {
    auto entry = state_.entry(position);
    if (!entry) return std::unexpected(entry.error());
    message::DeliveredEntry delivered;
    delivered.position = position;
    delivered.kind = static_cast<std::uint8_t>(entry->kind);
    delivered.epoch = entry->epoch;
    delivered.time = entry->time;
    if (entry->kind != proof::EntryKind::message) {
        delivered.header = std::move(entry->content);
        return std::optional(std::move(delivered));
    }
    auto header = message::parse_header(entry->content);
    if (!header) return std::unexpected(header.error());
    // What was once stated as skipped is not delivered later, whatever the grants are now.
    auto withheld = state_.is_withheld(session.agency, header->id);
    if (!withheld) return std::unexpected(withheld.error());
    if (*withheld) return std::optional<message::DeliveredEntry>();
    auto sections = state_.sections(*entry);
    if (!sections && sections.error().code != Code::erased) {
        return std::unexpected(sections.error());
    }
    if (sections) {
        auto release = decide_release(state_,
                                      machine_.documents_,
                                      machine_.earlier_,
                                      session.agency,
                                      *header,
                                      *sections,
                                      time_);
        if (!release) return std::unexpected(release.error());
        if (!release->whole) {
            if (!may_write()) return std::optional<message::DeliveredEntry>();
            auto noted = state_.put_withheld(session.agency, header->id);
            if (!noted) return std::unexpected(noted.error());
            return std::optional<message::DeliveredEntry>();
        }
        for (const std::size_t i : release->sections) {
            delivered.sections.push_back(std::move((*sections)[i]));
        }
    }
    auto put = put_in_batch(delivered, std::move(*entry), header->id);
    if (!put) return std::unexpected(put.error());
    auto skipped = skipped_before(session.agency, header->id);
    if (!skipped) return std::unexpected(skipped.error());
    delivered.skipped = std::move(*skipped);
    return std::optional(std::move(delivered));
}

// The next position of each class of the agency, the lowest first.
Result<Group::ClassQueue> Group::merge_classes(const AgencyId& agency, Position from) const {
    auto classes = state_.classes_of(agency);
    if (!classes) return std::unexpected(classes.error());
    classes->push_back(kEverybody);
    ClassQueue queue;
    for (const std::uint32_t class_id : *classes) {
        auto next = state_.maybe_next_in_class(class_id, from);
        if (!next) return std::unexpected(next.error());
        if (*next) queue.emplace(**next, class_id);
    }
    return queue;
}

Result<bool> Group::is_personal(std::uint32_t class_id) const {
    auto row = state_.maybe_class(class_id);
    if (!row) return std::unexpected(row.error());
    return *row && message::info((*row)->kind).kind_class == message::Class::personal;
}

Judged<message::Delivery> Group::fetch(const Session& session, const FetchRequest& request) {
    message::Delivery delivery;
    delivery.consumer = request.consumer;
    delivery.agency = session.agency;
    delivery.from = request.from;
    delivery.to = state_.log_size();
    delivery.epoch = epoch_;
    if (request.from > delivery.to) {
        return refused<message::Delivery>(
            Error{Code::rollback, "the log is shorter than the cursor", {}, {}});
    }
    auto merged = merge_classes(session.agency, request.from);
    if (!merged) return std::unexpected(merged.error());
    ClassQueue& queue = *merged;
    const auto& options = machine_.options_;
    const std::size_t bytes_max = std::min(request.credit_bytes, options.delivery_bytes_max);
    const std::size_t count_max = std::min(request.credit_messages, options.delivery_messages_max);
    std::size_t bytes = 0;
    std::size_t tables = 2;  // command and delivery; each entry and section is one
    Delivered record{session.agency, session.node, request.consumer, request.from, 0, {}, 0};
    record.policy_version = machine_.documents_.policy->version();
    bool no_room_here = false;
    wanted_to_write_ = false;
    for (std::size_t looked = 0; !queue.empty(); ++looked) {
        const auto [position, class_id] = queue.top();
        if (looked >= options.delivery_looks_max) {  // many withheld ones: the next fetch goes on
            delivery.to = position;
            break;
        }
        queue.pop();
        auto entry = deliver_entry(session, position);
        if (!entry) return std::unexpected(entry.error());
        auto personal = is_personal(class_id);
        if (!personal) return std::unexpected(personal.error());
        // What needs something on the record, and all behind it, waits until there is room for it.
        if (wanted_to_write_ || (*entry && *personal && !may_record())) {
            delivery.to = position;
            no_room_here = true;
            break;
        }
        if (*entry) {
            const std::size_t size = size_of(**entry);
            const bool first = delivery.entries.empty();
            const std::size_t tables_more = 1 + (*entry)->sections.size();
            if (delivery.entries.size() >= count_max || (!first && bytes + size > bytes_max) ||
                (!first && tables + tables_more > options.delivery_tables_max)) {
                delivery.to = position;
                break;
            }
            bytes += size;
            tables += tables_more;
            if (*personal) add(record.classes, class_id);
            auto granted = grant_chunks(session, **entry);
            if (!granted) return std::unexpected(granted.error());
            delivery.entries.push_back(std::move(**entry));
        }
        auto next = state_.maybe_next_in_class(class_id, position + 1);
        if (!next) return std::unexpected(next.error());
        if (*next) queue.emplace(**next, class_id);
    }
    if (no_room_here && delivery.entries.empty() && delivery.to == request.from) {
        return refused<message::Delivery>(no_room());
    }
    if (!record.classes.empty()) {  // case data leave
        record.to = delivery.to;
        auto position = append_note(proof::EntryKind::delivered, encode_delivered(record));
        if (!position) return std::unexpected(position.error());
    }
    return delivery;
}

Result<Bytes> Group::statement_for(message::Delivery& delivery) const {
    auto note = state_.newest_head();
    if (!note) return std::unexpected(note.error());
    if (!*note) return fail(Code::corrupt, "no head yet");
    delivery.head = std::move(**note);
    return proof::encode_statement(proof::statement_of(machine_.options_.bus, delivery));
}

}  // namespace lienthong::core
