// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "adapters/cli/ceremony.hpp"
#include "adapters/cli/commands.hpp"
#include "bus/base/file.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSourceBytesMax = 4 * 1024 * 1024;

// A file, or a directory that holds it under its usual name.
Result<std::string> read_source(fs::path path, std::string_view usual_name) {
    std::error_code error;
    if (fs::is_directory(path, error)) path /= usual_name;
    auto bytes = read_file(path, kSourceBytesMax);
    if (!bytes && bytes.error().code == Code::no_such_file) {
        return fail(Code::bad_argument, "no such file", path.string());
    }
    if (!bytes) return std::unexpected(bytes.error());
    return std::string(as_text(*bytes));
}

}  // namespace

Result<Answer> init(Environment& environment, const Invocation& invocation) {
    const std::string setup = invocation.text("setup");
    const std::string rules = invocation.text("policy");
    auto registry_toml = read_source(setup, "bus.toml");
    if (!registry_toml) return std::unexpected(registry_toml.error());
    auto policy_toml = read_source(rules.empty() ? setup : rules, "policy.toml");
    if (!policy_toml) return std::unexpected(policy_toml.error());
    CeremonyOptions options;
    options.directory = invocation.text("home");
    options.registry_toml = std::move(*registry_toml);
    options.policy_toml = std::move(*policy_toml);
    options.control_endpoint = invocation.text("control-endpoint");
    options.data_endpoint = invocation.text("data-endpoint");
    auto made = make_bus(options, environment.clock, environment.random, [&](const Words& words) {
        environment.progress(words.in(invocation.lang));
    });
    if (!made) return std::unexpected(made.error());
    Answer answer;
    Json nodes = Json::object();
    for (const auto& [name, path] : made->node_homes) nodes[name] = path;
    answer.body = Json{{"bus", made->bus},
                       {"control", made->control_endpoint},
                       {"data", made->data_endpoint},
                       {"broker", made->broker_home},
                       {"admin", made->admin_home},
                       {"nodes", std::move(nodes)}};
    return answer;
}

std::string render_init(const Json& body, Lang lang) {
    std::string text = fmt::format(
        "{} {}\n", Words{"Đã tạo trục liên thông", "Made the bus"}.in(lang), body.value("bus", ""));
    text += fmt::format("  lienthong broker --home {}\n", body.value("broker", ""));
    for (const auto& [name, path] : body["nodes"].items()) {
        text += fmt::format("  lienthong node --home {}\n", path.get<std::string>());
    }
    return text;
}

}  // namespace lienthong::cli
