// SPDX-License-Identifier: Apache-2.0
// State: the broker's tables, typed. A State lives inside one transaction of the journal; what it
// reads and writes is exactly that transaction's. Rows made from a case's facts are encrypted under
// the key of the case before they reach the journal.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "bus/base/random.hpp"
#include "bus/core/case_machine.hpp"
#include "bus/core/entry.hpp"
#include "bus/core/tables.hpp"
#include "bus/core/upload.hpp"
#include "bus/journal/journal.hpp"
#include "bus/message/envelope.hpp"
#include "bus/message/exchange.hpp"
#include "security/policy/document_set.hpp"
#include "security/proof/merkle.hpp"
#include "security/registry/document.hpp"
#include "security/seal/case_vault.hpp"

namespace lienthong::core {

// Who wraps the cases' keys. Owned by the process; used on the thread of its State.
class Vault {
  public:
    Vault(seal::StorageKey master, Random& random) : master_(std::move(master)), random_(random) {}
    const seal::StorageKey& master() const { return master_; }
    Random& random() { return random_; }

  private:
    seal::StorageKey master_;
    Random& random_;
};

using Documents = policy::DocumentSet;

// The class of entries that everybody gets: documents of record.
inline constexpr std::uint32_t kEverybody = 0;

struct StreamRow {
    AgencyId agency;
    NodeId node;
    std::uint32_t class_id = 0;  // 0: not yet known, nothing was accepted
    std::uint64_t last = 0;
    bool closed = false;
    Position newest = 0;  // of the entry that used up its last number
};

struct BatchRow {
    Bytes proof;
    std::vector<Hash> headers;            // leaf hashes of the whole batch as it was signed
    std::vector<std::uint16_t> verdicts;  // code, 0 = accepted
    Position first_position = 0;
    std::uint32_t accepted = 0;
    Millis time = 0;
    Epoch epoch = 0;
    std::uint64_t head_size = 0;
};

struct ClassRow {
    message::Kind kind = message::Kind::none;
    std::vector<AgencyId> agencies;
    Position last_position = 0;
};

struct CaseRecord {
    CaseState state = CaseState::none;
    AgencyId holder;
    Millis since = 0;
    Position position = 0;  // of the newest entry of the case
    Epoch epoch = 0;
    Hash leaf;
    Millis due = 0;
    std::vector<AgencyId> parties;
    std::vector<AgencyId> consented;
    std::uint16_t places = 0;  // asked for by the newest referral
    bool operator==(const CaseRecord&) const = default;
};

struct CaseStepRecord {
    Millis time = 0;
    message::Kind kind = message::Kind::none;
    AgencyId agency;
    CaseState state = CaseState::none;
    MessageId message;
    Hash header_digest;
    bool operator==(const CaseStepRecord&) const = default;
};

// The newest co-signature of an agency under a head, with the key that made it.
struct CosignatureRow {
    Millis time = 0;
    keys::KeyId key;
    std::string line;
};

// Places of a shelter, as its newest ShelterCapacity and its intakes say.
struct ShelterRow {
    std::uint32_t capacity_normal = 0;
    std::uint32_t capacity_max = 0;
    std::uint32_t taken = 0;
};

class ReadState {
  public:
    ReadState(const journal::ReadTxn& txn, Vault& vault) : txn_(txn), vault_(vault) {}

    Result<Millis> last_time() const;
    Result<Documents> documents() const;
    Result<std::optional<Bytes>> maybe_document(registry::DocumentKind kind,
                                                std::uint32_t version) const;

    Result<std::optional<StreamRow>> maybe_stream(std::uint64_t stream) const;
    // The node's streams, those with the newest entries first. Reads no more rows than it gives.
    Result<std::vector<std::pair<std::uint64_t, StreamRow>>> streams_of(
        const NodeId& node, std::size_t count_max) const;
    Result<std::optional<BatchRow>> maybe_batch(std::uint64_t stream, std::uint64_t first) const;
    // The batch that holds a number, with its first number.
    Result<std::optional<std::pair<std::uint64_t, BatchRow>>> maybe_batch_with(
        const MessageId& message) const;
    Result<std::optional<Position>> maybe_position(const MessageId& message) const;
    Result<std::optional<Code>> maybe_refusal(const MessageId& message) const;

