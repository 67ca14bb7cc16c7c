// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/adoption.hpp"

#include "adapters/cli/home.hpp"
#include "adapters/cli/names.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/file.hpp"
#include "security/registry/document.hpp"

namespace lienthong::cli {
namespace {

constexpr Millis kDocumentTime = 365LL * 24 * 3600 * 1000;

Result<std::unique_ptr<keys::Signer>> load_administrator(const Session& session) {
    auto passphrase = load_passphrase(session.home, credentials_directory());
    if (!passphrase) return std::unexpected(passphrase.error());
    auto key = keys::PrivateKey::load(session.home / "keys/administrator.pem", *passphrase);
    if (!key) return std::unexpected(key.error());
    return key->signer();
}

template <class Data>
void complete(Data& data, std::uint32_t newest, Millis now) {
    data.version = newest + 1;
    data.issued = now;
    if (data.expires <= now) data.expires = now + kDocumentTime;
}

Result<Position> sign_and_offer(Session& session,
                                registry::SignedDocument document,
                                node::Api::Timeout timeout) {
    auto administrator = load_administrator(session);
    if (!administrator) return std::unexpected(administrator.error());
    auto added = registry::add_signature(document, **administrator);
    if (!added) return std::unexpected(added.error());
    FAILPOINT_OR_FAIL(document_offered, before);
    auto position = session.api.adopt(registry::encode_document(document), timeout);
    if (!position) return position;
    FAILPOINT_OR_FAIL(document_offered, after);
    // So that the next command of this home builds on it. If it does not arrive in time, that one
    // finds an older version and is refused with rollback: nothing is lost.
    (void)session.api.catch_up(*position, timeout);
    return position;
}

}  // namespace

Result<Adopted> adopt_registry(Session& session,
                               registry::RegistryData data,
                               node::Api::Timeout timeout) {
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    complete(data, documents->registry->version(), session.clock.wall());
    auto built = registry::Registry::build(data);
    if (!built) return std::unexpected(built.error());
    auto position = sign_and_offer(session,
                                   {data.bus,
                                    registry::DocumentKind::registry,
                                    data.version,
                                    data.expires,
                                    registry::encode_registry(data),
                                    {}},
                                   timeout);
    if (!position) return std::unexpected(position.error());
    FAILPOINT_OR_FAIL(document_kept, before);
    auto kept = write_file(session.home / "registry.toml", as_bytes(registry::to_toml(data)), 0600);
    if (!kept) return std::unexpected(kept.error());
    FAILPOINT_OR_FAIL(document_kept, after);
    return Adopted{data.version, *position};
}

Result<Adopted> adopt_policy(Session& session,
                             policy::PolicyData data,
                             node::Api::Timeout timeout) {
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    complete(data, documents->policy->version(), session.clock.wall());
    auto built = policy::Policy::build(data);
    if (!built) return std::unexpected(built.error());
    auto position = sign_and_offer(session,
                                   {data.bus,
                                    registry::DocumentKind::policy,
                                    data.version,
                                    data.expires,
                                    policy::encode_policy(data),
                                    {}},
                                   timeout);
    if (!position) return std::unexpected(position.error());
    FAILPOINT_OR_FAIL(document_kept, before);
    auto kept = write_file(session.home / "policy.toml", as_bytes(policy::to_toml(data)), 0600);
    if (!kept) return std::unexpected(kept.error());
    FAILPOINT_OR_FAIL(document_kept, after);
    return Adopted{data.version, *position};
}

Answer adopted_answer(const Adopted& adopted, std::string_view document) {
    Answer answer;
    answer.body =
        Json{{"document", document}, {"version", adopted.version}, {"position", adopted.position}};
    return answer;
}

}  // namespace lienthong::cli
