// SPDX-License-Identifier: Apache-2.0
// `lienthong key`: a node asks for a new key; the administrators certify it, put it into the
// registry, let the old one end, or revoke.
#include <fmt/format.h>

#include <algorithm>

#include "adapters/cli/adoption.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/cli/home.hpp"
#include "adapters/cli/key_files.hpp"
#include "adapters/cli/key_request.hpp"
#include "adapters/cli/names.hpp"
#include "adapters/cli/run.hpp"

namespace lienthong::cli {
namespace {

constexpr Millis kHour = 3600LL * 1000;
constexpr Millis kKeyTime = 730LL * 24 * kHour;
constexpr Millis kSecond = 1000;  // certificates keep no less
constexpr std::int64_t kOverlapHours = 24;
constexpr std::int64_t kOverlapHoursMax = 24LL * 365;

std::unexpected<Error> usage(std::string what, std::string where) {
    return fail(Code::bad_argument, std::move(what), std::move(where));
}

Json key_to_json(const std::string& slug, const registry::KeyEntry& key) {
    return Json{{"id", to_hex(key.id.view())},
                {"agency", slug},
                {"node", key.node.empty() ? Json(nullptr) : Json(key.node.text())},
                {"use", keys::name(key.use)},
                {"from", time_to_json(key.validity.from)},
                {"until", time_to_json(key.validity.until)},
                {"revoked", key.revoked},
                {"revoked_from", key.revoked ? Json(key.revoked_from) : Json(nullptr)}};
}

Result<keys::Use> use_of(const Invocation& invocation) {
    const auto use = keys::maybe_use(invocation.text("use"));
    if (!use || (*use != keys::Use::sign && *use != keys::Use::seal && *use != keys::Use::curve &&
                 *use != keys::Use::witness)) {
        return usage("must be sign, seal, curve or witness", "--use");
    }
    return *use;
}

registry::Agency* find_agency(registry::RegistryData& data, const AgencyId& id) {
    const auto found = std::ranges::find(data.agencies, id, &registry::Agency::id);
    return found == data.agencies.end() ? nullptr : &*found;
}

Result<Bytes> certify(Session& session,
                      const registry::RegistryData& data,
                      const KeyRequest& request,
                      const keys::Validity& validity) {
    auto passphrase = load_passphrase(session.home, credentials_directory());
    if (!passphrase) return std::unexpected(passphrase.error());
    auto authority = keys::PrivateKey::load(session.home / "keys/authority.pem", *passphrase);
    if (!authority) return std::unexpected(authority.error());
    Bytes serial(16);
    session.random.fill(serial);
    serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x01);
    const bool sign = request.use == keys::Use::sign;
    const std::string subject =
        sign ? fmt::format("{}/{}/sign", request.agency.text(), request.node.text())
             : fmt::format("{}/seal", request.agency.text());
    return keys::issue_certificate(*authority,
                                   data.authority_certificate,
                                   subject,
                                   request.use,
                                   request.spki,
                                   validity,
                                   serial);
}

// The registry with the requested key in it. With an overlap, older keys of the same use and node
// end after it; without one they go on.
Result<registry::KeyEntry> add_key(Session& session,
                                   registry::RegistryData& data,
                                   const registry::Registry& known,
                                   const KeyRequest& request,
                                   std::optional<Millis> overlap) {
    const Millis now = session.clock.wall();
    auto key = verify_key_request(request, known, now);
    if (!key) return std::unexpected(key.error());
    registry::Agency* agency = find_agency(data, request.agency);
    registry::KeyEntry entry;
    entry.id = key->id();
    entry.use = request.use;
    if (request.use != keys::Use::seal) entry.node = request.node;
    const Millis from = now / kSecond * kSecond;
    entry.validity = {from, from + kKeyTime};
    if (request.use == keys::Use::sign || request.use == keys::Use::seal) {
        auto certificate = certify(session, data, request, entry.validity);
        if (!certificate) return std::unexpected(certificate.error());
        entry.certificate = std::move(*certificate);
    } else {
        entry.raw = key->raw();
    }
    if (overlap) {
        const Millis end = from + std::max(*overlap, kSecond);
        for (registry::KeyEntry& old : agency->keys) {
            if (old.use != entry.use || old.node != entry.node || old.revoked) continue;
            if (old.validity.from >= end) continue;
            if (old.validity.until == 0 || old.validity.until > end) old.validity.until = end;
        }
    }
    agency->keys.push_back(entry);
    return entry;
}

Result<Answer> issue(Session& session, const Invocation& invocation, bool rotate) {
    auto text = invocation.input("file");
    if (!text) return std::unexpected(text.error());
    auto request = parse_key_request(*text);
    if (!request) return std::unexpected(request.error());
    catch_up(session, invocation);
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    if (const std::string slug = invocation.text("agency"); !slug.empty()) {
        auto agency = to_agency(*documents->registry, slug, "agency");
        if (!agency) return std::unexpected(agency.error());
        if (*agency != request->agency) return usage("the request is another agency's", "--agency");
    }
    if (invocation.has("use") && invocation.text("use") != keys::name(request->use)) {
        return usage("the request is for another use", "--use");
    }
    std::optional<Millis> overlap;
    if (rotate) {
        const std::int64_t hours = invocation.number("overlap", kOverlapHours);
        if (hours > kOverlapHoursMax) return usage("at most a year", "--overlap");
        overlap = hours * kHour;
    }
    registry::RegistryData data = documents->registry->data();
    auto entry = add_key(session, data, *documents->registry, *request, overlap);
    if (!entry) return std::unexpected(entry.error());
    auto adopted = adopt_registry(session, std::move(data), invocation.wait);
    if (!adopted) return std::unexpected(adopted.error());
    Answer answer = adopted_answer(*adopted, "registry");
    answer.body["key"] = key_to_json(slug_of(*documents->registry, request->agency), *entry);
    return answer;
}

}  // namespace

