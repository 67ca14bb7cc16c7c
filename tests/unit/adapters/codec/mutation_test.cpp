// SPDX-License-Identifier: Apache-2.0
// Seeded mutations of good input: whatever comes, the answer is a value.
#include <gtest/gtest.h>

#include <random>

#include "adapters/codec/codec.hpp"
#include "bus/base/file.hpp"

namespace lienthong::codec {
namespace {

using message::Kind;
using Random = std::mt19937_64;

std::string mutated(const std::string& good, Random& random) {
    constexpr std::string_view kLikely = "\"\"\",,;\n\r{}[]:\\-.0919eE \t\xEF\xCC\x80";
    std::string text = good;
    for (std::size_t count = 1 + random() % 6; count > 0; --count) {
        const std::size_t at = random() % text.size();
        switch (random() % 5) {
            case 0:
                text[at] = static_cast<char>(random() % 256);
                break;
            case 1:
                text[at] = kLikely[random() % kLikely.size()];
                break;
            case 2:
                text.insert(at, 1, kLikely[random() % kLikely.size()]);
                break;
            case 3:
                text.erase(at, 1 + random() % 8);
                break;
            default:
                text.insert(at, text.substr(random() % text.size(), random() % 40));
        }
        if (text.empty()) text = " ";
    }
    return text;
}

// What was taken must stand up to being written and read once more.
void expect_sound(const std::vector<LineResult>& lines) {
    for (const LineResult& line : lines) {
        if (!line.draft) {
            ASSERT_TRUE(line.draft.error().where.starts_with("line "));
            continue;
        }
        const message::KindInfo& kind = message::info(line.draft->kind);
        for (const auto& [name, bytes] : line.draft->sections) {
            const message::SectionType& type = kind.sections[*message::maybe_section(kind, name)];
            const Result<std::string> json = section_to_json(type, bytes);
            ASSERT_TRUE(json);
            const Result<Bytes> again = section_from_json(type, *json);
            ASSERT_TRUE(again) << again.error().where << again.error().detail;
            ASSERT_EQ(section_to_json(type, *again).value(), *json);
        }
    }
}

TEST(Mutation, OfTheProvincesFileNeverCrashesTheReader) {
    const Result<Bytes> file =
        read_file(LT_SOURCE_DIR "/examples/ninh-binh/data/ninh-binh-2021.csv", kFileBytesMax);
    ASSERT_TRUE(file);
    const std::string whole(as_text(*file));
    // The header row and three rows: short enough for many rounds.
    std::size_t end = 0;
    for (int line = 0; line < 4; ++line) end = whole.find('\n', end) + 1;
    const std::string good = whole.substr(0, end);
    CsvOptions options;
    options.skip_others = true;
    Random random(1);
    for (int round = 0; round < 1'500; ++round) {
        const auto lines = read_csv(Kind::outreach_report, mutated(good, random), options);
        if (lines) expect_sound(*lines);
    }
}

TEST(Mutation, OfJsonLinesNeverCrashesTheReader) {
    const std::string line =
        R"({"key":"k1","unit":"Phòng 1","sections":{"report":{"period":{"from":"2021-01-01",)"
        R"("to":"2021-12-31","kind":"calendar_year"},"figures":[{"activity":"training-class",)"
        R"("activity_vi":"lớp tập huấn","low":2,"high":2,"qualifier":"exact","participants":400,)"
        R"("participants_qualifier":"at_least","participants_kind":"delegate",)"
        R"("stock_or_flow":"flow","channels":["radio","zalo"],"territories":[{"text":"xã"}],)"
        R"("lead":{"agency":"labour"}}],"note":"ghi chú"}}})";
    const std::string good = line + "\n" + line + "\n";
    ASSERT_TRUE(read_jsonl(Kind::outreach_report, good)->at(0).draft);
    Random random(2);
    for (int round = 0; round < 2'000; ++round) {
        const auto lines = read_jsonl(Kind::outreach_report, mutated(good, random));
        ASSERT_TRUE(lines);
        expect_sound(*lines);
    }
}

}  // namespace
}  // namespace lienthong::codec
