// SPDX-License-Identifier: Apache-2.0
#include "security/policy/document_set.hpp"

#include "security/keys/digest.hpp"

namespace lienthong::policy {

using registry::DocumentKind;

std::uint32_t DocumentSet::version(DocumentKind kind) const {
    const auto found = versions.find(kind);
    return found == versions.end() ? 0 : found->second;
}

Hash DocumentSet::digest(DocumentKind kind) const {
    const auto found = digests.find(kind);
    return found == digests.end() ? Hash{} : found->second;
}

Result<void> DocumentSet::take(const registry::SignedDocument& document, BytesView bytes) {
    const auto differs = [&](const BusId& body_bus, std::uint32_t body_version) {
        return body_bus != document.bus || body_version != document.version;
    };
    switch (document.kind) {
        case DocumentKind::administrators: {
            auto list = registry::parse_administrators(document.body);
            if (!list) return std::unexpected(list.error());
            if (list->version != document.version) {  // it has no bus of its own
                return fail(Code::malformed_document, "body and cover differ", "administrators");
            }
            administrators = std::make_shared<const registry::Administrators>(std::move(*list));
            break;
        }
        case DocumentKind::registry: {
            auto data = registry::parse_registry(document.body);
            if (!data) return std::unexpected(data.error());
            if (differs(data->bus, data->version)) {
                return fail(Code::malformed_document, "body and cover differ", "registry");
            }
            auto built = registry::Registry::build(std::move(*data));
            if (!built) return std::unexpected(built.error());
            registry = std::make_shared<const registry::Registry>(std::move(*built));
            break;
        }
        case DocumentKind::policy: {
            auto data = parse_policy(document.body);
            if (!data) return std::unexpected(data.error());
            if (differs(data->bus, data->version)) {
                return fail(Code::malformed_document, "body and cover differ", "policy");
            }
            auto built = Policy::build(std::move(*data));
            if (!built) return std::unexpected(built.error());
            policy = std::make_shared<const Policy>(std::move(*built));
            break;
        }
        case DocumentKind::procedure:
        case DocumentKind::none:
            return fail(Code::unknown_kind, "no such document is adopted in this version");
    }
    versions[document.kind] = document.version;
    digests[document.kind] = keys::sha256(bytes);
    return {};
}

Result<registry::SignedDocument> DocumentSet::judge(BytesView bytes,
                                                    const BusId& bus,
                                                    const Hash& pinned_administrators) const {
    auto document = registry::parse_document(bytes);
    if (!document) return document;
    const std::uint32_t newest = version(document->kind);
    if (document->version <= newest) {
        return fail(Code::rollback, "this or a newer version is in force");
    }
    if (document->version != newest + 1) {
        return fail(Code::sequence_gap, "versions are adopted one by one");
    }
    DocumentSet next = *this;
    if (document->kind == DocumentKind::administrators && newest == 0) {
        if (keys::sha256(bytes) != pinned_administrators) {
            return fail(Code::threshold_not_met, "not the pinned administrators' list");
        }
    } else {
        if (!administrators) return fail(Code::threshold_not_met, "no administrators yet");
        auto by_old = registry::verify_document(*document, bus, *administrators);
        if (!by_old) return std::unexpected(by_old.error());
    }
    auto taken = next.take(*document, bytes);
    if (!taken) return std::unexpected(taken.error());
    if (document->kind == DocumentKind::administrators) {
        auto by_new = registry::verify_document(*document, bus, *next.administrators);
        if (!by_new) return std::unexpected(by_new.error());
    }
    return document;
}

}  // namespace lienthong::policy
