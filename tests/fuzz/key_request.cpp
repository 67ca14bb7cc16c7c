// SPDX-License-Identifier: Apache-2.0
// Key requests, which come to the administrators as files: what is read is written and read again
// as the same, and whoever asks in another's name is refused by the corpus's registry.
#include "adapters/cli/key_request.hpp"

#include "tests/fuzz/small_registry.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

Result<cli::KeyRequest> parse(BytesView bytes) { return cli::parse_key_request(as_text(bytes)); }

void run(BytesView input) {
    const auto request = parse(input);
    if (!request) {
        judge(input, [](BytesView b) { return error_of(parse(b)); });
        return;
    }
    const std::string text = cli::to_text(*request);
    const auto again = parse(as_bytes(text));
    CHECK(again.has_value() && cli::to_text(*again) == text);
    CHECK(cli::signed_bytes(*again) == cli::signed_bytes(*request));
    // No agency of this registry has a node.
    judge(input, [](BytesView b) -> std::optional<Error> {
        const auto other = parse(b);
        return other ? error_of(cli::verify_key_request(*other, small_registry(), 1))
                     : std::nullopt;
    });
    CHECK(!cli::verify_key_request(*request, small_registry(), 1).has_value());
}

const Registered registered({"key_request", run, 8 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
