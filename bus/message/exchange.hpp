// SPDX-License-Identifier: Apache-2.0
// What broker and node tell each other, as values: receipts, deliveries, queries and their answers.
// bus/core makes and reads them, bus/wire carries them; names are those of schemas/wire.fbs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"
#include "bus/message/envelope.hpp"

namespace lienthong::message {

// Streams in one Welcome: if a node has more, those in which it was last active.
inline constexpr std::size_t kWelcomeStreamsMax = 4096;

struct StreamPosition {
    std::uint64_t stream = 0;
    std::uint64_t last = 0;
    bool closed = false;
    bool operator==(const StreamPosition&) const = default;
};

struct Verdict {
    std::optional<Code> refused;  // nothing: accepted
    std::string grant_missing;
    bool operator==(const Verdict&) const = default;
};

struct Receipt {
    std::uint64_t stream = 0;
    std::uint64_t first = 0;
    std::vector<Verdict> verdicts;
    Position first_position = 0;
    std::uint32_t accepted_count = 0;
    Millis time = 0;
    Epoch epoch = 0;
    std::string head;
    Hash proof_hash;
    std::vector<Hash> left;
    std::vector<Hash> right;
    std::vector<AgencyId> case_parties;
    std::vector<AgencyId> consented;
    std::uint64_t asked_size = 0;   // of the asker's newest head; 0: no proof could be made
    std::vector<Hash> consistency;  // between that size and the size of `head`
};

// So many ranges stand before one entry at most, and so many FlatBuffers tables are in one
// delivery: its frame stays under the limit of those who read it.
inline constexpr std::size_t kEntrySkippedMax = 1024;
inline constexpr std::size_t kDeliveryTablesMax = 19'000;

// Numbers of a stream, one after the other, that were not delivered for one reason.
struct Skipped {
    std::uint64_t first = 0;
    std::uint32_t count = 1;
    Code code = Code::forbidden;
    bool operator==(const Skipped&) const = default;
};

struct DeliveredEntry {
    Position position = 0;
    std::uint8_t kind = 0;  // proof::EntryKind
    Epoch epoch = 0;
    Millis time = 0;
    Bytes header;  // Header, or the bytes of an entry that is no message
    Bytes proof;
    std::uint32_t batch_index = 0;
    std::vector<Hash> batch_path;
    std::vector<message::Section> sections;
    std::vector<Skipped> skipped;  // ascending
};

struct Delivery {
    std::string consumer;
    AgencyId agency;
    Position from = 0;
    Position to = 0;
    Epoch epoch = 0;
    std::string head;
    std::vector<DeliveredEntry> entries;
    Bytes signature;
};

// Bytes that it takes in a frame, a little more than exactly.
std::size_t size_of(const DeliveredEntry& entry);
std::size_t size_of(const Delivery& delivery);

enum class QueryKind : std::uint8_t {
    none = 0,
    case_status = 1,
    case_list = 2,
    case_timeline = 3,
    case_parties = 4,
};

struct Query {
    QueryKind kind = QueryKind::none;
    CaseId case_id;
    OfficerId officer;
    Purpose purpose;
    std::uint64_t from = 0;
    std::uint32_t count_max = 0;
    std::uint64_t head_size = 0;  // case_parties: evidence under the head of this size; 0: none
};

struct CaseStep {
    Position position = 0;
    Millis time = 0;
    message::Kind kind = message::Kind::none;
    AgencyId agency;
    std::string state;
    MessageId message;
};

struct CaseRow {
    CaseId case_id;
    std::string state;
    AgencyId holder;
    Millis since = 0;
    Position position = 0;
    Millis due = 0;
    Epoch epoch = 0;
    Hash leaf;
};

// An entry that made somebody a party of the case: with its facts section alone, and its inclusion
// path to the size that the query names.
struct PartyEvidence {
    DeliveredEntry entry;
    std::vector<Hash> path;
};

// Evidence in one answer, so that its frame stays under the limit; the next page has the rest.
inline constexpr std::size_t kEvidenceMax = 64;
inline constexpr std::size_t kEvidenceBytesMax = 512 * 1024;

struct QueryAnswer {
    std::vector<CaseRow> cases;
    std::vector<CaseStep> steps;
    std::vector<AgencyId> parties;
    std::vector<AgencyId> consented;
    bool more = false;
    std::vector<PartyEvidence> evidence;  // ascending positions
};

}  // namespace lienthong::message
