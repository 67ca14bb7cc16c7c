// SPDX-License-Identifier: Apache-2.0
// NodeAgent's way in: deliveries are checked as a whole, their head must be consistent with the
// newest one known, each entry is checked on its own, and only then cursor and entries are stored
// together.
#include <algorithm>

#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/proof/delivered.hpp"

namespace lienthong::node {
namespace {

constexpr std::uint32_t kCreditBytes = 4 * 1024 * 1024;
constexpr std::uint32_t kCreditMessages = 1024;
constexpr std::chrono::milliseconds kFetchTimeout{30'000};  // the broker keeps a fetch for 10 s
constexpr std::chrono::milliseconds kRetryPause{500};
constexpr std::chrono::milliseconds kConflictPause{5'000};
constexpr std::chrono::milliseconds kBadDocumentPause{5'000};
constexpr std::chrono::milliseconds kWithheldPause{30'000};

}  // namespace

void NodeAgent::step_fetch() {
    const bool again = fetch_again_ && fetch_waits_;
    if ((fetching_ && !again) || clock_.monotonic() < fetch_not_before_) return;
    fetching_ = true;
    fetch_waits_ = true;
    fetch_must_move_ = head_ && head_->size > cursor_;
    fetch_again_ = false;
    const std::uint64_t round = ++fetch_round_;
    wire::Fetch fetch{"node", cursor_, kCreditBytes, kCreditMessages};
    send(wire::Channel::data, fetch, {}, after(kFetchTimeout), [this, round](Result<Reply> reply) {
        if (round != fetch_round_) return;  // a newer one has taken its place
        fetch_waits_ = false;
        received_delivery(std::move(reply));
    });
}

void NodeAgent::received_delivery(Result<Reply> reply) {
    const auto again_later = [this](std::chrono::milliseconds pause) {
        fetching_ = false;
        fetch_not_before_ = after(pause);
    };
    if (!reply) {
        if (reply.error().code == Code::rollback) alarm("log_shorter_than_cursor");
        again_later(kRetryPause);
        if (reply.error().code == Code::timeout) lose_connection(reply.error());
        return;
    }
    auto* delivery = std::get_if<wire::Delivery>(&reply->body);
    if (delivery == nullptr || delivery->from != cursor_) {
        alarm("delivery_not_asked_for");
        again_later(kRetryPause);
        return;
    }
    FAILPOINT(node_delivery_check, before);
    auto head = check_delivery(*delivery, options_.bus, options_.agency, *documents_.registry);
    FAILPOINT(node_delivery_check, after);
    if (!head) {
        alarm(fmt::format("bad_delivery code={}", info(head.error().code).name));
        again_later(std::chrono::seconds{5});
        return;
    }
    if (names_old_documents(*head)) {
        again_later(std::chrono::seconds{5});
        return;
    }
    if (fetch_must_move_ && delivery->to == delivery->from) {
        alarm(fmt::format("cursor_held position={}", cursor_));
        again_later(kConflictPause);
        return;
    }
    auto kept = std::make_shared<message::Delivery>(std::move(*delivery));
    follow_head(*head, nullptr, [this, kept, again_later](Followed followed) {
        if (followed != Followed::yes) {
            again_later(followed == Followed::conflict ? kConflictPause : kRetryPause);
            return;
        }
        if (kept->from != cursor_) {  // a bundle brought it meanwhile
            fetching_ = false;
            return;
        }
        FAILPOINT(node_inbox_commit, before);
        auto stored = store_delivery(*kept);
        FAILPOINT(node_inbox_commit, after);
        fetching_ = false;
        if (!stored) fail_with(stored.error());
    });
}

Result<void> NodeAgent::store_delivery(const message::Delivery& delivery) {
    Position until = delivery.to;
    Position cursor = delivery.to;
    const auto head = proof::parse_head(delivery.head);
    if (!head) return std::unexpected(head.error());
    auto stored = write([&](WriteStore& store) -> Result<void> {
        ProvenBatch proven;
        for (const message::DeliveredEntry& entry : delivery.entries) {
            auto taken = store_entry(store, entry, proven);
            if (!taken) return std::unexpected(taken.error());
            if (*taken) continue;
            until = entry.position;
            break;
        }
        auto confirmed = confirm_own(store, until);
        if (!confirmed) return confirmed;
        cursor = until == delivery.to ? go_on_from(*head, delivery) : until;
        auto moved = store.set_cursor(cursor);
        if (!moved) return moved;
        // An older head, though consistent, must not replace the newest: a restart would forget it.
        if (!head_ || head->size < head_->size) return {};
        return store.set_head(delivery.head);
    });
    if (!stored) return stored;
    cursor_ = cursor;
    head_stored(delivery.head);
    if (until != delivery.to) fetch_not_before_ = after(kBadDocumentPause);
    if (cursor < until) fetch_not_before_ = after(kWithheldPause);
    return {};
}

// A message that fails a check is not stored: the alarm names it, and it is asked for again by
// itself. False: a document that does not hold. Documents come in the order of their versions, so
// the node would have no later one either; the cursor stays before it, and it is asked for again.
Result<bool> NodeAgent::store_entry(WriteStore& store,
                                    const message::DeliveredEntry& entry,
                                    ProvenBatch& proven) {
    const auto kind = static_cast<proof::EntryKind>(entry.kind);
    if (kind == proof::EntryKind::document) {
        auto learnt = learn_document(store, entry.position, entry.header);
        if (learnt) return true;
        const Errc errc = learnt.error().errc();
        if (errc == Errc::io || errc == Errc::corrupt) return std::unexpected(learnt.error());
        alarm(fmt::format(
            "bad_document position={} code={}", entry.position, info(learnt.error().code).name));
        return false;
    }
    if (kind != proof::EntryKind::message) return true;
    auto checked = check_entry(entry, options_.bus, options_.agency, *documents_.registry, &proven);
    if (!checked) {
        auto doubted = doubt(store, entry.position, checked.error().code);
        if (!doubted) return std::unexpected(doubted.error());
        return true;
    }
    auto doubtful = store.is_doubtful(entry.position);
    if (!doubtful) return std::unexpected(doubtful.error());
    if (*doubtful) return true;
    const message::Header& header = checked->header;
    auto is_new = is_new_message(store, header.id, entry.position);
    if (!is_new) return std::unexpected(is_new.error());
    if (!*is_new) return true;
    auto gap = check_gap(store, entry, header.id);
    if (!gap) return std::unexpected(gap.error());
    auto kept = keep_entry(store, entry, *checked);
    if (!kept) return std::unexpected(kept.error());
    return true;
}

Result<void> NodeAgent::keep_entry(WriteStore& store,
                                   const message::DeliveredEntry& entry,
                                   const CheckedEntry& checked) {
    auto recognised = recognise_own(store, entry, checked);
    if (!recognised) return recognised;
    auto put = store.put_inbox(entry, storage_case(checked.header));
    if (!put) return put;
    put = store.put_inbox_id(checked.header.id, entry.position);
    if (!put) return put;
    put = want_chunks(store, entry, checked);
    if (!put) return put;
    return learn_case(store, entry, checked);
}

// A message is taken once, at the position where it came first. Streams arrive in the order of
// their numbers, so a number at or below the last is one that was had or was stated as skipped.
// What comes again at its own place, after a cursor was put back, is no lie.
Result<bool> NodeAgent::is_new_message(const ReadStore& store,
                                       const MessageId& message,
                                       Position position) {
    auto known = store.maybe_position(message);
    if (!known) return std::unexpected(known.error());
    if (*known && **known == position) return false;
    auto last = store.last_of_stream(message.stream);
    if (!last) return std::unexpected(last.error());
    if (!*known && message.sequence > *last) return true;
    alarm(fmt::format("repeated_entry stream={:016x} sequence={} position={}",
                      message.stream,
                      message.sequence,
                      position));
    return false;
}

Result<void> NodeAgent::check_gap(WriteStore& store,
                                  const message::DeliveredEntry& entry,
                                  const MessageId& message) {
    auto last = store.last_of_stream(message.stream);
    if (!last) return std::unexpected(last.error());
    std::uint64_t expected = *last + 1;
    for (const message::Skipped& skipped : entry.skipped) {
        const std::uint64_t after = skipped.first + skipped.count;
        if (skipped.first <= expected && expected < after) expected = after;
    }
    if (message.sequence != expected) {
        alarm(fmt::format("stream_gap stream={:016x} expected={} got={}",
                          message.stream,
                          expected,
                          message.sequence));
    }
    return store.set_last_of_stream(message.stream, std::max(*last, message.sequence));
}

Result<void> NodeAgent::learn_case(WriteStore& store,
                                   const message::DeliveredEntry& entry,
                                   const CheckedEntry& checked) {
    if (checked.header.case_id.is_none()) return {};
    auto known = store.maybe_case(checked.header.case_id);
    if (!known) return std::unexpected(known.error());
    CaseKnowledge knowledge = known->value_or(CaseKnowledge{});
    const bool late = *known && knowledge.version.position > entry.position;  // mended
    if (!late) {
        knowledge.version = {
            entry.epoch, entry.position, proof::hash(proof::leaf_of(options_.bus, entry))};
    }
    const auto add = [](std::vector<AgencyId>& agencies, const AgencyId& agency) {
        if (std::ranges::find(agencies, agency) == agencies.end()) agencies.push_back(agency);
        std::ranges::sort(agencies);
    };
    add(knowledge.parties, checked.header.sender);
    if (checked.facts) {
        prove(knowledge.proven, checked.header, *checked.facts, entry.position);
        for (const AgencyId& agency : checked.facts->parties) add(knowledge.parties, agency);
    }
    return store.put_case(checked.header.case_id, knowledge);
}

}  // namespace lienthong::node
