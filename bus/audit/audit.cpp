// SPDX-License-Identifier: Apache-2.0
#include "bus/audit/audit.hpp"

#include <map>
#include <set>
#include <vector>

#include "bus/core/state.hpp"
#include "bus/journal/lmdb_journal.hpp"
#include "bus/journal/scrub.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/batch.hpp"

namespace lienthong::audit {
namespace {

using proof::EntryKind;

constexpr std::uint64_t kProgressEvery = 1000;

// The rightmost complete subtrees of a growing tree: enough to give its root at every size.
class GrowingTree {
  public:
    void add(const Hash& leaf) {
        Hash hash = leaf;
        std::uint64_t index = size_++;
        while ((index & 1) == 1) {
            hash = proof::node_hash(peaks_.back(), hash);
            peaks_.pop_back();
            index >>= 1;
        }
        peaks_.push_back(hash);
    }
    Hash root() const {
        if (peaks_.empty()) return keys::sha256(BytesView());
        Hash hash = peaks_.back();
        for (std::size_t i = peaks_.size() - 1; i-- > 0;) hash = proof::node_hash(peaks_[i], hash);
        return hash;
    }

  private:
    std::vector<Hash> peaks_;
    std::uint64_t size_ = 0;
};

// Replays what can be replayed without a key, entry by entry, and stops at the first fault.
class Auditor {
  public:
    Auditor(const core::ReadState& state, BusId bus, const Hash& administrators)
        : state_(state), bus_(std::move(bus)), administrators_(administrators) {}

    Result<void> check(Position position) {
        auto entry = state_.entry(position);
        if (!entry) return std::unexpected(entry.error());
        if (entry->time < last_time_) return fail(Code::corrupt, "time goes back");
        last_time_ = entry->time;
        Result<void> checked;
        switch (entry->kind) {
            case EntryKind::message:
                checked = check_message(position, *entry);
                break;
            case EntryKind::document:
                checked = check_document(*entry);
                break;
            case EntryKind::refusals:
                checked = check_refusals(*entry);
                break;
            default:
                break;
        }
        if (!checked) return checked;
        tree_.add(core::leaf_of(bus_, position, *entry));
        return check_head(position + 1);
    }
    Hash root() const { return tree_.root(); }
    std::uint64_t last_head() const { return last_head_; }

  private:
    Result<void> check_document(const core::Entry& entry) {
        auto document = documents_.judge(entry.content, bus_, administrators_);
        if (!document) return std::unexpected(document.error());
        return documents_.take(*document, entry.content);
    }

    Result<void> check_refusals(const core::Entry& entry) {
        auto refusals = core::parse_refusals(entry.content);
        if (!refusals) return std::unexpected(refusals.error());
        for (const auto& one : refusals->refused) {
            refused_[refusals->stream].insert(one.sequence);
        }
        return {};
    }

    Result<void> check_message(Position position, const core::Entry& entry) {
        auto header = message::parse_header(entry.content);
        if (!header) return std::unexpected(header.error());
        if (header->bus != bus_) return fail(Code::wrong_bus);
        auto row = state_.maybe_batch(header->id.stream, entry.batch_first);
        if (!row) return std::unexpected(row.error());
        if (!*row) return fail(Code::corrupt, "the batch is missing");
        const std::uint64_t index = header->id.sequence - entry.batch_first;
        if (header->id.sequence < entry.batch_first || index >= (*row)->headers.size() ||
            (*row)->headers[index] != proof::leaf_hash(entry.content)) {
            return fail(Code::bad_digest, "the header is not in its batch");
        }
        if (keys::sha256((*row)->proof) != entry.proof_digest) {
            return fail(Code::bad_digest, "another batch proof");
        }
        auto sequence = check_sequence(header->id);
        if (!sequence) return sequence;
        const MessageId batch{header->id.stream, entry.batch_first};
        if (batch == last_batch_) return {};
        last_batch_ = batch;
        return check_batch(position, entry, header->sender, **row);
    }

    Result<void> check_batch(Position position,
                             const core::Entry& entry,
                             const AgencyId& sender,
                             const core::BatchRow& row) {
        if (!documents_.registry) return fail(Code::unknown_key, "no registry at this position");
        auto proof = proof::parse_batch_proof(row.proof);
        if (!proof) return std::unexpected(proof.error());
        auto key = documents_.registry->signing_key(sender, proof->key_id, entry.time, position);
        if (!key) return std::unexpected(key.error());
        return proof::verify_batch(*proof, *key, bus_, sender, row.headers);
    }

    // Numbers of a stream are contiguous but for those refused. The refusals of a batch stand after
    // its messages, so a gap may be explained a little later; the end must leave none.
    Result<void> check_sequence(const MessageId& id) {
        std::uint64_t& last = streams_[id.stream];
        if (id.sequence <= last) return fail(Code::stream_gap, "a number was used twice");
        for (std::uint64_t number = last + 1; number < id.sequence; ++number) {
            const auto refused = refused_.find(id.stream);
            if (refused == refused_.end() || !refused->second.contains(number)) {
                auto known = state_.maybe_refusal(MessageId{id.stream, number});
                if (!known) return std::unexpected(known.error());
                if (!*known) return fail(Code::stream_gap, "a number is missing");
            }
        }
        last = id.sequence;
        return {};
    }

