// SPDX-License-Identifier: Apache-2.0
// The plaintext of a section, of every root table (the first byte says which): what is accepted can
// be shown as JSON, and what is read from the JSON is shown and read as the same. Figures of it can
// be read, and the comparison with facts ends.
#include <set>

#include "adapters/codec/codec.hpp"
#include "bus/message/document_info.hpp"
#include "bus/message/facts_agree.hpp"
#include "bus/outreach/figure.hpp"
#include "tests/fuzz/section_types.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

void check_shown(const message::SectionType& type, BytesView plaintext) {
    const auto shown = codec::section_to_json(type, plaintext);
    CHECK(shown.has_value());
    const auto again = codec::section_from_json(type, *shown);
    if (!again) {  // numbers of a table alone may be larger as text than one object may be
        CHECK(shown->size() > codec::kJsonBytesMax);
        return;
    }
    // Not the same text: a default that is written out says no more than one that is not.
    const auto shown_again = codec::section_to_json(type, *again);
    CHECK(shown_again.has_value() && shown_again->size() <= shown->size());
    CHECK(codec::section_from_json(type, *shown_again).value() == *again);
}

void run(BytesView input) {
    if (input.empty()) return;
    const TypeOfKind& chosen = section_type(input.front());
    const BytesView plaintext = input.subspan(1);
    const auto refused = judge(
        plaintext, [&](BytesView b) { return error_of(message::check_section(*chosen.type, b)); });
    if (refused) return;
    check_shown(*chosen.type, plaintext);
    if (chosen.type->name == "report" && outreach::has_figures(chosen.kind)) {
        judge(plaintext,
              [&](BytesView b) { return error_of(outreach::read_report(chosen.kind, b)); });
    }
    if (chosen.type->name == "document") CHECK(message::is_classified(plaintext).has_value());
    judge(plaintext, [&](BytesView b) {
        return error_of(message::facts_agree(chosen.kind, {}, chosen.type->name, b));
    });
}

// The first byte stays what it is: the rest belongs to its table.
Bytes alter(BytesView input, std::size_t bytes_max, Alteration& by) {
    if (input.size() < 2) return by.alter(input, bytes_max);
    Bytes altered = alter_flat(input.subspan(1), bytes_max - 1, by);
    altered.insert(altered.begin(), input.front());
    return altered;
}

const Registered registered({"section", run, 16 * 1024, alter});

}  // namespace
}  // namespace lienthong::fuzz
