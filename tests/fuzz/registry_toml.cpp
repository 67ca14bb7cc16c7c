// SPDX-License-Identifier: Apache-2.0
// A registry as TOML: what compiles is written as TOML and as a body, and both say the same.
#include "security/registry/registry.hpp"
#include "tests/fuzz/fixed_keys.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

Result<registry::RegistryData> compile(BytesView text) {
    return registry::compile_registry(as_text(text), kBus, 3);
}

void run(BytesView input) {
    const auto data = compile(input);
    if (!data) {
        judge(input, [](BytesView bytes) { return error_of(compile(bytes)); }, Said::names);
        return;
    }
    const auto again = compile(as_bytes(registry::to_toml(*data)));
    CHECK(again.has_value() && *again == *data);
    const auto body = registry::parse_registry(registry::encode_registry(*data));
    CHECK(!body || *body == *data);
}

const Registered registered({"registry_toml", run, 32 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
