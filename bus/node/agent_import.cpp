// SPDX-License-Identifier: Apache-2.0
// NodeAgent's way in without a network: the broker's reply to a bundle of this node. All of it is
// read, and all receipts and refusals are checked, before anything changes; then answers and
// deliveries go the way that they would go from a connection, one after the other, with the proofs
// that the reply brought in place of questions.
#include <algorithm>

#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::node {
namespace {

constexpr std::size_t kProgressFrames = 64;

// The log key that a reply names, as it stood when the reply was made.
Result<keys::PublicKey> reply_key(const registry::Registry& registry, const proof::Bundle& reply) {
    const auto owner = registry.maybe_key(reply.key_id);
    if (owner.key == nullptr || owner.key->use != keys::Use::log) return fail(Code::unknown_key);
    if (owner.key->revoked) return fail(Code::revoked_key);
    const keys::Validity& validity = owner.key->validity;
    if (!registry::holds_at(validity.from, validity.until, reply.created)) {
        return fail(Code::expired_key);
    }
    return keys::PublicKey::from_raw_ed25519(owner.key->raw);
}

const wire::ConsistencyProof* maybe_proof(const auto& exchanges,
                                          std::uint64_t from,
                                          std::uint64_t to) {
    for (const auto& exchange : exchanges) {
        const auto* proof = std::get_if<wire::ConsistencyProof>(&exchange.answer);
        if (proof != nullptr && proof->from == from && proof->to == to) return proof;
    }
    return nullptr;
}

}  // namespace

Result<proof::Bundle> NodeAgent::check_reply(BytesView file) {
    auto reply = proof::parse_bundle(file);
    if (!reply) return reply;
    if (reply->bus != options_.bus) return fail(Code::wrong_bus, "a bundle of another bus");
    if (reply->direction != proof::Direction::reply) {
        return fail(Code::malformed_frame, "a request is for the broker, not for a node", "file");
    }
    if (reply->agency != options_.agency || reply->node != options_.node) {
        return fail(Code::wrong_audience, "a reply to another node");
    }
    auto key = reply_key(*documents_.registry, *reply);
    if (!key) return std::unexpected(key.error());
    auto signed_well = proof::verify_bundle(*reply, *key);
    if (!signed_well) return std::unexpected(signed_well.error());
    return read([&](const ReadStore& store) -> Result<proof::Bundle> {
        auto digest = store.maybe_bundle(reply->number);
        if (!digest) return std::unexpected(digest.error());
        auto newest = store.last_reply();
        if (!newest) return std::unexpected(newest.error());
        if (reply->number < *newest) {
            return fail(Code::rollback, "the reply to a later bundle has been taken in");
        }
        if (!*digest || **digest != reply->answers) {
            return fail(Code::not_found, "answers no bundle that this node keeps");
        }
        return std::move(*reply);
    });
}

Result<std::vector<NodeAgent::Exchange>> NodeAgent::exchanges_of(const proof::Bundle& reply) {
    std::vector<Exchange> exchanges;
    for (const proof::BundleFrame& frame : reply.frames) {
        auto asked = wire::parse_command(frame.answers, wire::kDataBytesMax);
        if (!asked) return std::unexpected(asked.error());
        auto answer = wire::parse_command(frame.command, wire::kDataBytesMax);
        if (!answer) return std::unexpected(answer.error());
        if (asked->request != answer->request) {
            return fail(Code::malformed_frame, "an answer to something else", "frames");
        }
        exchanges.push_back({std::move(asked->body), std::move(answer->body), frame.command});
    }
    return exchanges;
}

