// SPDX-License-Identifier: Apache-2.0
#include "security/proof/receipt.hpp"

namespace lienthong::proof {

Result<Head> verify_receipt(const ReceiptClaim& claim,
                            const BusId& bus,
                            const keys::PublicKey& log_key) {
    auto head = verify_head(claim.head, bus, log_key);
    if (!head || claim.accepted.empty()) return head;
    // Before any hashing: so many positions must exist (this also keeps their sums in range).
    if (claim.first_position > head->size ||
        claim.accepted.size() > head->size - claim.first_position) {
        return fail(Code::bad_digest, "the head does not reach as far", "receipt");
    }
    std::vector<Hash> leaves;
    leaves.reserve(claim.accepted.size());
    Leaf leaf{.bus = bus,
              .position = claim.first_position,
              .time = claim.time,
              .kind = EntryKind::message,
              .epoch = claim.epoch,
              .content = {},
              .proof = claim.proof};
    for (const Hash& header : claim.accepted) {
        leaf.content = header;
        leaves.push_back(hash(leaf));
        ++leaf.position;
    }
    if (!verify_range(leaves, claim.first_position, head->size, claim.range, head->root)) {
        return fail(Code::bad_digest, "the messages are not in the log as claimed", "receipt");
    }
    return head;
}

}  // namespace lienthong::proof
