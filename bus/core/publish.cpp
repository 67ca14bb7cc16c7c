// SPDX-License-Identifier: Apache-2.0
// Group::publish: a batch against the state. Accepted messages stand contiguously, the final
// refusals in one entry after them; a retriable verdict ends the batch there.
#include "bus/core/machine.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::core {

using proof::EntryKind;

message::Receipt receipt_of(std::uint64_t stream, std::uint64_t first, const BatchRow& row) {
    message::Receipt receipt;
    receipt.stream = stream;
    receipt.first = first;
    for (const std::uint16_t verdict : row.verdicts) {
        receipt.verdicts.push_back({maybe_code(verdict), {}});
    }
    // What was not reached then is not on the record: it may be sent again in a batch of its own.
    while (receipt.verdicts.size() < row.headers.size()) {
        receipt.verdicts.push_back({Code::not_reached, {}});
    }
    receipt.first_position = row.first_position;
    receipt.accepted_count = row.accepted;
    receipt.time = row.time;
    receipt.epoch = row.epoch;
    receipt.proof_hash = keys::sha256(row.proof);
    return receipt;
}

// Same id and same headers: the same receipt. Same id, other headers: a conflict.
Result<std::optional<std::expected<message::Receipt, Error>>> Group::known_batch(
    const VerifiedBatch& batch, const std::optional<StreamRow>& stream) const {
    using Answer = std::optional<std::expected<message::Receipt, Error>>;
    if (!stream || batch.first > stream->last) return Answer();
    auto row = state_.maybe_batch(batch.stream, batch.first);
    if (!row) return std::unexpected(row.error());
    if (!*row || (*row)->headers != batch.headers) {
        return Answer(std::unexpected(Error{Code::id_conflict, {}, {}, {}}));
    }
    return Answer(receipt_of(batch.stream, batch.first, **row));
}

Result<Group::Placed> Group::place(const StreamRow& stream, const VerifiedEnvelope& envelope) {
    Placed placed;
    auto ruling = decide_message(state_, machine_.documents_, envelope, time_);
    if (!ruling) return std::unexpected(ruling.error());
    placed.ruling = std::move(*ruling);
    if (placed.ruling.refused) return placed;
    auto class_id = state_.maybe_class_id(envelope.header.kind, placed.ruling.recipients);
    if (!class_id) return std::unexpected(class_id.error());
    if (*class_id) {
        placed.class_id = **class_id;
    } else {
        auto count = state_.class_count();
        if (!count) return std::unexpected(count.error());
        auto own = state_.classes_made_by(envelope.header.sender);
        if (!own) return std::unexpected(own.error());
        if (*count >= machine_.options_.classes_max ||
            *own >= machine_.options_.classes_per_agency_max) {
            placed.ruling.refused = Code::class_limit;
            return placed;
        }
        placed.class_id = *count + 1;
        placed.is_new_class = true;
    }
    if (stream.class_id != 0 && stream.class_id != placed.class_id) {
        placed.ruling.refused = Code::wrong_stream;
    }
    return placed;
}

Result<void> Group::admit(const VerifiedBatch& batch,
                          const VerifiedEnvelope& envelope,
                          const Placed& placed) {
    Entry entry;
    entry.kind = EntryKind::message;
    entry.epoch = epoch_;
    entry.time = time_;
    entry.content = envelope.header_bytes;
    entry.proof_digest = keys::sha256(batch.proof_bytes);
    entry.sender = batch.session.agency;
    entry.node = batch.session.node;
    entry.batch_first = batch.first;
    entry.class_id = placed.class_id;
    if (placed.is_new_class) entry.new_class = placed.ruling.recipients;
    entry.sealed_under = storage_case(envelope.header);
    entry.sections = message::encode_sections(envelope.sections);
    touched_.insert(placed.ruling.recipients.begin(), placed.ruling.recipients.end());
    if (!entry.sealed_under.is_none()) {
        auto stored =
            state_.protect(entry.sealed_under, entry.sections, storage_binding(envelope.header.id));
        if (!stored) return std::unexpected(stored.error());
        entry.sections = std::move(*stored);
    }
    auto claimed = claim_chunks(envelope, entry.sealed_under);
    if (!claimed) return claimed;
    auto position = append_and_apply(entry, Opened{Opened::Status::open, envelope.facts});
    if (!position) return std::unexpected(position.error());
    return {};
}

Result<void> Group::close_stream(const VerifiedBatch& batch, std::uint64_t last) {
    auto position = append_note(
        EntryKind::stream_closed,
        encode_stream_closed(StreamClosed{
            batch.session.agency, batch.session.node, batch.stream, last, Code::stale_audience}));
    if (!position) return std::unexpected(position.error());
    return abandon_uploads(batch.session.agency, {batch.stream, last + 1}, UINT64_MAX);
}

