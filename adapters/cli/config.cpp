// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/config.hpp"

#include <fmt/format.h>

#include "security/registry/toml_tree.hpp"

namespace lienthong::cli {
namespace {

using registry::toml_text;
using registry::TomlReader;

constexpr std::uint64_t kBytesMin = 64 * 1024 * 1024;
// The largest request must fit: 1 MiB of command and 8 MiB of data.
constexpr std::uint64_t kInFlightBytesMin = 9 * 1024 * 1024;
constexpr std::uint64_t kInFlightBytesMax = std::uint64_t{16} << 30;

Error as_config(Error error) {
    if (error.code == Code::malformed_document) error.code = Code::malformed_config;
    return error;
}

Hash read_digest(TomlReader& table, std::string_view key) {
    auto digest = hash_from_hex(table.required_text(key));
    if (!digest) {
        table.refuse(key, "must be 64 hexadecimal digits");
        return {};
    }
    return *digest;
}

std::string read_endpoint(TomlReader& table, std::string_view key) {
    std::string endpoint = table.required_text(key);
    if (!endpoint.starts_with("tcp://")) table.refuse(key, "must begin with tcp://");
    return endpoint;
}

std::uint64_t read_number(TomlReader& table,
                          std::string_view key,
                          std::uint64_t otherwise,
                          std::uint64_t min,
                          std::uint64_t max) {
    const std::uint64_t number = table.number(key, otherwise, max);
    if (number < min) table.refuse(key, fmt::format("must be at least {}", min));
    return number;
}

// A key stands in the home: no way out of it.
std::string read_path(TomlReader& table, std::string_view key, const std::string& otherwise) {
    std::string path = table.text(key);
    if (path.empty()) return otherwise;
    if (path.starts_with('/') || path.find("..") != std::string::npos) {
        table.refuse(key, "must be a path inside the home");
    }
    return path;
}

void read_keys(TomlReader& root, NodeConfig& config) {
    auto keys = root.maybe_table("keys");
    if (!keys) return;
    config.sign_key = read_path(*keys, "sign", config.sign_key);
    config.curve_key = read_path(*keys, "curve", config.curve_key);
    config.witness_key = read_path(*keys, "witness", config.witness_key);
    if (keys->has("seal")) config.seal_keys = keys->texts("seal");
    for (const std::string& path : config.seal_keys) {
        if (path.starts_with('/') || path.find("..") != std::string::npos) {
            keys->refuse("seal", "must be paths inside the home");
        }
    }
    keys->finish();
}

}  // namespace

Result<BrokerConfig> parse_broker_config(std::string_view toml) {
    const auto parsed = registry::parse_toml(toml);
    if (!parsed) return std::unexpected(as_config(parsed.error()));
    std::optional<Error> fault;
    TomlReader root(*parsed, "", fault);
    BrokerConfig config;
    config.bus = root.required_id<BusId>("bus");
    config.control_endpoint = read_endpoint(root, "control_endpoint");
    config.data_endpoint = read_endpoint(root, "data_endpoint");
    config.administrators = read_digest(root, "administrators");
    const auto port = root.maybe_number("metrics_port", UINT16_MAX);
    if (port) config.metrics_port = static_cast<std::uint16_t>(*port);
    config.verify_workers = read_number(root, "verify_workers", config.verify_workers, 1, 64);
    config.used_bytes_max = read_number(
        root, "used_bytes_max", config.used_bytes_max, kBytesMin, std::uint64_t{1} << 39);
    config.in_flight_bytes_max = read_number(root,
                                             "in_flight_bytes_max",
                                             config.in_flight_bytes_max,
                                             kInFlightBytesMin,
                                             kInFlightBytesMax);
    config.in_flight_bytes_per_peer_max = read_number(root,
                                                      "in_flight_bytes_per_peer_max",
                                                      config.in_flight_bytes_per_peer_max,
                                                      kInFlightBytesMin,
                                                      kInFlightBytesMax);
    root.finish();
    if (fault) return std::unexpected(as_config(*fault));
    return config;
}

Result<NodeConfig> parse_node_config(std::string_view toml) {
    const auto parsed = registry::parse_toml(toml);
    if (!parsed) return std::unexpected(as_config(parsed.error()));
    std::optional<Error> fault;
    TomlReader root(*parsed, "", fault);
    NodeConfig config;
    config.bus = root.required_id<BusId>("bus");
    config.agency = root.required_id<AgencyId>("agency");
    config.node = root.required_id<NodeId>("node");
    config.control_endpoint = read_endpoint(root, "control_endpoint");
    config.data_endpoint = read_endpoint(root, "data_endpoint");
    config.broker_key = to_bytes(read_digest(root, "broker_key").view());
    config.administrators = read_digest(root, "administrators");
    config.drafts_waiting_max =
        read_number(root, "drafts_waiting_max", config.drafts_waiting_max, 1, 10'000'000);
    config.used_bytes_max = read_number(
        root, "used_bytes_max", config.used_bytes_max, kBytesMin, std::uint64_t{1} << 39);
    read_keys(root, config);
    root.finish();
    if (fault) return std::unexpected(as_config(*fault));
    return config;
}

std::string to_toml(const BrokerConfig& config) {
    std::string text = fmt::format(
        "# Broker of the bus. Keys, passphrase and data stand beside this file.\n"
        "bus = {}\ncontrol_endpoint = {}\ndata_endpoint = {}\nadministrators = \"{}\"\n",
        toml_text(config.bus.text()),
        toml_text(config.control_endpoint),
        toml_text(config.data_endpoint),
        to_hex(config.administrators.view()));
    if (config.metrics_port) text += fmt::format("metrics_port = {}\n", *config.metrics_port);
    text += fmt::format(
        "verify_workers = {}\nused_bytes_max = {}\n"
        "in_flight_bytes_max = {}\nin_flight_bytes_per_peer_max = {}\n",
        config.verify_workers,
        config.used_bytes_max,
        config.in_flight_bytes_max,
        config.in_flight_bytes_per_peer_max);
    return text;
}

std::string to_toml(const NodeConfig& config) {
    std::string seal;
    for (const std::string& path : config.seal_keys) {
        if (!seal.empty()) seal += ", ";
        seal += toml_text(path);
    }
    return fmt::format(
        "# Node of an agency. A changed file counts from the next start.\n"
        "bus = {}\nagency = {}\nnode = {}\ncontrol_endpoint = {}\ndata_endpoint = {}\n"
        "broker_key = \"{}\"\nadministrators = \"{}\"\n"
        "drafts_waiting_max = {}\nused_bytes_max = {}\n\n"
        "[keys]\nsign = {}\nseal = [{}]\ncurve = {}\nwitness = {}\n",
        toml_text(config.bus.text()),
        toml_text(config.agency.text()),
        toml_text(config.node.text()),
        toml_text(config.control_endpoint),
        toml_text(config.data_endpoint),
        to_hex(config.broker_key),
        to_hex(config.administrators.view()),
        config.drafts_waiting_max,
        config.used_bytes_max,
        toml_text(config.sign_key),
        seal,
        toml_text(config.curve_key),
        toml_text(config.witness_key));
}

}  // namespace lienthong::cli
