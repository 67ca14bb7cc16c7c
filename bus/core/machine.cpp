// SPDX-License-Identifier: Apache-2.0
#include "bus/core/machine.hpp"

#include <algorithm>

#include "bus/base/check.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::core {

using proof::EntryKind;

Result<void> Machine::load(const ReadState& state) {
    auto documents = state.documents();
    if (!documents) return std::unexpected(documents.error());
    documents_ = std::move(*documents);
    earlier_ = {};  // a version may have been adopted in a group that was dropped
    return {};
}

Group::Group(Machine& machine, journal::WriteTxn& txn, Millis time, Epoch epoch, Reading reading)
    : machine_(machine),
      state_(txn, machine.vault_),
      time_(time),
      epoch_(epoch),
      size_before_(txn.log_size()),
      reading_(reading) {}

Result<Position> Group::append_and_apply(const Entry& entry, const Opened& opened) {
    auto position = state_.append(machine_.options_.bus, entry);
    if (!position) return position;
    auto applied = apply(state_, machine_.options_.bus, *position, entry, opened);
    if (!applied) return std::unexpected(applied.error());
    return position;
}

Result<Position> Group::append_note(EntryKind kind, Bytes content) {
    Entry entry;
    entry.kind = kind;
    entry.epoch = epoch_;
    entry.time = time_;
    entry.content = std::move(content);
    return append_and_apply(entry, Opened{});
}

Result<void> Group::start_epoch() {
    auto position = append_note(EntryKind::epoch, ByteWriter().u64(epoch_).take());
    if (!position) return std::unexpected(position.error());
    return {};
}

Judged<Position> Group::adopt(BytesView bytes) {
    auto document = decide_document(machine_.documents_,
                                    machine_.options_.bus,
                                    bytes,
                                    machine_.options_.pinned_administrators,
                                    time_);
    if (!document) return refused<Position>(std::move(document.error()));
    auto position = append_note(EntryKind::document, to_bytes(bytes));
    if (!position) return std::unexpected(position.error());
    touched_everybody_ = true;
    auto loaded = machine_.load(state_);
    if (!loaded) return std::unexpected(loaded.error());
    return *position;
}

Result<std::optional<proof::Head>> Group::head_to_sign() const {
    if (!grown()) return std::optional<proof::Head>();
    proof::Head head;
    head.bus = machine_.options_.bus;
    head.size = state_.log_size();
    auto root = proof::root(head.size, state_.tree());
    if (!root) return std::unexpected(root.error());
    head.root = *root;
    head.time = time_;
    head.epoch = epoch_;
    using registry::DocumentKind;
    head.administrators = machine_.documents_.digest(DocumentKind::administrators);
    head.registry = machine_.documents_.digest(DocumentKind::registry);
    head.policy = machine_.documents_.digest(DocumentKind::policy);
    head.procedure = machine_.documents_.digest(DocumentKind::procedure);
    return std::optional(head);
}

Result<void> Group::set_head(const proof::Head& head, std::string_view note) {
    for (PendingBatch& batch : batches_) {
        batch.row.head_size = head.size;
        auto stored = state_.put_batch(batch.stream, batch.first, batch.row);
        if (!stored) return stored;
    }
    batches_.clear();
    return state_.put_head(head.size, note);
}

namespace {

// Between the receipt's head and the newest one that the asker keeps, whichever is larger. A size
// that this log has not reached cannot be proven: the asker finds out by itself what that means.
Result<void> prove_consistency(message::Receipt& receipt, const ReadState& state) {
    const auto head = proof::parse_head(receipt.head);
    if (!head) return std::unexpected(head.error());
    if (receipt.asked_size > state.log_size()) receipt.asked_size = 0;
    if (receipt.asked_size == 0) return {};
    auto path = proof::consistency_path(std::min(receipt.asked_size, head->size),
                                        std::max(receipt.asked_size, head->size),
                                        state.tree());
    if (!path) return std::unexpected(path.error());
    receipt.consistency = std::move(*path);
    return {};
}

}  // namespace

Result<void> Group::complete(message::Receipt& receipt) const {
    auto row = state_.maybe_batch(receipt.stream, receipt.first);
    if (!row) return std::unexpected(row.error());
    const bool recorded = row->has_value() && (*row)->accepted > 0;
    auto note = recorded ? state_.maybe_head((*row)->head_size) : state_.newest_head();
    if (!note) return std::unexpected(note.error());
    if (!*note) return fail(Code::corrupt, "a head is missing");
    receipt.head = std::move(**note);
    auto followed = prove_consistency(receipt, state_);
    if (!followed || !recorded) return followed;
    auto range = proof::range_proof(
        receipt.first_position, receipt.accepted_count, (*row)->head_size, state_.tree());
    if (!range) return std::unexpected(range.error());
    receipt.left = std::move(range->left);
    receipt.right = std::move(range->right);
    return {};
}

}  // namespace lienthong::core
