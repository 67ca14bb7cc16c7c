// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/key_request.hpp"

#include <algorithm>

#include "adapters/cli/invocation.hpp"
#include "bus/base/base64.hpp"

namespace lienthong::cli {
namespace {

constexpr std::string_view kContext = "lienthong key request 1";
constexpr std::size_t kDepthMax = 4;

std::string text_of(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

keys::Algorithm wanted_algorithm(keys::Use use) {
    switch (use) {
        case keys::Use::curve:
            return keys::Algorithm::x25519;
        case keys::Use::witness:
            return keys::Algorithm::ed25519;
        default:
            return keys::Algorithm::p256;
    }
}

// X25519 verifies nothing, so it is read as raw bytes: the last 32 of its encoding.
Result<keys::PublicKey> read_key(const KeyRequest& request) {
    constexpr std::size_t kRaw = 32;
    if (request.use != keys::Use::curve) return keys::PublicKey::from_spki(request.spki);
    if (request.spki.size() < kRaw) return fail(Code::malformed_key, {}, "spki");
    auto key = keys::PublicKey::from_raw_x25519(BytesView(request.spki).last(kRaw));
    if (key && key->spki() != request.spki) return fail(Code::malformed_key, {}, "spki");
    return key;
}

Result<void> verify_voucher(const KeyRequest& request,
                            const registry::Agency& agency,
                            const registry::Registry& registry,
                            Millis at) {
    bool could_vouch = false;
    for (const registry::KeyEntry& entry : agency.keys) {
        if (entry.use != keys::Use::sign || entry.node != request.node || entry.revoked) continue;
        auto key = registry.signing_key(agency.id, entry.id, at, UINT64_MAX);
        if (!key) continue;
        could_vouch = true;
        if (key->verify(signed_bytes(request), request.voucher)) return {};
    }
    // A new node has nothing to vouch with: the administrators know whom they let in.
    if (!could_vouch && request.use != keys::Use::curve) return {};
    return fail(request.voucher.empty() ? Code::unknown_key : Code::bad_signature,
                "not vouched for by the node's signing key",
                "voucher");
}

}  // namespace

Bytes signed_bytes(const KeyRequest& request) {
    return ByteWriter()
        .prefixed(kContext)
        .prefixed(request.bus.text())
        .prefixed(request.agency.text())
        .prefixed(request.node.text())
        .prefixed(keys::name(request.use))
        .prefixed(BytesView(request.spki))
        .take();
}

std::string to_text(const KeyRequest& request) {
    const Json json{{"bus", request.bus.text()},
                    {"agency", request.agency.text()},
                    {"node", request.node.text()},
                    {"use", keys::name(request.use)},
                    {"spki", to_base64(request.spki)},
                    {"proof", to_base64(request.proof)},
                    {"voucher", to_base64(request.voucher)}};
    return to_pretty(json) + "\n";
}

Result<KeyRequest> parse_key_request(std::string_view text) {
    const auto json = maybe_json(text, kDepthMax);
    if (!json || !json->is_object()) return fail(Code::malformed_input, "not a key request");
    KeyRequest request;
    auto bus = BusId::parse(text_of(*json, "bus"), "bus");
    if (!bus) return std::unexpected(bus.error());
    auto agency = AgencyId::parse(text_of(*json, "agency"), "agency");
    if (!agency) return std::unexpected(agency.error());
    auto node = NodeId::parse(text_of(*json, "node"), "node");
    if (!node) return std::unexpected(node.error());
    const auto use = keys::maybe_use(text_of(*json, "use"));
    if (!use || (*use != keys::Use::sign && *use != keys::Use::seal && *use != keys::Use::curve &&
                 *use != keys::Use::witness)) {
        return fail(Code::malformed_input, "must be sign, seal, curve or witness", "use");
    }
    request.bus = *bus;
    request.agency = *agency;
    request.node = *node;
    request.use = *use;
    for (const auto& [name, field] : {std::pair("spki", &request.spki),
                                      std::pair("proof", &request.proof),
                                      std::pair("voucher", &request.voucher)}) {
        auto bytes = from_base64(text_of(*json, name));
        if (!bytes || bytes->size() > keys::kSpkiBytesMax) {
            return fail(Code::malformed_input, "must be base64", name);
        }
        *field = std::move(*bytes);
    }
    return request;
}

Result<keys::PublicKey> verify_key_request(const KeyRequest& request,
                                           const registry::Registry& registry,
                                           Millis at) {
    if (request.bus != registry.data().bus) return fail(Code::wrong_bus);
    const auto* agency = registry.maybe_agency(request.agency);
    if (agency == nullptr ||
        std::ranges::find(agency->nodes, request.node) == agency->nodes.end()) {
        return fail(Code::unknown_agency, "the registry has no such node", "node");
    }
    auto key = read_key(request);
    if (!key) return key;
    if (key->algorithm() != wanted_algorithm(request.use) &&
        (request.use == keys::Use::seal || request.use == keys::Use::witness)) {
        return fail(Code::malformed_key, "an algorithm that this use cannot have", "spki");
    }
    if (request.use != keys::Use::curve) {
        auto possessed = key->verify(signed_bytes(request), request.proof);
        if (!possessed) return fail(Code::bad_signature, "does not hold the key", "proof");
    }
    auto vouched = verify_voucher(request, *agency, registry, at);
    if (!vouched) return std::unexpected(vouched.error());
    return key;
}

}  // namespace lienthong::cli
