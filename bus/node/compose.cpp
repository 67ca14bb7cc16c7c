// SPDX-License-Identifier: Apache-2.0
#include "bus/node/compose.hpp"

#include <algorithm>

#include "bus/message/document_info.hpp"
#include "security/keys/digest.hpp"
#include "security/seal/commitment.hpp"
#include "security/seal/seal.hpp"

namespace lienthong::node {
namespace {

void insert(std::vector<AgencyId>& agencies, const AgencyId& agency) {
    const auto place = std::ranges::lower_bound(agencies, agency);
    if (place == agencies.end() || *place != agency) agencies.insert(place, agency);
}

policy::Context context_of(const Draft& draft, const Scene& scene) {
    policy::Context context;
    context.at = scene.at;
    context.named = draft.named;
    context.answered = scene.answered;
    context.parties = scene.knowledge.parties;
    context.consented = scene.knowledge.consented;
    if (draft.facts) {
        insert(context.parties, scene.agency);
        for (const AgencyId& agency : draft.facts->parties) insert(context.parties, agency);
        for (const AgencyId& agency : draft.facts->consent_for) {
            if (draft.facts->consent == message::ConsentState::given) {
                insert(context.consented, agency);
            } else {
                std::erase(context.consented, agency);
            }
        }
    }
    return context;
}

message::Header header_of(const Draft& draft, const Scene& scene, const MessageId& id) {
    const message::KindInfo& kind = message::info(draft.kind);
    message::Header header;
    header.bus = scene.bus;
    header.id = id;
    header.sender = scene.agency;
    if (kind.kind_class != message::Class::personal) header.unit = draft.unit;
    header.kind = draft.kind;
    header.kind_version = kind.version;
    header.case_id = draft.case_id;
    if (!draft.case_id.is_none() && !(draft.facts && draft.facts->opens)) {
        header.case_version = scene.knowledge.version;
    }
    header.refers_to = draft.refers_to;
    header.registry_version = scene.registry.version();
    header.policy_version = scene.policy.version();
    header.procedure_version = scene.procedure_version;
    header.created = scene.at;
    header.expires = draft.expires;
    return header;
}

struct Made {
    message::Descriptor descriptor;
    message::Section section;
};

Result<void> seal_section(Made& made,
                          const message::Header& header,
                          const Scene& scene,
                          BytesView plaintext,
                          const Hash& salt) {
    std::vector<Bytes> certificates;
    for (const AgencyId& agency : made.descriptor.audience) {
        Bytes certificate = scene.registry.sealing_certificate(agency, scene.at);
        if (certificate.empty()) {
            return fail(Code::bad_certificate, "no valid sealing certificate", agency.text());
        }
        auto key = keys::PublicKey::from_certificate(certificate);
        if (!key) return std::unexpected(key.error());
        made.descriptor.sealed_to.push_back(key->id());
        certificates.push_back(std::move(certificate));
    }
    message::SealedBody body;
    body.bus = header.bus;
    body.message = header.id;
    body.sender = header.sender;
    body.kind = header.kind;
    body.section = made.descriptor.name;
    body.audience = made.descriptor.audience;
    body.plaintext_salt = salt;
    body.plaintext = to_bytes(plaintext);
    const Secret inside(message::encode_sealed_body(body));
    explicit_bzero(body.plaintext.data(), body.plaintext.size());
    auto sealed = seal::seal(inside.view(), certificates);
    if (!sealed) return std::unexpected(sealed.error());
    made.section.body = std::move(*sealed);
    return {};
}

Result<Made> make_section(const message::Header& header,
                          const Scene& scene,
                          std::size_t index,
                          BytesView plaintext,
                          const std::vector<AgencyId>& audience,
                          Random& random) {
    const message::SectionType& type = message::info(header.kind).sections[index];
    const seal::CommitmentContext context{header.suite, header.bus, header.id, type.name};
    const Hash salt = random.hash();
    Made made;
    made.descriptor.name = std::string(type.name);
    made.descriptor.form = type.form;
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
    made.descriptor.padded_bytes = static_cast<std::uint32_t>(made.section.body.size());
    made.descriptor.section_digest = keys::sha256(made.section.body);
    made.section.descriptor = message::encode_descriptor(made.descriptor);
    made.section.descriptor_salt = random.hash();
    return made;
}

}  // namespace

Result<std::vector<std::pair<std::size_t, Bytes>>> ordered_sections(const Draft& draft) {
    const message::KindInfo& kind = message::info(draft.kind);
    std::vector<std::pair<std::size_t, Bytes>> ordered;
    for (const auto& [name, plaintext] : draft.sections) {
        const auto index = message::maybe_section(kind, name);
        if (!index || name == "facts") {
            return fail(Code::malformed_section, "the kind has no such section", name);
        }
        ordered.emplace_back(*index, plaintext);
    }
    if (draft.facts) {
        const auto index = message::maybe_section(kind, "facts");
        if (!index) return fail(Code::malformed_section, "the kind has no facts", "facts");
        ordered.emplace_back(*index, message::encode_facts(*draft.facts));
    }
    std::ranges::sort(ordered, {}, &std::pair<std::size_t, Bytes>::first);
    for (std::size_t i = 1; i < ordered.size(); ++i) {
        if (ordered[i].first == ordered[i - 1].first) {
            return fail(Code::malformed_section,
                        "the section is there twice",
                        std::string(kind.sections[ordered[i].first].name));
        }
    }
    for (std::size_t i = 0; i < kind.sections.size(); ++i) {
        const bool there =
            std::ranges::find(ordered, i, &std::pair<std::size_t, Bytes>::first) != ordered.end();
        if (kind.sections[i].required && !there) {
            return fail(Code::malformed_section,
                        "a required section is missing",
                        std::string(kind.sections[i].name));
        }
    }
    return ordered;
}

Result<void> check_draft(const Draft& draft) {
    if (draft.kind == message::Kind::none) return fail(Code::unknown_kind);
    const message::KindInfo& kind = message::info(draft.kind);
    auto sections = ordered_sections(draft);
    if (!sections) return std::unexpected(sections.error());
    for (const auto& [index, plaintext] : *sections) {
        const message::SectionType& type = kind.sections[index];
        if (type.form == message::Form::sealed && plaintext.size() > message::kChunkBytes) {
            return fail(Code::oversized, "at most 256 KiB in this version", std::string(type.name));
        }
        auto checked = message::check_section(type, plaintext);
        if (!checked) {
            checked.error().where = std::string(type.name) + "." + checked.error().where;
            return checked;
        }
        if (type.name == "document") {
            auto classified = message::is_classified(plaintext);
            if (!classified) return std::unexpected(classified.error());
            if (*classified) return fail(Code::classified_matter, {}, "document.classification");
        }
    }
    const bool opens = draft.facts && draft.facts->opens;
    if (kind.needs_case && draft.case_id.is_none() && !opens) {
        return fail(Code::bad_argument, "this kind belongs to a case", "case");
    }
    return {};
}

Result<Recipients> choose_recipients(const Draft& draft, const Scene& scene) {
    const policy::Context context = context_of(draft, scene);
    const auto decision =
        scene.policy.may_publish(scene.registry, scene.agency, draft.kind, context);
    if (!decision.allowed) {
        return std::unexpected(
            Error{Code::forbidden, {}, "kind", decision.depends_on_case ? "" : decision.missing});
    }
    auto sections = ordered_sections(draft);
    if (!sections) return std::unexpected(sections.error());
    const message::KindInfo& kind = message::info(draft.kind);
    Recipients recipients;
    insert(recipients.all, scene.agency);
    for (const auto& [index, plaintext] : *sections) {
        auto audience = scene.policy.audience(
            scene.registry, scene.agency, draft.kind, kind.sections[index].name, context);
        for (const AgencyId& agency : audience) insert(recipients.all, agency);
        recipients.audiences.push_back(std::move(audience));
    }
    return recipients;
}

Hash delivery_class(message::Kind kind, const std::vector<AgencyId>& recipients) {
    ByteWriter out;
    out.u16(static_cast<std::uint16_t>(kind));
    for (const AgencyId& agency : recipients) out.prefixed(agency.text());
    return keys::sha256(out.bytes());
}

Result<message::Envelope> compose(const Draft& draft,
                                  const Scene& scene,
                                  const Recipients& recipients,
                                  const MessageId& id,
                                  Random& random) {
    auto sections = ordered_sections(draft);
    if (!sections) return std::unexpected(sections.error());
    const message::KindInfo& kind = message::info(draft.kind);
    message::Header header = header_of(draft, scene, id);
    for (std::size_t i = 0; i < kind.sections.size(); ++i) {
        header.commitments.push_back(random.hash());  // stays for a section that is not there
    }
    message::Envelope envelope;
    for (std::size_t i = 0; i < sections->size(); ++i) {
        const auto& [index, plaintext] = (*sections)[i];
        auto made = make_section(header, scene, index, plaintext, recipients.audiences[i], random);
        if (!made) return std::unexpected(made.error());
        const seal::CommitmentContext context{
            header.suite, header.bus, header.id, kind.sections[index].name};
        header.commitments[index] = seal::commit_descriptor(
            context, made->section.descriptor_salt, made->section.descriptor);
        envelope.sections.push_back(std::move(made->section));
    }
    envelope.header = message::encode_header(header);
    return envelope;
}

}  // namespace lienthong::node
