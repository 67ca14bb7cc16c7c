// SPDX-License-Identifier: Apache-2.0
// Header and descriptor; batch.cpp has what travels around them.
#include "bus/message/envelope.hpp"

#include "bus/base/check.hpp"
#include "bus/message/flat.hpp"
#include "schemas/envelope_generated.h"

namespace lienthong::message {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

Bytes finished(FlatBufferBuilder& builder, flatbuffers::Offset<void> root) {
    builder.Finish(root);
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

std::unexpected<Error> bad_header(std::string_view field, std::string_view why) {
    return fail(Code::malformed_header, std::string(why), std::string(field));
}

std::unexpected<Error> bad_descriptor(std::string_view field, std::string_view why) {
    return fail(Code::malformed_descriptor, std::string(why), std::string(field));
}

std::optional<Relation> maybe_relation(fb::Relation relation) {
    switch (relation) {
        case fb::Relation::answers:
            return Relation::answers;
        case fb::Relation::supersedes:
            return Relation::supersedes;
        case fb::Relation::countersigns:
            return Relation::countersigns;
        case fb::Relation::re_seals:
            return Relation::re_seals;
        case fb::Relation::none:
            break;
    }
    return std::nullopt;
}

std::optional<Form> maybe_form(fb::Form form) {
    switch (form) {
        case fb::Form::open:
            return Form::open;
        case fb::Form::facts:
            return Form::facts;
        case fb::Form::sealed:
            return Form::sealed;
        case fb::Form::chunked:
            return Form::chunked;
        case fb::Form::none:
            break;
    }
    return std::nullopt;
}

MessageId id_of(const fb::MessageId& id) { return {id.stream(), id.sequence()}; }
bool is_possible(const MessageId& id) { return id.stream != 0 && id.sequence != 0; }

// Suite, version and kind come first: of a header of another version nothing else may be judged.
Result<const KindInfo*> read_kind(const fb::Header& flat, Header& header) {
    header.suite = flat.suite();
    if (header.suite != kSuite) return fail(Code::unknown_suite, {}, "suite");
    const auto kind = maybe_kind(static_cast<std::uint16_t>(flat.kind()));
    if (!kind) return fail(Code::unknown_kind, {}, "kind");
    header.kind = *kind;
    header.kind_version = flat.kind_version();
    const KindInfo& kind_info = info(*kind);
    if (header.kind_version != kind_info.version) {
        return fail(Code::unknown_version, {}, "kind_version");
    }
    return &kind_info;
}

Result<void> read_names(const fb::Header& flat, const KindInfo& kind, Header& header) {
    const std::string_view bus = text_of(flat.bus());
    const std::string_view sender = text_of(flat.sender());
    if (!is_name(bus)) return bad_header("bus", "is no name");
    if (!is_name(sender)) return bad_header("sender", "is no name");
    header.bus = BusId::of(bus);
    header.sender = AgencyId::of(sender);
    header.id = id_of(*flat.id());
    if (!is_possible(header.id)) return bad_header("id", "stream and sequence start at 1");
    if (flat.unit() != nullptr) {
        if (kind.kind_class == Class::personal) {
            return bad_header("unit", "a kind with personal data names no unit");
        }
        if (!is_name(text_of(flat.unit()))) return bad_header("unit", "is no name");
        header.unit = UnitId::of(text_of(flat.unit()));
    }
    return {};
}

Result<void> read_case(const fb::Header& flat, const KindInfo& kind, Header& header) {
    if (flat.case_id() != nullptr) {
        std::memcpy(header.case_id.bytes.data(), flat.case_id(), header.case_id.bytes.size());
        if (header.case_id.is_none()) return bad_header("case_id", "is zero");
        if (!kind.needs_case && kind.kind != Kind::correction) {
            return bad_header("case_id", "this kind belongs to no case");
        }
    } else if (kind.needs_case) {
        return bad_header("case_id", "this kind belongs to a case");
    }
    if (const auto* version = flat.case_version()) {
        if (header.case_id.is_none()) return bad_header("case_version", "without a case");
        if (version->epoch() == 0) return bad_header("case_version", "epochs start at 1");
        header.case_version =
            CaseVersion{version->epoch(), version->position(), hash_of(&version->leaf())};
    }
    if (const auto* reference = flat.refers_to()) {
        const auto relation = maybe_relation(reference->relation());
        if (!relation) return bad_header("refers_to", "the relation is not known");
        const Reference to{
            id_of(reference->message()), hash_of(&reference->header_digest()), *relation};
        if (!is_possible(to.message)) {
            return bad_header("refers_to", "stream and sequence start at 1");
        }
        header.refers_to = to;
    }
    return {};
}

}  // namespace

Bytes encode_header(const Header& header) {
    FlatBufferBuilder builder(1024);
    std::vector<fb::Bytes32> commitments;
    commitments.reserve(header.commitments.size());
    for (const Hash& hash : header.commitments) {
        commitments.push_back(flat_of<fb::Bytes32>(hash.view()));
    }
    const auto flat_commitments = builder.CreateVectorOfStructs(commitments);
    const auto bus = builder.CreateString(header.bus.text());
    const auto sender = builder.CreateString(header.sender.text());
    Offset<flatbuffers::String> unit;
    if (!header.unit.empty()) unit = builder.CreateString(header.unit.text());
    const fb::MessageId id(header.id.stream, header.id.sequence);

    fb::HeaderBuilder flat(builder);
    flat.add_suite(header.suite);
    flat.add_bus(bus);
    flat.add_id(&id);
    flat.add_sender(sender);
    if (!header.unit.empty()) flat.add_unit(unit);
    flat.add_kind(fb::Kind{static_cast<std::uint16_t>(header.kind)});
    flat.add_kind_version(header.kind_version);
    const auto case_id = flat_of<fb::Bytes16>(header.case_id.bytes);
    if (!header.case_id.is_none()) flat.add_case_id(&case_id);
    if (header.case_version) {
        const auto& known = *header.case_version;
        const fb::CaseVersion version(
            known.epoch, known.position, flat_of<fb::Bytes32>(known.leaf.view()));
        flat.add_case_version(&version);
    }
    if (header.refers_to) {
        const auto& to = *header.refers_to;
        const fb::Reference reference(fb::MessageId(to.message.stream, to.message.sequence),
                                      flat_of<fb::Bytes32>(to.header_digest.view()),
                                      fb::Relation{static_cast<std::uint8_t>(to.relation)});
        flat.add_refers_to(&reference);
    }
    flat.add_registry_version(header.registry_version);
    flat.add_policy_version(header.policy_version);
    flat.add_procedure_version(header.procedure_version);
    flat.add_created(header.created);
    flat.add_expires(header.expires);
    flat.add_commitments(flat_commitments);
    return finished(builder, flat.Finish().Union());
}

Result<Header> parse_header(BytesView bytes) {
    if (bytes.size() > kHeaderBytesMax) return fail(Code::oversized, {}, "header");
    const AlignedCopy copy(bytes);
    if (verify_root<fb::Header, flatbuffers::Verifier>(copy.view(), kTablesMax) != Verdict::ok) {
        return bad_header("header", "is no header");
    }
    const auto& flat = *flatbuffers::GetRoot<fb::Header>(copy.view().data());
    Header header;
    const auto kind = read_kind(flat, header);
    if (!kind) return std::unexpected(kind.error());
    if (const auto names = read_names(flat, **kind, header); !names) {
        return std::unexpected(names.error());
    }
    if (const auto of_case = read_case(flat, **kind, header); !of_case) {
        return std::unexpected(of_case.error());
    }
    header.registry_version = flat.registry_version();
    header.policy_version = flat.policy_version();
    header.procedure_version = flat.procedure_version();
    header.created = flat.created();
    header.expires = flat.expires();
    if (header.created < 0 || header.created > kMillisMax) {
        return bad_header("created", "is no time");
    }
    if (header.expires != 0 && (header.expires <= header.created || header.expires > kMillisMax)) {
        return bad_header("expires", "is not after the creation");
    }
    if (flat.commitments()->size() != (*kind)->sections.size()) {
        return bad_header("commitments", "one for each section that the kind can have");
    }
    for (const fb::Bytes32* commitment : *flat.commitments()) {
        header.commitments.push_back(hash_of(commitment));
    }
    return header;
}

Bytes encode_descriptor(const Descriptor& descriptor) {
    FlatBufferBuilder builder(1024);
    const auto name = builder.CreateString(descriptor.name);
    std::vector<Offset<flatbuffers::String>> names;
    names.reserve(descriptor.audience.size());
    for (const AgencyId& agency : descriptor.audience) {
        names.push_back(builder.CreateString(agency.text()));
    }
    const auto audience = builder.CreateVector(names);
    std::vector<fb::Bytes32> keys;
    keys.reserve(descriptor.sealed_to.size());
    for (const Hash& key : descriptor.sealed_to) keys.push_back(flat_of<fb::Bytes32>(key.view()));
    Offset<flatbuffers::Vector<const fb::Bytes32*>> sealed_to;
    if (!keys.empty()) sealed_to = builder.CreateVectorOfStructs(keys);
    const auto digest = flat_of<fb::Bytes32>(descriptor.section_digest.view());
    const auto commitment = flat_of<fb::Bytes32>(descriptor.plaintext_commitment.view());
    const auto root = flat_of<fb::Bytes32>(descriptor.chunk_root.view());

    fb::DescriptorBuilder flat(builder);
    flat.add_name(name);
    flat.add_form(fb::Form{static_cast<std::uint8_t>(descriptor.form)});
    flat.add_audience(audience);
    flat.add_padded_bytes(descriptor.padded_bytes);
    flat.add_section_digest(&digest);
    flat.add_plaintext_commitment(&commitment);
    if (!keys.empty()) flat.add_sealed_to(sealed_to);
    if (descriptor.form == Form::chunked) flat.add_chunk_root(&root);
    flat.add_chunk_count(descriptor.chunk_count);
    return finished(builder, flat.Finish().Union());
}

Result<Descriptor> parse_descriptor(BytesView bytes) {
    if (bytes.size() > kDescriptorBytesMax) return fail(Code::oversized, {}, "descriptor");
    const AlignedCopy copy(bytes);
    if (verify_root<fb::Descriptor, flatbuffers::Verifier>(copy.view(), kTablesMax) !=
        Verdict::ok) {
        return bad_descriptor("descriptor", "is no descriptor");
    }
    const auto& flat = *flatbuffers::GetRoot<fb::Descriptor>(copy.view().data());
    Descriptor descriptor;
    if (!is_name(text_of(flat.name()))) return bad_descriptor("name", "is no name");
    descriptor.name = text_of(flat.name());
    const auto form = maybe_form(flat.form());
    if (!form) return bad_descriptor("form", "is not known");
    descriptor.form = *form;
    auto audience = maybe_agencies(flat.audience(), 1, kAudienceMax);
    if (!audience) return bad_descriptor("audience", "1 to 64 agencies, ascending, once each");
    descriptor.audience = std::move(*audience);
    descriptor.padded_bytes = flat.padded_bytes();
    descriptor.section_digest = hash_of(flat.section_digest());
    descriptor.plaintext_commitment = hash_of(flat.plaintext_commitment());
    const bool sealed = *form == Form::sealed || *form == Form::chunked;
    const std::size_t keys = flat.sealed_to() == nullptr ? 0 : flat.sealed_to()->size();
    if (sealed ? (keys == 0 || keys > kSealedToMax) : keys != 0) {
        return bad_descriptor("sealed_to", "a certificate or more if sealed, else none");
    }
    for (std::uint32_t i = 0; i < keys; ++i) {
        descriptor.sealed_to.push_back(hash_of(flat.sealed_to()->Get(i)));
    }
    const bool chunked = *form == Form::chunked;
    descriptor.chunk_root = hash_of(flat.chunk_root());
    descriptor.chunk_count = flat.chunk_count();
    if (chunked != (flat.chunk_root() != nullptr) ||
        (chunked ? (descriptor.chunk_count == 0 || descriptor.chunk_count > kChunksMax)
                 : descriptor.chunk_count != 0)) {
        return bad_descriptor("chunks", "root and count if chunked, else none");
    }
    return descriptor;
}

}  // namespace lienthong::message
