// SPDX-License-Identifier: Apache-2.0
#include "bus/core/verified.hpp"

#include <algorithm>
#include <bitset>

#include "security/keys/digest.hpp"
#include "security/seal/commitment.hpp"

namespace lienthong::core {
namespace {

Result<void> check_plaintext(const message::Header& header,
                             const message::SectionType& type,
                             const message::Section& section,
                             const message::Descriptor& descriptor) {
    if (!section.plaintext_salt) return fail(Code::bad_commitment, "no salt", descriptor.name);
    const seal::CommitmentContext context{header.suite, header.bus, header.id, descriptor.name};
    if (seal::commit_plaintext(context, *section.plaintext_salt, section.body) !=
        descriptor.plaintext_commitment) {
        return fail(Code::bad_commitment, "plaintext", descriptor.name);
    }
    return message::check_section(type, section.body);
}

Result<message::Descriptor> check_section(const message::Header& header,
                                          const message::KindInfo& kind,
                                          const message::Section& section) {
    if (section.index >= kind.sections.size()) {
        return fail(Code::malformed_descriptor, "the kind has no such section");
    }
    const message::SectionType& type = kind.sections[section.index];
    const seal::CommitmentContext context{header.suite, header.bus, header.id, type.name};
    if (seal::commit_descriptor(context, section.descriptor_salt, section.descriptor) !=
        header.commitments[section.index]) {
        return fail(Code::bad_commitment, "descriptor", std::string(type.name));
    }
    auto descriptor = message::parse_descriptor(section.descriptor);
    if (!descriptor) return descriptor;
    if (descriptor->name != type.name) {
        return fail(Code::malformed_descriptor, "name and place differ", std::string(type.name));
    }
    const bool as_declared =
        descriptor->form == type.form ||
        (type.form == message::Form::sealed && descriptor->form == message::Form::chunked);
    if (!as_declared) {
        return fail(Code::malformed_descriptor, "form not of this kind", std::string(type.name));
    }
    if (!std::ranges::binary_search(descriptor->audience, header.sender)) {
        return fail(Code::wrong_audience, "the sender is not in it", std::string(type.name));
    }
    if (descriptor->form == message::Form::chunked) return descriptor;
    if (keys::sha256(section.body) != descriptor->section_digest ||
        section.body.size() != descriptor->padded_bytes) {
        return fail(Code::bad_digest, "section", std::string(type.name));
    }
    if (descriptor->form != message::Form::sealed) {
        auto plain = check_plaintext(header, type, section, *descriptor);
        if (!plain) return std::unexpected(plain.error());
    }
    return descriptor;
}

}  // namespace

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
    std::bitset<256> seen;
    for (const message::Section& section : envelope.sections) {
        if (seen.test(section.index)) return fail(Code::malformed_descriptor, "section twice");
        seen.set(section.index);
        auto descriptor = check_section(*header, kind, section);
        if (!descriptor) return std::unexpected(descriptor.error());
        if (descriptor->form == message::Form::facts) {
            auto facts = message::parse_facts(section.body);
            if (!facts) return std::unexpected(facts.error());
            verified.facts = std::move(*facts);
        }
        verified.descriptors.push_back(std::move(*descriptor));
    }
    for (std::size_t i = 0; i < kind.sections.size(); ++i) {
        if (kind.sections[i].required && !seen.test(i)) {
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

    auto key = registry.signing_key(session.agency, verified.proof.key_id, at, position);
    if (!key) return std::unexpected(key.error());
    if (verified.proof.suite < registry.data().suite_floor) return fail(Code::weak_suite);
    verified.headers.reserve(batch->envelopes.size());
    for (const auto& envelope : batch->envelopes) {
        verified.headers.push_back(proof::leaf_hash(envelope.header));
    }
    auto proven = proof::verify_batch(
        verified.proof, *key, registry.data().bus, session.agency, verified.headers);
    if (!proven) return std::unexpected(proven.error());

    for (std::uint32_t i = 0; i < count; ++i) {
        verified.messages.push_back(verify_envelope(std::move(batch->envelopes[i]),
                                                    MessageId{stream, first + i},
                                                    session.agency,
                                                    registry.data().bus));
    }
    return verified;
}

}  // namespace lienthong::core
