// SPDX-License-Identifier: Apache-2.0
// Group::fetch: what an agency is sent. It merges the delivery classes that the agency is in,
// releases of each message what policy grants now, and puts on the record that case data left.
#include <algorithm>
#include <queue>

#include "bus/core/machine.hpp"
#include "security/proof/delivered.hpp"

namespace lienthong::core {
namespace {

constexpr std::uint64_t kSkippedMax = 1024;  // numbers named with one delivered entry

std::size_t size_of(const message::DeliveredEntry& entry) {
    std::size_t size =
        256 + entry.header.size() + entry.proof.size() + entry.batch_path.size() * 32;
    for (const message::Section& section : entry.sections) {
        size += 128 + section.descriptor.size() + section.body.size();
    }
    return size;
}

}  // namespace

// Numbers of the stream right before this message that the agency does not get, and why: refused
// ones, and ones that no grant lets through to it.
Result<std::vector<message::Skipped>> Group::skipped_before(const AgencyId& agency,
                                                            const MessageId& message) {
    std::vector<message::Skipped> skipped;
    for (std::uint64_t number = message.sequence - 1; number > 0 && skipped.size() < kSkippedMax;
         --number) {
        const MessageId before{message.stream, number};
        auto refusal = state_.maybe_refusal(before);
        if (!refusal) return std::unexpected(refusal.error());
        if (*refusal) {
            skipped.push_back({number, **refusal});
            continue;
        }
        auto withheld = state_.is_withheld(agency, before);
        if (!withheld) return std::unexpected(withheld.error());
        if (*withheld) {
            skipped.push_back({number, Code::forbidden});
            continue;
        }
        auto position = state_.maybe_position(before);
        if (!position) return std::unexpected(position.error());
        if (!*position) break;
        auto entry = state_.entry(**position);
        if (!entry) return std::unexpected(entry.error());
        auto header = message::parse_header(entry->content);
        if (!header) return std::unexpected(header.error());
        auto sections = state_.sections(*entry);
        if (!sections) break;  // erased: its header was delivered
        auto release =
            decide_release(state_, machine_.documents_, agency, *header, *sections, time_);
        if (!release) return std::unexpected(release.error());
        if (release->whole) break;
        skipped.push_back({number, Code::forbidden});
    }
    std::ranges::reverse(skipped);
    return skipped;
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
    auto sections = state_.sections(*entry);
    if (!sections && sections.error().code != Code::erased) {
        return std::unexpected(sections.error());
    }
    if (sections) {
        auto release =
            decide_release(state_, machine_.documents_, session.agency, *header, *sections, time_);
        if (!release) return std::unexpected(release.error());
        if (!release->whole) {
            auto noted = state_.put_withheld(session.agency, header->id);
            if (!noted) return std::unexpected(noted.error());
            return std::optional<message::DeliveredEntry>();
        }
        for (const std::size_t i : release->sections) {
            delivered.sections.push_back(std::move((*sections)[i]));
        }
    }
    auto batch = state_.maybe_batch(header->id.stream, entry->batch_first);
    if (!batch) return std::unexpected(batch.error());
    if (!*batch) return fail(Code::corrupt, "the batch of an entry is missing");
    delivered.batch_index = static_cast<std::uint32_t>(header->id.sequence - entry->batch_first);
    auto path = proof::inclusion_path(
        delivered.batch_index, (*batch)->headers.size(), proof::over((*batch)->headers));
    if (!path) return std::unexpected(path.error());
    delivered.batch_path = std::move(*path);
    delivered.proof = std::move((*batch)->proof);
    delivered.header = std::move(entry->content);
    auto skipped = skipped_before(session.agency, header->id);
    if (!skipped) return std::unexpected(skipped.error());
    delivered.skipped = std::move(*skipped);
    return std::optional(std::move(delivered));
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
    auto classes = state_.classes_of(session.agency);
    if (!classes) return std::unexpected(classes.error());
    classes->push_back(kEverybody);
    using Next = std::pair<Position, std::uint32_t>;
    std::priority_queue<Next, std::vector<Next>, std::greater<>> queue;
    for (const std::uint32_t class_id : *classes) {
        auto next = state_.maybe_next_in_class(class_id, request.from);
        if (!next) return std::unexpected(next.error());
        if (*next) queue.emplace(**next, class_id);
    }
    const auto& options = machine_.options_;
    const std::size_t bytes_max = std::min(request.credit_bytes, options.delivery_bytes_max);
    const std::size_t count_max = std::min(request.credit_messages, options.delivery_messages_max);
    std::size_t bytes = 0;
    Delivered record;
    record.agency = session.agency;
    record.node = session.node;
    record.consumer = request.consumer;
    record.from = request.from;
    record.policy_version = machine_.documents_.policy->version();
    bool has_case_data = false;
    while (!queue.empty()) {
        const auto [position, class_id] = queue.top();
        queue.pop();
        auto entry = deliver_entry(session, position);
        if (!entry) return std::unexpected(entry.error());
        if (*entry) {
            const std::size_t size = size_of(**entry);
            const bool first = delivery.entries.empty();
            if (delivery.entries.size() >= count_max || (!first && bytes + size > bytes_max)) {
                delivery.to = position;
                break;
            }
            bytes += size;
            auto row = state_.maybe_class(class_id);
            if (!row) return std::unexpected(row.error());
            if (*row && message::info((*row)->kind).kind_class == message::Class::personal) {
                has_case_data = true;
                if (std::ranges::find(record.classes, class_id) == record.classes.end()) {
                    record.classes.push_back(class_id);
                }
            }
            delivery.entries.push_back(std::move(**entry));
        }
        auto next = state_.maybe_next_in_class(class_id, position + 1);
        if (!next) return std::unexpected(next.error());
        if (*next) queue.emplace(**next, class_id);
    }
    if (has_case_data) {
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
