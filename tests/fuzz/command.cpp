// SPDX-License-Identifier: Apache-2.0
// Commands of the wire, both ways: what parses is written and read again as the same; its parts are
// together no larger than the frame; a refusal is a Failure that can itself be sent.
#include "bus/wire/command.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

constexpr std::size_t kBytesMax = 32 * 1024;

Result<wire::Command> parse(BytesView bytes) {
    return wire::parse_command(bytes, wire::kControlBytesMax);
}

void run(BytesView input) {
    check_again(input, parse, wire::encode);
    CHECK(input.empty() ||
          wire::parse_command(input, input.size() - 1).error().code == Code::oversized);
    if (const auto command = parse(input)) return;
    const auto error = parse(input).error();
    const auto sent = parse(wire::encode({7, wire::to_failure(error)}));
    CHECK(sent.has_value() && sent->request == 7);
    CHECK(wire::to_error(std::get<wire::Failure>(sent->body)).code == error.code);
}

const Registered registered({"command", run, kBytesMax, alter_flat});

}  // namespace
}  // namespace lienthong::fuzz