    // A fetch of the agency passed the message over; a later grant does not bring it back.
    Result<bool> is_withheld(const AgencyId& agency, const MessageId& message) const;

    // Of a message before which many numbers were skipped: the last one that the agency got.
    Result<std::optional<std::uint64_t>> maybe_bridge(const AgencyId& agency,
                                                      const MessageId& message) const;

    Result<std::optional<ClassRow>> maybe_class(std::uint32_t class_id) const;
    Result<std::optional<std::uint32_t>> maybe_class_id(
        message::Kind kind, const std::vector<AgencyId>& agencies) const;
    Result<std::uint32_t> class_count() const;
    // Classes that messages of this agency were the first of.
    Result<std::uint32_t> classes_made_by(const AgencyId& agency) const;
    Result<std::vector<std::uint32_t>> classes_of(const AgencyId& agency) const;
    // Next position of the class at or after `from`.
    Result<std::optional<Position>> maybe_next_in_class(std::uint32_t class_id,
                                                        Position from) const;

    // The one look-up that decides whether a case exists for an agency: misses alike for a case
    // that is absent, erased or none of its business.
    Result<bool> is_party(const AgencyId& agency, const CaseId& case_id) const;
    // Position of the entry that made it one.
    Result<std::optional<Position>> maybe_party_since(const AgencyId& agency,
                                                      const CaseId& case_id) const;
    Result<std::vector<CaseId>> cases_of(const AgencyId& agency,
                                         const CaseId& after,
                                         std::size_t count_max) const;
    Result<std::optional<CaseRecord>> maybe_case(
        const CaseId& case_id) const;  // only after is_party
    Result<std::vector<std::pair<Position, CaseStepRecord>>> case_steps(
        const CaseId& case_id, Position from, std::size_t count_max) const;
    Result<std::optional<ShelterRow>> maybe_shelter(const AgencyId& centre) const;

    Result<Entry> entry(Position position) const;
    // Sections of a message entry as they travelled: `locked` or `erased` if their key is gone.
    Result<std::vector<message::Section>> sections(const Entry& entry) const;

    // upload_state.cpp
    Result<std::optional<UploadRow>> maybe_upload(const UploadId& upload) const;
    // Leaves by index, as far as they are there.
    Result<std::vector<std::pair<std::uint32_t, ChunkLeaf>>> chunk_leaves(
        const UploadId& upload) const;
    Result<std::optional<ChunkLeaf>> maybe_chunk_leaf(const UploadId& upload,
                                                      std::uint32_t index) const;
    // The bytes as they were sent. erased: the key that wraps the upload's key is gone.
    Result<Bytes> chunk(const UploadId& upload, std::uint32_t index) const;
    // What the unclaimed uploads of an agency count against its quota.
    Result<std::uint64_t> upload_bytes(const AgencyId& agency) const;
    // Unclaimed uploads of the agency for the message `first` and those after it in its stream, up
    // to the number `last`.
    Result<std::vector<UploadId>> unclaimed_uploads(const AgencyId& agency,
                                                    const MessageId& first,
                                                    std::uint64_t last) const;
    // Unclaimed uploads whose newest chunk came before `time`, oldest first.
    Result<std::vector<UploadId>> uploads_before(Millis time, std::size_t count_max) const;
    // Sections of the entry, by their place in the kind, whose chunks this node may fetch.
    Result<std::vector<std::uint8_t>> chunk_grant(const AgencyId& agency,
                                                  const NodeId& node,
                                                  Position position) const;

    proof::NodeSource tree() const;
    Result<std::optional<std::string>> maybe_head(std::uint64_t size) const;
    Result<std::optional<std::string>> newest_head() const;
    std::uint64_t log_size() const { return txn_.log_size(); }

    // witness.cpp
    using Cosignatures = std::map<AgencyId, CosignatureRow>;
    Result<Cosignatures> cosignatures(std::uint64_t size) const;
    Result<std::vector<std::uint64_t>> cosigned_sizes() const;  // of heads, descending

