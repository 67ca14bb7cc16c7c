// SPDX-License-Identifier: Apache-2.0
// NodeAgent, what it holds the broker to: every head that it is given is led to the newest one;
// receipts and signed refusals are kept as evidence; an own message must come back at the position
// of its receipt; a head that the node has wholly read names the documents that the node has.
#include <algorithm>
#include <array>

#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/receipt.hpp"
#include "security/proof/refusal.hpp"

namespace lienthong::node {
namespace {

// Refusals after which the messages go out anew are kept while there are fewer rows than this: a
// broker could give any number of them.
constexpr std::size_t kRefusalsOfNothingMax = 1024;

// The accepted ones of a batch, given the digests of its headers.
std::vector<Hash> accepted_of(const message::Receipt& receipt, const std::vector<Hash>& headers) {
    std::vector<Hash> accepted;
    for (std::size_t i = 0; i < headers.size() && i < receipt.verdicts.size(); ++i) {
        if (!receipt.verdicts[i].refused) accepted.push_back(headers[i]);
    }
    return accepted;
}

Result<proof::Head> prove(const message::Receipt& receipt,
                          const std::vector<Hash>& accepted,
                          const Hash& batch_proof,
                          const BusId& bus,
                          const registry::Registry& registry) {
    auto claimed = proof::parse_head(receipt.head);
    if (!claimed) return claimed;
    auto key = log_key(registry, claimed->time);
    if (!key) return std::unexpected(key.error());
    if (accepted.size() != receipt.accepted_count) return fail(Code::bad_digest, "count");
    proof::ReceiptClaim claim;
    claim.head = receipt.head;
    claim.accepted = accepted;
    claim.first_position = receipt.first_position;
    claim.time = receipt.time;
    claim.epoch = receipt.epoch;
    claim.proof = batch_proof;
    claim.range = proof::RangeProof{receipt.left, receipt.right};
    return proof::verify_receipt(claim, bus, *key);
}

}  // namespace

void NodeAgent::follow_head(const proof::Head& head,
                            const wire::ConsistencyProof* given,
                            OnFollowed then) {
    if (!head_) head_ = head;
    if (head_->size == head.size) {
        then(head_->root == head.root ? Followed::yes : head_conflict(head));
        return;
    }
    const std::uint64_t from = std::min(head.size, head_->size);
    const std::uint64_t to = std::max(head.size, head_->size);
    if (given != nullptr && given->from == from && given->to == to) {
        then(lead_head(head, given->hashes));
        return;
    }
    send(wire::Channel::control,
         wire::ConsistencyRequest{from, to},
         {},
         after(options_.answer_timeout),
         [this, head, mine = head_->size, then = std::move(then)](Result<Reply> reply) {
             const auto* proof =
                 reply ? std::get_if<wire::ConsistencyProof>(&reply->body) : nullptr;
             if (proof == nullptr) {
                 // Who signed both heads can always give it.
                 if (reply || !reply.error().retriable()) {
                     alarm(fmt::format(
                         "head_not_led size={} other={} code={}",
                         head.size,
                         head_->size,
                         info(reply ? Code::malformed_frame : reply.error().code).name));
                 }
                 then(Followed::unknown);
             } else if (head_->size != mine) {  // something else moved it meanwhile
                 follow_head(head, nullptr, then);
             } else {
                 then(lead_head(head, proof->hashes));
             }
         });
}

// By the proof between it and the newest, whose sizes differ.
NodeAgent::Followed NodeAgent::lead_head(const proof::Head& head, std::span<const Hash> proof) {
    const bool grows = head.size > head_->size;
    const proof::Head& older = grows ? *head_ : head;
    const proof::Head& newer = grows ? head : *head_;
    if (!proof::verify_consistency(older.size, newer.size, older.root, newer.root, proof)) {
        return head_conflict(head);
    }
    if (grows) head_ = head;
    return Followed::yes;
}

Result<void> NodeAgent::keep_head(const std::string& note, const proof::Head& head) {
    if (!head_ || head_->size != head.size) return {};
    auto kept = write([&](WriteStore& store) { return store.set_head(note); });
    if (kept) head_stored(note);
    return kept;
}

NodeAgent::Followed NodeAgent::head_conflict(const proof::Head& head) {
    alarm(fmt::format("head_conflict size={} other={}", head.size, head_ ? head_->size : 0));
    return Followed::conflict;
}

// A head that was signed after a document was adopted must not name an older one.
bool NodeAgent::names_old_documents(const proof::Head& head) {
    using registry::DocumentKind;
    const auto old = [&](DocumentKind kind, const Hash& named) {
        const auto newest = newest_document_.find(kind);
        const auto known = document_digests_.find(named);
        return newest != newest_document_.end() && known != document_digests_.end() &&
               head.size > newest->second && known->second < newest->second;
    };
    const bool is_old = old(DocumentKind::registry, head.registry) ||
                        old(DocumentKind::policy, head.policy) ||
                        old(DocumentKind::administrators, head.administrators);
    if (is_old) alarm(fmt::format("stale_policy head={}", head.size));
    return is_old;
}

// A document that this head names and this node does not know.
std::optional<NodeAgent::DocumentDue> NodeAgent::maybe_due(const proof::Head& head) const {
    using registry::DocumentKind;
    const std::array<std::pair<DocumentKind, Hash>, 4> named = {{
        {DocumentKind::administrators, head.administrators},
        {DocumentKind::registry, head.registry},
        {DocumentKind::policy, head.policy},
        {DocumentKind::procedure, head.procedure},
    }};
    for (const auto& [kind, digest] : named) {
        if (digest != documents_.digest(kind) && !document_digests_.contains(digest)) {
            return DocumentDue{head.size, kind, digest};
        }
    }
    return std::nullopt;
}

// Where to go on after this delivery. A node that has read the log up to a head has every document
// that the head names: if one was kept back, it goes on behind the newest of that kind that did
// come. What comes again at its own place is no news.
Position NodeAgent::go_on_from(const proof::Head& head, const message::Delivery& delivery) {
    if (!document_due_) document_due_ = maybe_due(head);
    if (!document_due_ || delivery.to < document_due_->size) return delivery.to;
    const DocumentDue due = *document_due_;
    document_due_.reset();
    if (document_digests_.contains(due.digest)) return delivery.to;
    alarm(fmt::format("withheld_document kind={} version={}",
                      registry::name(due.kind),
                      documents_.version(due.kind)));
    const auto newest = newest_document_.find(due.kind);
    return newest == newest_document_.end() ? 0 : std::min(delivery.to, newest->second + 1);
}

Result<proof::Head> NodeAgent::check_receipt(const message::Receipt& receipt,
                                             const message::Batch& batch) {
    if (receipt.verdicts.size() != batch.envelopes.size()) return fail(Code::malformed_frame);
    std::vector<Hash> headers;
    headers.reserve(batch.envelopes.size());
    for (const message::Envelope& envelope : batch.envelopes) {
        headers.push_back(keys::sha256(envelope.header));
    }
    return prove(receipt,
                 accepted_of(receipt, headers),
                 keys::sha256(batch.proof),
                 options_.bus,
                 *documents_.registry);
}

// With the step that gives the messages their outcomes: the evidence, what has to come back, and
// the head if it is the newest.
Result<void> NodeAgent::hold_receipt(WriteStore& store,
                                     const MessageId& first,
                                     const Receipted& receipted) {
    const auto& [batch, receipt, frame] = receipted;
    const auto head = proof::parse_head(receipt.head);
    if (head && head_ && head->size == head_->size) {
        auto set = store.set_head(receipt.head);
        if (!set) return set;
    }
    if (receipt.accepted_count == 0) return {};
    ReceiptRow row{keys::sha256(batch.proof), {}, head_ ? head_->size : 0, frame};
    Position position = receipt.first_position;
    for (std::size_t i = 0; i < batch.envelopes.size(); ++i) {
        const auto& refused = receipt.verdicts[i].refused;
        if (refused && info(*refused).retriable) break;
        row.headers.push_back(keys::sha256(batch.envelopes[i].header));
        if (refused) continue;
        auto expected = expect_own(store, position++, {first.stream, first.sequence + i});
        if (!expected) return expected;
    }
    return store.put_receipt(first, row);
}

// The sender is in every audience, so its messages come back to it: no policy skips them, and a
// broker that says so contradicts its receipt. One that the cursor has passed has come already.
Result<void> NodeAgent::expect_own(WriteStore& store, Position position, const MessageId& id) {
    auto doubtful = store.is_doubtful(position);
    if (!doubtful) return std::unexpected(doubtful.error());
    if (position >= cursor_ || *doubtful) return store.put_own_due(position, id);
    auto come = has_come(store, position, id);
    if (!come) return std::unexpected(come.error());
    if (!*come) own_entry_missing(position);
    return {};
}

// All entries before `until` are here: "these are all your entries".
Result<void> NodeAgent::confirm_own(WriteStore& store, Position until) {
    auto due = store.own_due_before(until);
    if (!due) return std::unexpected(due.error());
    for (const auto& [position, id] : *due) {
        auto doubtful = store.is_doubtful(position);
        if (!doubtful) return std::unexpected(doubtful.error());
        if (*doubtful) continue;  // due until it is mended or given up
        auto come = has_come(store, position, id);
        if (!come) return std::unexpected(come.error());
        if (!*come) own_entry_missing(position);
        auto erased = store.erase_own_due(position);
        if (!erased) return erased;
    }
    return {};
}

// One that came and failed a check has its own alarm, and is asked for again.
Result<bool> NodeAgent::has_come(const ReadStore& store, Position position, const MessageId& id) {
    auto at = store.maybe_position(id);
    if (!at) return std::unexpected(at.error());
    if (*at) return **at == position;
    return store.is_doubtful(position);
}

void NodeAgent::own_entry_missing(Position position) {
    alarm(fmt::format("own_entry_missing position={}", position));
}

Result<void> NodeAgent::check_refusal(const wire::Failure& failure,
                                      const MessageId& first,
                                      std::uint32_t count,
                                      const Hash& frame) const {
    if (failure.signature.empty()) return fail(Code::bad_signature, "not signed");
    auto key = log_key(*documents_.registry, failure.time);
    if (!key) return std::unexpected(key.error());
    return key->verify(proof::encode_refusal({.bus = options_.bus,
                                              .agency = options_.agency,
                                              .stream = first.stream,
                                              .first = first.sequence,
                                              .count = count,
                                              .batch = frame,
                                              .code = failure.code,
                                              .time = failure.time}),
                       failure.signature);
}

Result<void> NodeAgent::hold_refusal(WriteStore& store,
                                     const MessageId& first,
                                     const RefusalRow& refusal) {
    if (!refusal.for_good) {
        auto rows = store.refusals_of_nothing();
        if (!rows) return std::unexpected(rows.error());
        if (*rows >= kRefusalsOfNothingMax) return {};
    }
    return store.put_refusal(first, refusal);
}

// From the receipt that this node keeps, if it keeps one for the message.
Result<std::optional<Verification>> NodeAgent::verify_kept_receipt(
    const message::DeliveredEntry& entry, const MessageId& id) {
    auto kept = read([&](const ReadStore& store) { return store.maybe_receipt_of(id); });
    if (!kept) return std::unexpected(kept.error());
    if (!*kept) return std::optional<Verification>();
    const auto& [first, row] = **kept;
    auto command = wire::parse_command(row.frame, wire::kDataBytesMax);
    if (!command) return fail(Code::corrupt, "a row of receipts");
    const auto* receipt = std::get_if<wire::Receipt>(&command->body);
    if (receipt == nullptr) return fail(Code::corrupt, "a row of receipts");
    const std::size_t index = id.sequence - first.sequence;
    const auto before = std::vector<Hash>(row.headers.begin(),
                                          row.headers.begin() + static_cast<std::ptrdiff_t>(index));
    const Position position = receipt->first_position + accepted_of(*receipt, before).size();
    const auto proven = prove(*receipt,
                              accepted_of(*receipt, row.headers),
                              row.proof,
                              options_.bus,
                              *documents_.registry);
    Verification result;
    result.receipt = proven && position == entry.position && !receipt->verdicts[index].refused &&
                     row.headers[index] == keys::sha256(entry.header);
    result.consistency = head_ && row.proven_to != 0 && row.proven_to <= head_->size;
    return std::optional(result);
}

}  // namespace lienthong::node
