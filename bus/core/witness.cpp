// SPDX-License-Identifier: Apache-2.0
// Group::cosign and what is kept of it: co-signatures of the newest few heads, beside the log and
// never in it. One row for an agency and a head: its newest. What a node is given is counted again
// by the registry in force, so a key that was revoked since does not count.
#include <algorithm>
#include <set>

#include "bus/core/machine.hpp"
#include "bus/core/rows.hpp"
#include "security/proof/note.hpp"
#include "security/proof/witness.hpp"

namespace lienthong::core {
namespace {

constexpr Millis kAheadMax = 5 * 60 * 1000;  // by which a node's clock may be ahead of the log's

Bytes cosignature_key(std::uint64_t size, const AgencyId& agency) {
    return ByteWriter().u64(size).raw(as_bytes(agency.text())).take();
}

Result<CosignatureRow> parse_cosignature(BytesView bytes) {
    ByteReader in(bytes);
    CosignatureRow row;
    row.time = in.i64();
    row.key = in.hash();
    row.line = in.text();
    if (!in.done()) return fail(Code::corrupt, "a row of co-signatures");
    return row;
}

// The node's witness key that made this line.
const registry::KeyEntry* maybe_witness_key(const registry::Registry& registry,
                                            const Session& session,
                                            const proof::NoteSignature& signature) {
    for (const auto& owner : registry.witnesses(std::nullopt)) {
        const registry::KeyEntry& key = *owner.key;
        if (owner.agency->id == session.agency && key.node == session.node &&
            proof::note_key_hash(session.node.text(),
                                 proof::NoteSignatureType::cosignature_v1,
                                 key.raw) == signature.key_hash) {
            return &key;
        }
    }
    return nullptr;
}

}  // namespace

Result<ReadState::Cosignatures> ReadState::cosignatures(std::uint64_t size) const {
    Cosignatures found;
    std::optional<Error> error;
    auto scanned =
        txn_.scan(id(Tables::cosignatures), rows::key(size), [&](BytesView key, BytesView value) {
            if (rows::u64_at(key, 0) != size) return false;
            auto row = parse_cosignature(value);
            if (!row) {
                error = row.error();
                return false;
            }
            found.emplace(AgencyId::of(as_text(key.subspan(sizeof size))), std::move(*row));
            return true;
        });
    if (!scanned) return std::unexpected(scanned.error());
    if (error) return std::unexpected(*error);
    return found;
}

Result<std::vector<std::uint64_t>> ReadState::cosigned_sizes() const {
    std::vector<std::uint64_t> sizes;
    auto scanned = txn_.scan_back(id(Tables::cosignatures), {}, [&](BytesView key, BytesView) {
        const std::uint64_t size = rows::u64_at(key, 0);
        if (sizes.empty() || sizes.back() != size) sizes.push_back(size);
        return true;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return sizes;
}

Result<void> State::put_cosignature(std::uint64_t size,
                                    const AgencyId& agency,
                                    const CosignatureRow& row) {
    return put(Tables::cosignatures,
               cosignature_key(size, agency),
               ByteWriter().i64(row.time).hash(row.key).prefixed(row.line).take());
}

Result<void> State::erase_cosignatures(std::uint64_t size) {
    auto all = cosignatures(size);
    if (!all) return std::unexpected(all.error());
    for (const auto& [agency, row] : *all) {
        auto erased = write_.erase(id(Tables::cosignatures), cosignature_key(size, agency));
        if (!erased) return erased;
    }
    return {};
}

Result<std::optional<WitnessedNote>> Group::maybe_witnessed(std::uint64_t size) const {
    auto rows = state_.cosignatures(size);
    if (!rows) return std::unexpected(rows.error());
    auto head = state_.maybe_head(size);
    if (!head) return std::unexpected(head.error());
    if (!*head) return fail(Code::corrupt, "a co-signed head is missing");
    std::set<AgencyId> having;
    std::set<keys::KeyId> counting;
    for (const auto& owner : machine_.documents_.registry->witnesses(time_)) {
        having.insert(owner.agency->id);
        counting.insert(owner.key->id);
    }
    std::vector<CosignatureRow> newest;
    for (const auto& [agency, row] : *rows) {
        if (counting.contains(row.key)) newest.push_back(row);
    }
    // A note has room for so many lines; the log's own is one of them.
    std::ranges::sort(newest, std::greater<>(), &CosignatureRow::time);
    WitnessedNote witnessed{size, std::move(**head), 0, having.size(), 0};
    std::vector<Millis> times;
    for (const CosignatureRow& row : newest) {
        if (times.size() + 1 == proof::kNoteSignaturesMax ||
            witnessed.note.size() + row.line.size() > proof::kNoteBytesMax) {
            break;
        }
        witnessed.note += row.line;
        times.push_back(row.time);
    }
    witnessed.agencies = times.size();
    witnessed.time = proof::majority_time(std::move(times), witnessed.of);
    if (witnessed.time == 0) return std::optional<WitnessedNote>();
    return std::optional(std::move(witnessed));
}

Result<std::optional<WitnessedNote>> Group::newest_witnessed() const {
    auto sizes = state_.cosigned_sizes();
    if (!sizes) return std::unexpected(sizes.error());
    for (const std::uint64_t size : *sizes) {
        auto witnessed = maybe_witnessed(size);
        if (!witnessed || *witnessed) return witnessed;
    }
    return std::optional<WitnessedNote>();
}

Result<void> Group::forget_older_cosignatures() {
    auto sizes = state_.cosigned_sizes();
    if (!sizes) return std::unexpected(sizes.error());
    if (sizes->size() <= kCosignedHeadsMax) return {};
    auto witnessed = newest_witnessed();
    if (!witnessed) return std::unexpected(witnessed.error());
    for (std::size_t i = kCosignedHeadsMax; i < sizes->size(); ++i) {
        if (*witnessed && (*witnessed)->size == (*sizes)[i]) continue;
        auto erased = state_.erase_cosignatures((*sizes)[i]);
        if (!erased) return erased;
    }
    return {};
}

Judged<void> Group::cosign(const Session& session, std::uint64_t size, std::string_view line) {
    const auto refuse = [](Code code, std::string_view detail = {}) {
        return refused<void>(Error{code, std::string(detail), "cosignature", {}});
    };
    auto signature = proof::parse_note_signature_line(line);
    if (!signature) return refused<void>(signature.error());
    if (signature->name != session.node.text()) return refuse(Code::wrong_sender);
    const auto* key = maybe_witness_key(*machine_.documents_.registry, session, *signature);
    if (key == nullptr) return refuse(Code::unknown_key);
    if (key->revoked) return refuse(Code::revoked_key);
    if (!registry::holds_at(key->validity.from, key->validity.until, time_)) {
        return refuse(Code::expired_key);
    }
    auto head = state_.maybe_head(size);
    if (!head) return std::unexpected(head.error());
    if (!*head) return refuse(Code::not_found, "no head of this size");
    auto public_key = keys::PublicKey::from_raw_ed25519(key->raw);
    if (!public_key) return std::unexpected(public_key.error());
    auto time = proof::verify_cosignature(**head, line, session.node.text(), *public_key);
    if (!time) return refused<void>(time.error());
    if (*time > time_ + kAheadMax) return refuse(Code::bad_argument, "of a time to come");
    auto sizes = state_.cosigned_sizes();
    if (!sizes) return std::unexpected(sizes.error());
    if (sizes->size() >= kCosignedHeadsMax && size < (*sizes)[kCosignedHeadsMax - 1]) {
        return refuse(Code::rollback, "newer heads have been co-signed");
    }
    auto rows = state_.cosignatures(size);
    if (!rows) return std::unexpected(rows.error());
    const auto known = rows->find(session.agency);
    if (known != rows->end() && known->second.time >= *time) {
        return std::expected<void, Error>();
    }
    auto stored = state_.put_cosignature(
        size, session.agency, CosignatureRow{*time, key->id, std::string(line)});
    if (!stored) return std::unexpected(stored.error());
    auto forgotten = forget_older_cosignatures();
    if (!forgotten) return std::unexpected(forgotten.error());
    return std::expected<void, Error>();
}

}  // namespace lienthong::core
