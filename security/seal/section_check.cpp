// SPDX-License-Identifier: Apache-2.0
#include "security/seal/section_check.hpp"

#include <algorithm>
#include <bitset>

#include "security/keys/digest.hpp"
#include "security/seal/cms_shape.hpp"
#include "security/seal/commitment.hpp"

namespace lienthong::seal {
namespace {

Result<void> check_plaintext(const CommitmentContext& context,
                             const message::SectionType& type,
                             const message::Section& section,
                             const message::Descriptor& descriptor) {
    if (!section.plaintext_salt) return fail(Code::bad_commitment, "no salt", descriptor.name);
    if (commit_plaintext(context, *section.plaintext_salt, section.body) !=
        descriptor.plaintext_commitment) {
        return fail(Code::bad_commitment, "plaintext", descriptor.name);
    }
    return message::check_section(type, section.body);
}

}  // namespace

Result<message::Descriptor> check_section(const message::Header& header,
                                          const message::Section& section) {
    const message::KindInfo& kind = message::info(header.kind);
    if (section.index >= kind.sections.size()) {
        return fail(Code::malformed_descriptor, "the kind has no such section");
    }
    const message::SectionType& type = kind.sections[section.index];
    const std::string name(type.name);
    const CommitmentContext context{header.suite, header.bus, header.id, type.name};
    if (commit_descriptor(context, section.descriptor_salt, section.descriptor) !=
        header.commitments[section.index]) {
        return fail(Code::bad_commitment, "descriptor", name);
    }
    auto descriptor = message::parse_descriptor(section.descriptor);
    if (!descriptor) return descriptor;
    if (descriptor->name != type.name) {
        return fail(Code::malformed_descriptor, "name and place differ", name);
    }
    const bool as_declared =
        descriptor->form == type.form ||
        (type.form == message::Form::sealed && descriptor->form == message::Form::chunked);
    if (!as_declared) return fail(Code::malformed_descriptor, "form not of this kind", name);
    if (!std::ranges::binary_search(descriptor->audience, header.sender)) {
        return fail(Code::wrong_audience, "the sender is not in it", name);
    }
    if (descriptor->form == message::Form::chunked) {
        // The chunks travel apart; each is checked against the root where it arrives.
        if (!section.body.empty() || section.plaintext_salt || descriptor->padded_bytes == 0 ||
            descriptor->section_digest != descriptor->chunk_root) {
            return fail(Code::bad_digest, "chunked section", name);
        }
        return descriptor;
    }
    if (section.body.size() != descriptor->padded_bytes ||
        keys::sha256(section.body) != descriptor->section_digest) {
        return fail(Code::bad_digest, "section", name);
    }
    if (descriptor->form != message::Form::sealed) {
        auto plain = check_plaintext(context, type, section, *descriptor);
        if (!plain) return std::unexpected(plain.error());
    }
    return descriptor;
}

Result<CheckedSections> check_sections(const message::Header& header,
                                       const std::vector<message::Section>& sections) {
    CheckedSections checked;
    std::bitset<256> seen;
    for (const message::Section& section : sections) {
        if (seen.test(section.index)) return fail(Code::malformed_descriptor, "section twice");
        seen.set(section.index);
        auto descriptor = check_section(header, section);
        if (!descriptor) return std::unexpected(descriptor.error());
        if (descriptor->form == message::Form::facts) {
            auto facts = message::parse_facts(section.body);
            if (!facts) return std::unexpected(facts.error());
            auto allowed = message::check_facts(header.kind, *facts);
            if (!allowed) return std::unexpected(allowed.error());
            checked.facts = std::move(*facts);
        }
        std::vector<Bytes> recipients;
        if (descriptor->form == message::Form::sealed) {
            auto named = recipients_of(section.body);
            if (!named) return fail(named.error().code, named.error().detail, descriptor->name);
            recipients = std::move(*named);
        }
        checked.recipients.push_back(std::move(recipients));
        checked.descriptors.push_back(std::move(*descriptor));
    }
    return checked;
}

}  // namespace lienthong::seal
