// SPDX-License-Identifier: Apache-2.0
// Header, descriptor, section, batch: values and their exact bytes.
// encode_* makes bytes once, at the sender; parse_* checks bytes from outside completely (size
// limit, FlatBuffers verifier with our limits on an aligned copy, semantic rules) and gives values.
// Whoever needs the bytes again keeps the original ones: nothing is ever encoded twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"
#include "bus/message/kind.hpp"

namespace lienthong::message {

inline constexpr std::size_t kHeaderBytesMax = 4096;
inline constexpr std::size_t kDescriptorBytesMax = 8192;
inline constexpr std::size_t kBatchBytesMax = 1024 * 1024;
inline constexpr std::size_t kBatchMessagesMax = 1024;
inline constexpr std::size_t kAudienceMax = 64;
inline constexpr std::size_t kChunkBytes = 256 * 1024;  // plaintext of a chunk; larger is chunked
inline constexpr std::size_t kChunksMax = kSectionBytesMax / kChunkBytes;
static_assert(kSectionBytesMax % kChunkBytes == 0);
inline constexpr std::size_t kSealedToMax = 2 * kAudienceMax;  // two while a key is rotated
// Plaintext of one chunk and what stands around it, padded.
inline constexpr std::size_t kSealedBodyBytesMax = kChunkBytes + 16 * 1024;
// A chunk as it is sent: CMS, with room for kSealedToMax recipients.
inline constexpr std::size_t kChunkSentBytesMax = kSealedBodyBytesMax + 64 * 1024;
// What a waiting chunk counts against the quota of its agency: a small one has its row too.
constexpr std::uint64_t chunk_charge(std::size_t sent_bytes) {
    constexpr std::size_t kLeast = 4096;
    return sent_bytes < kLeast ? kLeast : sent_bytes;
}
// SHA-256, RFC 9162 batch, ECDSA P-256 / Ed25519 / RSA-PSS
inline constexpr std::uint16_t kSuite = 1;

enum class Relation : std::uint8_t {
    none = 0,
    answers = 1,
    supersedes = 2,
    countersigns = 3,
    re_seals = 4,
};

struct CaseVersion {
    Epoch epoch = 0;
    Position position = 0;
    Hash leaf;
    bool operator==(const CaseVersion&) const = default;
};

struct Reference {
    MessageId message;
    Hash header_digest;
    Relation relation = Relation::none;
    bool operator==(const Reference&) const = default;
};

struct Header {
    std::uint16_t suite = kSuite;
    BusId bus;
    MessageId id;
    AgencyId sender;
    UnitId unit;
    Kind kind = Kind::none;
    std::uint16_t kind_version = 1;
    CaseId case_id;
    std::optional<CaseVersion> case_version;
    std::optional<Reference> refers_to;
    std::uint32_t registry_version = 0;
    std::uint32_t policy_version = 0;
    std::uint32_t procedure_version = 0;
    Millis created = 0;
    Millis expires = 0;
    std::vector<Hash> commitments;
    bool operator==(const Header&) const = default;
};

Bytes encode_header(const Header& header);
// malformed_header, oversized, unknown_version, unknown_suite, unknown_kind.
Result<Header> parse_header(BytesView bytes);

struct Descriptor {
    std::string name;
    Form form = Form::none;
    std::vector<AgencyId> audience;  // ascending, no repeats
    std::uint32_t padded_bytes = 0;
    Hash section_digest;  // of the bytes as sent; of a chunked section the root of its chunks
    Hash plaintext_commitment;
    std::vector<Hash> sealed_to;
    Hash chunk_root;
    std::uint32_t chunk_count = 0;
    bool operator==(const Descriptor&) const = default;
};

Bytes encode_descriptor(const Descriptor& descriptor);
Result<Descriptor> parse_descriptor(BytesView bytes);  // malformed_descriptor, oversized

// A section as it travels; `descriptor` and `body` are exact bytes.
struct Section {
    std::uint8_t index = 0;
    Bytes descriptor;
    Hash descriptor_salt;
    std::optional<Hash> plaintext_salt;
    Bytes body;
    bool operator==(const Section&) const = default;
};

struct Envelope {
    Bytes header;
    std::vector<Section> sections;
};

struct Batch {
    Bytes proof;
    std::vector<Envelope> envelopes;
};

Bytes encode_batch(const Batch& batch);
// Splits a frame without judging headers or descriptors: malformed_frame, oversized (the frame, or
// the number of its messages), too_deep (also: too many parts).
Result<Batch> parse_batch(BytesView frame);

// One envelope's sections as bytes for storage (journal, inbox, outbox). Indexes ascend.
// malformed_frame, oversized, too_deep.
Bytes encode_sections(const std::vector<Section>& sections);
Result<std::vector<Section>> parse_sections(BytesView bytes);

// What is inside a sealed section.
struct SealedBody {
    BusId bus;
    MessageId message;
    AgencyId sender;
    Kind kind = Kind::none;
    std::string section;
    std::vector<AgencyId> audience;
    Hash plaintext_salt;
    std::uint32_t chunk_index = 0;
    std::uint32_t chunk_count = 0;
    Bytes plaintext;
};

// Padded with zeros so that the result's size is one of the size classes (a power of two from 1 KiB
// to 16 KiB, then a multiple of 16 KiB).
Bytes encode_sealed_body(const SealedBody& body);
Result<SealedBody> parse_sealed_body(BytesView bytes);  // malformed_section, oversized

}  // namespace lienthong::message
