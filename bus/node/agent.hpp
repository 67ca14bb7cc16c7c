// SPDX-License-Identifier: Apache-2.0
// NodeAgent: the node as a state machine that is stepped. It connects, publishes what waits,
// fetches what is there, and checks all of it. Thread: its own; Node's methods reach it through a
// queue. Invariants: a number leaves only after its outbox row is durable; the cursor moves in the
// transaction that stores the entries; the newest head only ever moves to a consistent one.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "bus/journal/journal.hpp"
#include "bus/node/check.hpp"
#include "bus/node/compose.hpp"
#include "bus/node/node.hpp"
#include "bus/node/reply.hpp"
#include "bus/node/store.hpp"
#include "bus/node/turns.hpp"
#include "bus/wire/command.hpp"
#include "bus/wire/link.hpp"
#include "security/policy/document_set.hpp"
#include "security/proof/bundle.hpp"
#include "security/proof/witness.hpp"

namespace lienthong::node {

class NodeAgent {
  public:
    NodeAgent(NodeOptions options,
              NodeKeys keys,
              journal::Journal& journal,
              wire::ClientLink& link,
              const Clock& clock,
              Random& random);

    Result<void> start();
    int do_work();
    // Set when the disk failed or the stored data is corrupt: the process ends.
    const std::optional<Error>& broken() const { return broken_; }

    // The methods of Api, on the agent's thread.
    void submit(std::vector<Draft> drafts,
                Clock::Monotonic until,
                std::function<void(Result<std::vector<Outcome>>)> done);
    Result<std::vector<InboxEntry>> consume(Position from, std::size_t count_max);
    Result<InboxEntry> message(const MessageId& id);
    Result<Secret> section(const MessageId& id, std::string_view name);
    Result<Bytes> section_as_sent(const MessageId& id, std::string_view name);
    void verify(const MessageId& id,
                Clock::Monotonic until,
                const std::function<void(Result<Verification>)>& done);
    void query(const message::Query& query,
               Clock::Monotonic until,
               std::function<void(Result<message::QueryAnswer>)> done);
    void status(Clock::Monotonic until, std::function<void(Result<Status>)> done);
    Documents documents() const { return {documents_.registry, documents_.policy}; }
    void catch_up(Position position,
                  Clock::Monotonic until,
                  const std::function<void(Result<void>)>& done);
    void catch_up_to_now(Clock::Monotonic until, std::function<void(Result<void>)> done);
    void adopt(BytesView document,
               Clock::Monotonic until,
               std::function<void(Result<Position>)> done);
    Result<ExportedBundle> export_bundle(const Api::BundleProgress& progress);
    Result<ImportedBundle> import_bundle(BytesView file, const Api::BundleProgress& progress);

  private:
    enum class Connection : std::uint8_t { down, greeting, up };
    struct Call {
        Clock::Monotonic until{};
        OnReply done;
        bool keeps_failures = false;  // they are answers
    };
    // Asked after each step: true when it has been answered.
    struct Watch {
        std::function<bool(bool overdue)> ready;
        Clock::Monotonic until{};
    };

    // agent.cpp: connection, requests, documents
    void send(
        wire::Channel channel, wire::Body body, Bytes data, Clock::Monotonic until, OnReply done);
    bool receive_one();
    void expire_calls();
    void serve_watches();
    wire::Hello hello() const;
    void connect();
    void greeted(Result<Reply> reply);
    void take_welcome(const wire::Welcome& welcome);
    void step_compare();
    Result<void> compare_streams(const wire::Welcome& welcome, std::uint64_t log_size);
    void lose_connection(const Error& error);
    Result<void> load_documents();
    Result<void> learn_document(WriteStore& store, Position position, BytesView bytes);
    void alarm(std::string text);
    Result<void> keep_alarms(WriteStore& store);
    void store_alarms();
    void note_document(const registry::SignedDocument& document,
                       BytesView bytes,
                       Position position);
    void fail_with(Error error);
    Clock::Monotonic after(std::chrono::milliseconds time) const {
        return clock_.monotonic() + time;
    }
    template <class F>
    Result<void> write(F&& change);
    template <class F>
    auto read(F&& look);

