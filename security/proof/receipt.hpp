// SPDX-License-Identifier: Apache-2.0
// Receipts: what the broker gives a publisher for a batch. The accepted messages stand in the log
// where the receipt says, and the signed head covers them.
#pragma once

#include <span>
#include <string_view>

#include "security/proof/head.hpp"

namespace lienthong::proof {

// A receipt as far as its proof goes; borrows the text and the digests.
struct ReceiptClaim {
    std::string_view head{};           // signed checkpoint
    std::span<const Hash> accepted{};  // SHA-256 of each accepted header, in order
    Position first_position = 0;       // of the first accepted one; they stand contiguously
    Millis time = 0;                   // the batch's one time of entry
    Epoch epoch = 0;
    Hash proof{};        // SHA-256 of the batch proof's bytes
    RangeProof range{};  // of the accepted ones in the head's tree
};

// Gives the head. With none accepted only the head is judged: nothing is claimed about the log.
// malformed_proof, wrong_bus and bad_signature as verify_head; bad_digest if these leaves do not
// give the head's root.
Result<Head> verify_receipt(const ReceiptClaim& claim,
                            const BusId& bus,
                            const keys::PublicKey& log_key);

}  // namespace lienthong::proof
