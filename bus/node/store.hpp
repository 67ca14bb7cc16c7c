// SPDX-License-Identifier: Apache-2.0
// Store: the node's tables, typed, within one transaction. What may hold personal data is encrypted
// before it reaches the journal: under the key of its case, or the master key where there is no
// case.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bus/base/random.hpp"
#include "bus/journal/journal.hpp"
#include "bus/message/exchange.hpp"
#include "bus/node/api.hpp"
#include "bus/node/proven_case.hpp"
#include "bus/node/tables.hpp"
#include "security/registry/document.hpp"
#include "security/seal/case_vault.hpp"

namespace lienthong::node {

using Ordinal = std::uint64_t;  // of a draft in this node, from 1

// Exported bundles whose replies can still be taken in.
inline constexpr std::uint64_t kBundlesKept = 64;

struct DraftRow {
    Outcome outcome;
    message::Kind kind = message::Kind::none;
    MessageId refused_batch;  // whose signed refusal is kept; none: there is none
};

// A receipt as it came, and what else it takes to prove it again: it is evidence, and kept as long
// as the outcomes of its messages.
struct ReceiptRow {
    Hash proof;                   // SHA-256 of the batch proof
    std::vector<Hash> headers;    // SHA-256 of each header with a final verdict, in order
    std::uint64_t proven_to = 0;  // size of the newest head, with which its head was consistent
    Bytes frame;                  // the broker's answer
};

// A signed refusal of a batch, as it came.
struct RefusalRow {
    std::uint32_t count = 0;
    bool for_good = false;  // else its messages went out under other numbers
    Bytes frame;
};

struct KeyRow {
    Ordinal ordinal = 0;  // of the newest draft under this key
    Hash content;
};

struct StreamRow {
    std::uint64_t stream = 0;
    std::uint64_t next = 1;
};

// A restore that has not ended.
struct RestoreRow {
    Position from = 0;        // the copy's cursor
    std::uint64_t until = 0;  // own entries before it are to come back; 0: none
    Ordinal last_draft = 0;   // of the copy: what was taken since cannot have left before
};

// A batch that has left, or is about to: without a receipt it is sent again.
struct OutboxRow {
    Bytes frame;  // exact bytes of the Batch
    std::vector<Ordinal> ordinals;
};

// A chunk of a message in the outbox, as it is sent.
struct OutChunk {
    std::uint8_t section_index = 0;  // in the kind
    std::string section;
    std::uint32_t index = 0;
    std::uint32_t count = 0;
    Bytes sent;
};

// A delivered section whose chunks are still to come.
struct WantedKey {
    Position position = 0;
    std::uint8_t section_index = 0;
    auto operator<=>(const WantedKey&) const = default;
};
struct WantedRow {
    std::string section;
    Hash root;
    std::uint32_t count = 0;
    CaseId stored_under;
    bool operator==(const WantedRow&) const = default;
};

// What this node knows of a case from the messages that it was sent.
struct CaseKnowledge {
    message::CaseVersion version;
    std::vector<AgencyId> parties;      // whom the messages name, and their senders
    std::vector<AgencyId> consented{};  // made of `proven` for one message, not stored
    ProvenCase proven{};
};

class ReadStore {
  public:
    ReadStore(const journal::ReadTxn& txn, const seal::StorageKey& master, Random& random)
        : txn_(txn), master_(master), random_(random) {}

    Result<Position> cursor() const;
    Result<std::optional<std::string>> head() const;
    Result<std::optional<std::string>> witnessed() const;  // newest witnessed head
    Result<Millis> witnesses_since() const;  // from when on one is expected; 0: not set yet
    Result<std::optional<std::string>> conflicting() const;  // a witnessed one that disagrees
    Result<std::vector<std::pair<Position, Bytes>>> documents() const;  // in order of kind, version
    Result<std::optional<std::pair<Position, Bytes>>> maybe_document(registry::DocumentKind kind,
                                                                     std::uint32_t version) const;

