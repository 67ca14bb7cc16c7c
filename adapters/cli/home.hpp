// SPDX-License-Identifier: Apache-2.0
// Home: the directory of a broker or a node, with its configuration, passphrase, keys, the
// documents known from the start, and data. Directories have mode 0700, secrets 0600; looser ones
// are refused.
#pragma once

#include <filesystem>

#include "adapters/cli/config.hpp"
#include "bus/base/secret.hpp"

namespace lienthong::cli {

inline constexpr std::string_view kBrokerFile = "broker.toml";
inline constexpr std::string_view kNodeFile = "node.toml";
inline constexpr std::size_t kConfigBytesMax = 1024 * 1024;

bool is_broker_home(const std::filesystem::path& home);
// bad_argument: what is wrong with a directory that should be a home; `of` is "node" or "broker".
Error not_a_home(const std::filesystem::path& home, std::string_view of);
bool is_node_home(const std::filesystem::path& home);

// no_such_file, malformed_config.
Result<BrokerConfig> load_broker_config(const std::filesystem::path& home);
Result<NodeConfig> load_node_config(const std::filesystem::path& home);

// HOME/passphrase, or systemd's credential lienthong-passphrase if there is one.
Result<Secret> load_passphrase(const std::filesystem::path& home,
                               const std::filesystem::path& credentials_directory);
// The directory itself and its `keys`: unsafe_mode if anybody but the owner may enter.
Result<void> check_modes(const std::filesystem::path& home);
// What systemd says of itself; empty outside a service.
std::filesystem::path credentials_directory();

// A certificate as PEM text, or DER as it is: malformed_key.
Result<Bytes> read_certificate_file(const std::filesystem::path& path);

// A path whose extension is another: keys/sign.pem → keys/sign.crt.
std::filesystem::path beside(const std::filesystem::path& path, std::string_view extension);

}  // namespace lienthong::cli
