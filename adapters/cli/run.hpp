// SPDX-License-Identifier: Apache-2.0
// Run: one call of the program, from its words to its exit code. 0 ok, 1 a check failed, 2 usage or
// configuration, 3 malformed, 4 refused, 5 conflict, 6 retry later, 7 corrupt.
#pragma once

#include <string>
#include <vector>

#include "adapters/cli/command.hpp"

namespace lienthong::cli {

// `words` without the program's own name.
int run(const std::vector<std::string>& words, Environment& environment);

// Carries out a command of a node; an unknown one, or one that is not of a node, is bad_argument.
Answer carry_out(Session& session, const Invocation& invocation);

// The same of a broker.
Answer carry_out(BrokerSession& session, const Invocation& invocation);

// Waits until the node's inbox holds what the broker had when it was asked. Without a broker what
// is there already is all there is to see: no error.
void catch_up(Session& session, const Invocation& invocation);

}  // namespace lienthong::cli
