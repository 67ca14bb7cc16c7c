// SPDX-License-Identifier: Apache-2.0
// Machine and Group: the deterministic state machine of the broker. A Group is one group commit: it
// carries out requests one after another inside one transaction of the journal: decide, append,
// apply. The committer then signs the head, completes what waits for it, commits, and only then
// answers. Thread: the committer's.
#pragma once

#include <expected>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "bus/core/apply.hpp"
#include "bus/core/decide.hpp"
#include "bus/core/state.hpp"
#include "bus/core/verified.hpp"

namespace lienthong::core {

// Outer: the journal failed, the process must end. Inner: the answer, or the refusal to send.
template <class T>
using Judged = Result<std::expected<T, Error>>;

template <class T>
Judged<T> refused(Error error) {
    return std::expected<T, Error>(std::unexpected(std::move(error)));
}

struct MachineOptions {
    BusId bus;
    Hash pinned_administrators;  // SHA-256 of the first administrators' list, as signed
    std::uint32_t delivery_bytes_max = 4 * 1024 * 1024;
    std::uint32_t delivery_messages_max = 1024;
    std::size_t delivery_tables_max = message::kDeliveryTablesMax;
    std::size_t delivery_looks_max = 8192;  // entries looked at, withheld ones too
    Millis query_repeat_ms = 15 * 60 * 1000;
    std::size_t evidence_bytes_max = message::kEvidenceBytesMax;  // in one answer
    std::uint32_t classes_max = kClassesMax;
    std::uint32_t classes_per_agency_max = kClassesMax / 4;  // that one agency began
};

class Machine {
  public:
    Machine(MachineOptions options, Vault& vault) : options_(std::move(options)), vault_(vault) {}

    const MachineOptions& options() const { return options_; }
    Vault& vault() { return vault_; }
    // The documents in force as of the last load() or adoption.
    const Documents& documents() const { return documents_; }
    Result<void> load(const ReadState& state);

  private:
    friend class Group;
    MachineOptions options_;
    Vault& vault_;
    Documents documents_;
    EarlierRules earlier_;
};

struct FetchRequest {
    std::string consumer;
    Position from = 0;
    std::uint32_t credit_bytes = 0;
    std::uint32_t credit_messages = 0;
};

// A head with the co-signatures that count now.
struct WitnessedNote {
    std::uint64_t size = 0;
    std::string note;
    std::size_t agencies = 0;
    std::size_t of = 0;
    Millis time = 0;  // at which more than half had vouched
};

// Heads whose co-signatures are kept: the newest, and the newest witnessed one.
inline constexpr std::size_t kCosignedHeadsMax = 16;

class Group {
  public:
    // What fetches and queries may do: with `without_entries` there is no room for what reading
    // puts on the record, and a read that needs it is disk_full.
    enum class Reading : std::uint8_t { with_entries, without_entries };
    // `time` is not before that of the last entry. Everything borrowed outlives the group.
    Group(Machine& machine,
          journal::WriteTxn& txn,
          Millis time,
          Epoch epoch,
          Reading reading = Reading::with_entries);

    // All but head and range proof, which complete() adds once the head is signed.
    Judged<message::Receipt> publish(const VerifiedBatch& batch);
    // All but head and signature.
    Judged<message::Delivery> fetch(const Session& session, const FetchRequest& request);
    Judged<message::QueryAnswer> query(const Session& session, const message::Query& query);
    // A chunk of a large section, before its header: durable with the group.
    Judged<std::monostate> upload(const Session& session, const ChunkOffer& offer);
    // forbidden: not delivered to this node, not granted now, or not there; erased, bad_argument.
    Judged<ChunkAnswer> fetch_chunk(const Session& session, const ChunkRequest& request);
    // Drops at most so many chunks of uploads that nobody claimed in kUploadKeptMs, or that nobody
    // can claim any more; how many went.
    Result<std::size_t> collect_uploads(std::size_t chunks_max);
    bool may_record() const { return reading_ == Reading::with_entries; }
    // One more refusal of the agency's under this rule: on the record with its count once the
    // minute is over.
    Result<void> record_denial(const AgencyId& agency, std::string_view rule);
    // Position of the entry.
    Judged<Position> adopt(BytesView bytes);
    // A node's co-signature of the head of this size; repeating one changes nothing.
    // malformed_proof, wrong_sender (another node's name), unknown_key, revoked_key, expired_key,
    // not_found (no head of this size), bad_signature, bad_argument (a time to come), rollback
    // (older than the heads whose co-signatures are kept).
    Judged<void> cosign(const Session& session, std::uint64_t size, std::string_view line);
    // The newest head with co-signatures of more than half of the agencies that have a witness.
    Result<std::optional<WitnessedNote>> newest_witnessed() const;
    // The broker took over: fences, starts an epoch, on the record.
    Result<void> start_epoch();

    // What has to be signed now; nothing if the log did not grow in this group.
    Result<std::optional<proof::Head>> head_to_sign() const;
    Result<void> set_head(const proof::Head& head, std::string_view note);

