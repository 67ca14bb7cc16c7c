// SPDX-License-Identifier: Apache-2.0
// Signed documents of record, with a threshold and a list of signatures. As The Update Framework
// has it: versions only grow, every document expires, and who may sign is itself such a document.
#pragma once

#include <vector>

#include "bus/base/ids.hpp"
#include "security/keys/keys.hpp"

namespace lienthong::registry {

enum class DocumentKind : std::uint8_t {
    none = 0,
    administrators = 1,
    registry = 2,
    policy = 3,
    procedure = 4,
};
std::string_view name(DocumentKind kind);

inline constexpr std::size_t kDocumentBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kDocumentSignaturesMax = 64;
inline constexpr std::size_t kAdministratorsMax = 64;

struct DocumentSignature {
    keys::KeyId key_id;
    Bytes signature;
};

struct SignedDocument {
    BusId bus;
    DocumentKind kind = DocumentKind::none;
    std::uint32_t version = 0;
    Millis expires = 0;
    Bytes body;
    std::vector<DocumentSignature> signatures;
};

Bytes encode_document(const SignedDocument& document);
Result<SignedDocument> parse_document(BytesView bytes);  // malformed_document, oversized
// The bytes that an administrator signs: label, bus, kind, version, expiry, SHA-256 of the body.
Bytes signed_bytes(const SignedDocument& document);
Result<void> add_signature(SignedDocument& document, keys::Signer& administrator);

// The administrators' list: raw Ed25519 keys, and how many must sign.
struct Administrators {
    std::uint32_t version = 0;
    std::uint32_t threshold = 1;
    struct Member {
        OfficerId id;
        Bytes key;  // SubjectPublicKeyInfo, DER
    };
    std::vector<Member> members;
};
Bytes encode_administrators(const Administrators& list);
Result<Administrators> parse_administrators(BytesView body);

// Enough different members have signed exactly this: wrong_bus, threshold_not_met, bad_signature.
Result<void> verify_document(const SignedDocument& document,
                             const BusId& bus,
                             const Administrators& administrators);

}  // namespace lienthong::registry