    // agent_publish.cpp
    void step_publish();
    Result<bool> send_next();
    static Result<std::set<CaseId>> cases_of(const ReadStore& store, const OutboxRow& row);
    wire::Publish publish_of(const MessageId& first, const OutboxRow& row) const;
    void send_batch(const MessageId& first, OutboxRow row);
    Result<bool> compose_next();
    Result<void> compose_batch(const std::vector<Ordinal>& ordinals,
                               Draft first,
                               const CaseKnowledge& knowledge);
    // Nothing: its first draft was refused, or waits for what it refers to.
    struct Made {
        MessageId first;
        OutboxRow row;
        bool waits = false;
        bool in_chunks = false;
    };
    Result<std::optional<Made>> make_batch(const std::vector<Ordinal>& ordinals,
                                           Draft first,
                                           const CaseKnowledge& knowledge);
    // False: a bundle has brought its answer meanwhile.
    bool is_open(const MessageId& first);
    // A batch in the making, with the chunks of its one message if that has some.
    struct Filling {
        message::Batch batch;
        OutboxRow row;
        std::vector<OutChunk> chunks;
        CaseId stored_under;  // whose key locks the chunks
    };
    Result<void> fill_batch(Filling& filling,
                            const std::vector<Ordinal>& ordinals,
                            Draft draft,
                            Recipients recipients,
                            const Scene& at,
                            StreamRow& stream);
    Result<void> store_batch(const MessageId& first,
                             const Filling& filling,
                             const Hash& stream_class,
                             const StreamRow& stream);
    Result<bool> resolve_reference(Draft& draft, Scene& at);
    Result<bool> resolve_own(Draft& draft, Scene& at);
    Scene scene() const;
    Result<bool> has_final_outcomes(const std::vector<Ordinal>& ordinals,
                                    std::vector<Outcome>& outcomes);
    Result<void> refuse_draft(Ordinal ordinal, const Error& error);
    std::optional<Code> why_waiting(Ordinal ordinal, const MessageId& id) const;
    // agent_outcome.cpp
    static wire::ConsistencyProof consistency_of(const message::Receipt& receipt,
                                                 std::uint64_t size);
    void received_receipt(const MessageId& first, const OutboxRow& row, Result<Reply> reply);
    void received_refusal(const MessageId& first,
                          const OutboxRow& row,
                          const wire::Failure& failure,
                          Bytes frame);
    // A receipt after its checks, on its way to the outcomes.
    struct Receipted {
        message::Batch batch;
        message::Receipt receipt;
        Bytes frame;
    };
    Result<void> close_batch(const MessageId& first,
                             const OutboxRow& row,
                             const Receipted& receipted);
    Result<void> give_outcomes(WriteStore& store,
                               const MessageId& first,
                               const OutboxRow& row,
                               const Receipted& receipted);
    void put_off_stale(Ordinal ordinal);
    Result<void> keep_rest(WriteStore& store,
                           const MessageId& first,
                           const OutboxRow& row,
                           const message::Batch& batch,
                           std::size_t from);
    static Result<void> back_to_waiting(const MessageId& first,
                                        const OutboxRow& row,
                                        std::size_t from,
                                        WriteStore& store);
    Result<void> keep_without_key(const MessageId& first, const OutboxRow& row, const Error& error);
    // `signed_refusal`: the broker's answer, if it said so and signed it.
    void batch_refused(const MessageId& first,
                       const OutboxRow& row,
                       const Error& error,
                       const RefusalRow* signed_refusal);

    // agent_chunks.cpp
    struct UploadRound;
    struct ChunkFetch;
    // Sends the next chunks of the message; false: the broker has taken them all.
    Result<bool> upload_next(const MessageId& message, const OutboxRow& row);
    void uploaded(const UploadRound& round);
    Result<void> upload_again(WriteStore& store, const MessageId& message);
    Result<void> want_chunks(WriteStore& store,
                             const message::DeliveredEntry& entry,
                             const CheckedEntry& checked);
    void step_chunks();
    Result<void> choose_chunks();
    void received_chunk(ChunkFetch& fetch, std::uint32_t index, Result<Reply> reply);
    void end_chunk_fetch(const ChunkFetch& fetch);
    Result<Secret> open_stored(const ReadStore& store,
                               Position position,
                               const message::Header& header,
                               const message::Section& section,
                               const message::Descriptor& descriptor) const;
    Result<std::vector<Bytes>> stored_chunks(const ReadStore& store,
                                             Position position,
                                             const message::Section& section,
                                             const message::Descriptor& descriptor) const;