    Result<std::optional<DraftRow>> maybe_draft(Ordinal ordinal) const;
    Result<Draft> body(Ordinal ordinal) const;
    Result<std::vector<Ordinal>> waiting(std::size_t count_max) const;
    Result<Ordinal> last_draft() const;  // 0: none
    Result<std::size_t> count(Tables table) const;
    Result<std::optional<KeyRow>> maybe_key(std::string_view text) const;
    Result<std::optional<StreamRow>> maybe_stream(const Hash& delivery_class) const;
    // Next number of a stream that this node uses; 0 if it uses no such stream.
    Result<std::uint64_t> next_of_stream(std::uint64_t stream) const;
    Result<std::optional<std::pair<MessageId, OutboxRow>>> first_in_outbox(
        const std::function<bool(const MessageId& first)>& which) const;
    Result<std::vector<std::pair<MessageId, OutboxRow>>> outbox() const;
    Result<std::optional<OutboxRow>> maybe_outbox(const MessageId& first) const;
    Result<bool> is_waiting(Ordinal ordinal) const;

    // Bundles: number of the newest exported one (0: none), digest of one of the last
    // kBundlesKept, number of the newest one whose reply was taken in.
    Result<std::uint64_t> last_bundle() const;
    Result<std::optional<Hash>> maybe_bundle(std::uint64_t number) const;
    Result<std::uint64_t> last_reply() const;
    // One behind the newest accepted message of a case that this node sent; 0: none.
    Result<Position> own_case_end() const;
    Result<RestoreRow> restore() const;

    Result<std::optional<message::DeliveredEntry>> maybe_inbox(Position position) const;
    Result<std::vector<Position>> inbox_positions(Position from, std::size_t count_max) const;
    Result<std::optional<Position>> maybe_position(const MessageId& message) const;
    Result<std::uint64_t> last_of_stream(std::uint64_t stream) const;
    Result<std::optional<CaseKnowledge>> maybe_case(const CaseId& case_id) const;
    Result<std::vector<std::string>> alarms() const;

    // store_chunks.cpp
    // The first chunks of the message that the broker has not taken. erased: their key is gone.
    Result<std::vector<OutChunk>> unsent_chunks(const MessageId& message,
                                                std::size_t count_max) const;
    Result<bool> has_out_chunks(const MessageId& message) const;
    // The next section after `after` whose chunks have not all arrived.
    Result<std::optional<std::pair<WantedKey, WantedRow>>> maybe_wanted_after(
        const std::optional<WantedKey>& after) const;
    Result<std::vector<std::uint32_t>> missing_chunks(const WantedKey& key,
                                                      std::uint32_t count) const;
    // All chunks of a section, in order. chunks_missing, erased.
    Result<std::vector<Bytes>> chunks_of(const WantedKey& key, std::uint32_t count) const;

    // store_held.cpp: what this node holds the broker to
    // The receipt that accepted or refused this message, with the number of its first.
    Result<std::optional<std::pair<MessageId, ReceiptRow>>> maybe_receipt_of(
        const MessageId& message) const;
    Result<std::optional<RefusalRow>> maybe_refusal(const MessageId& first) const;
    Result<std::size_t> refusals_of_nothing() const;  // how many are not for good
    Result<std::vector<std::pair<Position, MessageId>>> own_due_before(Position until) const;
    Result<bool> is_doubtful(Position position) const;
    Result<std::optional<Position>> maybe_doubtful_from(Position from) const;

  protected:
    Result<std::optional<Bytes>> get(Tables table, BytesView key) const {
        return txn_.maybe_get(id(table), key);
    }
    Result<std::optional<std::string>> text_under(std::string_view name) const;
    Result<std::optional<seal::StorageKey>> maybe_case_key(const CaseId& case_id) const;
    Result<std::optional<Bytes>> get_protected(Tables table, BytesView key) const;
    Result<std::uint64_t> number_named(std::string_view name) const;  // a singleton, 0 if absent

