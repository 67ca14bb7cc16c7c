// SPDX-License-Identifier: Apache-2.0
#include "security/proof/receipt.hpp"

#include <gtest/gtest.h>

#include "security/keys/digest.hpp"

namespace lienthong::proof {
namespace {

// A log of 21 entries; those at 7 to 11 are the accepted messages of one batch.
class ReceiptTest : public testing::Test {
  protected:
    static constexpr Position kFirst = 7;
    static constexpr std::uint64_t kCount = 5;
    static constexpr std::uint64_t kSize = 21;

    ReceiptTest() {
        std::vector<Hash> leaves;
        for (Position position = 0; position < kSize; ++position) {
            const Hash content = keys::sha256(as_bytes("entry " + std::to_string(position)));
            leaves.push_back(hash(Leaf{.bus = bus_,
                                       .position = position,
                                       .time = 1000,
                                       .kind = EntryKind::message,
                                       .epoch = 2,
                                       .content = content,
                                       .proof = proof_}));
            if (position >= kFirst && position < kFirst + kCount) headers_.push_back(content);
        }
        head_ = {.bus = bus_, .size = kSize, .root = root(leaves), .time = 1000, .epoch = 2};
        note_ = sign_head(head_, *key_.signer()).value();
        range_ = range_proof(kFirst, kCount, kSize, over(leaves)).value();
    }

    ReceiptClaim claim() const {
        return {.head = note_,
                .accepted = headers_,
                .first_position = kFirst,
                .time = 1000,
                .epoch = 2,
                .proof = proof_,
                .range = range_};
    }
    Code refusal(const ReceiptClaim& altered) const {
        const auto head = verify_receipt(altered, bus_, key_.public_key());
        EXPECT_FALSE(head);
        return head ? Code::not_found : head.error().code;
    }

    const BusId bus_ = BusId::of("ninh-binh");
    const Hash proof_ = keys::sha256(as_bytes("batch proof"));
    const keys::PrivateKey key_ = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    std::vector<Hash> headers_;
    Head head_;
    std::string note_;
    RangeProof range_;
};

TEST_F(ReceiptTest, ProvesThatTheLogHoldsTheBatch) {
    EXPECT_EQ(verify_receipt(claim(), bus_, key_.public_key()).value(), head_);
}

TEST_F(ReceiptTest, RefusesAnyOtherClaimAboutTheLog) {
    const auto differs = [&](auto change) {
        ReceiptClaim altered = claim();
        change(altered);
        return refusal(altered) == Code::bad_digest;
    };
    EXPECT_TRUE(differs([](ReceiptClaim& altered) { ++altered.first_position; }));
    EXPECT_TRUE(differs([](ReceiptClaim& altered) { ++altered.time; }));
    EXPECT_TRUE(differs([](ReceiptClaim& altered) { ++altered.epoch; }));
    EXPECT_TRUE(differs([](ReceiptClaim& altered) { altered.proof = {}; }));
    EXPECT_TRUE(differs([](ReceiptClaim& altered) { altered.range.left.pop_back(); }));
    EXPECT_TRUE(differs([](ReceiptClaim& altered) { altered.range.right.emplace_back(); }));
    EXPECT_TRUE(differs(
        [&](ReceiptClaim& altered) { altered.accepted = std::span(headers_).first(kCount - 1); }));
    auto swapped = headers_;
    std::swap(swapped[0], swapped[1]);
    EXPECT_TRUE(differs([&](ReceiptClaim& altered) { altered.accepted = swapped; }));
}

TEST_F(ReceiptTest, RefusesPositionsBeyondTheHead) {
    for (const Position first : {kSize - kCount + 1, kSize, kSize + 1, ~Position{0} - 1}) {
        ReceiptClaim altered = claim();
        altered.first_position = first;
        EXPECT_EQ(refusal(altered), Code::bad_digest) << first;
    }
}

TEST_F(ReceiptTest, RefusesAHeadThatIsNotTheBrokers) {
    const auto other = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    EXPECT_EQ(verify_receipt(claim(), bus_, other.public_key()).error().code, Code::bad_signature);
    EXPECT_EQ(verify_receipt(claim(), BusId::of("nam-dinh"), key_.public_key()).error().code,
              Code::wrong_bus);
    ReceiptClaim altered = claim();
    altered.head = "no head";
    EXPECT_EQ(refusal(altered), Code::malformed_proof);
}

TEST_F(ReceiptTest, JudgesTheHeadAloneWhenNothingWasAccepted) {
    ReceiptClaim nothing{.head = note_};
    EXPECT_EQ(verify_receipt(nothing, bus_, key_.public_key()).value(), head_);
    nothing.head = "no head";
    EXPECT_EQ(refusal(nothing), Code::malformed_proof);
}

}  // namespace
}  // namespace lienthong::proof
