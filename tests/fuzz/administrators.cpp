// SPDX-License-Identifier: Apache-2.0
// The body of an administrators' list: read again as the same bytes' value; its threshold can be
// met, and no key stands for two.
#include <set>

#include "security/registry/document.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    check_again(
        input, registry::parse_administrators, registry::encode_administrators, Said::names);
    const auto list = registry::parse_administrators(input);
    if (!list) return;
    std::set<Bytes> keys;
    for (const auto& member : list->members) keys.insert(member.key);
    CHECK(keys.size() == list->members.size());
    CHECK(list->threshold >= 1 && list->threshold <= keys.size());
}

const Registered registered({"administrators", run, 8 * 1024, alter_flat});

}  // namespace
}  // namespace lienthong::fuzz