Result<ImportedBundle> NodeAgent::import_bundle(BytesView file,
                                                const Api::BundleProgress& progress) {
    auto reply = check_reply(file);
    if (!reply) return std::unexpected(reply.error());
    auto exchanges = exchanges_of(*reply);
    if (!exchanges) return std::unexpected(exchanges.error());
    auto checked = check_answers(*exchanges);
    if (!checked) return std::unexpected(checked.error());
    ImportedBundle taken;
    taken.number = reply->number;
    taken.more = reply->more;
    std::size_t done = 0;
    Leading leading{*exchanges, {}};
    if (head_) leading.known.emplace(head_->size, *head_);
    for (const Exchange& exchange : *exchanges) {
        const auto& [asked, answer, frame] = exchange;
        if (++done % kProgressFrames == 0) progress(done, exchanges->size());
        Result<void> one;
        if (const auto* welcome = std::get_if<wire::Welcome>(&answer)) {
            auto head = check_head(welcome->head, options_.bus, *documents_.registry);
            if (!head) return std::unexpected(head.error());
            one = compare_streams(*welcome, head->size);
            if (!one) fail_with(one.error());
        } else if (const auto* publish = std::get_if<wire::Publish>(&asked)) {
            one = take_answer(*publish, exchange, leading, taken);
        } else if (const auto* delivery = std::get_if<wire::Delivery>(&answer)) {
            one = take_delivery(*delivery, leading, taken);
        } else if (const auto* failure = std::get_if<wire::Failure>(&answer);
                   failure != nullptr && std::holds_alternative<wire::Fetch>(asked)) {
            if (failure->code == Code::rollback) alarm("log_shorter_than_cursor");
            one = std::unexpected(wire::to_error(*failure));
        }
        if (!one) return std::unexpected(one.error());
    }
    FAILPOINT_OR_FAIL(node_bundle_import, before);
    auto stored = write([&](WriteStore& store) { return store.set_last_reply(taken.number); });
    FAILPOINT_OR_FAIL(node_bundle_import, after);
    if (!stored) {
        fail_with(stored.error());
        return std::unexpected(stored.error());
    }
    log::info("bundle_imported node={} number={} receipts={} entries={}",
              options_.node.text(),
              taken.number,
              taken.receipts,
              taken.entries);
    return taken;
}

// Before anything changes: whatever answers a batch of the outbox is a refusal or a receipt that
// verifies.
Result<void> NodeAgent::check_answers(const std::vector<Exchange>& exchanges) {
    std::set<MessageId> answered;
    for (const auto& [asked, answer, frame] : exchanges) {
        if (const auto* welcome = std::get_if<wire::Welcome>(&answer)) {
            if (welcome->agency == options_.agency && welcome->node == options_.node) continue;
            alarm("wrong_welcome");
            return fail(Code::wrong_audience, "greets another node");
        }
        const auto* publish = std::get_if<wire::Publish>(&asked);
        if (publish == nullptr) continue;
        const MessageId first{publish->stream, publish->first};
        if (!answered.insert(first).second) {
            return fail(Code::malformed_frame, "two answers to one batch", "frames");
        }
        auto checked = check_answer(*publish, answer, first);
        if (!checked) return checked;
    }
    return {};
}

Result<void> NodeAgent::check_answer(const wire::Publish& asked,
                                     const wire::Body& answer,
                                     const MessageId& first) {
    if (const auto* failure = std::get_if<wire::Failure>(&answer)) {
        if (info(failure->code).retriable) return {};
        auto signed_well = check_refusal(*failure, first, asked.count, failure->batch);
        if (!signed_well) alarm(fmt::format("unsigned_refusal code={}", info(failure->code).name));
        return signed_well;
    }
    const auto* receipt = std::get_if<wire::Receipt>(&answer);
    if (receipt == nullptr || receipt->stream != first.stream || receipt->first != first.sequence) {
        alarm("receipt_for_another_batch");
        return fail(Code::malformed_frame, "a receipt for another batch", "frames");
    }
    auto row = read([&](const ReadStore& store) { return store.maybe_outbox(first); });
    if (!row) return std::unexpected(row.error());
    if (!*row || (*row)->ordinals.size() != asked.count) return {};
    auto batch = message::parse_batch((*row)->frame);
    if (!batch) return std::unexpected(batch.error());
    auto head = check_receipt(*receipt, *batch);
    if (!head) {
        alarm(fmt::format("bad_receipt code={}", info(head.error().code).name));
        return std::unexpected(head.error());
    }
    if (names_old_documents(*head)) return fail(Code::stale_policy);
    return {};
}

// A batch that is in the outbox no more has been answered before: nothing new.
Result<void> NodeAgent::take_answer(const wire::Publish& asked,
                                    const Exchange& exchange,
                                    Leading& leading,
                                    ImportedBundle& taken) {
    const MessageId first{asked.stream, asked.first};
    auto row = read([&](const ReadStore& store) { return store.maybe_outbox(first); });
    if (!row) return std::unexpected(row.error());
    if (!*row || (*row)->ordinals.size() != asked.count) return {};
    if (const auto* failure = std::get_if<wire::Failure>(&exchange.answer)) {
        return take_refusal(first, **row, *failure, exchange.frame, taken);
    }
    const auto& receipt = std::get<wire::Receipt>(exchange.answer);
    const auto head = proof::parse_head(receipt.head);
    if (!head) return std::unexpected(head.error());
    const wire::ConsistencyProof given = consistency_of(receipt, head->size);
    auto led = lead_head_to(*head, &given, leading);
    if (!led) return led;
    auto batch = message::parse_batch((*row)->frame);
    if (!batch) return std::unexpected(batch.error());
    FAILPOINT(node_bundle_answer, before);
    auto closed = close_batch(first, **row, Receipted{std::move(*batch), receipt, exchange.frame});
    FAILPOINT(node_bundle_answer, after);
    if (!closed) {
        fail_with(closed.error());
        return closed;
    }
    ++taken.receipts;
    taken.accepted += receipt.accepted_count;
    for (std::size_t i = 0; i < receipt.verdicts.size(); ++i) {
        const auto& refused = receipt.verdicts[i].refused;
        if (!refused) continue;
        if (info(*refused).retriable) {
            taken.again += receipt.verdicts.size() - i;
            break;
        }
        ++taken.refused;
    }
    return {};
}

