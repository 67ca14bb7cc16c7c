// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/key_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/cli/home.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/file.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kNumberMax = 10'000;

keys::Algorithm algorithm_of(keys::Use use) {
    switch (use) {
        case keys::Use::curve:
            return keys::Algorithm::x25519;
        case keys::Use::witness:
            return keys::Algorithm::ed25519;
        default:
            return keys::Algorithm::p256;
    }
}

struct Waiting {
    fs::path spki_path;
    keys::KeyId id;
};

Result<std::vector<Waiting>> find_waiting(const fs::path& home) {
    std::vector<Waiting> all;
    std::error_code error;
    for (const auto& item : fs::directory_iterator(home / "keys", error)) {
        if (item.path().extension() != ".spki") continue;
        auto spki = read_file(item.path(), keys::kSpkiBytesMax);
        if (!spki) return std::unexpected(spki.error());
        all.push_back({item.path(), keys::sha256(*spki)});
    }
    if (error) return fail(Code::io, error.message(), (home / "keys").string());
    std::ranges::sort(all, {}, &Waiting::spki_path);
    return all;
}

}  // namespace

Result<std::string> make_waiting_key(const fs::path& home,
                                     keys::Use use,
                                     const Secret& passphrase) {
    auto key = keys::PrivateKey::generate(algorithm_of(use));
    if (!key) return std::unexpected(key.error());
    for (int number = 2; number < kNumberMax; ++number) {
        std::string path = fmt::format("keys/{}-{}.pem", keys::name(use), number);
        auto saved = key->save(home / path, passphrase);
        if (!saved && saved.error().code == Code::already_exists) continue;
        if (!saved) return std::unexpected(saved.error());
        FAILPOINT_OR_FAIL(key_saved, before);
        auto written = write_file(beside(home / path, ".spki"), key->public_key().spki());
        if (!written) return std::unexpected(written.error());
        FAILPOINT_OR_FAIL(key_saved, after);
        return path;
    }
    return fail(Code::overloaded, "too many keys", home.string());
}

Result<std::vector<std::string>> install_keys(const fs::path& home,
                                              const registry::Registry& registry,
                                              Millis at) {
    auto waiting = find_waiting(home);
    if (!waiting) return std::unexpected(waiting.error());
    std::vector<std::string> installed;
    if (waiting->empty()) return installed;
    auto config = load_node_config(home);
    if (!config) return std::unexpected(config.error());
    std::vector<fs::path> done;
    for (const Waiting& one : *waiting) {
        const auto owner = registry.maybe_key(one.id);
        if (owner.agency == nullptr || owner.agency->id != config->agency || owner.key->revoked ||
            !registry::holds_at(owner.key->validity.from, owner.key->validity.until, at)) {
            continue;
        }
        const std::string path =
            (fs::path("keys") / beside(one.spki_path, ".pem").filename()).string();
        if (!owner.key->certificate.empty()) {
            auto written = write_file(beside(one.spki_path, ".crt"),
                                      as_bytes(keys::to_pem(owner.key->certificate)));
            if (!written) return std::unexpected(written.error());
        }
        switch (owner.key->use) {
            case keys::Use::sign:
                config->sign_key = path;
                break;
            case keys::Use::curve:
                config->curve_key = path;
                break;
            case keys::Use::witness:
                config->witness_key = path;
                break;
            case keys::Use::seal:
                if (std::ranges::find(config->seal_keys, path) == config->seal_keys.end()) {
                    config->seal_keys.push_back(path);
                }
                break;
            default:
                continue;
        }
        installed.push_back(path);
        done.push_back(one.spki_path);
    }
    if (installed.empty()) return installed;
    FAILPOINT_OR_FAIL(keys_installed, before);
    auto written = write_file(home / kNodeFile, as_bytes(to_toml(*config)), 0600);
    if (!written) return std::unexpected(written.error());
    FAILPOINT_OR_FAIL(keys_installed, after);
    // Only now: a crash before this line installs them once more, which changes nothing.
    std::error_code ignored;
    for (const fs::path& path : done) fs::remove(path, ignored);
    return installed;
}

}  // namespace lienthong::cli
