// SPDX-License-Identifier: Apache-2.0
// Bytes of the rows and keys of the broker's tables. Keys are big-endian, so that they sort as
// their numbers do; docs/storage.md lists them.
#pragma once

#include "bus/core/state.hpp"

namespace lienthong::core::rows {

Bytes encode(const StreamRow& row);
Bytes encode(const BatchRow& row);
Bytes encode(const ClassRow& row);
Bytes encode(const CaseRecord& row);
Bytes encode(const CaseStepRecord& row);
Bytes encode(const UploadRow& row);
Bytes encode(const ChunkLeaf& row);

// `corrupt` if the bytes are not what encode() makes.
Result<StreamRow> parse_stream(BytesView bytes);
Result<BatchRow> parse_batch(BytesView bytes);
Result<ClassRow> parse_class(BytesView bytes);
Result<CaseRecord> parse_case(BytesView bytes);
Result<CaseStepRecord> parse_case_step(BytesView bytes);
Result<UploadRow> parse_upload(BytesView bytes);
Result<ChunkLeaf> parse_chunk_leaf(BytesView bytes);

Bytes key(std::uint64_t number);
Bytes key(std::uint64_t first, std::uint64_t second);
Bytes key(std::uint32_t class_id);
Bytes key(std::uint32_t class_id, Position position);
Bytes key(proof::NodeId node);
Bytes key(registry::DocumentKind kind, std::uint32_t version);
Bytes key(const AgencyId& agency);
Bytes key(const AgencyId& agency, std::uint32_t class_id);
Bytes key(const AgencyId& agency, const CaseId& case_id);
Bytes key(const AgencyId& agency, const MessageId& message);
Bytes key(const CaseId& case_id);
Bytes key(const CaseId& case_id, Position position);
Bytes key(const AgencyId& agency, std::string_view rule);
Bytes key(const AgencyId& agency, const NodeId& node, Position position);
Bytes key(const NodeId& node, Position newest, std::uint64_t stream);
Bytes key_after(const NodeId& node);  // behind all rows of the node
Bytes key(const UploadId& upload);
Bytes key(const UploadId& upload, std::uint32_t index);
Bytes key(Millis time, const UploadId& upload);

// The upload that a key of `uploads` names.
UploadId upload_of(BytesView key);

std::uint64_t u64_at(BytesView key, std::size_t offset);
std::uint32_t u32_at(BytesView key, std::size_t offset);

}  // namespace lienthong::core::rows