// A final refusal of a batch that has been signed anew since says nothing of the new one.
Result<void> NodeAgent::take_refusal(const MessageId& first,
                                     const OutboxRow& row,
                                     const wire::Failure& failure,
                                     const Bytes& frame,
                                     ImportedBundle& taken) {
    const Error error = wire::to_error(failure);
    if (error.retriable()) return {};  // it is in the next bundle as it is
    if (failure.batch != keys::sha256(row.frame)) return {};
    const auto count = static_cast<std::uint32_t>(row.ordinals.size());
    (error.errc() == Errc::conflict ? taken.again : taken.refused) += count;
    const RefusalRow refusal{count, error.errc() != Errc::conflict, frame};
    batch_refused(first, row, error, &refusal);
    return broken_ ? Result<void>(std::unexpected(*broken_)) : Result<void>();
}

Result<void> NodeAgent::take_delivery(const wire::Delivery& delivery,
                                      Leading& leading,
                                      ImportedBundle& taken) {
    if (delivery.to <= cursor_) return {};  // it has come before
    if (delivery.from > cursor_) {
        return fail(Code::sequence_gap, "begins behind what this node has; export again");
    }
    auto head = check_delivery(delivery, options_.bus, options_.agency, *documents_.registry);
    if (!head) {
        alarm(fmt::format("bad_delivery code={}", info(head.error().code).name));
        return std::unexpected(head.error());
    }
    if (names_old_documents(*head)) return fail(Code::stale_policy);
    auto led = lead_head_to(*head, nullptr, leading);
    if (!led) return led;
    message::Delivery fresh = delivery;
    std::erase_if(fresh.entries,
                  [&](const message::DeliveredEntry& entry) { return entry.position < cursor_; });
    const Position begin = cursor_;
    FAILPOINT(node_bundle_delivery, before);
    auto stored = store_delivery(fresh);
    FAILPOINT(node_bundle_delivery, after);
    if (!stored) {
        fail_with(stored.error());
        return stored;
    }
    auto arrived = read(
        [&](const ReadStore& store) { return store.inbox_positions(begin, fresh.entries.size()); });
    if (!arrived) return std::unexpected(arrived.error());
    taken.entries += arrived->size();
    // A fetch that is under way asked from where the cursor was.
    ++fetch_round_;
    fetching_ = false;
    fetch_waits_ = false;
    return {};
}

// The newest head moves to this one by a proof that the reply brought for it. A smaller one may be
// proven with any that was led before.
Result<void> NodeAgent::lead_head_to(const proof::Head& head,
                                     const wire::ConsistencyProof* given,
                                     Leading& leading) {
    if (!head_) head_ = head;
    leading.known.emplace(head_->size, *head_);
    const auto same = leading.known.find(head.size);
    if (same != leading.known.end()) {
        if (same->second.root == head.root) return {};
        head_conflict(head);
        return fail(Code::head_conflict);
    }
    const auto proof_between = [&](std::uint64_t from, std::uint64_t to) {
        const bool fits = given != nullptr && given->from == from && given->to == to;
        return fits ? given : maybe_proof(leading.exchanges, from, to);
    };
    const bool grows = head.size > head_->size;
    const wire::ConsistencyProof* proof = nullptr;
    const proof::Head* other = &*head_;
    if (grows) proof = proof_between(head_->size, head.size);
    for (const auto& [size, known] : leading.known) {
        if (grows || proof != nullptr || size < head.size) continue;
        proof = proof_between(head.size, size);
        other = &known;
    }
    if (proof == nullptr) {
        return fail(Code::rollback, "made before what this node has seen since; export again");
    }
    const proof::Head& older = grows ? *other : head;
    const proof::Head& newer = grows ? head : *other;
    const bool proven =
        proof::verify_consistency(older.size, newer.size, older.root, newer.root, proof->hashes);
    if (!proven) {
        head_conflict(head);
        return fail(Code::head_conflict);
    }
    if (grows) head_ = head;
    leading.known.emplace(head.size, head);
    return {};
}

}  // namespace lienthong::node