    const journal::ReadTxn& txn_;
    const seal::StorageKey& master_;
    Random& random_;
};

class WriteStore final : public ReadStore {
  public:
    WriteStore(journal::WriteTxn& txn, const seal::StorageKey& master, Random& random)
        : ReadStore(txn, master, random), write_(txn) {}

    Result<void> set_cursor(Position position);
    Result<void> set_head(std::string_view note);
    Result<void> set_witnessed(std::string_view note);
    Result<void> set_witnesses_since(Millis since);
    Result<void> set_conflicting(std::string_view note);
    Result<void> put_document(Position position,
                              const registry::SignedDocument& document,
                              BytesView bytes);

    Result<Ordinal> add_draft(const Draft& draft, const Outcome& outcome);
    Result<void> put_outcome(Ordinal ordinal, const DraftRow& row);
    Result<void> set_waiting(Ordinal ordinal, bool waits);
    Result<void> put_key(std::string_view text, const KeyRow& row);
    Result<void> put_stream(const Hash& delivery_class, const StreamRow& row);
    Result<void> forget_stream(std::uint64_t stream);
    Result<void> end_stream(std::uint64_t stream, std::uint64_t next);
    Result<void> forget_streams_but(const std::set<std::uint64_t>& streams);
    Result<void> put_outbox(const MessageId& first, const OutboxRow& row);
    Result<void> erase_outbox(const MessageId& first);
    Result<void> put_bundle(std::uint64_t number, const Hash& digest);
    Result<void> set_last_reply(std::uint64_t number);
    Result<void> set_own_case_end(Position end);
    Result<void> set_restore(const RestoreRow& row);

    Result<void> put_inbox(const message::DeliveredEntry& entry, const CaseId& case_id);
    Result<void> put_inbox_id(const MessageId& message, Position position);
    Result<void> set_last_of_stream(std::uint64_t stream, std::uint64_t number);
    Result<void> put_case(const CaseId& case_id, const CaseKnowledge& knowledge);
    Result<void> add_alarm(std::string_view text);

    // store_chunks.cpp
    Result<void> put_out_chunk(const MessageId& message,
                               const CaseId& case_id,
                               const OutChunk& chunk);
    Result<void> set_chunk_sent(const MessageId& message, const OutChunk& chunk);
    // The broker has none of them, or all of them.
    Result<void> set_chunks_unsent(const MessageId& message, bool unsent);
    Result<void> erase_out_chunks(const MessageId& message);
    Result<void> put_wanted(const WantedKey& key, const WantedRow& row);
    Result<void> erase_wanted(const WantedKey& key);
    Result<void> put_in_chunk(const WantedKey& key,
                              const WantedRow& row,
                              std::uint32_t index,
                              BytesView sent);

    // store_held.cpp
    Result<void> put_receipt(const MessageId& first, const ReceiptRow& row);
    Result<void> put_refusal(const MessageId& first, const RefusalRow& row);
    Result<void> put_own_due(Position position, const MessageId& message);
    Result<void> erase_own_due(Position position);
    Result<void> put_doubtful(Position position, Code code);
    Result<void> erase_doubtful(Position position);

  private:
    Result<void> put(Tables table, BytesView key, BytesView value) {
        return write_.put(id(table), key, value);
    }
    // The row says under which key it stands.
    Result<void> put_protected(Tables table, BytesView key, const CaseId& case_id, BytesView value);
    Result<std::uint64_t> next_number(std::string_view name);
    Result<void> forget_streams(const std::function<bool(std::uint64_t stream)>& which);

    journal::WriteTxn& write_;
};

// The case under whose key a message's sections are stored: its own, or, for a personal message of
// no case, one made of its id. None: statistics, stored under the master key.
CaseId storage_case(const message::Header& header);

}  // namespace lienthong::node
