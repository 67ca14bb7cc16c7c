// SPDX-License-Identifier: Apache-2.0
// Batch signatures: a publisher signs the Merkle root over the headers of a batch, once.
// The proof is fixed bytes: suite u16 ‖ key id 32 ‖ batch size u32 ‖ root 32 ‖ length u16 ‖
// signature. Signed: label "lienthong/batch/v1" ‖ suite ‖ bus ‖ agency ‖ size ‖ root (texts
// length-prefixed).
#pragma once

#include <span>

#include "bus/base/ids.hpp"
#include "security/keys/keys.hpp"
#include "security/proof/merkle.hpp"

namespace lienthong::proof {

struct BatchProof {
    std::uint16_t suite = 0;
    keys::KeyId key_id{};
    std::uint32_t size = 0;
    Hash root{};
    Bytes signature{};
    bool operator==(const BatchProof&) const = default;
};

// A batch has 1 to message::kBatchMessagesMax messages.
inline constexpr std::size_t kSignatureBytesMax = 1024;  // RSA with 8,192 bits

Bytes encode_batch_proof(const BatchProof& proof);
Result<BatchProof> parse_batch_proof(BytesView bytes);  // malformed_proof, unknown_suite

// `headers`: leaf_hash of each header's exact bytes, in order. bad_argument if there is none,
// oversized if there are too many, else the signer's error.
Result<BatchProof> sign_batch(keys::Signer& signer,
                              const BusId& bus,
                              const AgencyId& agency,
                              std::span<const Hash> headers);
// The whole batch is at hand: rebuilds the root once. bad_digest (root or size), bad_signature (a
// proof that names another key too), unknown_suite.
Result<void> verify_batch(const BatchProof& proof,
                          const keys::PublicKey& key,
                          const BusId& bus,
                          const AgencyId& agency,
                          std::span<const Hash> headers);
// One message of it, by its path. bad_digest, bad_signature, unknown_suite.
Result<void> verify_in_batch(const BatchProof& proof,
                             const keys::PublicKey& key,
                             const BusId& bus,
                             const AgencyId& agency,
                             const Hash& header,
                             std::uint32_t index,
                             std::span<const Hash> path);
// The same for a proof whose signature was verified before, under the same key, bus and agency:
// only the path is looked at. bad_digest.
Result<void> verify_place_in_batch(const BatchProof& proof,
                                   const Hash& header,
                                   std::uint32_t index,
                                   std::span<const Hash> path);

}  // namespace lienthong::proof
