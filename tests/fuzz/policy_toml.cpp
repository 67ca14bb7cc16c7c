// SPDX-License-Identifier: Apache-2.0
// A policy as TOML: what compiles is written as TOML and as a body, and both say the same.
#include "security/policy/policy.hpp"
#include "tests/fuzz/fixed_keys.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

Result<policy::PolicyData> compile(BytesView text) {
    return policy::compile_policy(as_text(text), kBus, 3);
}

void run(BytesView input) {
    const auto data = compile(input);
    if (!data) {
        judge(input, [](BytesView bytes) { return error_of(compile(bytes)); }, Said::names);
        return;
    }
    const auto again = compile(as_bytes(policy::to_toml(*data)));
    CHECK(again.has_value() && *again == *data);
    const auto body = policy::parse_policy(policy::encode_policy(*data));
    CHECK(body.has_value() && *body == *data);
}

const Registered registered({"policy_toml", run, 16 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
