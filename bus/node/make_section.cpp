// SPDX-License-Identifier: Apache-2.0
#include "bus/node/make_section.hpp"

#include <algorithm>

#include "security/keys/digest.hpp"
#include "security/proof/merkle.hpp"
#include "security/seal/commitment.hpp"
#include "security/seal/seal.hpp"

namespace lienthong::node {
namespace {

// The certificates to seal to, in the order of the audience; their keys go into the descriptor.
Result<std::vector<Bytes>> certificates_of(message::Descriptor& descriptor, const Scene& scene) {
    std::vector<Bytes> certificates;
    for (const AgencyId& agency : descriptor.audience) {
        Bytes certificate = scene.registry.sealing_certificate(agency, scene.at);
        if (certificate.empty()) {
            return fail(Code::bad_certificate, "no valid sealing certificate", agency.text());
        }
        auto key = keys::PublicKey::from_certificate(certificate);
        if (!key) return std::unexpected(key.error());
        descriptor.sealed_to.push_back(key->id());
        certificates.push_back(std::move(certificate));
    }
    return certificates;
}

// `body` says all but its plaintext.
Result<Bytes> seal_body(message::SealedBody& body,
                        BytesView plaintext,
                        std::span<const Bytes> certificates) {
    body.plaintext = to_bytes(plaintext);
    const Secret inside(message::encode_sealed_body(body));
    explicit_bzero(body.plaintext.data(), body.plaintext.size());
    return seal::seal(inside.view(), certificates);
}

Result<void> seal_chunks(Made& made,
                         message::SealedBody& body,
                         BytesView plaintext,
                         std::span<const Bytes> certificates) {
    const std::size_t count = (plaintext.size() + message::kChunkBytes - 1) / message::kChunkBytes;
    body.chunk_count = static_cast<std::uint32_t>(count);
    std::vector<Hash> leaves;
    for (std::uint32_t i = 0; i < body.chunk_count; ++i) {
        body.chunk_index = i;
        const std::size_t from = i * message::kChunkBytes;
        const std::size_t size = std::min(message::kChunkBytes, plaintext.size() - from);
        auto sealed = seal_body(body, plaintext.subspan(from, size), certificates);
        if (!sealed) return std::unexpected(sealed.error());
        leaves.push_back(proof::leaf_hash(*sealed));
        made.descriptor.padded_bytes += static_cast<std::uint32_t>(sealed->size());
        made.chunks.push_back(
            {made.section.index, body.section, i, body.chunk_count, std::move(*sealed)});
    }
    made.descriptor.chunk_count = body.chunk_count;
    made.descriptor.chunk_root = proof::root(leaves);
    made.descriptor.section_digest = made.descriptor.chunk_root;
    return {};
}

Result<void> seal_section(Made& made,
                          const message::Header& header,
                          const Scene& scene,
                          BytesView plaintext,
                          const Hash& salt) {
    auto certificates = certificates_of(made.descriptor, scene);
    if (!certificates) return std::unexpected(certificates.error());
    message::SealedBody body;
    body.bus = header.bus;
    body.message = header.id;
    body.sender = header.sender;
    body.kind = header.kind;
    body.section = made.descriptor.name;
    body.audience = made.descriptor.audience;
    body.plaintext_salt = salt;
    if (made.descriptor.form == message::Form::chunked) {
        return seal_chunks(made, body, plaintext, *certificates);
    }
    auto sealed = seal_body(body, plaintext, *certificates);
    if (!sealed) return std::unexpected(sealed.error());
    made.section.body = std::move(*sealed);
    return {};
}

}  // namespace

Result<Made> make_section(const message::Header& header,
                          const Scene& scene,
                          std::size_t index,
                          BytesView plaintext,
                          const std::vector<AgencyId>& audience,
                          bool chunked,
                          Random& random) {
    const message::SectionType& type = message::info(header.kind).sections[index];
    const seal::CommitmentContext context{header.suite, header.bus, header.id, type.name};
    const Hash salt = random.hash();
    Made made;
    made.descriptor.name = std::string(type.name);
    made.descriptor.form = chunked ? message::Form::chunked : type.form;
    made.descriptor.audience = audience;
    made.descriptor.plaintext_commitment = seal::commit_plaintext(context, salt, plaintext);
    made.section.index = static_cast<std::uint8_t>(index);
    if (type.form == message::Form::sealed) {
        auto sealed = seal_section(made, header, scene, plaintext, salt);
        if (!sealed) return std::unexpected(sealed.error());
    } else {
        made.section.plaintext_salt = salt;
        made.section.body = to_bytes(plaintext);
    }
    if (!chunked) {
        made.descriptor.padded_bytes = static_cast<std::uint32_t>(made.section.body.size());
        made.descriptor.section_digest = keys::sha256(made.section.body);
    }
    made.section.descriptor = message::encode_descriptor(made.descriptor);
    made.section.descriptor_salt = random.hash();
    return made;
}

}  // namespace lienthong::node
