// SPDX-License-Identifier: Apache-2.0
// A section as JSON text, of every root table (the first byte says which): what is read passes
// check_section, is shown as JSON, and that is read as the same bytes.
#include "adapters/codec/codec.hpp"
#include "tests/fuzz/section_types.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    if (input.empty()) return;
    const message::SectionType& type = *section_type(input.front()).type;
    const BytesView text = input.subspan(1);
    const auto refused = judge(
        text,
        [&](BytesView b) { return error_of(codec::section_from_json(type, as_text(b))); },
        Said::names);
    if (refused) return;
    const Bytes read = codec::section_from_json(type, as_text(text)).value();
    CHECK(message::check_section(type, read).has_value());
    const std::string shown = codec::section_to_json(type, read).value();
    CHECK(codec::section_from_json(type, shown).value() == read);
}

const Registered registered({"json", run, 16 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
