// SPDX-License-Identifier: Apache-2.0
// Commands between node and broker, as values. encode() makes the exact frame; parse_command()
// checks size, structure (FlatBuffers verifier with our limits on an aligned copy) and meaning.
// Names are those of schemas/wire.fbs.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"
#include "bus/message/envelope.hpp"

namespace lienthong::wire {

inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::size_t kControlBytesMax = 1024 * 1024;
inline constexpr std::size_t kDataBytesMax = 8 * 1024 * 1024;

struct Hello {
    std::vector<std::uint16_t> versions;
    BusId bus;
    std::string software;
    std::uint64_t head_size = 0;
};
struct StreamPosition {
    std::uint64_t stream = 0;
    std::uint64_t last = 0;
    bool closed = false;
    bool operator==(const StreamPosition&) const = default;
};
struct Welcome {
    std::uint16_t version = 0;
    NodeId node;
    AgencyId agency;
    std::string head;
    std::vector<StreamPosition> streams;
    std::uint32_t registry_version = 0;
    std::uint32_t policy_version = 0;
    std::uint32_t procedure_version = 0;
    std::uint32_t administrators_version = 0;
    Epoch epoch = 0;
};
struct Publish {
    std::uint64_t stream = 0;
    std::uint64_t first = 0;
    std::uint32_t count = 0;
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
};
struct Fetch {
    std::string consumer;
    Position from = 0;
    std::uint32_t credit_bytes = 0;
    std::uint32_t credit_messages = 0;
};
struct Skipped {
    std::uint64_t sequence = 0;
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
    std::vector<Skipped> skipped;
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
struct QueryAnswer {
    std::vector<CaseRow> cases;
    std::vector<CaseStep> steps;
    std::vector<AgencyId> parties;
    std::vector<AgencyId> consented;
    bool more = false;
};
struct ConsistencyRequest {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};
struct ConsistencyProof {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::vector<Hash> hashes;
};
struct InclusionRequest {
    Position position = 0;
    std::uint64_t size = 0;
};
struct InclusionProof {
    Position position = 0;
    std::uint64_t size = 0;
    std::vector<Hash> hashes;
};
struct DocumentRequest {
    std::uint8_t kind = 0;  // registry::DocumentKind
    std::uint32_t version = 0;
};
struct Adopt {
    std::uint8_t kind = 0;
};
struct Adopted {
    std::uint32_t version = 0;
    Position position = 0;
    std::string head;
};
struct Cosign {
    std::string cosignature;
    std::uint64_t size = 0;
};
struct UploadChunk {
    std::uint64_t stream = 0;
    std::uint64_t sequence = 0;
    std::string section;
    std::uint32_t index = 0;
    std::uint32_t count = 0;
};
struct FetchChunk {
    Position position = 0;
    std::string section;
    std::uint32_t index = 0;
};
struct Failure {
    Code code = Code::malformed_frame;
    std::string detail;
    std::string where;
    std::string grant_missing;
};
struct Done {
    Position position = 0;
};

using Body = std::variant<Hello,
                          Welcome,
                          Publish,
                          Receipt,
                          Fetch,
                          Delivery,
                          Query,
                          QueryAnswer,
                          ConsistencyRequest,
                          ConsistencyProof,
                          InclusionRequest,
                          InclusionProof,
                          DocumentRequest,
                          Adopt,
                          Adopted,
                          Cosign,
                          UploadChunk,
                          FetchChunk,
                          Failure,
                          Done>;

struct Command {
    std::uint64_t request = 0;
    Body body;
};

Bytes encode(const Command& command);
// malformed_frame, oversized (bytes_max), too_deep, unknown_version, unknown_operation.
Result<Command> parse_command(BytesView frame, std::size_t bytes_max);

Failure to_failure(const Error& error);
Error to_error(const Failure& failure);

}  // namespace lienthong::wire