Result<Answer> key_request(Session& session, const Invocation& invocation) {
    auto use = use_of(invocation);
    if (!use) return std::unexpected(use.error());
    auto config = load_node_config(session.home);
    if (!config) return std::unexpected(config.error());
    auto passphrase = load_passphrase(session.home, credentials_directory());
    if (!passphrase) return std::unexpected(passphrase.error());
    auto path = make_waiting_key(session.home, *use, *passphrase);
    if (!path) return std::unexpected(path.error());
    auto key = keys::PrivateKey::load(session.home / *path, *passphrase);
    if (!key) return std::unexpected(key.error());

    KeyRequest request;
    request.bus = config->bus;
    request.agency = config->agency;
    request.node = config->node;
    request.use = *use;
    request.spki = key->public_key().spki();
    if (*use != keys::Use::curve) {
        auto proof = key->signer()->sign(signed_bytes(request));
        if (!proof) return std::unexpected(proof.error());
        request.proof = std::move(*proof);
    }
    auto present = keys::PrivateKey::load(session.home / config->sign_key, *passphrase);
    if (!present) return std::unexpected(present.error());
    auto voucher = present->signer()->sign(signed_bytes(request));
    if (!voucher) return std::unexpected(voucher.error());
    request.voucher = std::move(*voucher);

    Answer answer;
    answer.body = Json{{"key", *path},
                       {"id", to_hex(key->public_key().id().view())},
                       {"out", invocation.text("out")}};
    answer.outputs.emplace("out", to_bytes(as_bytes(to_text(request))));
    return answer;
}

Result<Answer> key_install(Session& session, const Invocation& invocation) {
    catch_up(session, invocation);
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    auto installed = install_keys(session.home, *documents->registry, session.clock.wall());
    if (!installed) return std::unexpected(installed.error());
    Answer answer;
    answer.body = Json{{"installed", *installed}, {"restart", !installed->empty()}};
    return answer;
}

Result<Answer> key_list(Session& session, const Invocation& invocation) {
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    const registry::RegistryData& data = documents->registry->data();
    const std::string wanted = invocation.text("agency");
    Answer answer;
    answer.body["keys"] = Json::array();
    Json& rows = answer.body["keys"];
    if (wanted.empty() || wanted == registry::kBusAgency) {
        for (const auto& key : data.bus_keys) {
            rows.push_back(key_to_json(std::string(registry::kBusAgency), key));
        }
    }
    AgencyId only;
    if (!wanted.empty() && wanted != registry::kBusAgency) {
        auto agency = to_agency(*documents->registry, wanted, "agency");
        if (!agency) return std::unexpected(agency.error());
        only = *agency;
    }
    for (const auto& agency : data.agencies) {
        if (!wanted.empty() && agency.id != only) continue;
        for (const auto& key : agency.keys) rows.push_back(key_to_json(agency.slug, key));
    }
    return answer;
}

std::string render_keys(const Json& body, Lang lang) {
    TextTable table({std::string(Words{"Cơ quan", "Agency"}.in(lang)),
                     std::string(Words{"Dùng để", "Use"}.in(lang)),
                     std::string(Words{"Nút", "Node"}.in(lang)),
                     std::string(Words{"Đến", "Until"}.in(lang)),
                     std::string(Words{"Thu hồi", "Revoked"}.in(lang)),
                     std::string(Words{"Mã khóa", "Key"}.in(lang))});
    for (const Json& key : body["keys"]) {
        table.add({cell(key, "agency"),
                   cell(key, "use"),
                   cell(key, "node"),
                   local_time(key["until"]),
                   key.value("revoked", false) ? cell(key, "revoked_from") : std::string(),
                   cell(key, "id")});
    }
    return table.text();
}

Result<Answer> key_issue(Session& session, const Invocation& invocation) {
    return issue(session, invocation, false);
}

Result<Answer> key_rotate(Session& session, const Invocation& invocation) {
    return issue(session, invocation, true);
}

// From the next entry of the log on, nothing that this key signs counts; what it signed before
// does.
Result<Answer> key_revoke(Session& session, const Invocation& invocation) {
    auto id = hash_from_hex(invocation.text("id"));
    if (!id) return usage("must be the id of a key: 64 hexadecimal digits", "ID");
    catch_up(session, invocation);
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    auto status = session.api.status(invocation.wait);
    if (!status) return std::unexpected(status.error());
    registry::RegistryData data = documents->registry->data();
    const auto owner = documents->registry->maybe_key(*id);
    registry::Agency* agency =
        owner.agency == nullptr ? nullptr : find_agency(data, owner.agency->id);
    if (agency == nullptr) return fail(Code::unknown_key, "no agency has this key", "ID");
    const auto key = std::ranges::find(agency->keys, *id, &registry::KeyEntry::id);
    if (key == agency->keys.end()) return fail(Code::unknown_key, "no agency has this key", "ID");
    if (key->revoked) return fail(Code::revoked_key, "it is revoked already", "ID");
    key->revoked = true;
    key->revoked_from = status->log_size;
    const Json row = key_to_json(agency->slug, *key);
    auto adopted = adopt_registry(session, std::move(data), invocation.wait);
    if (!adopted) return std::unexpected(adopted.error());
    Answer answer = adopted_answer(*adopted, "registry");
    answer.body["key"] = row;
    return answer;
}

}  // namespace lienthong::cli
