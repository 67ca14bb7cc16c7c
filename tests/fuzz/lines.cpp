// SPDX-License-Identifier: Apache-2.0
// What `publish` reads: JSON Lines and CSV, of every kind (the first byte says which), alone and
// with a registry that knows agencies and places. Each line is a draft that stands up to being
// shown and read again, or an error that names its line.
#include "adapters/cli/publish_lines.hpp"
#include "adapters/codec/codec.hpp"
#include "tests/fuzz/small_registry.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

constexpr std::uint8_t kCsvBit = 0x80;

struct Text {
    message::Kind kind;
    bool csv;
    BytesView bytes;
};

Text text_of(BytesView input) {
    const auto kinds = message::all_kinds();
    return {kinds[input.front() % kCsvBit % kinds.size()].kind,
            input.front() >= kCsvBit,
            input.subspan(1)};
}

Result<std::vector<codec::LineResult>> read(const Text& text) {
    return text.csv ? codec::read_csv(text.kind, as_text(text.bytes))
                    : codec::read_jsonl(text.kind, as_text(text.bytes));
}

void check_draft(const codec::Draft& draft) {
    const message::KindInfo& kind = message::info(draft.kind);
    for (const auto& [name, bytes] : draft.sections) {
        const auto index = message::maybe_section(kind, name);
        CHECK(index.has_value());
        const message::SectionType& type = kind.sections[*index];
        CHECK(message::check_section(type, bytes).has_value());
        const auto shown = codec::section_to_json(type, bytes);
        CHECK(shown.has_value() && codec::section_from_json(type, *shown).value() == bytes);
    }
}

// The first error of any line, so that a fault is followed to what stands in the input.
std::optional<Error> first_error(const Text& text) {
    const auto lines = read(text);
    if (!lines) return lines.error();
    for (const codec::LineResult& line : *lines) {
        if (!line.draft) return line.draft.error();
    }
    return std::nullopt;
}

std::optional<Error> first_published(const Text& text) {
    const cli::PublishSource source{.kind = text.kind,
                                    .text = as_text(text.bytes),
                                    .csv = text.csv,
                                    .agency = AgencyId::of("ag-1")};
    const auto lines = cli::read_lines(source, small_registry());
    if (!lines) return lines.error();
    for (const cli::PublishLine& line : *lines) {
        if (!line.draft) return line.draft.error();
    }
    return std::nullopt;
}

void run(BytesView input) {
    if (input.empty()) return;
    const Text text = text_of(input);
    const auto with = [&](BytesView bytes) { return Text{text.kind, text.csv, bytes}; };
    judge(text.bytes, [&](BytesView b) { return first_error(with(b)); }, Said::names);
    judge(text.bytes, [&](BytesView b) { return first_published(with(b)); }, Said::names);
    const auto lines = read(text);
    if (!lines) return;
    for (const codec::LineResult& line : *lines) {
        if (line.draft) {
            check_draft(*line.draft);
        } else {
            CHECK(line.draft.error().where.starts_with("line "));
        }
    }
}

const Registered registered({"lines", run, 16 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
