// SPDX-License-Identifier: Apache-2.0
// DocumentSet: the documents of record in force, opened once and shared by all who read. The same
// for broker, node and auditor. Copying it is cheap; what it holds is immutable.
#pragma once

#include <map>
#include <memory>

#include "security/policy/policy.hpp"
#include "security/registry/document.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::policy {

struct DocumentSet {
    std::shared_ptr<const registry::Administrators> administrators;
    std::shared_ptr<const registry::Registry> registry;
    std::shared_ptr<const Policy> policy;
    std::map<registry::DocumentKind, std::uint32_t> versions;
    std::map<registry::DocumentKind, Hash> digests;  // SHA-256 of the signed document

    std::uint32_t version(registry::DocumentKind kind) const;  // 0: none yet
    Hash digest(registry::DocumentKind kind) const;            // zeros: none yet
    bool complete() const { return administrators && registry && policy; }

    // Opens the body and puts it in force, without asking who signed it: for documents that are in
    // the log already. malformed_document, unknown_kind.
    Result<void> take(const registry::SignedDocument& document, BytesView bytes);

    // Whether it may follow: the next version, signed by enough administrators (a new list of them
    // by old and new), with a body that opens. The first administrators' list must be the pinned
    // one. rollback, sequence_gap, threshold_not_met, bad_signature, wrong_bus, malformed_document.
    Result<registry::SignedDocument> judge(BytesView bytes,
                                           const BusId& bus,
                                           const Hash& pinned_administrators) const;
};

}  // namespace lienthong::policy