  protected:
    Result<std::optional<Bytes>> get(Tables table, BytesView key) const {
        return txn_.maybe_get(id(table), key);
    }
    Result<std::optional<seal::StorageKey>> maybe_case_key(const CaseId& case_id) const;
    Result<seal::StorageKey> upload_key(const UploadId& upload, const UploadRow& row) const;
    Result<std::optional<Bytes>> get_protected(Tables table,
                                               BytesView key,
                                               const CaseId& case_id) const;

    const journal::ReadTxn& txn_;
    Vault& vault_;
};

class State final : public ReadState {
  public:
    State(journal::WriteTxn& txn, Vault& vault) : ReadState(txn, vault), write_(txn) {}

    Result<void> set_last_time(Millis time);
    Result<void> put_document(const registry::SignedDocument& document, BytesView bytes);
    Result<void> put_stream(std::uint64_t stream, const StreamRow& row);
    Result<void> put_refusal(const MessageId& message, Code code);
    Result<void> put_withheld(const AgencyId& agency, const MessageId& message);
    Result<void> put_bridge(const AgencyId& agency, const MessageId& message, std::uint64_t number);
    Result<void> put_batch(std::uint64_t stream, std::uint64_t first, const BatchRow& row);
    Result<void> put_class(std::uint32_t class_id, const ClassRow& row, bool is_new);
    Result<void> count_class_of(const AgencyId& maker);
    Result<void> put_in_class(std::uint32_t class_id, Position position);
    Result<void> put_case(const CaseId& case_id, const CaseRecord& record);
    Result<void> put_case_step(const CaseId& case_id,
                               Position position,
                               const CaseStepRecord& step);
    Result<void> put_party(const AgencyId& agency, const CaseId& case_id, Position position);
    Result<void> put_shelter(const AgencyId& centre, const ShelterRow& row);
    Result<void> put_head(std::uint64_t size, std::string_view note);
    Result<void> put_cosignature(std::uint64_t size,
                                 const AgencyId& agency,
                                 const CosignatureRow& row);
    Result<void> erase_cosignatures(std::uint64_t size);

    // Digest row → {time of the last entry, repeats since}.
    Result<std::pair<Millis, std::uint32_t>> query_row(const Hash& key) const;
    Result<void> put_query_row(const Hash& key, Millis time, std::uint32_t repeats);
    Result<std::pair<std::int64_t, std::uint32_t>> denial_row(const AgencyId& agency,
                                                              std::string_view rule) const;
    Result<void> put_denial_row(const AgencyId& agency,
                                std::string_view rule,
                                std::int64_t minute,
                                std::uint32_t count);

    // upload_state.cpp. A chunk takes the place of an earlier one; another count begins the upload
    // anew. False: this very chunk was there already, and nothing was written.
    Result<bool> put_chunk(const UploadId& upload, const ChunkOffer& offer, Millis time);
    // A header has claimed it: no quota counts it any more, nothing collects it, and the key of the
    // case wraps its key.
    Result<void> claim_upload(const UploadId& upload, const CaseId& case_id);
    // Nobody will claim it any more: the next collection takes it.
    Result<void> abandon_upload(const UploadId& upload);
    // At most so many chunks, and the upload itself after its last one; how many chunks went.
    Result<std::size_t> erase_chunks(const UploadId& upload, std::size_t count_max);
    Result<void> put_chunk_grant(const AgencyId& agency,
                                 const NodeId& node,
                                 Position position,
                                 const std::vector<std::uint8_t>& sections);

    // Makes the case's key if there is none yet.
    Result<Bytes> protect(const CaseId& case_id, BytesView plaintext, BytesView bound_to);

    // Appends the entry and its leaf.
    Result<Position> append(const BusId& bus, const Entry& entry);

  private:
    Result<void> put(Tables table, BytesView key, BytesView value) {
        return write_.put(id(table), key, value);
    }
    Result<void> put_protected(Tables table, BytesView key, const CaseId& case_id, BytesView value);
    Result<void> put_upload(const UploadId& upload, const UploadRow& row);
    Result<void> charge(const AgencyId& agency, std::uint64_t more, std::uint64_t less);

    journal::WriteTxn& write_;
};

// The id under whose key a message's sections are stored: its case's, or, for personal messages of
// no case, one made of its message id. None: statistics, stored plain.
CaseId storage_case(const message::Header& header);

// What a section is bound to at rest.
Bytes storage_binding(const MessageId& message);

}  // namespace lienthong::core
