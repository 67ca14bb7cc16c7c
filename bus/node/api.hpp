// SPDX-License-Identifier: Apache-2.0
// Api: what an agency's programs may ask of its node. This is the public interface of Liên Thông
// for C++; every adapter uses it and nothing else of the bus. Node (node.hpp) implements it.
//
// Thread: each method may be called from any thread; calls are carried out one after another on the
// node's own thread. A method that needs the broker waits at most `timeout` and then says `timeout`
// or `unreachable`; what was accepted into the outbox stays there and goes out by itself.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"
#include "bus/base/secret.hpp"
#include "bus/message/envelope.hpp"
#include "bus/message/exchange.hpp"
#include "bus/message/facts.hpp"
#include "security/policy/policy.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::node {

// A message to be published. The node adds id, commitments, audiences, sealing and signature.
struct Draft {
    message::Kind kind = message::Kind::none;
    UnitId unit;     // reporting unit; only for kinds without personal data
    CaseId case_id;  // none: of no case, or, with facts.opens, the node makes it
    // name → plaintext (FlatBuffers bytes of the section's root table); `facts` goes below.
    std::vector<std::pair<std::string, Bytes>> sections;
    std::optional<message::CaseFacts> facts;
    std::optional<message::Reference> refers_to;
    std::vector<AgencyId> named;  // agencies that the message names as partners
    Millis expires = 0;
    // Same key, same content: the same message. Same key, other content: key_conflict, unless
    // `corrects`: then it goes out as one that supersedes the first. Empty: no de-duplication.
    std::string key;
    bool corrects = false;
};

// What became of a draft.
struct Outcome {
    enum class State : std::uint8_t {
        waiting,   // durable in the outbox; it goes out by itself
        accepted,  // durable at the broker, receipt verified
        refused,   // for good
    };
    State state = State::waiting;
    MessageId id;
    Position position = 0;  // accepted only
    CaseId case_id;
    std::optional<Error> refusal;
    bool refusal_proof = false;  // the broker's signed refusal of its batch is kept
    // Of one that waits: why the broker did not take what is first in the outbox when it was last
    // asked (disk_full, overloaded …); it will be asked again.
    std::optional<Code> waits_for;
};

// A message that arrived (the agency's own ones come back too), after every check.
struct InboxEntry {
    Position position = 0;
    Epoch epoch = 0;
    Millis time = 0;  // of entry in the log
    message::Header header;
    Hash header_digest;
    struct Section {
        std::string name;
        message::Form form = message::Form::none;
        bool granted =
            false;    // false: the kind has it, this message may or may not; nothing is known
        Hash digest;  // of the bytes as sent; of a chunked section the root of its chunks
    };
    std::vector<Section> sections;  // in the order of the kind
};

// What could be verified of a message, each on its own.
struct Verification {
    bool signature = false;  // the batch signature over the header, by a key valid then
    // It stands in the log where a head says that the broker signed: for a message of this node by
    // the receipt that it keeps, for any other by asking the broker for a proof.
    bool receipt = false;
    // The head under which it came (of that receipt, or of its delivery) was proven consistent with
    // the newest head that this node keeps.
    bool consistency = false;
    bool commitments = false;  // each granted section is the one the header commits to
};

// The newest head that more than half of the agencies with a witness have co-signed.
struct WitnessStatus {
    std::uint64_t size = 0;  // 0: none yet
    Millis time = 0;         // at which more than half had vouched for it
    std::size_t agencies = 0;
    std::size_t of = 0;       // agencies that have a witness
    std::string note;         // the head with its co-signatures
    std::string conflicting;  // a witnessed head that disagrees with this node's: keep it
};

struct Status {
    AgencyId agency;
    NodeId node;
    std::uint64_t log_size = 0;  // of the newest verified head
    Hash root;
    std::uint32_t registry_version = 0;
    std::uint32_t policy_version = 0;
    std::size_t outbox = 0;   // drafts and batches that wait
    std::uint64_t inbox = 0;  // messages that arrived
    // Messages that failed a check when they came, and are asked for again.
    std::size_t doubtful = 0;
    bool broker_reachable = false;
    WitnessStatus witnessed;
    std::vector<std::string> alarms;  // names, "stream_gap …", newest last
};

