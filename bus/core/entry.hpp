// SPDX-License-Identifier: Apache-2.0
// Entry: one record of the log, and the contents of those entries that are no messages.
// What the leaf digests (header, proof) is stored as it came; what may have to be erased (sections,
// descriptors, salts, facts) stands apart, encrypted under the key of its case.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"
#include "security/proof/head.hpp"

namespace lienthong::core {

struct Entry {
    proof::EntryKind kind = proof::EntryKind::message;
    Epoch epoch = 0;
    Millis time = 0;
    Bytes content;      // the header, or the bytes of an entry that is no message
    Hash proof_digest;  // of the batch proof; zeros for an entry that is no message

    // Messages only.
    AgencyId sender;
    NodeId node;
    std::uint64_t batch_first = 0;
    std::uint32_t class_id = 0;
    std::vector<AgencyId> new_class;  // the class's agencies, in the entry that introduces it
    CaseId sealed_under;              // whose key protects `sections`; none: they are plain
    Bytes sections;                   // encode_sections(), as stored

    bool operator==(const Entry&) const = default;
};

Bytes encode_entry(const Entry& entry);
Result<Entry> parse_entry(BytesView bytes);  // corrupt: these are our own records

// The leaf of an entry at a position.
Hash leaf_of(const BusId& bus, Position position, const Entry& entry);

// Final refusals of a batch: their numbers are consumed, on the record.
struct Refusals {
    AgencyId agency;
    NodeId node;
    std::uint64_t stream = 0;
    std::uint32_t class_id = 0;
    struct One {
        std::uint64_t sequence = 0;
        Code code = Code::forbidden;
        bool operator==(const One&) const = default;
    };
    std::vector<One> refused;
    bool operator==(const Refusals&) const = default;
};
Bytes encode_refusals(const Refusals& refusals);
Result<Refusals> parse_refusals(BytesView bytes);

// A stream that was closed because its audience is no longer what policy says.
struct StreamClosed {
    AgencyId agency;
    NodeId node;
    std::uint64_t stream = 0;
    std::uint64_t last = 0;
    Code reason = Code::stale_audience;
};
Bytes encode_stream_closed(const StreamClosed& closed);
Result<StreamClosed> parse_stream_closed(BytesView bytes);

// Case data left for a consumer: committed before the bytes leave.
struct Delivered {
    AgencyId agency;
    NodeId node;
    std::string consumer;
    Position from = 0;
    Position to = 0;
    std::vector<std::uint32_t> classes;
    std::uint32_t policy_version = 0;
};
Bytes encode_delivered(const Delivered& delivered);
Result<Delivered> parse_delivered(BytesView bytes);

// A query about a case, by the case id alone: an opaque number that names nobody. A list of cases
// names those that it showed, but for those that the same officer saw for the same purpose within
// the time of repeats.
struct Queried {
    AgencyId agency;
    OfficerId officer;
    Purpose purpose;
    CaseId case_id;
    std::uint32_t repeats = 0;  // of the same query since the last such entry
    // Of a list; with how often the same officer had asked for the case since it was last recorded.
    struct Shown {
        CaseId case_id;
        std::uint32_t repeats = 0;
        bool operator==(const Shown&) const = default;
    };
    std::vector<Shown> shown = {};
};
inline constexpr std::size_t kShownMax = 200;
Bytes encode_queried(const Queried& queried);
Result<Queried> parse_queried(BytesView bytes);

// Denials of one rule for one agency within one minute. Never names a case.
struct Denied {
    AgencyId agency;
    std::string rule;
    std::int64_t minute = 0;  // since 1970
    std::uint32_t count = 0;
};
Bytes encode_denied(const Denied& denied);
Result<Denied> parse_denied(BytesView bytes);

}  // namespace lienthong::core
