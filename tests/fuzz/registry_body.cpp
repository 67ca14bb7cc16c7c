// SPDX-License-Identifier: Apache-2.0
// The body of a registry document. What parses is written and read again as the same; what builds
// says the same as TOML.
#include "security/registry/registry.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    check_again(input, registry::parse_registry, registry::encode_registry, Said::names);
    auto data = registry::parse_registry(input);
    if (!data) return;
    const auto refused = judge(
        input,
        [](BytesView bytes) -> std::optional<Error> {
            auto again = registry::parse_registry(bytes);
            return again ? error_of(registry::Registry::build(std::move(*again))) : std::nullopt;
        },
        Said::names);
    if (refused) return;
    const auto compiled =
        registry::compile_registry(registry::to_toml(*data), data->bus, data->version);
    CHECK(compiled.has_value());
    CHECK(*compiled == *data);
}

const Registered registered({"registry_body", run, 16 * 1024, alter_flat});

}  // namespace
}  // namespace lienthong::fuzz
