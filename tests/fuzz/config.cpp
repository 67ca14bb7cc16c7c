// SPDX-License-Identifier: Apache-2.0
// broker.toml and node.toml: what is read is written and read again as the same text.
#include "adapters/cli/config.hpp"

#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

template <class Parse>
void check(BytesView input, Parse parse) {
    const auto config = parse(as_text(input));
    if (!config) {
        judge(input, [&](BytesView b) { return error_of(parse(as_text(b))); }, Said::names);
        return;
    }
    const std::string written = cli::to_toml(*config);
    const auto again = parse(written);
    CHECK(again.has_value() && cli::to_toml(*again) == written);
}

void run(BytesView input) {
    check(input, cli::parse_broker_config);
    check(input, cli::parse_node_config);
}

const Registered registered({"config", run, 4 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
