// SPDX-License-Identifier: Apache-2.0
// NodeAgent's way out: drafts become batches, batches leave and are repeated until what answers
// them closes them (agent_outcome.cpp).
#include <algorithm>
#include <utility>

#include "bus/base/check.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/batch.hpp"

namespace lienthong::node {
namespace {

constexpr std::chrono::milliseconds kRetryPause{500};
constexpr std::chrono::milliseconds kTurnPause{50};
constexpr std::size_t kBatchesMax = 256;  // that wait by themselves

}  // namespace

Scene NodeAgent::scene() const {
    return Scene{options_.bus,
                 options_.agency,
                 *documents_.registry,
                 *documents_.policy,
                 clock_.wall(),
                 {},
                 {},
                 documents_.version(registry::DocumentKind::procedure)};
}

void NodeAgent::step_publish() {
    if (publishing_ || clock_.monotonic() < publish_not_before_) return;
    if (!streams_compared_ || is_restoring()) return;
    // What is tried again takes turns with what is new.
    const bool new_first = std::exchange(retried_, false);
    auto going = new_first ? compose_next() : send_next();
    if (going && !*going) going = new_first ? send_next() : compose_next();
    if (!going) {
        fail_with(going.error());
        return;
    }
    const bool courtesy = turns_.end_courtesy();
    if (!*going && !courtesy && !turns_.empty()) publish_not_before_ = after(kTurnPause);
}

// The first batch of the outbox that need not wait. False: there is none.
Result<bool> NodeAgent::send_next() {
    const auto now = clock_.monotonic();
    auto first = read([&](const ReadStore& store) {
        return store.first_in_outbox([&](const MessageId& id) { return turns_.may_go(id, now); });
    });
    if (!first) return std::unexpected(first.error());
    if (!*first) return false;
    auto& [id, row] = **first;
    retried_ = turns_.maybe_why(id).has_value();
    turns_.forget(id);
    auto uploading = upload_next(id, row);
    if (!uploading && uploading.error().code == Code::erased) {
        batch_refused(id, OutboxRow{{}, row.ordinals}, uploading.error(), nullptr);
        return true;
    }
    if (!uploading) return std::unexpected(uploading.error());
    if (!*uploading) send_batch(id, std::move(row));
    return true;
}

// The cases of a batch's messages.
Result<std::set<CaseId>> NodeAgent::cases_of(const ReadStore& store, const OutboxRow& row) {
    std::set<CaseId> cases;
    for (const Ordinal ordinal : row.ordinals) {
        auto draft = store.maybe_draft(ordinal);
        if (!draft) return std::unexpected(draft.error());
        if (*draft && !(*draft)->outcome.case_id.is_none()) {
            cases.insert((*draft)->outcome.case_id);
        }
    }
    return cases;
}

wire::Publish NodeAgent::publish_of(const MessageId& first, const OutboxRow& row) const {
    return {first.stream,
            first.sequence,
            static_cast<std::uint32_t>(row.ordinals.size()),
            head_ ? head_->size : 0};
}

void NodeAgent::send_batch(const MessageId& first, OutboxRow row) {
    publishing_ = true;
    Bytes frame = row.frame;
    const wire::Publish publish = publish_of(first, row);
    send(wire::Channel::data,
         publish,
         std::move(frame),
         after(options_.answer_timeout),
         [this, first, row = std::move(row)](Result<Reply> reply) {
             publishing_ = false;
             received_receipt(first, row, std::move(reply));
         });
}

Result<void> NodeAgent::refuse_draft(Ordinal ordinal, const Error& error) {
    return write([&](WriteStore& store) -> Result<void> {
        auto row = store.maybe_draft(ordinal);
        if (!row) return std::unexpected(row.error());
        CHECK(row->has_value());
        stale_.erase(ordinal);
        (*row)->outcome.state = Outcome::State::refused;
        (*row)->outcome.refusal = error;
        auto stored = store.put_outcome(ordinal, **row);
        if (!stored) return stored;
        return store.set_waiting(ordinal, false);
    });
}

// The message that a draft refers to, as this node has it in its inbox. False: it has not come yet.
Result<bool> NodeAgent::resolve_reference(Draft& draft, Scene& at) {
    if (!draft.refers_to) return true;
    auto entry =
        read([&](const ReadStore& store) -> Result<std::optional<message::DeliveredEntry>> {
            auto position = store.maybe_position(draft.refers_to->message);
            if (!position) return std::unexpected(position.error());
            if (!*position) return std::optional<message::DeliveredEntry>();
            return store.maybe_inbox(**position);
        });
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return resolve_own(draft, at);
    auto header = message::parse_header((*entry)->header);
    if (!header) return std::unexpected(header.error());
    at.answered = header->sender;
    draft.refers_to->header_digest = keys::sha256((*entry)->header);
    return true;
}

// One of this node's own that has not come back: its receipt says what the broker holds. False: it
// has none yet.
Result<bool> NodeAgent::resolve_own(Draft& draft, Scene& at) {
    const MessageId& id = draft.refers_to->message;
    auto kept = read([&](const ReadStore& store) { return store.maybe_receipt_of(id); });
    if (!kept) return std::unexpected(kept.error());
    if (!*kept) return false;
    const auto& [first, row] = **kept;
    auto command = wire::parse_command(row.frame, wire::kDataBytesMax);
    const auto* receipt = command ? std::get_if<wire::Receipt>(&command->body) : nullptr;
    if (receipt == nullptr) return fail(Code::corrupt, "a row of receipts");
    const std::size_t index = id.sequence - first.sequence;
    if (receipt->verdicts.at(index).refused) return false;
    at.answered = options_.agency;
    draft.refers_to->header_digest = row.headers.at(index);
    return true;
}

// Takes the first draft that need not wait and all right after it that can share its batch. What
// the broker knows of the draft's case is asked first. False: there is none.
Result<bool> NodeAgent::compose_next() {
    auto ordinals =
        read([](const ReadStore& store) { return store.waiting(message::kBatchMessagesMax); });
    if (!ordinals) return std::unexpected(ordinals.error());
    auto batches = read([](const ReadStore& store) { return store.count(Tables::outbox); });
    if (!batches) return std::unexpected(batches.error());
    if (*batches >= kBatchesMax) return false;
    std::set<CaseId> waits;  // nothing overtakes an earlier message of its case
    while (!ordinals->empty()) {
        const Ordinal ordinal = ordinals->front();
        auto row = read([&](const ReadStore& store) { return store.maybe_draft(ordinal); });
        if (!row) return std::unexpected(row.error());
        CHECK(row->has_value());
        const CaseId case_id = (*row)->outcome.case_id;
        const bool may_go = turns_.may_go(ordinal, clock_.monotonic()) && !turns_.holds(case_id) &&
                            !waits.contains(case_id);
        if (may_go) {
            turns_.forget(ordinal);
            auto draft = read([&](const ReadStore& store) { return store.body(ordinal); });
            if (!draft) return std::unexpected(draft.error());
            if (needs_knowledge(*draft)) {
                ask_of_case(CaseAsk{ordinal, std::move(*draft), {}, 0});
                return true;
            }
            auto composed = compose_batch(*ordinals, std::move(*draft), {});
            if (!composed) return std::unexpected(composed.error());
            return true;
        }
        if (!case_id.is_none()) waits.insert(case_id);
        ordinals->erase(ordinals->begin());
    }
    return false;
}

Result<void> NodeAgent::compose_batch(const std::vector<Ordinal>& ordinals,
                                      Draft first,
                                      const CaseKnowledge& knowledge) {
    auto made = make_batch(ordinals, std::move(first), knowledge);
    if (!made) return std::unexpected(made.error());
    if (!*made) return {};
    if ((*made)->waits) {
        turns_.put_aside(ordinals.front(), after(kRetryPause));
        return {};
    }
    // Chunks go first; the batch follows when the broker has them all.
    if (!(*made)->in_chunks) send_batch((*made)->first, std::move((*made)->row));
    return {};
}

Result<std::optional<NodeAgent::Made>> NodeAgent::make_batch(const std::vector<Ordinal>& ordinals,
                                                             Draft first,
                                                             const CaseKnowledge& knowledge) {
    const auto refused = [&](const Error& error) -> Result<std::optional<Made>> {
        auto stored = refuse_draft(ordinals.front(), error);
        if (!stored) return std::unexpected(stored.error());
        return std::optional<Made>();
    };
    Scene at = scene();
    at.knowledge = knowledge;
    auto resolved = resolve_reference(first, at);
    if (!resolved) return std::unexpected(resolved.error());
    if (!*resolved) {
        // A correction's own earlier message is on its way back.
        if (first.corrects) return std::optional(Made{{}, {}, true, false});
        return refused(Error{Code::not_found, "no such message here", "refers_to", {}});
    }
    auto recipients = choose_recipients(first, at);
    if (!recipients) return refused(recipients.error());
    const Hash stream_class = delivery_class(first.kind, recipients->all);
    auto known = read([&](const ReadStore& store) { return store.maybe_stream(stream_class); });
    if (!known) return std::unexpected(known.error());
    StreamRow stream = known->value_or(StreamRow{random_.u64(), 1});
    if (turns_.holds(stream.stream)) stream = StreamRow{random_.u64(), 1};
    const MessageId first_id{stream.stream, stream.next};

    Filling filling;
    auto filled =
        fill_batch(filling, ordinals, std::move(first), std::move(*recipients), at, stream);
    if (!filled) return std::unexpected(filled.error());
    auto& [batch, row, chunks, stored_under] = filling;
    if (batch.envelopes.empty()) return std::optional<Made>();  // its first draft was refused
    auto proof =
        proof::sign_batch(*keys_.sign, options_.bus, options_.agency, leaves_of(batch.envelopes));
    if (!proof) return std::unexpected(proof.error());
    batch.proof = proof::encode_batch_proof(*proof);
    row.frame = message::encode_batch(batch);
    FAILPOINT_OR_FAIL(node_batch_store, before);
    auto stored = store_batch(first_id, filling, stream_class, stream);
    if (!stored) return std::unexpected(stored.error());
    FAILPOINT_OR_FAIL(node_batch_store, after);
    return std::optional(Made{first_id, std::move(row), false, !chunks.empty()});
}

bool NodeAgent::is_open(const MessageId& first) {
    auto row = read([&](const ReadStore& store) { return store.maybe_outbox(first); });
    if (!row) fail_with(row.error());
    return row && *row;
}

// The first draft, and those right after it that go to the same recipients and fit in. A draft that
// cannot be composed is refused if it is the first; else it waits for its own turn. One with chunks
// is a batch of its own, so that only its own message waits for them.
Result<void> NodeAgent::fill_batch(Filling& filling,
                                   const std::vector<Ordinal>& ordinals,
                                   Draft draft,
                                   Recipients recipients,
                                   const Scene& at,
                                   StreamRow& stream) {
    const Hash stream_class = delivery_class(draft.kind, recipients.all);
    std::size_t size = 0;
    for (const Ordinal ordinal : ordinals) {
        const bool is_first = filling.batch.envelopes.empty();
        if (!is_first) {
            auto body = read([&](const ReadStore& store) { return store.body(ordinal); });
            if (!body) return std::unexpected(body.error());
            if (needs_knowledge(*body) || body->refers_to) return {};
            auto others = choose_recipients(*body, at);
            if (!others || delivery_class(body->kind, others->all) != stream_class) return {};
            draft = std::move(*body);
            recipients = std::move(*others);
        }
        auto composed =
            compose(draft, at, recipients, MessageId{stream.stream, stream.next}, random_);
        if (!composed) return is_first ? refuse_draft(ordinal, composed.error()) : Result<void>();
        size += envelope_bytes(composed->envelope);
        const bool alone = !composed->chunks.empty();
        if (!is_first && (alone || size > kEnvelopeBytesMax)) return {};
        filling.batch.envelopes.push_back(std::move(composed->envelope));
        filling.row.ordinals.push_back(ordinal);
        filling.chunks = std::move(composed->chunks);
        filling.stored_under = draft.case_id;
        ++stream.next;
        if (alone) return {};
    }
    return {};
}

// Numbers, batch, chunks and drafts in one step: only then may a number leave.
Result<void> NodeAgent::store_batch(const MessageId& first,
                                    const Filling& filling,
                                    const Hash& stream_class,
                                    const StreamRow& stream) {
    const OutboxRow& row = filling.row;
    return write([&](WriteStore& store) -> Result<void> {
        for (std::size_t i = 0; i < row.ordinals.size(); ++i) {
            auto draft = store.maybe_draft(row.ordinals[i]);
            if (!draft) return std::unexpected(draft.error());
            CHECK(draft->has_value());
            (*draft)->outcome.id = MessageId{first.stream, first.sequence + i};
            auto put = store.put_outcome(row.ordinals[i], **draft);
            if (!put) return put;
            put = store.set_waiting(row.ordinals[i], false);
            if (!put) return put;
        }
        for (const OutChunk& chunk : filling.chunks) {
            auto put = store.put_out_chunk(first, filling.stored_under, chunk);
            if (!put) return put;
        }
        auto put = store.put_stream(stream_class, stream);
        if (!put) return put;
        return store.put_outbox(first, row);
    });
}

}  // namespace lienthong::node
