// SPDX-License-Identifier: Apache-2.0
// Rows of a node's tables: what is no row is corrupt, and never a value that no enumeration has.
#include "bus/node/draft_bytes.hpp"

#include <gtest/gtest.h>

namespace lienthong::node {
namespace {

// The row with one of its bytes made `value`.
template <class Row>
Bytes with(const Row& row, std::size_t at, std::uint8_t value) {
    Bytes bytes = encode(row);
    bytes.at(at) = value;
    return bytes;
}

template <class Parse>
std::optional<Code> fault(Parse parse, BytesView bytes) {
    const auto row = parse(bytes);
    return row ? std::nullopt : std::optional(row.error().code);
}

TEST(NodeRows, OfADraftWithAStateThatDoesNotExistAreCorrupt) {
    DraftRow row;
    row.kind = message::Kind::initial_check;
    row.outcome.state = Outcome::State::refused;
    constexpr std::size_t kState = 2;
    EXPECT_EQ(fault(parse_draft_row, with(row, kState, 2)), std::nullopt);
    EXPECT_EQ(fault(parse_draft_row, with(row, kState, 3)), Code::corrupt);
    EXPECT_EQ(fault(parse_draft_row, with(row, kState, 255)), Code::corrupt);
}

TEST(NodeRows, OfADraftWithARelationThatDoesNotExistAreCorrupt) {
    Draft draft;
    draft.kind = message::Kind::initial_check;
    draft.refers_to = message::Reference{{1, 2}, {}, message::Relation::re_seals};
    // Behind it: no named agency, when it expires, no key, whether it corrects.
    const std::size_t at = encode(draft).size() - (2 + 8 + 4 + 1) - 1;
    EXPECT_EQ(fault(parse_draft, with(draft, at, 4)), std::nullopt);
    EXPECT_EQ(fault(parse_draft, with(draft, at, 5)), Code::corrupt);
}

TEST(NodeRows, OfReceiptsAndRefusalsAreReadAgainAndHaveNoOtherLength) {
    ReceiptRow receipt;
    receipt.headers.resize(2);
    receipt.headers.back().bytes.fill(7);
    receipt.proven_to = 9;
    receipt.frame = Bytes(5, 1);
    const auto same = parse_receipt(encode(receipt));
    ASSERT_TRUE(same.has_value());
    EXPECT_EQ(same->headers, receipt.headers);
    EXPECT_EQ(same->proven_to, receipt.proven_to);
    EXPECT_EQ(same->frame, receipt.frame);
    const auto refusal = parse_refusal(encode(RefusalRow{3, true, Bytes(4, 2)}));
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->count, 3U);
    EXPECT_TRUE(refusal->for_good);
    EXPECT_EQ(refusal->frame, Bytes(4, 2));
    for (Bytes bytes : {encode(receipt), encode(RefusalRow{3, true, Bytes(4, 2)})}) {
        bytes.push_back(0);
        EXPECT_EQ(fault(parse_receipt, bytes), Code::corrupt);
        EXPECT_EQ(fault(parse_refusal, bytes), Code::corrupt);
        bytes.resize(bytes.size() - 2);
        EXPECT_EQ(fault(parse_receipt, bytes), Code::corrupt);
        EXPECT_EQ(fault(parse_refusal, bytes), Code::corrupt);
    }
}

}  // namespace
}  // namespace lienthong::node
