// SPDX-License-Identifier: Apache-2.0
// Signed documents of record. What parses is written and read again as the same; a document that
// verifies says what the administrator of the corpus signed and nothing else.
//
// Half of the altered inputs are signed anew, so that what stands behind the signature is reached.
#include "security/policy/document_set.hpp"
#include "tests/fuzz/again.hpp"
#include "tests/fuzz/fixed_keys.hpp"

namespace lienthong::fuzz {
namespace {

using registry::SignedDocument;

const registry::Administrators& administrators() {
    static const registry::Administrators list{
        1, 1, {{OfficerId::of("admin-1"), administrator().public_key().spki()}}};
    return list;
}

void run(BytesView input) {
    check_again(input, registry::parse_document, registry::encode_document);
    const auto document = registry::parse_document(input);
    if (!document) return;
    CHECK(document->body.size() <= input.size());
    CHECK(document->signatures.size() <= registry::kDocumentSignaturesMax);
    judge(input, [](BytesView bytes) -> std::optional<Error> {
        const auto again = registry::parse_document(bytes);
        return again ? error_of(registry::verify_document(*again, kBus, administrators()))
                     : std::nullopt;
    });
    // Names of the own administrators' files may stand in the place of a fault.
    judge(
        input,
        [](BytesView bytes) -> std::optional<Error> {
            const auto again = registry::parse_document(bytes);
            policy::DocumentSet set;
            return again ? error_of(set.take(*again, bytes)) : std::nullopt;
        },
        Said::names);
    const auto at = [&](auto change) {
        SignedDocument other = *document;
        change(other);
        return registry::verify_document(other, kBus, administrators()).has_value();
    };
    if (!at([](SignedDocument&) {})) return;
    CHECK(!at([](SignedDocument& d) { d.body.back() ^= 1; }));
    CHECK(!at([](SignedDocument& d) { ++d.version; }));
    CHECK(!at([](SignedDocument& d) { ++d.expires; }));
    CHECK(!at([](SignedDocument& d) {
        d.kind = d.kind == registry::DocumentKind::policy ? registry::DocumentKind::registry
                                                          : registry::DocumentKind::policy;
    }));
}

Bytes alter(BytesView input, std::size_t bytes_max, Alteration& by) {
    auto document = registry::parse_document(input);
    if (!document || by.one_in(2)) return alter_flat(input, bytes_max, by);
    document->body = alter_flat(document->body, document->body.size() + 64, by);
    if (by.one_in(4)) document->bus = kBus;
    document->signatures.resize(by.below(3));
    CHECK(registry::add_signature(*document, *administrator().signer()).has_value());
    return registry::encode_document(*document);
}

const Registered registered({"document", run, 32 * 1024, alter});

}  // namespace
}  // namespace lienthong::fuzz
