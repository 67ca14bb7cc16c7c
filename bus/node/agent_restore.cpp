// SPDX-License-Identifier: Apache-2.0
// NodeAgent after a restore: the broker has numbers of this node's streams that the outbox has not.
// Nothing new leaves before the node's own entries have come back; a draft that is among them is
// marked as sent, so that what left after the backup is not said twice. Idempotency keys and
// outcomes hold again; what still waits goes out under new ids in new streams.
#include <algorithm>

#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/batch.hpp"

namespace lienthong::node {
namespace {

// What a draft says, and what a message of it says: digests of its plaintexts, without salts and
// ids.
struct Said {
    message::Kind kind = message::Kind::none;
    CaseId case_id;
    UnitId unit;
    std::vector<std::pair<std::size_t, Hash>> sections;  // ascending

    Hash digest() const {
        ByteWriter out;
        out.u16(static_cast<std::uint16_t>(kind)).raw(case_id.bytes).prefixed(unit.text());
        for (const auto& [index, plaintext] : sections) {
            out.u64(index).hash(plaintext);
        }
        return keys::sha256(out.bytes());
    }
};

Result<Hash> digest_of(const Draft& draft) {
    auto sections = ordered_sections(draft);
    if (!sections) return std::unexpected(sections.error());
    Said said{draft.kind, draft.case_id, {}, {}};
    if (message::info(draft.kind).kind_class != message::Class::personal) said.unit = draft.unit;
    for (const auto& [index, plaintext] : *sections) {
        said.sections.emplace_back(index, keys::sha256(plaintext));
    }
    return said.digest();
}

}  // namespace

// Nothing leaves while an own entry may still come back. Once all have, the restore is over.
bool NodeAgent::is_restoring() {
    if (restore_until_ == 0) return false;
    if (cursor_ < restore_until_ || !restored_pending_.empty()) return true;
    auto over = write([](WriteStore& store) { return store.set_restore({}); });
    if (!over) {
        fail_with(over.error());
        return true;
    }
    log::info("outbox_restored node={}", options_.node.text());
    restore_until_ = 0;
    restored_drafts_.clear();
    restored_ids_.clear();
    return false;
}

// What stays spoiled for hours does not hold up the rest for ever.
Result<void> NodeAgent::release_restored() {
    return write([&](WriteStore& store) -> Result<void> {
        for (auto position = restored_pending_.begin(); position != restored_pending_.end();) {
            auto doubtful = store.is_doubtful(*position);
            if (!doubtful) return std::unexpected(doubtful.error());
            if (*doubtful) alarm(fmt::format("own_entry_not_compared position={}", *position));
            position = *doubtful ? restored_pending_.erase(position) : std::next(position);
        }
        return {};
    });
}

// The broker is ahead: before new work, everything up to its head comes back. Drafts that the copy
// has in a batch may have left in another one since.
Result<void> NodeAgent::begin_restore(const ReadStore& store, const RestoreRow& restore) {
    FAILPOINT_OR_FAIL(node_restore, before);
    restore_from_ = restore.from;
    restore_until_ = restore.until;
    restored_drafts_.clear();
    restored_ids_.clear();
    for (Ordinal ordinal = 1;; ++ordinal) {
        auto row = store.maybe_draft(ordinal);
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        const Outcome& outcome = (*row)->outcome;
        if (!outcome.id.is_none()) restored_ids_.emplace(outcome.id, ordinal);
        if (outcome.state != Outcome::State::waiting || ordinal > restore.last_draft) continue;
        auto come = store.maybe_position(outcome.id);
        if (!come) return std::unexpected(come.error());
        if (*come) continue;  // its receipt is still to come
        auto draft = store.body(ordinal);
        if (!draft) return std::unexpected(draft.error());
        auto digest = digest_of(*draft);
        if (!digest) return std::unexpected(digest.error());
        restored_drafts_.emplace(*digest, ordinal);
    }
    FAILPOINT_OR_FAIL(node_restore, after);
    log::warning("outbox_behind node={} fetching_until={}", options_.node.text(), restore.until);
    return {};
}

// After a restart in the middle of one: what has come and could not be compared yet is known by its
// chunks that are wanted, and by being doubtful.
Result<void> NodeAgent::resume_restore(const ReadStore& store) {
    auto restore = store.restore();
    if (!restore) return std::unexpected(restore.error());
    if (restore->until == 0) return {};
    auto begun = begin_restore(store, *restore);
    if (!begun) return begun;
    for (Position from = restore_from_;;) {
        auto doubtful = store.maybe_doubtful_from(from);
        if (!doubtful) return std::unexpected(doubtful.error());
        if (!*doubtful || **doubtful >= restore_until_) break;
        restored_pending_.insert(**doubtful);
        from = **doubtful + 1;
    }
    std::optional<WantedKey> after;
    for (;;) {
        auto wanted = store.maybe_wanted_after(after);
        if (!wanted) return std::unexpected(wanted.error());
        if (!*wanted || (*wanted)->first.position >= restore_until_) break;
        after = (*wanted)->first;
        auto entry = store.maybe_inbox(after->position);
        if (!entry) return std::unexpected(entry.error());
        if (!*entry) continue;
        auto header = message::parse_header((*entry)->header);
        if (!header) return std::unexpected(header.error());
        if (header->sender != options_.agency || restored_ids_.contains(header->id)) continue;
        restored_pending_.insert(after->position);
    }
    return {};
}

// All chunks of one of its sections have arrived: the entry may be comparable now.
Result<void> NodeAgent::recognise_pending(WriteStore& store, Position position) {
    if (restored_pending_.erase(position) == 0) return {};
    auto entry = store.maybe_inbox(position);
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return {};
    auto checked = check_entry(**entry, options_.bus, options_.agency, *documents_.registry);
    if (!checked) return {};  // it was when it came; documents have changed since
    return recognise_own(store, **entry, *checked);
}

// A draft that says this; of several rather one that the copy has in no batch.
std::optional<Ordinal> NodeAgent::take_restored(const Hash& said) {
    const auto [begin, end] = restored_drafts_.equal_range(said);
    if (begin == end) return std::nullopt;
    const auto composed = [&](Ordinal ordinal) {
        return std::ranges::any_of(restored_ids_,
                                   [&](const auto& sent) { return sent.second == ordinal; });
    };
    auto found =
        std::find_if(begin, end, [&](const auto& draft) { return !composed(draft.second); });
    if (found == end) found = begin;
    const Ordinal ordinal = found->second;
    restored_drafts_.erase(found);
    return ordinal;
}

// An entry that this very node sent, and the restored outbox still holds as a draft.
Result<void> NodeAgent::recognise_own(WriteStore& store,
                                      const message::DeliveredEntry& entry,
                                      const CheckedEntry& checked) {
    const message::Header& header = checked.header;
    if (restored_drafts_.empty() || entry.position >= restore_until_ ||
        header.sender != options_.agency) {
        return {};
    }
    const auto known = restored_ids_.find(header.id);
    if (known != restored_ids_.end()) {  // left under the number that the copy has
        std::erase_if(restored_drafts_,
                      [&](const auto& draft) { return draft.second == known->second; });
        return {};
    }
    auto proof = proof::parse_batch_proof(entry.proof);
    if (!proof) return std::unexpected(proof.error());
    const auto* key = documents_.registry->maybe_key(proof->key_id).key;
    if (key != nullptr && key->node != options_.node) return {};  // another node of the agency
    const auto cannot = [&] {
        alarm(fmt::format("own_entry_not_compared position={}", entry.position));
        return Result<void>();
    };
    if (key == nullptr) return cannot();
    Said said{header.kind, header.case_id, header.unit, {}};
    for (std::size_t i = 0; i < entry.sections.size(); ++i) {
        auto plaintext =
            open_stored(store, entry.position, header, entry.sections[i], checked.descriptors[i]);
        if (!plaintext && plaintext.error().code == Code::chunks_missing) {
            restored_pending_.insert(entry.position);
            return {};
        }
        if (!plaintext) return cannot();  // sealed to a key that is gone
        said.sections.emplace_back(entry.sections[i].index, keys::sha256(plaintext->view()));
    }
    const auto taken = take_restored(said.digest());
    if (!taken) return {};
    const Ordinal ordinal = *taken;
    auto row = store.maybe_draft(ordinal);
    if (!row) return std::unexpected(row.error());
    if (!*row) return fail(Code::corrupt, "a draft is missing");
    (*row)->outcome.state = Outcome::State::accepted;
    (*row)->outcome.id = header.id;
    (*row)->outcome.position = entry.position;
    auto stored = store.put_outcome(ordinal, **row);
    if (!stored) return stored;
    return store.set_waiting(ordinal, false);
}

}  // namespace lienthong::node
