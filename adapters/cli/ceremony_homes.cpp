// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>

#include "adapters/cli/ceremony_material.hpp"
#include "adapters/cli/config.hpp"
#include "adapters/cli/home.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/file.hpp"
#include "security/seal/case_vault.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

using KeyFile = std::pair<const char*, const keys::PrivateKey*>;
using CertificateFile = std::pair<const char*, const Bytes*>;

Result<Secret> write_passphrase(const fs::path& home) {
    for (const fs::path& directory : {home, home / "keys", home / "genesis", home / "data"}) {
        auto made = make_private_directory(directory);
        if (!made) return std::unexpected(made.error());
    }
    SystemRandom random;
    Secret passphrase = keys::make_passphrase(random);
    auto written = write_file(home / "passphrase", passphrase.view(), 0600);
    if (!written) return std::unexpected(written.error());
    return passphrase;
}

Result<void> write_genesis(const BusMaterial& material, const fs::path& home) {
    for (const auto& [name, bytes] : material.documents) {
        auto written = write_file(home / "genesis" / name, bytes);
        if (!written) return written;
    }
    return {};
}

Result<void> write_broker(const BusMaterial& material) {
    FAILPOINT_OR_FAIL(init_broker, before);
    SystemRandom random;
    const fs::path home = material.directory / "broker";
    auto passphrase = write_passphrase(home);
    if (!passphrase) return std::unexpected(passphrase.error());
    auto written = write_genesis(material, home);
    if (!written) return written;
    written = material.log->save(home / "keys/log.pem", *passphrase);
    if (!written) return written;
    written = material.broker_curve->save(home / "keys/curve.pem", *passphrase);
    if (!written) return written;
    written = seal::save_master(
        home / "keys/master.key", seal::StorageKey::generate(random), *passphrase, random);
    if (!written) return written;
    BrokerConfig config;
    config.bus = material.bus;
    config.control_endpoint = material.control_endpoint;
    config.data_endpoint = material.data_endpoint;
    config.administrators = material.pinned;
    config.metrics_port = 0;
    FAILPOINT_OR_FAIL(init_broker, after);
    return write_file(home / kBrokerFile, as_bytes(to_toml(config)), 0600);
}

Result<void> write_node(const BusMaterial& material, const NodePlan& plan, Random& random) {
    FAILPOINT_OR_FAIL(init_node, before);
    auto passphrase = write_passphrase(plan.path);
    if (!passphrase) return std::unexpected(passphrase.error());
    auto written = write_genesis(material, plan.path);
    if (!written) return written;
    const AgencySeal& seal = material.seals[plan.agency];
    const fs::path keys = plan.path / "keys";
    for (const auto& [name, key] : {KeyFile("sign.pem", &*plan.keys.sign),
                                    KeyFile("seal-1.pem", &*seal.key),
                                    KeyFile("curve.pem", &*plan.keys.curve),
                                    KeyFile("witness.pem", &*plan.keys.witness)}) {
        written = key->save(keys / name, *passphrase);
        if (!written) return written;
    }
    for (const auto& [name, certificate] :
         {CertificateFile("sign.crt", &plan.keys.sign_certificate),
          CertificateFile("seal-1.crt", &seal.certificate)}) {
        written = write_file(keys / name, as_bytes(keys::to_pem(*certificate)));
        if (!written) return written;
    }
    written = seal::save_master(
        keys / "master.key", seal::StorageKey::generate(random), *passphrase, random);
    if (!written) return written;
    NodeConfig config;
    config.bus = material.bus;
    config.agency = material.registry.agencies[plan.agency].id;
    config.node = plan.node;
    config.control_endpoint = material.control_endpoint;
    config.data_endpoint = material.data_endpoint;
    config.broker_key = material.broker_curve->public_key().raw();
    config.administrators = material.pinned;
    FAILPOINT_OR_FAIL(init_node, after);
    return write_file(plan.path / kNodeFile, as_bytes(to_toml(config)), 0600);
}

// Encrypting a key file is slow on purpose, so the homes are written on all processors.
Result<void> write_nodes(const BusMaterial& material) {
    std::atomic<std::size_t> next = 0;
    std::vector<Result<void>> results(material.nodes.size());
    {
        std::vector<std::jthread> workers;
        const unsigned count = std::max(2U, std::thread::hardware_concurrency());
        workers.reserve(count);
        for (unsigned i = 0; i < count; ++i) {
            workers.emplace_back([&] {
                SystemRandom random;
                for (std::size_t n = next++; n < material.nodes.size(); n = next++) {
                    results[n] = write_node(material, material.nodes[n], random);
                }
            });
        }
    }
    for (const Result<void>& result : results) {
        if (!result) return result;
    }
    return {};
}

Result<void> write_admin(const BusMaterial& material) {
    FAILPOINT_OR_FAIL(init_admin, before);
    const fs::path home = material.directory / "admin";
    auto passphrase = load_passphrase(home, {});
    if (!passphrase) return std::unexpected(passphrase.error());
    auto written = material.administrator->save(home / "keys/administrator.pem", *passphrase);
    if (!written) return written;
    written = material.authority->save(home / "keys/authority.pem", *passphrase);
    if (!written) return written;
    written = write_file(home / "keys/authority.crt",
                         as_bytes(keys::to_pem(material.registry.authority_certificate)));
    if (!written) return written;
    written =
        write_file(home / "registry.toml", as_bytes(registry::to_toml(material.registry)), 0600);
    if (!written) return written;
    FAILPOINT_OR_FAIL(init_admin, after);
    return write_file(home / "policy.toml", as_bytes(policy::to_toml(material.policy)), 0600);
}

}  // namespace

Result<void> write_homes(const BusMaterial& material) {
    for (auto* write : {write_broker, write_nodes, write_admin}) {
        auto written = write(material);
        if (!written) return written;
    }
    return {};
}

}  // namespace lienthong::cli
