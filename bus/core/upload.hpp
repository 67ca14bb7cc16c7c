// SPDX-License-Identifier: Apache-2.0
// Uploads: the chunks of large sections, which arrive before the header that names them. They are
// no entries of the log: the header's descriptor holds the root over them, and a message is
// admitted only when all of them are there. Every row begins with the agency that sent it, so that
// nobody can learn of, or disturb, what another one uploads.
//
// The chunks of one section are encrypted under a random key. While no header has claimed them, the
// master key wraps it; at admission it is wrapped by the key of the case instead. So large data are
// written once, and who drops the case's key erases them.
#pragma once

#include <string>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"

namespace lienthong::core {

inline constexpr Millis kUploadKeptMs = Millis{7} * 24 * 60 * 60 * 1000;

// One section of one message of one agency.
struct UploadId {
    AgencyId agency;
    MessageId message;
    std::string section;
    bool operator==(const UploadId&) const = default;
};

struct UploadRow {
    std::uint32_t count = 0;
    std::uint64_t charged = 0;  // against the quota; 0 once a header has claimed it
    Millis time = 0;            // of its newest chunk; 0: to be collected at once
    CaseId wrapped_by;          // whose key wraps; none: the master key, nobody has claimed it
    Bytes wrapped_key;
};

struct ChunkLeaf {
    Hash leaf;  // RFC 9162, of the bytes as sent
    std::uint32_t bytes = 0;
    bool operator==(const ChunkLeaf&) const = default;
};

// A chunk as its sender's node offers it.
struct ChunkOffer {
    MessageId message;
    std::string section;
    std::uint32_t index = 0;
    std::uint32_t count = 0;
    Bytes sent;
};

struct ChunkRequest {
    Position position = 0;
    std::string section;
    std::uint32_t index = 0;
};

// Where the chunks of a delivered section stand.
struct ChunkSource {
    UploadId upload;
    std::uint32_t count = 0;
};

struct ChunkAnswer {
    Bytes sent;
    std::vector<Hash> path;  // of its leaf under the descriptor's chunk root
};

}  // namespace lienthong::core
