// SPDX-License-Identifier: Apache-2.0
// Judges the plaintext of a section: size, structure, meaning.
#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/message/flat.hpp"
#include "bus/message/kind.hpp"
#include "bus/message/section_rules.hpp"

namespace lienthong::message {
namespace {

const SectionRule& rule_of(std::string_view root_table) {
    for (const auto rules : {statistics_rules(), person_rules(), procedure_rules()}) {
        const auto found = std::ranges::find(rules, root_table, &SectionRule::root_table);
        if (found != rules.end()) return *found;
    }
    constexpr bool every_root_table_has_rules = false;
    CHECK(every_root_table_has_rules);
    return procedure_rules().front();
}

}  // namespace

Result<void> check_section(const SectionType& type, BytesView plaintext) {
    if (plaintext.size() > kSectionBytesMax) {
        return fail(Code::oversized, {}, std::string(type.name));
    }
    const AlignedCopy aligned(plaintext);
    if (!type.verify(aligned.view())) {
        return fail(Code::malformed_section, "is no such section", std::string(type.name));
    }
    return rule_of(type.root_table).check(aligned.view());
}

}  // namespace lienthong::message
