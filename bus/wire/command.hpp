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
#include "bus/message/exchange.hpp"

namespace lienthong::wire {

inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::size_t kControlBytesMax = 1024 * 1024;
inline constexpr std::size_t kDataBytesMax = 8 * 1024 * 1024;

// What a frame may hold at most; parse_command() refuses more, so whoever fills one stops here.
inline constexpr std::size_t kVersionsMax = 16;
inline constexpr std::size_t kStreamsMax = message::kWelcomeStreamsMax;
inline constexpr std::size_t kVerdictsMax = message::kBatchMessagesMax;
inline constexpr std::size_t kHashesMax = 128;  // of a proof
inline constexpr std::size_t kAgenciesMax = message::kAudienceMax;
inline constexpr std::size_t kDeliveryEntriesMax = 1024;
inline constexpr std::size_t kEntrySectionsMax = 16;
inline constexpr std::size_t kEntrySkippedMax = message::kEntrySkippedMax;
inline constexpr std::size_t kEntryProofBytesMax = 4096;
inline constexpr std::size_t kPageRowsMax = 1024;
inline constexpr std::size_t kEvidenceMax = message::kEvidenceMax;
inline constexpr std::size_t kTablesMax = 20'000;  // FlatBuffers tables in one frame
inline constexpr std::size_t kDepthMax = 16;
inline constexpr std::size_t kHeadBytesMax = 16 * 1024;
inline constexpr std::size_t kCosignatureBytesMax = 1024;
inline constexpr std::size_t kSignatureBytesMax = 1024;
inline constexpr std::size_t kDetailBytesMax = 1024;  // encode() cuts longer ones
inline constexpr std::size_t kStateBytesMax = 64;
inline constexpr std::size_t kSoftwareBytesMax = 128;
inline constexpr std::size_t kGrantBytesMax = 256;

using message::CaseRow;
using message::CaseStep;
using message::DeliveredEntry;
using message::Delivery;
using message::PartyEvidence;
using message::Query;
using message::QueryAnswer;
using message::QueryKind;
using message::Receipt;
using message::Skipped;
using message::StreamPosition;
using message::Verdict;

struct Hello {
    std::vector<std::uint16_t> versions;
    BusId bus;
    std::string software;
    std::uint64_t head_size = 0;
    bool operator==(const Hello&) const = default;
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
    bool operator==(const Welcome&) const = default;
};
struct Publish {
    std::uint64_t stream = 0;
    std::uint64_t first = 0;
    std::uint32_t count = 0;
    std::uint64_t head_size = 0;  // newest head that the node keeps
    bool operator==(const Publish&) const = default;
};
struct Fetch {
    std::string consumer;
    Position from = 0;
    std::uint32_t credit_bytes = 0;
    std::uint32_t credit_messages = 0;
    bool operator==(const Fetch&) const = default;
};
struct ConsistencyRequest {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    bool operator==(const ConsistencyRequest&) const = default;
};
struct ConsistencyProof {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::vector<Hash> hashes;
    bool operator==(const ConsistencyProof&) const = default;
};
struct InclusionRequest {
    Position position = 0;
    std::uint64_t size = 0;
    bool operator==(const InclusionRequest&) const = default;
};
struct InclusionProof {
    Position position = 0;
    std::uint64_t size = 0;
    std::vector<Hash> hashes;
    bool operator==(const InclusionProof&) const = default;
};
struct DocumentRequest {
    std::uint8_t kind = 0;  // registry::DocumentKind
    std::uint32_t version = 0;
    bool operator==(const DocumentRequest&) const = default;
};
struct Adopt {
    std::uint8_t kind = 0;
    bool operator==(const Adopt&) const = default;
};
struct Adopted {
    std::uint32_t version = 0;
    Position position = 0;
    std::string head;
    bool operator==(const Adopted&) const = default;
};
struct Cosign {
    std::string cosignature;
    std::uint64_t size = 0;
    bool operator==(const Cosign&) const = default;
};
struct UploadChunk {
    std::uint64_t stream = 0;
    std::uint64_t sequence = 0;
    std::string section;
    std::uint32_t index = 0;
    std::uint32_t count = 0;
    bool operator==(const UploadChunk&) const = default;
};
struct FetchChunk {
    Position position = 0;
    std::string section;
    std::uint32_t index = 0;
    bool operator==(const FetchChunk&) const = default;
};
struct Failure {
    Code code = Code::malformed_frame;
    std::string detail;
    std::string where;
    std::string grant_missing;
    // Of a final refusal of a Publish; else no signature.
    Millis time = 0;
    Hash batch{};  // SHA-256 of the data frame
    Bytes signature{};
    bool operator==(const Failure&) const = default;
};
struct Done {
    Position position = 0;
    std::vector<Hash> path;  // of a chunk under its root
    bool operator==(const Done&) const = default;
};
struct WitnessRequest {
    std::uint64_t size = 0;
    bool operator==(const WitnessRequest&) const = default;
};
struct Witnessed {
    std::string note;
    bool operator==(const Witnessed&) const = default;
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
                          Done,
                          WitnessRequest,
                          Witnessed>;

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