    // agent_evidence.cpp
    // A draft that waits for what the broker says of its case.
    struct CaseAsk {
        Ordinal ordinal = 0;
        Draft draft;
        std::optional<proof::Head> head;  // evidence is asked under this head of ours
        Position from = 0;                // of the next page of evidence
    };
    void ask_of_case(CaseAsk ask);
    void received_of_case(const CaseAsk& ask, Result<Reply> reply);
    Result<void> take_evidence(CaseAsk ask, const message::QueryAnswer& answer);
    Result<void> compose_for_case(const CaseAsk& ask, const message::QueryAnswer& answer);
    Result<void> refused_case(const CaseAsk& ask, const Error& error);
    void await_case(Ordinal ordinal, Position position);
    Result<void> refuse_beyond_log(Ordinal ordinal, Position position);
    Result<bool> same_audience(const Draft& draft,
                               const CaseKnowledge& one,
                               const CaseKnowledge& other);
    Result<CheckedEntry> check_evidence(const message::PartyEvidence& evidence,
                                        const CaseAsk& ask) const;

    // agent_hold.cpp: what this node holds the broker to
    enum class Followed : std::uint8_t { yes, conflict, unknown };  // unknown: no proof has come
    using OnFollowed = std::function<void(Followed)>;
    // Goes on once the head is consistent with the newest known, by the proof that came with it or
    // by one that is asked for. A larger one becomes the newest.
    void follow_head(const proof::Head& head, const wire::ConsistencyProof* given, OnFollowed then);
    Followed lead_head(const proof::Head& head, std::span<const Hash> proof);
    // Stores one that was led to, if it is the newest: a restart would forget it.
    Result<void> keep_head(const std::string& note, const proof::Head& head);
    Followed head_conflict(const proof::Head& head);
    bool names_old_documents(const proof::Head& head);
    // A head of this size named a document that was not known then.
    struct DocumentDue {
        std::uint64_t size = 0;
        registry::DocumentKind kind{};
        Hash digest;
    };
    std::optional<DocumentDue> maybe_due(const proof::Head& head) const;
    Position go_on_from(const proof::Head& head, const message::Delivery& delivery);
    Result<proof::Head> check_receipt(const message::Receipt& receipt, const message::Batch& batch);
    Result<void> hold_receipt(WriteStore& store,
                              const MessageId& first,
                              const Receipted& receipted);
    Result<void> expect_own(WriteStore& store, Position position, const MessageId& id);
    Result<void> confirm_own(WriteStore& store, Position until);
    static Result<bool> has_come(const ReadStore& store, Position position, const MessageId& id);
    void own_entry_missing(Position position);
    Result<void> check_refusal(const wire::Failure& failure,
                               const MessageId& first,
                               std::uint32_t count,
                               const Hash& frame) const;
    static Result<void> hold_refusal(WriteStore& store,
                                     const MessageId& first,
                                     const RefusalRow& refusal);
    Result<std::optional<Verification>> verify_kept_receipt(const message::DeliveredEntry& entry,
                                                            const MessageId& id);

    // agent_mend.cpp: messages that failed a check are asked for again
    Result<void> doubt(WriteStore& store, Position position, Code code);
    void step_mend();
    void received_again(Position position, Result<Reply> reply);
    void give_up(Position position);
    void prove_again(const message::DeliveredEntry& entry, const CheckedEntry& checked);
    Result<void> take_mended(WriteStore& store,
                             const message::DeliveredEntry& entry,
                             const CheckedEntry& checked);

    // agent_receive.cpp
    void step_fetch();
    void received_delivery(Result<Reply> reply);
    Result<void> store_delivery(const message::Delivery& delivery);
    Result<bool> store_entry(WriteStore& store,
                             const message::DeliveredEntry& entry,
                             ProvenBatch& proven);
    Result<void> keep_entry(WriteStore& store,
                            const message::DeliveredEntry& entry,
                            const CheckedEntry& checked);
    Result<bool> is_new_message(const ReadStore& store,
                                const MessageId& message,
                                Position position);
    Result<void> check_gap(WriteStore& store,
                           const message::DeliveredEntry& entry,
                           const MessageId& message);
    Result<void> learn_case(WriteStore& store,
                            const message::DeliveredEntry& entry,
                            const CheckedEntry& checked);

