// SPDX-License-Identifier: Apache-2.0
// The semantic rules of each root table. `aligned` has passed the FlatBuffers verifier for that
// root. Private to bus/message.
#pragma once

#include <span>
#include <string_view>

#include "bus/base/bytes.hpp"
#include "bus/base/error.hpp"

namespace lienthong::message {

struct SectionRule {
    std::string_view root_table;
    Result<void> (*check)(BytesView aligned);
};

std::span<const SectionRule> statistics_rules();  // figures and plans
std::span<const SectionRule> person_rules();      // persons, hotline
std::span<const SectionRule> procedure_rules();   // document, facts, steps of the procedure

}  // namespace lienthong::message
