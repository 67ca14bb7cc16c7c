// SPDX-License-Identifier: Apache-2.0
// What a message says twice: to the broker in its facts, to the recipients in a sealed section. The
// broker cannot compare the two, so whoever holds both does: the sender's node before it publishes,
// and a recipient's when it opens the section.
#pragma once

#include <string_view>

#include "bus/message/facts.hpp"
#include "bus/message/kind.hpp"

namespace lienthong::message {

// Compares a section that has passed check_section with the facts of its message: the outcome
// (`result`, `outcome`; of a certificate the one that its result must have had), a shelter's answer
// (`intake`), a consent and its agencies (`consent`). malformed_section with the path
// ("result.outcome"); other sections agree with anything.
Result<void> facts_agree(Kind kind,
                         const CaseFacts& facts,
                         std::string_view section,
                         BytesView plaintext);

}  // namespace lienthong::message