    Result<void> check_head(std::uint64_t size) {
        auto note = state_.maybe_head(size);
        if (!note) return std::unexpected(note.error());
        if (!*note) return {};
        if (!documents_.registry) return fail(Code::unknown_key, "a head before any registry");
        auto claimed = proof::parse_head(**note);
        if (!claimed) return std::unexpected(claimed.error());
        const auto* entry = documents_.registry->log_key(claimed->time);
        if (entry == nullptr) return fail(Code::unknown_key, "no log key");
        auto key = keys::PublicKey::from_raw_ed25519(entry->raw);
        if (!key) return std::unexpected(key.error());
        auto head = proof::verify_head(**note, bus_, *key);
        if (!head) return std::unexpected(head.error());
        if (head->size != size || head->root != tree_.root()) return fail(Code::bad_root);
        last_head_ = size;
        return {};
    }

    const core::ReadState& state_;
    const BusId bus_;
    Hash administrators_;
    policy::DocumentSet documents_;
    GrowingTree tree_;
    Millis last_time_ = 0;
    MessageId last_batch_;
    std::uint64_t last_head_ = 0;
    std::map<std::uint64_t, std::uint64_t> streams_;
    std::map<std::uint64_t, std::set<std::uint64_t>> refused_;
};

Verdict damaged(std::uint64_t entries, Position position, const Error& error) {
    Verdict verdict;
    verdict.entries = entries;
    const bool of_store = error.errc() == Errc::io || error.errc() == Errc::not_found;
    verdict.first_fault = Fault{position, of_store ? Code::corrupt : error.code, error.detail};
    return verdict;
}

// The list that stands first in the copy, and the bus that it says it is of.
struct Beginning {
    BusId bus;
    Hash administrators;
};

Result<Beginning> beginning_of(const core::ReadState& state) {
    auto bytes = state.maybe_document(registry::DocumentKind::administrators, 1);
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return fail(Code::corrupt, "the log has no administrators' list");
    auto document = registry::parse_document(**bytes);
    if (!document) return std::unexpected(document.error());
    return Beginning{document->bus, keys::sha256(**bytes)};
}

Verdict audit(const journal::ReadTxn& txn,
              const core::ReadState& state,
              const std::optional<Hash>& administrators,
              const Progress& progress) {
    const std::uint64_t entries = txn.log_size();
    auto beginning = beginning_of(state);
    if (!beginning) return damaged(entries, 0, beginning.error());
    const auto faulty = [&](Position position, const Error& error) {
        Verdict verdict = damaged(entries, position, error);
        verdict.administrators = beginning->administrators;
        return verdict;
    };
    if (administrators && *administrators != beginning->administrators) {
        return faulty(0,
                      Error{Code::threshold_not_met, "not the administrators' list given", {}, {}});
    }
    Auditor auditor(state, beginning->bus, beginning->administrators);
    for (Position position = 0; position < entries; ++position) {
        auto checked = auditor.check(position);
        if (!checked) return faulty(position, checked.error());
        if (progress && position % kProgressEvery == 0) progress(position, entries);
    }
    if (auditor.last_head() != entries) {
        return faulty(auditor.last_head(), Error{Code::bad_root, "no head covers it", {}, {}});
    }
    if (progress) progress(entries, entries);
    Verdict verdict;
    verdict.ok = true;
    verdict.entries = entries;
    verdict.root = auditor.root();
    verdict.administrators = beginning->administrators;
    return verdict;
}

}  // namespace

Result<Verdict> verify(const std::filesystem::path& directory,
                       const std::optional<Hash>& administrators,
                       const Progress& progress) {
    const bool is_home = std::filesystem::exists(directory / "data" / "data.mdb");
    journal::LmdbOptions options;
    options.directory = is_home ? directory / "data" : directory;
    options.tables = core::kTableNames;
    options.read_only = true;
    auto journal = journal::open_lmdb(options);
    if (!journal) {
        if (journal.error().errc() == Errc::corrupt) return damaged(0, 0, journal.error());
        return std::unexpected(journal.error());
    }
    auto txn = (*journal)->begin_read();
    if (!txn) return damaged(0, 0, txn.error());
    Position first_bad = 0;
    auto read = journal::scrub(
        **txn, options.tables.size(), [&first_bad](const journal::ScrubFault& fault) {
            if (!fault.maybe_table) first_bad = fault.position;
        });
    if (!read) return damaged((*txn)->log_size(), first_bad, read.error());
    // Without the master key sections and cases stay closed: nothing below asks for them.
    SystemRandom random;
    core::Vault locked(seal::StorageKey::generate(random), random);
    return audit(**txn, core::ReadState(**txn, locked), administrators, progress);
}

}  // namespace lienthong::audit
