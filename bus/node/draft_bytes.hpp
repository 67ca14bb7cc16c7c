// SPDX-License-Identifier: Apache-2.0
// Bytes of what a node stores: drafts, outcomes, outbox rows, delivered entries, case knowledge,
// receipts and refusals.
#pragma once

#include "bus/node/store.hpp"

namespace lienthong::node {

Bytes encode(const Draft& draft);
Bytes encode(const DraftRow& row);
Bytes encode(const OutboxRow& row);
Bytes encode(const message::DeliveredEntry& entry);
Bytes encode(const CaseKnowledge& knowledge);
Bytes encode(const ReceiptRow& row);
Bytes encode(const RefusalRow& row);

// `corrupt` if the bytes are not what encode() makes.
Result<Draft> parse_draft(BytesView bytes);
Result<DraftRow> parse_draft_row(BytesView bytes);
Result<OutboxRow> parse_outbox(BytesView bytes);
Result<message::DeliveredEntry> parse_delivered(BytesView bytes);
Result<CaseKnowledge> parse_case(BytesView bytes);
Result<ReceiptRow> parse_receipt(BytesView bytes);
Result<RefusalRow> parse_refusal(BytesView bytes);

// What de-duplication compares: all of the draft but its key.
Bytes content_of(const Draft& draft);

}  // namespace lienthong::node