    // agent_witness.cpp
    struct StoredHead {
        std::string note;
        proof::Head head;
    };
    Result<void> start_witness(const ReadStore& store);
    void head_stored(std::string note);
    void step_witness();
    bool is_witness() const;
    void cosign();
    void ask_for_witnessed();
    void received_witnessed(Result<Reply> reply);
    Result<proof::WitnessedHead> check_witnessed(std::string_view note) const;
    void keep_witnessed(const std::string& note, const proof::WitnessedHead& counted);
    void witnessed_conflict(const std::string& note, const proof::WitnessedHead& counted);
    void watch_witnesses();
    WitnessStatus witness_status() const;

    // agent_export.cpp
    using Outbox = std::vector<std::pair<MessageId, OutboxRow>>;
    Result<void> compose_waiting(Outbox& outbox, const Api::BundleProgress& progress);
    Result<std::optional<CaseKnowledge>> knowledge_for(const Draft& draft,
                                                       const std::set<CaseId>& under_way);

    // agent_import.cpp
    struct Exchange {
        wire::Body asked;
        wire::Body answer;
        Bytes frame;  // of the answer
    };
    // The proofs of a reply, and the heads that were proven consistent with the newest so far.
    struct Leading {
        const std::vector<Exchange>& exchanges;
        std::map<std::uint64_t, proof::Head> known;
    };
    Result<proof::Bundle> check_reply(BytesView file);
    static Result<std::vector<Exchange>> exchanges_of(const proof::Bundle& reply);
    Result<void> check_answers(const std::vector<Exchange>& exchanges);
    Result<void> check_answer(const wire::Publish& asked,
                              const wire::Body& answer,
                              const MessageId& first);
    Result<void> take_answer(const wire::Publish& asked,
                             const Exchange& exchange,
                             Leading& leading,
                             ImportedBundle& taken);
    Result<void> take_refusal(const MessageId& first,
                              const OutboxRow& row,
                              const wire::Failure& failure,
                              const Bytes& frame,
                              ImportedBundle& taken);
    Result<void> take_delivery(const wire::Delivery& delivery,
                               Leading& leading,
                               ImportedBundle& taken);
    Result<void> lead_head_to(const proof::Head& head,
                              const wire::ConsistencyProof* given,
                              Leading& leading);

    // agent_restore.cpp
    bool is_restoring();
    std::optional<Ordinal> take_restored(const Hash& said);
    Result<void> release_restored();
    Result<void> begin_restore(const ReadStore& store, const RestoreRow& restore);
    Result<void> resume_restore(const ReadStore& store);
    Result<void> recognise_pending(WriteStore& store, Position position);
    Result<void> recognise_own(WriteStore& store,
                               const message::DeliveredEntry& entry,
                               const CheckedEntry& checked);

    // agent_api.cpp
    static Result<InboxEntry> inbox_entry(const message::DeliveredEntry& entry);
    Result<message::DeliveredEntry> delivered(const MessageId& id);
    static Result<std::pair<message::Header, const message::Section*>> find_section(
        const message::DeliveredEntry& entry, std::string_view name);
    void compare_with_facts(const message::DeliveredEntry& entry,
                            const message::Header& header,
                            std::string_view name,
                            BytesView plaintext);
    Result<Ordinal> take_draft(WriteStore& store, Draft draft, bool& known);
    Result<Verification> verify_stored(const message::DeliveredEntry& entry);

    const NodeOptions options_;
    NodeKeys keys_;
    journal::Journal& journal_;
    wire::ClientLink& link_;
    const Clock& clock_;
    Random& random_;

    Connection connection_ = Connection::down;
    bool known_unreachable_ = false;  // the newest attempt to connect failed, or the line was lost
    bool streams_compared_ = false;   // with what the broker has, in this connection
    Clock::Monotonic compare_again_at_{};
    Clock::Monotonic connect_not_before_{};
    std::chrono::milliseconds connect_pause_{100};
    std::map<std::uint64_t, Call> calls_;
    std::uint64_t next_request_ = 1;
    std::vector<Watch> watches_;

    policy::DocumentSet documents_;
    // Every document known, with the position of its adoption: to notice a head that names old
    // ones.
    std::map<Hash, Position> document_digests_;
    std::map<registry::DocumentKind, Position> newest_document_;
    std::optional<DocumentDue> document_due_;

