// SPDX-License-Identifier: Apache-2.0
#include "bus/core/verified.hpp"

#include <algorithm>

#include "security/seal/section_check.hpp"

namespace lienthong::core {

Result<VerifiedEnvelope> verify_envelope(message::Envelope envelope,
                                         const MessageId& expected_id,
                                         const AgencyId& sender,
                                         const BusId& bus) {
    auto header = message::parse_header(envelope.header);
    if (!header) return std::unexpected(header.error());
    if (header->bus != bus) return fail(Code::wrong_bus);
    if (header->sender != sender) return fail(Code::wrong_sender);
    if (header->id != expected_id) return fail(Code::malformed_header, "the id is not its place");
    const message::KindInfo& kind = message::info(header->kind);

    VerifiedEnvelope verified;
    auto checked = seal::check_sections(*header, envelope.sections);
    if (!checked) return std::unexpected(checked.error());
    verified.descriptors = std::move(checked->descriptors);
    verified.recipients = std::move(checked->recipients);
    verified.facts = std::move(checked->facts);
    for (std::size_t i = 0; i < kind.sections.size(); ++i) {
        const bool there = std::ranges::find(envelope.sections, i, &message::Section::index) !=
                           envelope.sections.end();
        if (kind.sections[i].required && !there) {
            return fail(Code::malformed_section,
                        "a required section is missing",
                        std::string(kind.sections[i].name));
        }
    }
    verified.header = std::move(*header);
    verified.header_bytes = std::move(envelope.header);
    verified.sections = std::move(envelope.sections);
    return verified;
}

namespace {

// Key, suite, tree, signature.
Result<void> prove(const VerifiedBatch& batch,
                   const registry::Registry& registry,
                   Millis at,
                   Position position) {
    auto key = registry.signing_key(batch.session.agency, batch.proof.key_id, at, position);
    if (!key) return std::unexpected(key.error());
    if (batch.proof.suite < registry.data().suite_floor) return fail(Code::weak_suite);
    return proof::verify_batch(
        batch.proof, *key, registry.data().bus, batch.session.agency, batch.headers);
}

}  // namespace

Result<VerifiedBatch> verify_batch(BytesView frame,
                                   const Session& session,
                                   std::uint64_t stream,
                                   std::uint64_t first,
                                   std::uint32_t count,
                                   const registry::Registry& registry,
                                   Millis at,
                                   Position position) {
    auto batch = message::parse_batch(frame);
    if (!batch) return std::unexpected(batch.error());
    if (batch->envelopes.size() != count || count == 0 || stream == 0 || first == 0 ||
        first > UINT64_MAX - count) {
        return fail(Code::malformed_frame, "the batch is not what the command says");
    }
    VerifiedBatch verified;
    verified.session = session;
    verified.stream = stream;
    verified.first = first;
    auto parsed = proof::parse_batch_proof(batch->proof);
    if (!parsed) return std::unexpected(parsed.error());
    verified.proof = std::move(*parsed);
    verified.proof_bytes = std::move(batch->proof);

    verified.headers.reserve(batch->envelopes.size());
    for (const auto& envelope : batch->envelopes) {
        verified.headers.push_back(proof::leaf_hash(envelope.header));
    }
    auto proven = prove(verified, registry, at, position);
    if (!proven) {
        verified.unproven = std::move(proven.error());
        return verified;
    }

    for (std::uint32_t i = 0; i < count; ++i) {
        verified.messages.push_back(verify_envelope(std::move(batch->envelopes[i]),
                                                    MessageId{stream, first + i},
                                                    session.agency,
                                                    registry.data().bus));
    }
    return verified;
}

}  // namespace lienthong::core
