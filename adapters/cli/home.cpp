// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/home.hpp"

#include <sys/stat.h>

#include <cstdlib>

#include "bus/base/base64.hpp"
#include "bus/base/file.hpp"
#include "security/keys/keys.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCredential = "lienthong-passphrase";

Result<std::string> read_config_text(const fs::path& path) {
    auto bytes = read_file(path, kConfigBytesMax);
    if (!bytes) return std::unexpected(bytes.error());
    return std::string(as_text(*bytes));
}

Error in_file(Error error, const fs::path& path) {
    error.where = error.where.empty() ? path.string() : path.string() + ": " + error.where;
    return error;
}

Result<void> check_directory(const fs::path& path) {
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) {
        return fail(Code::no_such_file, "no such directory", path.string());
    }
    if (!S_ISDIR(status.st_mode) || (status.st_mode & 0077) != 0) {
        return fail(Code::unsafe_mode, "only the owner may have access (mode 0700)", path.string());
    }
    return {};
}

}  // namespace

bool is_broker_home(const fs::path& home) {
    std::error_code error;
    return fs::is_regular_file(home / kBrokerFile, error);
}

Error not_a_home(const fs::path& home, std::string_view of) {
    std::error_code error;
    std::string what = "no such directory: ";
    if (fs::exists(home, error)) what = "not the home of a " + std::string(of) + ": ";
    return {Code::bad_argument, what + home.string(), "--home", {}};
}

bool is_node_home(const fs::path& home) {
    std::error_code error;
    return fs::is_regular_file(home / kNodeFile, error);
}

fs::path credentials_directory() {
    const char* directory = std::getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe)
    return directory == nullptr ? fs::path() : fs::path(directory);
}

fs::path beside(const fs::path& path, std::string_view extension) {
    return fs::path(path).replace_extension(extension);
}

Result<Bytes> read_certificate_file(const fs::path& path) {
    constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
    constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
    auto bytes = read_file(path, 2 * keys::kCertificateBytesMax);
    if (!bytes) return bytes;
    std::string text(as_text(*bytes));
    if (!text.starts_with(kBegin)) return bytes;
    std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
    if (!text.ends_with(kEnd)) return fail(Code::malformed_key, "not a PEM file", path.string());
    auto der = from_base64(
        std::string_view(text).substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size()));
    if (!der) return fail(Code::malformed_key, "not a PEM file", path.string());
    return der;
}

Result<void> check_modes(const fs::path& home) {
    auto checked = check_directory(home);
    if (!checked) return checked;
    return check_directory(home / "keys");
}

Result<Secret> load_passphrase(const fs::path& home, const fs::path& credentials) {
    std::error_code error;
    if (!credentials.empty() && fs::exists(credentials / kCredential, error)) {
        return keys::read_passphrase(credentials / kCredential);
    }
    return keys::read_passphrase(home / "passphrase");
}

Result<BrokerConfig> load_broker_config(const fs::path& home) {
    const auto text = read_config_text(home / kBrokerFile);
    if (!text) return std::unexpected(text.error());
    auto config = parse_broker_config(*text);
    if (!config) return std::unexpected(in_file(config.error(), home / kBrokerFile));
    return config;
}

Result<NodeConfig> load_node_config(const fs::path& home) {
    const auto text = read_config_text(home / kNodeFile);
    if (!text) return std::unexpected(text.error());
    auto config = parse_node_config(*text);
    if (!config) return std::unexpected(in_file(config.error(), home / kNodeFile));
    return config;
}

}  // namespace lienthong::cli
