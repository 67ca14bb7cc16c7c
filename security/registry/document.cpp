// SPDX-License-Identifier: Apache-2.0
#include "security/registry/document.hpp"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <set>

#include "schemas/document_generated.h"
#include "schemas/registry_generated.h"
#include "security/keys/digest.hpp"
#include "security/registry/aligned_bytes.hpp"

namespace lienthong::registry {

namespace {

constexpr flatbuffers::uoffset_t kDepthMax = 16;
constexpr flatbuffers::uoffset_t kTablesMax = 2'000;
constexpr std::size_t kSignatureBytesMax = 1024;  // RSA with 8,192 bits
// Stands first in what an administrator signs, so that it can be no other signed thing.
constexpr std::string_view kSigningContext = "lienthong document 1";

std::unexpected<Error> malformed(std::string_view rule, std::string_view place) {
    return fail(Code::malformed_document, std::string(rule), std::string(place));
}

std::optional<DocumentKind> maybe_document_kind(fb::DocumentKind kind) {
    switch (kind) {
        case fb::DocumentKind::administrators:
            return DocumentKind::administrators;
        case fb::DocumentKind::registry:
            return DocumentKind::registry;
        case fb::DocumentKind::policy:
            return DocumentKind::policy;
        case fb::DocumentKind::procedure:
            return DocumentKind::procedure;
        case fb::DocumentKind::none:
            break;
    }
    return std::nullopt;
}

Result<void> check_administrators(const Administrators& list) {
    if (list.version == 0) return malformed("versions begin with 1", "version");
    if (list.members.empty() || list.members.size() > kAdministratorsMax) {
        return malformed("an administrators' list has 1 to 64 members", "members");
    }
    if (list.threshold == 0 || list.threshold > list.members.size()) {
        return malformed("from 1 to the number of members", "threshold");
    }
    std::set<OfficerId> ids;
    std::set<keys::KeyId> key_ids;
    for (const Administrators::Member& member : list.members) {
        if (!is_name(member.id.text())) return malformed("a member has an id", "members");
        const std::string place = "member " + member.id.text();
        if (!ids.insert(member.id).second) return malformed("two members of one id", place);
        const auto key = keys::PublicKey::from_spki(member.key);
        if (!key || key->algorithm() != keys::Algorithm::ed25519) {
            return malformed("needs an Ed25519 key as SubjectPublicKeyInfo", place);
        }
        if (!key_ids.insert(key->id()).second) return malformed("two members of one key", place);
    }
    return {};
}

}  // namespace

std::string_view name(DocumentKind kind) {
    switch (kind) {
        case DocumentKind::administrators:
            return "administrators";
        case DocumentKind::registry:
            return "registry";
        case DocumentKind::policy:
            return "policy";
        case DocumentKind::procedure:
            return "procedure";
        case DocumentKind::none:
            break;
    }
    return "none";
}

Bytes encode_document(const SignedDocument& document) {
    flatbuffers::FlatBufferBuilder out(document.body.size() + 1024);
    const auto bus = out.CreateString(document.bus.text());
    const auto body = out.CreateVector(document.body);
    std::vector<flatbuffers::Offset<fb::DocumentSignature>> signatures;
    for (const DocumentSignature& entry : document.signatures) {
        const fb::Bytes32 key_id(
            flatbuffers::span<const std::uint8_t, kHashBytes>(entry.key_id.bytes));
        const auto signature = out.CreateVector(entry.signature);
        signatures.push_back(fb::CreateDocumentSignature(out, &key_id, signature));
    }
    const auto list = out.CreateVector(signatures);
    out.Finish(fb::CreateSignedDocument(out,
                                        bus,
                                        static_cast<fb::DocumentKind>(document.kind),
                                        document.version,
                                        document.expires,
                                        body,
                                        list));
    return to_bytes({out.GetBufferPointer(), out.GetSize()});
}

Result<SignedDocument> parse_document(BytesView bytes) {
    if (bytes.size() > kDocumentBytesMax) {
        return fail(Code::oversized, "a document is at most 4 MiB", "document");
    }
    const AlignedBytes aligned(bytes);
    flatbuffers::Verifier verifier(aligned.data(), aligned.size(), kDepthMax, kTablesMax);
    if (!fb::VerifySignedDocumentBuffer(verifier)) return malformed("not a document", "document");
    const auto& root = *fb::GetSignedDocument(aligned.data());

    SignedDocument document;
    auto bus = BusId::parse(root.bus()->string_view());
    if (!bus) return malformed("must name its bus", "bus");
    document.bus = *bus;
    const auto kind = maybe_document_kind(root.kind());
    if (!kind) return malformed("no such kind of document", "kind");
    document.kind = *kind;
    document.version = root.version();
    if (document.version == 0) return malformed("versions begin with 1", "version");
    document.expires = root.expires();
    if (document.expires <= 0) return malformed("every document expires", "expires");
    document.body.assign(root.body()->begin(), root.body()->end());
    if (document.body.empty()) return malformed("is empty", "body");
    if (root.signatures()->size() > kDocumentSignaturesMax) {
        return malformed("at most 64 signatures", "signatures");
    }
    for (const auto* entry : *root.signatures()) {
        if (entry->signature()->size() > kSignatureBytesMax) {
            return malformed("too large", "signatures");
        }
        DocumentSignature signature;
        std::copy(entry->key_id()->b()->begin(),
                  entry->key_id()->b()->end(),
                  signature.key_id.bytes.begin());
        signature.signature.assign(entry->signature()->begin(), entry->signature()->end());
        document.signatures.push_back(std::move(signature));
    }
    return document;
}

Bytes signed_bytes(const SignedDocument& document) {
    return ByteWriter()
        .prefixed(kSigningContext)
        .prefixed(document.bus.text())
        .u8(static_cast<std::uint8_t>(document.kind))
        .u32(document.version)
        .i64(document.expires)
        .hash(keys::sha256(document.body))
        .take();
}

Result<void> add_signature(SignedDocument& document, keys::Signer& administrator) {
    auto signature = administrator.sign(signed_bytes(document));
    if (!signature) return std::unexpected(signature.error());
    const keys::KeyId id = administrator.public_key().id();
    // Who signs again replaces the own signature, so that a list never holds a stale one.
    std::erase_if(document.signatures,
                  [&](const DocumentSignature& entry) { return entry.key_id == id; });
    if (document.signatures.size() >= kDocumentSignaturesMax) {
        return fail(Code::overloaded, "at most 64 signatures", "signatures");
    }
    document.signatures.push_back({id, std::move(*signature)});
    return {};
}

Bytes encode_administrators(const Administrators& list) {
    flatbuffers::FlatBufferBuilder out(1024);
    std::vector<flatbuffers::Offset<fb::registry::Administrator>> members;
    for (const Administrators::Member& member : list.members) {
        const auto id = out.CreateString(member.id.text());
        const auto key = out.CreateVector(member.key);
        members.push_back(fb::registry::CreateAdministrator(out, id, key));
    }
    const auto rows = out.CreateVector(members);
    out.Finish(fb::registry::CreateAdministrators(out, list.version, list.threshold, rows));
    return to_bytes({out.GetBufferPointer(), out.GetSize()});
}

Result<Administrators> parse_administrators(BytesView body) {
    if (body.size() > kDocumentBytesMax) {
        return fail(Code::oversized, "a document is at most 4 MiB", "administrators");
    }
    const AlignedBytes aligned(body);
    flatbuffers::Verifier verifier(aligned.data(), aligned.size(), kDepthMax, kTablesMax);
    if (!verifier.VerifyBuffer<fb::registry::Administrators>(nullptr)) {
        return malformed("not an administrators' list", "administrators");
    }
    const auto& root = *flatbuffers::GetRoot<fb::registry::Administrators>(aligned.data());
    Administrators list{root.version(), root.threshold(), {}};
    for (const auto* row : *root.members()) {
        list.members.push_back({OfficerId::of(row->id()->string_view()),
                                Bytes(row->key()->begin(), row->key()->end())});
    }
    auto checked = check_administrators(list);
    if (!checked) return std::unexpected(checked.error());
    return list;
}

Result<void> verify_document(const SignedDocument& document,
                             const BusId& bus,
                             const Administrators& administrators) {
    if (document.bus != bus) return fail(Code::wrong_bus);
    const Bytes message = signed_bytes(document);
    std::set<keys::KeyId> signers;
    for (const Administrators::Member& member : administrators.members) {
        auto key = keys::PublicKey::from_spki(member.key);
        if (!key) return std::unexpected(key.error());
        for (const DocumentSignature& entry : document.signatures) {
            if (entry.key_id != key->id()) continue;
            auto verified = key->verify(message, entry.signature);
            if (!verified) return fail(Code::bad_signature, {}, "member " + member.id.text());
            signers.insert(key->id());
        }
    }
    // A threshold of 0 would let anybody write the rules.
    if (administrators.threshold == 0 || signers.size() < administrators.threshold) {
        return fail(Code::threshold_not_met,
                    std::to_string(signers.size()) + " of " +
                        std::to_string(administrators.threshold) + " signatures");
    }
    return {};
}

}  // namespace lienthong::registry
