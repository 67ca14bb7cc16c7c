// SPDX-License-Identifier: Apache-2.0
#include "bus/node/compose.hpp"

#include <algorithm>

#include "bus/message/document_info.hpp"
#include "bus/message/facts_agree.hpp"
#include "bus/node/make_section.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/merkle.hpp"
#include "security/seal/commitment.hpp"

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

// What a batch frame costs beside its envelopes: a bound, as FlatBuffers aligns and pads.
constexpr std::size_t kOverhead = 512;

// Sections that are made, each with its plaintext, so that one can be made again as chunks.
struct Making {
    std::size_t index = 0;
    BytesView plaintext;
    const std::vector<AgencyId>* audience = nullptr;
    Made made;
};

std::size_t bytes_of(const message::Section& section) {
    return section.descriptor.size() + section.body.size() + kOverhead;
}

// The largest section that travels in the envelope and could travel as chunks instead.
Making* maybe_largest_sealed(std::vector<Making>& sections) {
    Making* largest = nullptr;
    for (Making& one : sections) {
        if (one.made.descriptor.form != message::Form::sealed) continue;
        if (largest == nullptr || one.made.section.body.size() > largest->made.section.body.size())
            largest = &one;
    }
    return largest;
}

// Each section whole or, above the size of a chunk, in chunks; then the largest in chunks until the
// envelope fits.
Result<void> make_sections(std::vector<Making>& sections,
                           const message::Header& header,
                           const Scene& scene,
                           Random& random,
                           std::size_t bytes_max) {
    const message::KindInfo& kind = message::info(header.kind);
    // All commitments are there, so the header has its size whatever they say.
    std::size_t bytes = message::encode_header(header).size() + kOverhead;
    const auto make = [&](Making& one, bool chunked) -> Result<void> {
        auto made =
            make_section(header, scene, one.index, one.plaintext, *one.audience, chunked, random);
        if (!made) return std::unexpected(made.error());
        one.made = std::move(*made);
        bytes += bytes_of(one.made.section);
        return {};
    };
    for (Making& one : sections) {
        const bool sealed = kind.sections[one.index].form == message::Form::sealed;
        auto made = make(one, sealed && one.plaintext.size() > message::kChunkBytes);
        if (!made) return made;
    }
    while (bytes > bytes_max) {
        Making* const largest = maybe_largest_sealed(sections);
        if (largest == nullptr) return fail(Code::oversized, "larger than a batch");
        bytes -= bytes_of(largest->made.section);
        auto made = make(*largest, true);
        if (!made) return made;
    }
    return {};
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
    std::size_t total = 0;
    for (const auto& [index, plaintext] : *sections) {
        const message::SectionType& type = kind.sections[index];
        total += plaintext.size();
        const bool sealed = type.form == message::Form::sealed;
        const std::size_t bytes_max = sealed ? message::kSectionBytesMax : kEnvelopeBytesMax;
        if (plaintext.size() > bytes_max || total > kDraftBytesMax) {
            return fail(Code::oversized,
                        sealed ? "at most 26 MiB, 64 MiB in all sections" : "at most 1 MiB",
                        std::string(type.name));
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
    if (draft.facts) {
        auto allowed = message::check_facts(draft.kind, *draft.facts);
        if (!allowed) {
            allowed.error().where = "facts." + allowed.error().where;
            return allowed;
        }
    }
    const bool opens = draft.facts && draft.facts->opens;
    if (kind.needs_case && draft.case_id.is_none() && !opens) {
        return fail(Code::bad_argument, "this kind belongs to a case", "case");
    }
    if (!draft.facts) return {};
    for (const auto& [name, plaintext] : draft.sections) {
        auto agreed = message::facts_agree(draft.kind, *draft.facts, name, plaintext);
        if (!agreed) return agreed;
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

bool needs_knowledge(const Draft& draft) {
    return !draft.case_id.is_none() && !(draft.facts && draft.facts->opens);
}

Hash delivery_class(message::Kind kind, const std::vector<AgencyId>& recipients) {
    ByteWriter out;
    out.u16(static_cast<std::uint16_t>(kind));
    for (const AgencyId& agency : recipients) out.prefixed(agency.text());
    return keys::sha256(out.bytes());
}

std::vector<Hash> leaves_of(const std::vector<message::Envelope>& envelopes) {
    std::vector<Hash> leaves;
    leaves.reserve(envelopes.size());
    for (const message::Envelope& envelope : envelopes) {
        leaves.push_back(proof::leaf_hash(envelope.header));
    }
    return leaves;
}

std::size_t envelope_bytes(const message::Envelope& envelope) {
    std::size_t bytes = envelope.header.size() + kOverhead;
    for (const message::Section& section : envelope.sections) bytes += bytes_of(section);
    return bytes;
}

Result<Composed> compose(const Draft& draft,
                         const Scene& scene,
                         const Recipients& recipients,
                         const MessageId& id,
                         Random& random,
                         std::size_t bytes_max) {
    auto plaintexts = ordered_sections(draft);
    if (!plaintexts) return std::unexpected(plaintexts.error());
    const message::KindInfo& kind = message::info(draft.kind);
    message::Header header = header_of(draft, scene, id);
    for (std::size_t i = 0; i < kind.sections.size(); ++i) {
        header.commitments.push_back(random.hash());  // stays for a section that is not there
    }
    std::vector<Making> sections;
    for (std::size_t i = 0; i < plaintexts->size(); ++i) {
        const auto& [index, plaintext] = (*plaintexts)[i];
        sections.push_back({index, plaintext, &recipients.audiences[i], {}});
    }
    auto made = make_sections(sections, header, scene, random, bytes_max);
    if (!made) return std::unexpected(made.error());
    Composed composed;
    std::uint64_t charged = 0;
    for (Making& one : sections) {
        const seal::CommitmentContext context{
            header.suite, header.bus, header.id, kind.sections[one.index].name};
        message::Section& section = one.made.section;
        header.commitments[one.index] =
            seal::commit_descriptor(context, section.descriptor_salt, section.descriptor);
        composed.envelope.sections.push_back(std::move(section));
        for (OutChunk& chunk : one.made.chunks) {
            charged += message::chunk_charge(chunk.sent.size());
            composed.chunks.push_back(std::move(chunk));
        }
    }
    if (charged > scene.registry.data().limits.chunk_quota_bytes) {
        return fail(Code::oversized, "larger than the agency's quota of uploads");
    }
    composed.envelope.header = message::encode_header(header);
    return composed;
}

}  // namespace lienthong::node