    std::optional<proof::Head> head_;  // newest verified
    // The newest head that is proven consistent and on disk: the only one to vouch for.
    std::optional<StoredHead> stored_head_;
    std::optional<proof::WitnessedHead> witnessed_;  // newest that more than half have co-signed
    std::string witnessed_note_;
    std::string conflicting_note_;     // a witnessed head that is not consistent with ours
    Millis witnesses_since_ = 0;       // from when on a witnessed head may be expected
    bool witnessing_ = false;          // a co-signature is on its way
    std::uint64_t cosigned_size_ = 0;  // in this connection
    Clock::Monotonic cosign_not_before_{};
    Clock::Monotonic cosign_again_at_{};
    Clock::Monotonic ask_witnessed_at_{};
    Clock::Monotonic watch_witnesses_at_{};
    Position cursor_ = 0;
    Ordinal last_draft_at_start_ = 0;
    bool publishing_ = false;
    bool fetching_ = false;          // from the request until what came is stored
    bool fetch_waits_ = false;       // the broker keeps the request until something comes
    bool fetch_again_ = false;       // somebody wants to know now how far the log has come
    bool fetch_must_move_ = false;   // the log was longer than the cursor when it was asked
    std::uint64_t fetch_round_ = 0;  // of the newest request; answers to older ones are dropped
    Clock::Monotonic publish_not_before_{};
    Turns turns_;
    std::optional<Code> publish_waits_for_;  // why the first of the outbox was not taken yet
    // Drafts whose audience was refused as stale; how long each waits before the next attempt.
    std::map<Ordinal, std::chrono::milliseconds> stale_;
    bool retried_ = false;  // what was sent last had been put aside
    // Drafts that have waited for the entry at which the broker says that their case stands.
    std::set<Ordinal> awaiting_;
    Clock::Monotonic fetch_not_before_{};
    // After a restore: no new work before the cursor is here; drafts that have no receipt, by what
    // they say; ids that the restored outbox knows itself.
    Position restore_from_ = 0;  // the copy's cursor
    Position restore_until_ = 0;
    std::multimap<Hash, Ordinal> restored_drafts_;
    std::map<MessageId, Ordinal> restored_ids_;
    // Entries that cannot be compared yet: own ones without their chunks, and doubtful ones.
    std::set<Position> restored_pending_;

    MessageId missed_chunks_of_;  // the newest that the broker said chunks_missing of
    std::shared_ptr<ChunkFetch> chunk_fetch_;
    std::optional<WantedKey> wanted_after_;  // sections up to here have had their turn
    bool chunks_left_ = false;               // one had its turn and is to be tried again
    bool chunks_idle_ = false;               // nothing to fetch before something new comes
    Clock::Monotonic chunks_not_before_{};
    // The broker will not give them; asked again after a restart.
    static constexpr std::size_t kChunksRefusedMax = 4096;
    std::map<WantedKey, Code> chunks_refused_;
    static constexpr std::chrono::milliseconds kMendPause{std::chrono::minutes{5}};
    std::size_t doubtful_ = 0;      // messages that are asked for again
    bool mending_ = false;          // one of them is on its way
    Position mend_from_ = 0;        // the next to ask for in this round
    std::size_t mended_round_ = 0;  // asked for in this round
    Clock::Monotonic mend_not_before_{};
    std::chrono::milliseconds mend_pause_ = kMendPause;  // behind the next round
    std::set<std::string> alarms_raised_;
    std::map<std::string, std::size_t> alarms_of_;  // raised in this run, by the first word
    std::vector<std::string> alarms_to_store_;
    std::optional<Error> broken_;
};

// For the template bodies of read() and write().
template <class F>
Result<void> NodeAgent::write(F&& change) {
    auto txn = journal_.begin_write();
    if (!txn) return std::unexpected(txn.error());
    WriteStore store(**txn, keys_.master, random_);
    Result<void> changed = change(store);
    if (changed) changed = keep_alarms(store);
    if (!changed) return changed;
    auto committed = (*txn)->commit();
    if (committed) alarms_to_store_.clear();
    return committed;
}

template <class F>
auto NodeAgent::read(F&& look) {
    using Answer = decltype(look(std::declval<const ReadStore&>()));
    auto txn = journal_.begin_read();
    if (!txn) return Answer(std::unexpected(txn.error()));
    const ReadStore store(**txn, keys_.master, random_);
    return look(store);
}

}  // namespace lienthong::node
