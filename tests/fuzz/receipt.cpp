// SPDX-License-Identifier: Apache-2.0
// Receipts of a log that the input builds: a good one verifies, and one with anything altered
// verifies only if it claims the same.
#include "security/proof/receipt.hpp"
#include "security/keys/digest.hpp"
#include "tests/fuzz/fixed_keys.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

using proof::Head;
using proof::Leaf;
using proof::ReceiptClaim;

constexpr std::uint64_t kEntriesMax = 40;

// What a receipt claims, owned.
struct Claim {
    std::string head;
    std::vector<Hash> accepted;
    Position first = 0;
    Millis time = 1'639'467'000'123;
    Epoch epoch = 2;
    Hash proof = keys::sha256(Bytes(3, 9));
    proof::RangeProof range;
    bool operator==(const Claim&) const = default;
};

Result<Head> verify(const Claim& claim) {
    const ReceiptClaim borrowed{.head = claim.head,
                                .accepted = claim.accepted,
                                .first_position = claim.first,
                                .time = claim.time,
                                .epoch = claim.epoch,
                                .proof = claim.proof,
                                .range = claim.range};
    return proof::verify_receipt(borrowed, kBus, log_key().public_key());
}

Claim claim_of(Choices& choices) {
    const std::uint64_t size = 1 + choices.below(kEntriesMax);
    Claim claim;
    claim.first = choices.below(size);
    const std::uint64_t count = 1 + choices.below(size - claim.first);
    std::vector<Hash> leaves;
    for (std::uint64_t i = 0; i < size; ++i) {
        const Hash header = keys::sha256(ByteWriter().u64(i).bytes());
        leaves.push_back(proof::hash(Leaf{.bus = kBus,
                                          .position = i,
                                          .time = claim.time,
                                          .kind = proof::EntryKind::message,
                                          .epoch = claim.epoch,
                                          .content = header,
                                          .proof = claim.proof}));
        if (i >= claim.first && i < claim.first + count) claim.accepted.push_back(header);
    }
    claim.range = proof::range_proof(claim.first, count, size, proof::over(leaves)).value();
    const Head head{.bus = kBus, .size = size, .root = proof::root(leaves), .time = claim.time};
    claim.head = proof::sign_head(head, *log_key().signer()).value();
    return claim;
}

// tidy: long because each field of a claim is one case.
Claim altered(Claim claim, Choices& choices) {
    const auto flip = [&](Hash& hash) { hash.bytes[choices.below(kHashBytes)] ^= choices.byte(); };
    switch (choices.below(10)) {
        case 0:
            claim.first += choices.byte();
            break;
        case 1:
            claim.first = UINT64_MAX - choices.byte();
            break;
        case 2:
            claim.time ^= choices.byte();
            break;
        case 3:
            claim.epoch ^= choices.byte();
            break;
        case 4:
            flip(claim.proof);
            break;
        case 5:
            flip(claim.accepted[choices.below(claim.accepted.size())]);
            break;
        case 6:
            claim.accepted.resize(1 + choices.byte());
            break;
        case 7:
            if (!claim.range.left.empty()) flip(claim.range.left.back());
            break;
        case 8:
            if (!claim.range.right.empty()) flip(claim.range.right.front());
            break;
        default:
            claim.head[choices.below(claim.head.size())] ^= static_cast<char>(choices.byte());
    }
    return claim;
}

void run(BytesView input) {
    Choices choices(input);
    const Claim good = claim_of(choices);
    CHECK(verify(good).has_value());
    const Claim other = altered(good, choices);
    const auto error = error_of(verify(other));
    CHECK(error.has_value() == (other != good));
}

const Registered registered({"receipt", run, 64});

}  // namespace
}  // namespace lienthong::fuzz
