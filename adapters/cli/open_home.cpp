// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/open_home.hpp"

#include <array>

#include "bus/base/file.hpp"
#include "security/registry/document.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kGenesis = {
    "genesis/administrators.doc", "genesis/registry.doc", "genesis/policy.doc"};

Result<std::vector<Bytes>> read_genesis(const fs::path& home) {
    std::vector<Bytes> documents;
    for (const std::string_view name : kGenesis) {
        auto document = read_file(home / name, registry::kDocumentBytesMax);
        if (!document) return std::unexpected(document.error());
        documents.push_back(std::move(*document));
    }
    return documents;
}

Result<std::unique_ptr<keys::Signer>> load_signer(const fs::path& path, const Secret& passphrase) {
    auto key = keys::PrivateKey::load(path, passphrase);
    if (!key) return std::unexpected(key.error());
    return key->signer();
}

Result<wire::CurveKeyPair> load_curve(const fs::path& path, const Secret& passphrase) {
    auto key = keys::PrivateKey::load(path, passphrase);
    if (!key) return std::unexpected(key.error());
    if (key->public_key().algorithm() != keys::Algorithm::x25519) {
        return fail(Code::malformed_key, "not an X25519 key", path.string());
    }
    return wire::CurveKeyPair{key->public_key().raw(), key->raw()};
}

}  // namespace

Result<BrokerHome> load_broker_home(const fs::path& home, const fs::path& credentials) {
    auto safe = check_modes(home);
    if (!safe) return std::unexpected(safe.error());
    auto config = load_broker_config(home);
    if (!config) return std::unexpected(config.error());
    auto passphrase = load_passphrase(home, credentials);
    if (!passphrase) return std::unexpected(passphrase.error());
    auto genesis = read_genesis(home);
    if (!genesis) return std::unexpected(genesis.error());
    auto log = keys::PrivateKey::load(home / "keys/log.pem", *passphrase);
    if (!log) return std::unexpected(log.error());
    auto curve = load_curve(home / "keys/curve.pem", *passphrase);
    if (!curve) return std::unexpected(curve.error());
    auto master = seal::load_master(home / "keys/master.key", *passphrase);
    if (!master) return std::unexpected(master.error());

    broker::BrokerOptions options;
    options.bus = config->bus;
    options.data_directory = home / "data";
    options.pinned_administrators = config->administrators;
    options.genesis = std::move(*genesis);
    options.control_endpoint = config->control_endpoint;
    options.data_endpoint = config->data_endpoint;
    options.verify_workers = config->verify_workers;
    options.used_bytes_max = config->used_bytes_max;
    options.in_flight_bytes_max = config->in_flight_bytes_max;
    options.in_flight_bytes_per_peer_max = config->in_flight_bytes_per_peer_max;
    options.metrics_port = config->metrics_port;
    return BrokerHome{std::move(options),
                      {log->signer(), std::move(*curve), std::move(*master), log->signer()}};
}

Result<NodeHome> load_node_home(const fs::path& home, const fs::path& credentials) {
    auto safe = check_modes(home);
    if (!safe) return std::unexpected(safe.error());
    auto config = load_node_config(home);
    if (!config) return std::unexpected(config.error());
    auto passphrase = load_passphrase(home, credentials);
    if (!passphrase) return std::unexpected(passphrase.error());
    auto genesis = read_genesis(home);
    if (!genesis) return std::unexpected(genesis.error());
    auto sign = load_signer(home / config->sign_key, *passphrase);
    if (!sign) return std::unexpected(sign.error());
    auto curve = load_curve(home / config->curve_key, *passphrase);
    if (!curve) return std::unexpected(curve.error());
    auto witness = load_signer(home / config->witness_key, *passphrase);
    if (!witness) return std::unexpected(witness.error());
    auto master = seal::load_master(home / "keys/master.key", *passphrase);
    if (!master) return std::unexpected(master.error());
    std::vector<node::SealingKey> seal_keys;
    for (const std::string& path : config->seal_keys) {
        auto key = keys::PrivateKey::load(home / path, *passphrase);
        if (!key) return std::unexpected(key.error());
        auto certificate = read_certificate_file(beside(home / path, ".crt"));
        if (!certificate) return std::unexpected(certificate.error());
        seal_keys.push_back({std::move(*key), std::move(*certificate)});
    }

    node::NodeOptions options;
    options.bus = config->bus;
    options.agency = config->agency;
    options.node = config->node;
    options.data_directory = home / "data";
    options.control_endpoint = config->control_endpoint;
    options.data_endpoint = config->data_endpoint;
    options.server_key = config->broker_key;
    options.pinned_administrators = config->administrators;
    options.genesis = std::move(*genesis);
    options.drafts_waiting_max = config->drafts_waiting_max;
    options.used_bytes_max = config->used_bytes_max;
    return NodeHome{std::move(options),
                    {std::move(*sign),
                     std::move(seal_keys),
                     std::move(*curve),
                     std::move(*witness),
                     std::move(*master)}};
}

}  // namespace lienthong::cli
