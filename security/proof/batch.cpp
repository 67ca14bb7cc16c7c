// SPDX-License-Identifier: Apache-2.0
#include "security/proof/batch.hpp"

#include "bus/base/check.hpp"
#include "bus/message/envelope.hpp"

namespace lienthong::proof {
namespace {

constexpr std::string_view kLabel = "lienthong/batch/v1";

Bytes signed_bytes(const BatchProof& proof, const BusId& bus, const AgencyId& agency) {
    ByteWriter writer;
    writer.prefixed(kLabel)
        .u16(proof.suite)
        .prefixed(bus.text())
        .prefixed(agency.text())
        .u32(proof.size)
        .hash(proof.root);
    return writer.take();
}

Result<void> verify_signature(const BatchProof& proof,
                              const keys::PublicKey& key,
                              const BusId& bus,
                              const AgencyId& agency) {
    if (proof.suite != message::kSuite) return fail(Code::unknown_suite, "batch proof");
    if (proof.key_id != key.id()) return fail(Code::bad_signature, "made with another key");
    return key.verify(signed_bytes(proof, bus, agency), proof.signature);
}

}  // namespace

Bytes encode_batch_proof(const BatchProof& proof) {
    CHECK(proof.signature.size() <= kSignatureBytesMax);
    ByteWriter writer;
    writer.u16(proof.suite)
        .hash(proof.key_id)
        .u32(proof.size)
        .hash(proof.root)
        .u16(static_cast<std::uint16_t>(proof.signature.size()))
        .raw(proof.signature);
    return writer.take();
}

Result<BatchProof> parse_batch_proof(BytesView bytes) {
    ByteReader reader(bytes);
    BatchProof proof;
    proof.suite = reader.u16();
    if (!reader.ok()) return fail(Code::malformed_proof, "too short", "suite");
    if (proof.suite != message::kSuite) return fail(Code::unknown_suite, "batch proof", "suite");
    proof.key_id = reader.hash();
    proof.size = reader.u32();
    proof.root = reader.hash();
    const std::size_t signature_bytes = reader.u16();
    proof.signature = to_bytes(reader.raw(signature_bytes));
    if (!reader.done()) return fail(Code::malformed_proof, "wrong length", "proof");
    if (proof.size == 0 || proof.size > message::kBatchMessagesMax) {
        return fail(Code::malformed_proof, "not a size of a batch", "size");
    }
    if (signature_bytes == 0 || signature_bytes > kSignatureBytesMax) {
        return fail(Code::malformed_proof, "not a length of a signature", "signature");
    }
    return proof;
}

Result<BatchProof> sign_batch(keys::Signer& signer,
                              const BusId& bus,
                              const AgencyId& agency,
                              std::span<const Hash> headers) {
    if (headers.empty()) return fail(Code::bad_argument, "a batch has at least one message");
    if (headers.size() > message::kBatchMessagesMax) {
        return fail(Code::oversized, "too many messages for one batch");
    }
    BatchProof proof;
    proof.suite = message::kSuite;
    proof.key_id = signer.public_key().id();
    proof.size = static_cast<std::uint32_t>(headers.size());
    proof.root = root(headers);
    auto signature = signer.sign(signed_bytes(proof, bus, agency));
    if (!signature) return std::unexpected(signature.error());
    proof.signature = std::move(*signature);
    return proof;
}

Result<void> verify_batch(const BatchProof& proof,
                          const keys::PublicKey& key,
                          const BusId& bus,
                          const AgencyId& agency,
                          std::span<const Hash> headers) {
    if (headers.empty() || headers.size() != proof.size) {
        return fail(Code::bad_digest, "the proof is of another number of messages");
    }
    if (root(headers) != proof.root) {
        return fail(Code::bad_digest, "the headers do not give the proof's root");
    }
    return verify_signature(proof, key, bus, agency);
}

Result<void> verify_in_batch(const BatchProof& proof,
                             const keys::PublicKey& key,
                             const BusId& bus,
                             const AgencyId& agency,
                             const Hash& header,
                             std::uint32_t index,
                             std::span<const Hash> path) {
    auto placed = verify_place_in_batch(proof, header, index, path);
    if (!placed) return placed;
    return verify_signature(proof, key, bus, agency);
}

Result<void> verify_place_in_batch(const BatchProof& proof,
                                   const Hash& header,
                                   std::uint32_t index,
                                   std::span<const Hash> path) {
    if (!verify_inclusion(header, index, proof.size, path, proof.root)) {
        return fail(Code::bad_digest, "the header is not in the batch at this place");
    }
    return {};
}

}  // namespace lienthong::proof
