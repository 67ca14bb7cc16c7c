// SPDX-License-Identifier: Apache-2.0
// What goes over the local socket of a home, both ways (the first byte says which): read again as
// the same bytes.
#include "adapters/cli/invocation.hpp"

#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    if (input.empty()) return;
    if (input.front() % 2 == 0) {
        check_again(input.subspan(1), cli::parse_invocation, cli::encode_invocation);
    } else {
        check_again(input.subspan(1), cli::parse_answer, cli::encode_answer);
    }
}

const Registered registered({"invocation", run, 4 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
