// SPDX-License-Identifier: Apache-2.0
// NodeAgent's way out, the answers: a receipt that verifies, or a refusal that is signed, gives the
// messages of a batch their outcomes; anything else leaves it where it is, and it is sent again.
#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/batch.hpp"

namespace lienthong::node {
namespace {

constexpr std::chrono::milliseconds kRetryPause{500};
constexpr std::chrono::milliseconds kRefusedPause{5'000};
constexpr std::chrono::milliseconds kStalePauseMax{60'000};
constexpr std::chrono::milliseconds kDistrustPause{5'000};
constexpr std::chrono::milliseconds kNoKeyPause{60'000};  // until somebody mends it

}  // namespace

// What a receipt brought for the node's newest head.
wire::ConsistencyProof NodeAgent::consistency_of(const message::Receipt& receipt,
                                                 std::uint64_t size) {
    return {std::min(receipt.asked_size, size),
            std::max(receipt.asked_size, size),
            receipt.consistency};
}

void NodeAgent::received_receipt(const MessageId& first,
                                 const OutboxRow& row,
                                 Result<Reply> reply) {
    if (!is_open(first)) return;
    if (!reply) {
        batch_refused(first, row, reply.error(), nullptr);
        return;
    }
    if (const auto* failure = std::get_if<wire::Failure>(&reply->body)) {
        received_refusal(first, row, *failure, std::move(reply->frame));
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
    FAILPOINT(node_receipt_verify, before);
    auto head = check_receipt(*receipt, *batch);
    FAILPOINT(node_receipt_verify, after);
    if (!head) alarm(fmt::format("bad_receipt code={}", info(head.error().code).name));
    if (!head || names_old_documents(*head)) {
        publish_not_before_ = after(kDistrustPause);
        return;
    }
    auto kept = std::make_shared<Receipted>(
        Receipted{std::move(*batch), *receipt, std::move(reply->frame)});
    const wire::ConsistencyProof given = consistency_of(kept->receipt, head->size);
    publishing_ = true;
    follow_head(*head, &given, [this, first, row, kept](Followed followed) {
        publishing_ = false;
        if (followed != Followed::yes) {
            const bool conflict = followed == Followed::conflict;
            publish_not_before_ = after(conflict ? kDistrustPause : kRetryPause);
            return;
        }
        if (!is_open(first)) return;  // a bundle has closed it meanwhile
        FAILPOINT(node_batch_close, before);
        auto closed = close_batch(first, row, *kept);
        FAILPOINT(node_batch_close, after);
        if (!closed) fail_with(closed.error());
    });
}

// Messages are given up for good only on a word that can be shown to others.
void NodeAgent::received_refusal(const MessageId& first,
                                 const OutboxRow& row,
                                 const wire::Failure& failure,
                                 Bytes frame) {
    const Error error = wire::to_error(failure);
    if (error.retriable()) {
        batch_refused(first, row, error, nullptr);
        return;
    }
    const auto count = static_cast<std::uint32_t>(row.ordinals.size());
    if (!check_refusal(failure, first, count, keys::sha256(row.frame))) {
        alarm(fmt::format("unsigned_refusal code={}", info(error.code).name));
        publish_waits_for_ = error.code;
        publish_not_before_ = after(kDistrustPause);
        return;
    }
    const RefusalRow refusal{count, error.errc() != Errc::conflict, std::move(frame)};
    batch_refused(first, row, error, &refusal);
}

// Gives each draft its outcome. After a retriable verdict the rest of the batch goes on: under the
// same ids, or, when the audience must be chosen anew, under new ones in a new stream.
Result<void> NodeAgent::close_batch(const MessageId& first,
                                    const OutboxRow& row,
                                    const Receipted& receipted) {
    const auto& [batch, receipt, frame] = receipted;
    publish_waits_for_.reset();
    turns_.forget(first);  // a bundle may have brought the answer
    auto closed = write([&](WriteStore& store) -> Result<void> {
        auto held = hold_receipt(store, first, receipted);
        return held ? give_outcomes(store, first, row, receipted) : held;
    });
    if (closed) head_stored(receipt.head);
    return closed;
}

Result<void> NodeAgent::give_outcomes(WriteStore& store,
                                      const MessageId& first,
                                      const OutboxRow& row,
                                      const Receipted& receipted) {
    const auto& [batch, receipt, frame] = receipted;
    Position position = receipt.first_position;
    for (std::size_t i = 0; i < row.ordinals.size(); ++i) {
        const message::Verdict& verdict = receipt.verdicts[i];
        if (verdict.refused && info(*verdict.refused).retriable) {
            if (*verdict.refused == Code::chunks_missing && i == 0) {
                publish_not_before_ = after(kRetryPause);
                return upload_again(store, first);
            }
            if (*verdict.refused != Code::stale_audience) {
                auto cases = cases_of(store, row);
                if (!cases) return std::unexpected(cases.error());
                turns_.put_aside(MessageId{first.stream, first.sequence + i},
                                 std::move(*cases),
                                 after(kRefusedPause),
                                 verdict.refused);
                return keep_rest(store, first, row, batch, i);
            }
            publish_not_before_ = after(kRetryPause);
            for (std::size_t k = i; k < row.ordinals.size(); ++k) put_off_stale(row.ordinals[k]);
            log::info("sealing_anew stream={:016x} from={}", first.stream, first.sequence + i);
            return back_to_waiting(first, row, i, store);
        }
        auto draft = store.maybe_draft(row.ordinals[i]);
        if (!draft) return std::unexpected(draft.error());
        CHECK(draft->has_value());
        stale_.erase(row.ordinals[i]);
        Outcome& outcome = (*draft)->outcome;
        if (verdict.refused) {
            outcome.state = Outcome::State::refused;
            outcome.refusal = Error{*verdict.refused, {}, {}, verdict.grant_missing};
        } else {
            outcome.state = Outcome::State::accepted;
            outcome.id = MessageId{first.stream, first.sequence + i};
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
}

// Once is a change of rules. Again and again is a clock that is not the broker's: each attempt
// stands in the log, so they become rare until the two agree.
void NodeAgent::put_off_stale(Ordinal ordinal) {
    const auto known = stale_.find(ordinal);
    const auto pause =
        known == stale_.end() ? kRetryPause : std::min(2 * known->second, kStalePauseMax);
    stale_[ordinal] = pause;
    turns_.put_aside(ordinal, after(pause));
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
        // After a restore: it had left under another number, and has come back.
        if ((*draft)->outcome.state != Outcome::State::waiting) continue;
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
void NodeAgent::batch_refused(const MessageId& first,
                              const OutboxRow& row,
                              const Error& error,
                              const RefusalRow* signed_refusal) {
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
    turns_.forget(first);
    const bool stream_trouble = error.errc() == Errc::conflict;
    // A closed stream is no news: the receipt that said stale_audience was lost on its way.
    if (stream_trouble && error.code != Code::stream_closed) {
        alarm(fmt::format("stream_refused code={}", info(error.code).name));
    }
    auto stored = write([&](WriteStore& store) -> Result<void> {
        if (signed_refusal != nullptr) {
            auto held = hold_refusal(store, first, *signed_refusal);
            if (!held) return held;
        }
        auto returned = back_to_waiting(first, row, 0, store);
        if (!returned || stream_trouble) return returned;
        for (const Ordinal ordinal : row.ordinals) {
            auto draft = store.maybe_draft(ordinal);
            if (!draft) return std::unexpected(draft.error());
            CHECK(draft->has_value());
            if ((*draft)->outcome.state != Outcome::State::waiting) continue;
            (*draft)->outcome.state = Outcome::State::refused;
            (*draft)->outcome.refusal = error;
            (*draft)->refused_batch = signed_refusal != nullptr ? first : MessageId{};
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
