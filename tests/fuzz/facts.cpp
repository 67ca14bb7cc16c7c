// SPDX-License-Identifier: Apache-2.0
// What the broker is told of a case: read again as the same; no kind may say facts that another
// kind's table row forbids (check_facts ends with a value for each kind).
#include "bus/message/facts.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    check_again(input, message::parse_facts, message::encode_facts);
    const auto facts = message::parse_facts(input);
    if (!facts) return;
    CHECK(input.size() <= message::kFactsBytesMax);
    CHECK(facts->parties.size() <= 64 && facts->consent_for.size() <= 64);
    for (const message::KindInfo& kind : message::all_kinds()) {
        judge(input, [&](BytesView bytes) -> std::optional<Error> {
            const auto again = message::parse_facts(bytes);
            return again ? error_of(message::check_facts(kind.kind, *again)) : std::nullopt;
        });
    }
}

const Registered registered({"facts", run, message::kFactsBytesMax + 64, alter_flat});

}  // namespace
}  // namespace lienthong::fuzz