// Whether the batch may begin at all: its stream, its place in it, its key as of this position.
std::optional<Error> Group::judge_batch(const VerifiedBatch& batch,
                                        const std::optional<StreamRow>& stream) const {
    const std::uint64_t last = stream ? stream->last : 0;
    auto key = machine_.documents_.registry->signing_key(
        batch.session.agency, batch.proof.key_id, time_, state_.log_size());
    if (!key) return key.error();
    if (stream && stream->closed) return Error{Code::stream_closed, {}, {}, {}};
    if (batch.first != last + 1) return Error{Code::sequence_gap, {}, {}, {}};
    return std::nullopt;
}

Judged<message::Receipt> Group::publish(const VerifiedBatch& batch) {
    auto known = state_.maybe_stream(batch.stream);
    if (!known) return std::unexpected(known.error());
    std::optional<StreamRow> stream = std::move(*known);
    if (stream && (stream->agency != batch.session.agency || stream->node != batch.session.node)) {
        return refused<message::Receipt>(
            batch.unproven.value_or(Error{Code::wrong_stream, {}, {}, {}}));
    }
    auto repeated = known_batch(batch, stream);
    if (!repeated) return std::unexpected(repeated.error());
    // A repeat is answered before its key is asked for: it was valid when the batch was accepted.
    if (*repeated && (**repeated || !batch.unproven)) return std::move(**repeated);
    if (batch.unproven) return refused<message::Receipt>(*batch.unproven);
    if (auto error = judge_batch(batch, stream))
        return refused<message::Receipt>(std::move(*error));
    return admit_batch(batch, stream.value_or(StreamRow{}));
}

Judged<message::Receipt> Group::admit_batch(const VerifiedBatch& batch, StreamRow stream) {
    BatchRow row;
    row.proof = batch.proof_bytes;
    row.headers = batch.headers;
    row.first_position = state_.log_size();
    row.time = time_;
    row.epoch = epoch_;
    Refusals refusals{batch.session.agency, batch.session.node, batch.stream, stream.class_id, {}};
    std::vector<std::string> grants_missing(batch.messages.size());
    Placed stopped;
    for (std::size_t i = 0; i < batch.messages.size() && !stopped.ruling.refused; ++i) {
        Placed placed;
        if (!batch.messages[i]) {
            placed.ruling.refused = batch.messages[i].error().code;
        } else {
            auto judged = place(stream, *batch.messages[i]);
            if (!judged) return std::unexpected(judged.error());
            placed = std::move(*judged);
        }
        if (!placed.ruling.refused) {
            auto admitted = admit(batch, *batch.messages[i], placed);
            if (!admitted) return std::unexpected(admitted.error());
            stream.class_id = placed.class_id;
            ++row.accepted;
            row.verdicts.push_back(0);
        } else if (info(*placed.ruling.refused).retriable) {
            stopped = std::move(placed);
        } else {
            grants_missing[i] = placed.ruling.grant_missing;
            refusals.refused.push_back({batch.first + i, *placed.ruling.refused});
            row.verdicts.push_back(static_cast<std::uint16_t>(*placed.ruling.refused));
        }
    }
    refusals.class_id = stream.class_id;
    return record_batch(batch, row, refusals, grants_missing, stopped.ruling);
}

Judged<message::Receipt> Group::record_batch(const VerifiedBatch& batch,
                                             const BatchRow& row,
                                             const Refusals& refusals,
                                             const std::vector<std::string>& grants_missing,
                                             const Ruling& stopped) {
    if (!refusals.refused.empty()) {
        auto position = append_note(EntryKind::refusals, encode_refusals(refusals));
        if (!position) return std::unexpected(position.error());
        for (const auto& one : refusals.refused) {
            auto denied = record_denial(batch.session.agency, info(one.code).name);
            if (!denied) return std::unexpected(denied.error());
        }
    }
    if (!row.verdicts.empty()) {  // what was uploaded for consumed numbers and not claimed
        const std::uint64_t last = batch.first + row.verdicts.size() - 1;
        auto abandoned = abandon_uploads(batch.session.agency, {batch.stream, batch.first}, last);
        if (!abandoned) return std::unexpected(abandoned.error());
    }
    if (stopped.refused == Code::stale_audience) {
        auto closed = close_stream(batch, batch.first + row.verdicts.size() - 1);
        if (!closed) return std::unexpected(closed.error());
    }
    if (!row.verdicts.empty()) batches_.push_back({batch.stream, batch.first, row});
    message::Receipt receipt = receipt_of(batch.stream, batch.first, row);
    for (std::size_t i = 0; i < row.verdicts.size(); ++i) {
        receipt.verdicts[i].grant_missing = grants_missing[i];
    }
    if (stopped.refused) {
        receipt.verdicts[row.verdicts.size()].refused = stopped.refused;
        receipt.case_parties = stopped.parties;
        receipt.consented = stopped.consented;
    }
    if (!row.verdicts.empty()) {
        auto stored = state_.put_batch(batch.stream, batch.first, row);
        if (!stored) return std::unexpected(stored.error());
    }
    return receipt;
}

}  // namespace lienthong::core