    // Also the consistency proof between its head and `asked_size`.
    Result<void> complete(message::Receipt& receipt) const;
    // Fills in the newest head; gives what the log key has to sign.
    Result<Bytes> statement_for(message::Delivery& delivery) const;

    const ReadState& state() const { return state_; }
    // Agencies for which something new stands in the log; with `everybody`, all of them.
    const std::set<AgencyId>& touched() const { return touched_; }
    bool touched_everybody() const { return touched_everybody_; }
    bool grown() const { return state_.log_size() != size_before_; }

  private:
    struct Placed {
        Ruling ruling;
        std::uint32_t class_id = 0;
        bool is_new_class = false;
    };
    Result<Placed> place(const StreamRow& stream, const VerifiedEnvelope& envelope);
    Result<void> admit(const VerifiedBatch& batch,
                       const VerifiedEnvelope& envelope,
                       const Placed& placed);
    Result<std::optional<std::expected<message::Receipt, Error>>> known_batch(
        const VerifiedBatch& batch, const std::optional<StreamRow>& stream) const;
    std::optional<Error> judge_batch(const VerifiedBatch& batch,
                                     const std::optional<StreamRow>& stream) const;
    Judged<message::Receipt> admit_batch(const VerifiedBatch& batch, StreamRow stream);
    Judged<message::Receipt> record_batch(const VerifiedBatch& batch,
                                          const BatchRow& row,
                                          const Refusals& refusals,
                                          const std::vector<std::string>& grants_missing,
                                          const Ruling& stopped);
    Result<void> close_stream(const VerifiedBatch& batch, std::uint64_t last);
    // chunks.cpp
    Result<void> claim_chunks(const VerifiedEnvelope& envelope, const CaseId& sealed_under);
    Result<void> abandon_uploads(const AgencyId& agency,
                                 const MessageId& first,
                                 std::uint64_t last);
    Result<void> grant_chunks(const Session& session, const message::DeliveredEntry& entry);
    Result<std::optional<ChunkSource>> find_chunks(const Session& session,
                                                   const ChunkRequest& request);
    Result<Position> append_and_apply(const Entry& entry, const Opened& opened);
    Result<Position> append_note(proof::EntryKind kind, Bytes content);
    Result<bool> count_repeat(const Queried& queried);
    Result<void> record_query(const Session& session,
                              const message::Query& query,
                              const std::vector<message::CaseRow>& shown);
    using NextInClass = std::pair<Position, std::uint32_t>;
    using ClassQueue = std::priority_queue<NextInClass, std::vector<NextInClass>, std::greater<>>;
    Result<ClassQueue> merge_classes(const AgencyId& agency, Position from) const;
    Result<std::optional<message::DeliveredEntry>> deliver_entry(const Session& session,
                                                                 Position position);
    Result<bool> is_personal(std::uint32_t class_id) const;
    // True if this may be written now; else the fetch that wants it ends before this entry.
    bool may_write();
    Result<std::optional<Code>> why_skipped(const AgencyId& agency, const MessageId& message);
    Result<std::uint64_t> delivered_before(const AgencyId& agency,
                                           const MessageId& message,
                                           std::uint64_t number);
    Result<std::vector<message::Skipped>> skipped_before(const AgencyId& agency,
                                                         const MessageId& message);
    Result<void> answer_list(const Session& session,
                             const message::Query& query,
                             message::QueryAnswer& answer);
    Result<void> answer_case(const message::Query& query,
                             const CaseRecord& record,
                             message::QueryAnswer& answer);
    Result<void> put_in_batch(message::DeliveredEntry& delivered,
                              Entry entry,
                              const MessageId& message);
    // evidence.cpp
    Result<void> answer_evidence(const Session& session,
                                 const message::Query& query,
                                 const CaseRecord& record,
                                 message::QueryAnswer& answer);
    Result<std::optional<message::PartyEvidence>> evidence_at(const AgencyId& agency,
                                                              Position position,
                                                              const CaseRecord& record,
                                                              std::uint64_t head_size);
    Result<std::optional<WitnessedNote>> maybe_witnessed(std::uint64_t size) const;
    Result<void> forget_older_cosignatures();

    Machine& machine_;
    State state_;
    const Millis time_;
    const Epoch epoch_;
    const std::uint64_t size_before_;
    const Reading reading_;
    bool wanted_to_write_ = false;  // a fetch met something that it may not write

    // Rows of this group that still miss the size of the head that covers them.
    struct PendingBatch {
        std::uint64_t stream = 0;
        std::uint64_t first = 0;
        BatchRow row;
    };
    std::vector<PendingBatch> batches_;
    std::set<AgencyId> touched_;
    bool touched_everybody_ = false;
};

// A receipt for a batch that is on the record already, as it was given the first time.
message::Receipt receipt_of(std::uint64_t stream, std::uint64_t first, const BatchRow& row);

}  // namespace lienthong::core
