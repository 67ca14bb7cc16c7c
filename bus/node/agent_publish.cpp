// SPDX-License-Identifier: Apache-2.0
// NodeAgent's way out: drafts become batches, batches leave and are repeated until a receipt that
// verifies closes them.
#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/batch.hpp"
#include "security/proof/receipt.hpp"

namespace lienthong::node {
namespace {

constexpr std::chrono::milliseconds kRetryPause{500};
constexpr std::chrono::milliseconds kNoKeyPause{60'000};  // until somebody mends it

std::vector<Hash> leaves_of(const std::vector<message::Envelope>& envelopes) {
    std::vector<Hash> leaves;
    leaves.reserve(envelopes.size());
    for (const message::Envelope& envelope : envelopes) {
        leaves.push_back(proof::leaf_hash(envelope.header));
    }
    return leaves;
}

bool needs_knowledge(const Draft& draft) {
    return !draft.case_id.is_none() && !(draft.facts && draft.facts->opens);
}

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
    if (cursor_ < restore_until_ || !restored_pending_.empty()) return;
    auto first = read([](const ReadStore& store) { return store.first_in_outbox(); });
    if (!first) {
        fail_with(first.error());
        return;
    }
    if (*first) {
        auto& [id, row] = **first;
        auto uploading = upload_next(id, row);
        if (!uploading && uploading.error().code == Code::erased) {
            batch_refused(id, OutboxRow{{}, row.ordinals}, uploading.error());
        } else if (!uploading) {
            fail_with(uploading.error());
        } else if (!*uploading) {
            send_batch(id, std::move(row));
        }
        return;
    }
    auto composed = compose_next();
    if (!composed) fail_with(composed.error());
}

void NodeAgent::send_batch(const MessageId& first, OutboxRow row) {
    publishing_ = true;
    Bytes frame = row.frame;
    wire::Publish publish{
        first.stream, first.sequence, static_cast<std::uint32_t>(row.ordinals.size())};
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
    if (!*entry) return false;
    auto header = message::parse_header((*entry)->header);
    if (!header) return std::unexpected(header.error());
    at.answered = header->sender;
    draft.refers_to->header_digest = keys::sha256((*entry)->header);
    return true;
}

// Takes the first draft that waits and all right after it that can share its batch. What the broker
// knows of the draft's case is asked first.
Result<void> NodeAgent::compose_next() {
    auto ordinals =
        read([](const ReadStore& store) { return store.waiting(message::kBatchMessagesMax); });
    if (!ordinals) return std::unexpected(ordinals.error());
    if (ordinals->empty()) return {};
    auto draft = read([&](const ReadStore& store) { return store.body(ordinals->front()); });
    if (!draft) return std::unexpected(draft.error());
    if (!needs_knowledge(*draft)) return compose_batch(*ordinals, std::move(*draft), {});

    publishing_ = true;
    wire::Query query;
    query.kind = wire::QueryKind::case_parties;
    query.case_id = draft->case_id;
    const Ordinal ordinal = ordinals->front();
    send(wire::Channel::control,
         query,
         {},
         after(options_.answer_timeout),
         [this, ordinal, draft = std::move(*draft)](Result<Reply> reply) {
             publishing_ = false;
             if (!reply) {
                 if (reply.error().retriable()) {
                     publish_waits_for_ = reply.error().code;
                     publish_not_before_ = after(kRetryPause);
                     return;
                 }
                 auto refused = refuse_draft(ordinal, Error{Code::forbidden, {}, "case", {}});
                 if (!refused) fail_with(refused.error());
                 return;
             }
             const auto* answer = std::get_if<wire::QueryAnswer>(&reply->body);
             if (answer == nullptr || answer->cases.size() != 1) {
                 publish_not_before_ = after(kRetryPause);
                 return;
             }
             auto waits = read([&](const ReadStore& store) { return store.is_waiting(ordinal); });
             if (!waits || !*waits) {
                 if (!waits) fail_with(waits.error());
                 return;  // it has gone into a bundle meanwhile
             }
             auto composed = compose_for_case(ordinal, draft, *answer);
             if (!composed) fail_with(composed.error());
         });
    return {};
}

Result<void> NodeAgent::compose_batch(const std::vector<Ordinal>& ordinals,
                                      Draft first,
                                      const CaseKnowledge& knowledge) {
    auto made = make_batch(ordinals, std::move(first), knowledge);
    if (!made) return std::unexpected(made.error());
    if (!*made) return {};
    if ((*made)->waits) {
        publish_not_before_ = after(std::chrono::milliseconds{50});
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
    auto stored = store_batch(first_id, filling, stream_class, stream);
    if (!stored) return std::unexpected(stored.error());
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

void NodeAgent::received_receipt(const MessageId& first,
                                 const OutboxRow& row,
                                 Result<Reply> reply) {
    if (!is_open(first)) return;
    if (!reply) {
        batch_refused(first, row, reply.error());
        return;
    }
    const auto* receipt = std::get_if<wire::Receipt>(&reply->body);
    auto batch = message::parse_batch(row.frame);
    if (!batch) {
        fail_with(batch.error());
        return;
    }
    if (receipt == nullptr || receipt->stream != first.stream || receipt->first != first.sequence) {
        alarm("receipt_for_another_batch");
        publish_not_before_ = after(kRetryPause);
        return;
    }
    auto checked = check_receipt(*receipt, *batch);
    if (!checked) {
        alarm(fmt::format("bad_receipt code={}", info(checked.error().code).name));
        publish_not_before_ = after(std::chrono::seconds{5});
        return;
    }
    auto closed = close_batch(first, row, *batch, *receipt);
    if (!closed) fail_with(closed.error());
}

Result<void> NodeAgent::check_receipt(const message::Receipt& receipt,
                                      const message::Batch& batch) {
    if (receipt.verdicts.size() != batch.envelopes.size()) return fail(Code::malformed_frame);
    auto claimed = proof::parse_head(receipt.head);
    if (!claimed) return std::unexpected(claimed.error());
    auto key = log_key(*documents_.registry, claimed->time);
    if (!key) return std::unexpected(key.error());
    std::vector<Hash> accepted;
    for (std::size_t i = 0; i < receipt.verdicts.size(); ++i) {
        if (!receipt.verdicts[i].refused) {
            accepted.push_back(keys::sha256(batch.envelopes[i].header));
        }
    }
    if (accepted.size() != receipt.accepted_count) return fail(Code::bad_digest, "count");
    proof::ReceiptClaim claim;
    claim.head = receipt.head;
    claim.accepted = accepted;
    claim.first_position = receipt.first_position;
    claim.time = receipt.time;
    claim.epoch = receipt.epoch;
    claim.proof = keys::sha256(batch.proof);
    claim.range = proof::RangeProof{receipt.left, receipt.right};
    auto head = proof::verify_receipt(claim, options_.bus, *key);
    if (!head) return std::unexpected(head.error());
    return {};
}

// Gives each draft its outcome. After a retriable verdict the rest of the batch goes on: under the
// same ids, or, when the audience must be chosen anew, under new ones in a new stream.
Result<void> NodeAgent::close_batch(const MessageId& first,
                                    const OutboxRow& row,
                                    const message::Batch& batch,
                                    const message::Receipt& receipt) {
    publish_waits_for_.reset();
    return write([&](WriteStore& store) -> Result<void> {
        Position position = receipt.first_position;
        for (std::size_t i = 0; i < row.ordinals.size(); ++i) {
            const message::Verdict& verdict = receipt.verdicts[i];
            if (verdict.refused && info(*verdict.refused).retriable) {
                publish_not_before_ = after(kRetryPause);
                if (*verdict.refused == Code::chunks_missing && i == 0) {
                    return upload_again(store, first);
                }
                if (*verdict.refused != Code::stale_audience) {
                    publish_waits_for_ = *verdict.refused;
                    return keep_rest(store, first, row, batch, i);
                }
                log::info("sealing_anew stream={:016x} from={}", first.stream, first.sequence + i);
                return back_to_waiting(first, row, i, store);
            }
            auto draft = store.maybe_draft(row.ordinals[i]);
            if (!draft) return std::unexpected(draft.error());
            CHECK(draft->has_value());
            Outcome& outcome = (*draft)->outcome;
            if (verdict.refused) {
                outcome.state = Outcome::State::refused;
                outcome.refusal = Error{*verdict.refused, {}, {}, verdict.grant_missing};
            } else {
                outcome.state = Outcome::State::accepted;
                outcome.position = position++;
                if (!outcome.case_id.is_none()) {
                    auto noted = store.set_own_case_end(position);
                    if (!noted) return noted;
                }
            }
            auto stored = store.put_outcome(row.ordinals[i], **draft);
            if (!stored) return stored;
        }
        auto erased = store.erase_out_chunks(first);
        return erased ? store.erase_outbox(first) : erased;
    });
}

Result<void> NodeAgent::keep_rest(WriteStore& store,
                                  const MessageId& first,
                                  const OutboxRow& row,
                                  const message::Batch& batch,
                                  std::size_t from) {
    auto erased = store.erase_outbox(first);
    if (!erased) return erased;
    const auto offset = static_cast<std::ptrdiff_t>(from);
    message::Batch rest;
    rest.envelopes.assign(batch.envelopes.begin() + offset, batch.envelopes.end());
    auto proof =
        proof::sign_batch(*keys_.sign, options_.bus, options_.agency, leaves_of(rest.envelopes));
    if (!proof) return std::unexpected(proof.error());
    rest.proof = proof::encode_batch_proof(*proof);
    OutboxRow kept;
    kept.frame = message::encode_batch(rest);
    kept.ordinals.assign(row.ordinals.begin() + offset, row.ordinals.end());
    return store.put_outbox(MessageId{first.stream, first.sequence + from}, kept);
}

Result<void> NodeAgent::back_to_waiting(const MessageId& first,
                                        const OutboxRow& row,
                                        std::size_t from,
                                        WriteStore& store) {
    for (std::size_t i = from; i < row.ordinals.size(); ++i) {
        auto draft = store.maybe_draft(row.ordinals[i]);
        if (!draft) return std::unexpected(draft.error());
        CHECK(draft->has_value());
        (*draft)->outcome.id = MessageId{};
        auto stored = store.put_outcome(row.ordinals[i], **draft);
        if (!stored) return stored;
        stored = store.set_waiting(row.ordinals[i], true);
        if (!stored) return stored;
    }
    auto forgotten = store.forget_stream(first.stream);
    if (!forgotten) return forgotten;
    auto erased = store.erase_out_chunks(first);
    return erased ? store.erase_outbox(first) : erased;
}

// The broker does not take the key: it has ended, was revoked, or is not in the registry. Had the
// batch been accepted before, its receipt would have come; but that is the broker's word, so the
// batch is neither refused nor given other numbers. Under a newer key the same headers are signed
// again; without one it waits.
Result<void> NodeAgent::keep_without_key(const MessageId& first,
                                         const OutboxRow& row,
                                         const Error& error) {
    auto batch = message::parse_batch(row.frame);
    if (!batch) return std::unexpected(batch.error());
    auto proof = proof::parse_batch_proof(batch->proof);
    if (!proof) return std::unexpected(proof.error());
    if (proof->key_id == keys_.sign->public_key().id()) {
        alarm(fmt::format("batch_not_taken code={}", info(error.code).name));
        publish_not_before_ = after(kNoKeyPause);
        return {};
    }
    log::info("signing_anew stream={:016x} from={}", first.stream, first.sequence);
    publish_not_before_ = after(kRetryPause);
    return write(
        [&](WriteStore& store) -> Result<void> { return keep_rest(store, first, row, *batch, 0); });
}

// The batch as a whole was refused, or there was no answer.
void NodeAgent::batch_refused(const MessageId& first, const OutboxRow& row, const Error& error) {
    if (error.retriable()) {
        publish_waits_for_ = error.code;
        publish_not_before_ = after(kRetryPause);
        if (error.code == Code::timeout && connection_ == Connection::up) lose_connection(error);
        return;
    }
    if (error.errc() == Errc::unauthenticated) {
        publish_waits_for_ = error.code;
        auto kept = keep_without_key(first, row, error);
        if (!kept) fail_with(kept.error());
        return;
    }
    const bool stream_trouble = error.errc() == Errc::conflict;
    // A closed stream is no news: the receipt that said stale_audience was lost on its way.
    if (stream_trouble && error.code != Code::stream_closed) {
        alarm(fmt::format("stream_refused code={}", info(error.code).name));
    }
    auto stored = write([&](WriteStore& store) -> Result<void> {
        auto returned = back_to_waiting(first, row, 0, store);
        if (!returned || stream_trouble) return returned;
        for (const Ordinal ordinal : row.ordinals) {
            auto draft = store.maybe_draft(ordinal);
            if (!draft) return std::unexpected(draft.error());
            CHECK(draft->has_value());
            (*draft)->outcome.state = Outcome::State::refused;
            (*draft)->outcome.refusal = error;
            auto put = store.put_outcome(ordinal, **draft);
            if (!put) return put;
            put = store.set_waiting(ordinal, false);
            if (!put) return put;
        }
        return {};
    });
    if (!stored) fail_with(stored.error());
}

}  // namespace lienthong::node