// What a node gives to a stick: a signed file with its waiting batches, which also asks for what
// there is for it.
struct ExportedBundle {
    Bytes file;
    std::uint64_t number = 0;  // of this node's bundles, from 1
    std::size_t batches = 0;
    std::size_t messages = 0;
    std::size_t waiting = 0;  // drafts that did not fit, or need an answer first
};

// What was new in a reply that was brought back.
struct ImportedBundle {
    std::uint64_t number = 0;  // of the bundle that it answers
    std::size_t receipts = 0;
    std::size_t accepted = 0;  // messages
    std::size_t refused = 0;   // messages, for good
    std::size_t again = 0;     // messages that go out anew with the next bundle
    std::size_t entries = 0;   // messages that arrived
    bool more = false;         // the broker has more: export and import once more
};

struct Documents {
    std::shared_ptr<const registry::Registry> registry;
    std::shared_ptr<const policy::Policy> policy;
};

class Api {
  public:
    using Timeout = std::chrono::milliseconds;

    virtual ~Api() = default;

    // All drafts are taken into the outbox in one durable step, or none. Then waits until each has
    // its outcome, or the time is over. malformed_section, classified_matter, key_conflict,
    // unknown_kind, oversized (of the first faulty draft; `where` says "draft N"): a sealed section
    // has at most 26 MiB, any other 1 MiB, all of a draft 64 MiB.
    virtual Result<std::vector<Outcome>> submit(std::vector<Draft> drafts, Timeout timeout) = 0;

    // Entries at or after `from`, in log order.
    virtual Result<std::vector<InboxEntry>> consume(Position from, std::size_t count_max) = 0;
    virtual Result<InboxEntry> message(const MessageId& id) = 0;  // not_found
    // Plaintext of a granted section, opened and checked against its commitment. chunks_missing:
    // parts of a large one have not arrived yet; they come by themselves.
    virtual Result<Secret> section(const MessageId& id, std::string_view name) = 0;
    // The section as it was sent: CMS (DER) for a sealed one; of a large one the CMS of each chunk,
    // one after the other. chunks_missing as above.
    virtual Result<Bytes> section_as_sent(const MessageId& id, std::string_view name) = 0;
    virtual Result<Verification> verify(const MessageId& id, Timeout timeout) = 0;

    virtual Result<message::QueryAnswer> query(const message::Query& query, Timeout timeout) = 0;
    virtual Result<Status> status(Timeout timeout) = 0;
    virtual Result<Documents> documents() = 0;
    // Waits until the inbox holds everything up to `position`.
    virtual Result<void> catch_up(Position position, Timeout timeout) = 0;
    // Waits until the inbox holds what the log held for this agency when the broker was asked.
    // `unreachable` at once where the node knows that it has no connection; `timeout`.
    virtual Result<void> catch_up_to_now(Timeout timeout) = 0;

    // Offers a signed document of record to the broker; gives its position.
    virtual Result<Position> adopt(BytesView document, Timeout timeout) = 0;

    // Composes all that waits, by what the inbox says of the cases, into a signed file for a stick.
    // It stays in the outbox until a receipt has come, by bundle or by network.
    using BundleProgress = std::function<void(std::size_t done, std::size_t all)>;
    virtual Result<ExportedBundle> export_bundle(const BundleProgress& progress) = 0;
    // The broker's reply: checked as if it had come over the network, and taken in. What is known
    // already is not new. oversized, malformed_frame, too_deep, unknown_version, unknown_suite;
    // wrong_bus, wrong_audience (another node's), unknown_key, revoked_key, expired_key,
    // bad_signature; not_found (answers no bundle that this node made); rollback (older than what
    // this node has taken); sequence_gap (begins behind what this node has); head_conflict.
    virtual Result<ImportedBundle> import_bundle(BytesView reply,
                                                 const BundleProgress& progress) = 0;
};

}  // namespace lienthong::node
