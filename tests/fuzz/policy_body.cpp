// SPDX-License-Identifier: Apache-2.0
// The body of a policy document. What parses is written and read again as the same; what builds
// says the same as TOML.
#include "security/policy/policy.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    check_again(input, policy::parse_policy, policy::encode_policy, Said::names);
    const auto data = policy::parse_policy(input);
    if (!data) return;
    CHECK(data->grants.size() <= policy::kGrantsMax);
    const auto refused = judge(
        input,
        [](BytesView bytes) -> std::optional<Error> {
            auto again = policy::parse_policy(bytes);
            return again ? error_of(policy::Policy::build(std::move(*again))) : std::nullopt;
        },
        Said::names);
    if (refused) return;
    const auto compiled = policy::compile_policy(policy::to_toml(*data), data->bus, data->version);
    CHECK(compiled.has_value());
}

const Registered registered({"policy_body", run, 16 * 1024, alter_flat});

}  // namespace
}  // namespace lienthong::fuzz
