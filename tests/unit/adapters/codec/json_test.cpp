// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/codec/codec.hpp"
#include "bus/outreach/figure.hpp"

namespace lienthong::codec {
namespace {

using Json = nlohmann::json;
using message::Kind;

const message::SectionType& section_type(Kind kind, std::string_view name) {
    const message::KindInfo& info = message::info(kind);
    return info.sections[message::maybe_section(info, name).value()];
}

const message::SectionType& report_type() { return section_type(Kind::outreach_report, "report"); }

constexpr std::string_view kFigure =
    R"({"activity":"leaflet","low":1,"high":1,"qualifier":"exact","stock_or_flow":"flow",)"
    R"("as_of":"2021-12-14"})";

std::string report_with(std::string_view fields) {
    Json figure = Json::parse(kFigure);
    figure.update(Json::parse(fields));
    return Json{{"figures", {figure}}}.dump();
}

Error error_of(std::string_view json) {
    const Result<Bytes> bytes = section_from_json(report_type(), json);
    if (!bytes) return bytes.error();
    ADD_FAILURE() << "was taken: " << json;
    return {};
}

TEST(Json, ComesBackAsItWent) {
    const std::string text = report_with(
        R"({"activity_vi":"tờ rơi \"mới\"\n","channels":["radio","zalo"],"source_number":0,
            "territories":[{"code":"yen-mo","text":"huyện Yên Mô","vintage":"2021-01-01"}],
            "lead":{"agency":"labour"},"participants":0,"participants_qualifier":"exact",
            "participants_kind":"person","high":9223372036854775807,"low":18,"qualifier":"range"})");
    const Result<Bytes> bytes = section_from_json(report_type(), text);
    ASSERT_TRUE(bytes) << bytes.error().where << bytes.error().detail;
    const Result<std::string> back = section_to_json(report_type(), *bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(Json::parse(*back), Json::parse(text));
}

TEST(Json, OfNullIsAbsent) {
    const Result<Bytes> bytes = section_from_json(report_type(), report_with(R"({"note":null})"));
    ASSERT_TRUE(bytes);
    EXPECT_EQ(section_to_json(report_type(), *bytes)->find("note"), std::string::npos);
}

TEST(Json, IsBroughtToNormalFormC) {
    const auto nfc = section_from_json(report_type(), report_with("{\"activity_vi\":\"t\u1EDD\"}"));
    const auto nfd =
        section_from_json(report_type(), report_with("{\"activity_vi\":\"to\u031B\u0300\"}"));
    ASSERT_TRUE(nfc && nfd);
    EXPECT_EQ(*nfc, *nfd);
}

TEST(Json, NamesThePathOfWhatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {R"({"colour":"red"})", "report.figures[0].colour"},
        {R"({"Nguyễn Thị X":1})", "report.figures[0].?"},
        {R"({"low":"1"})", "report.figures[0].low"},
        {R"({"low":1.5})", "report.figures[0].low"},
        {R"({"low":9223372036854775808})", "report.figures[0].low"},
        {R"({"low":-1})", "report.figures[0].low"},
        {R"({"source_number":-1})", "report.figures[0].source_number"},
        {R"({"source_number":4294967296})", "report.figures[0].source_number"},
        {R"({"qualifier":"roughly"})", "report.figures[0].qualifier"},
        {R"({"qualifier":1})", "report.figures[0].qualifier"},
        {R"({"channels":"radio"})", "report.figures[0].channels"},
        {R"({"channels":["radio","smoke"]})", "report.figures[0].channels[1]"},
        {R"({"territories":["huyện"]})", "report.figures[0].territories[0]"},
        {R"({"territories":[{"text":5}]})", "report.figures[0].territories[0].text"},
        {R"({"lead":"labour"})", "report.figures[0].lead"},
        {R"({"period":{"from":"2021-01-01"}})", "report.figures[0].period.to"},
        {R"({"as_of":"2021-02-30"})", "report.figures[0].as_of"},
        {R"({"note":"a\u0000b"})", "report.figures[0].note"},
        {R"({"activity":null})", "report.figures[0].activity"},
    };
    for (const auto& [fields, where] : cases) {
        const Error error = error_of(report_with(fields));
        EXPECT_EQ(error.where, where) << fields;
        EXPECT_EQ(error.errc(), Errc::malformed) << fields;
    }
    EXPECT_EQ(error_of("{}").where, "report.figures");
    EXPECT_EQ(error_of("[]").where, "report");
}

TEST(Json, IsRefusedIfItIsNone) {
    for (const std::string_view text : {"",
                                        "{",
                                        "{\"figures\":[]}x",
                                        "nul",
                                        "{\"figures\":[],\"figures\":[]}",
                                        "{\"note\":\"\xC3\x28\"}",
                                        "{'figures':[]}",
                                        "{\"figures\":[1,]}"}) {
        EXPECT_EQ(error_of(text).code, Code::malformed_input) << text;
    }
}

TEST(Json, IsTakenAtItsGreatestDepthAndRefusedBelow) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_EQ(error_of(nested(kJsonDepthMax)).code, Code::malformed_input);
    EXPECT_EQ(error_of(nested(kJsonDepthMax + 1)).code, Code::too_deep);
    EXPECT_EQ(error_of(std::string(1'000'000, '[')).code, Code::too_deep);
    // Brackets in a text are no depth.
    EXPECT_TRUE(
        section_from_json(report_type(), report_with(R"({"note":"[[[[[[[[[[[[[[[[[[[[\"[[[["})")));
}

TEST(Json, IsTakenAtItsGreatestSizeAndRefusedAbove) {
    std::string text = report_with("{}");
    text.resize(kJsonBytesMax, ' ');
    EXPECT_TRUE(section_from_json(report_type(), text));
    text.push_back(' ');
    EXPECT_EQ(error_of(text).code, Code::oversized);
}

TEST(Json, WritesAndReadsBytesBooleansAndSmallNumbers) {
    const message::SectionType& facts = section_type(Kind::intake_record, "facts");
    const std::string text =
        R"({"opens":true,"persons":65535,"opening_nonce":"AAECAwQFBgcICQoLDA0ODw=="})";
    const Result<Bytes> bytes = section_from_json(facts, text);
    ASSERT_TRUE(bytes) << bytes.error().where << bytes.error().detail;
    EXPECT_EQ(Json::parse(section_to_json(facts, *bytes).value()), Json::parse(text));
    for (const std::string_view bad : {R"({"opens":1})",
                                       R"({"persons":65536})",
                                       R"({"persons":-1})",
                                       R"({"opening_nonce":"AA"})",
                                       R"({"opening_nonce":[0]})",
                                       R"({"parties":[1]})"}) {
        const auto refused = section_from_json(facts, bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, Code::malformed_input) << bad;
    }
}

TEST(Json, KnowsTheRootTableOfEverySectionOfEveryKind) {
    for (const message::KindInfo& kind : message::all_kinds()) {
        for (const message::SectionType& type : kind.sections) {
            // Whether it may be empty is the section's own affair; that its table is known is ours.
            const Result<Bytes> bytes = section_from_json(type, R"({"no_such_field":1})");
            ASSERT_FALSE(bytes);
            EXPECT_EQ(bytes.error().where, std::string(type.name) + ".no_such_field");
        }
    }
}

TEST(Json, IsNotWrittenFromBytesThatAreNoSection) {
    const auto json = section_to_json(report_type(), Bytes(32, 0xFF));
    ASSERT_FALSE(json);
    EXPECT_EQ(json.error().code, Code::malformed_section);
}

// ---- JSON Lines ----

std::string line_with(std::string_view more = "") {
    return R"({"sections":{"report":{"figures":[)" + std::string(kFigure) + "]}}" +
           std::string(more) + "}";
}

std::vector<LineResult> read(std::string_view text) {
    Result<std::vector<LineResult>> lines = read_jsonl(Kind::outreach_report, text);
    EXPECT_TRUE(lines);
    return lines ? std::move(*lines) : std::vector<LineResult>{};
}

TEST(JsonLines, GiveOneDraftEach) {
    const auto lines = read("\xEF\xBB\xBF" + line_with(R"(,"key":"k-1","unit":"Phòng 1")") +
                            "\r\n\n" + line_with());
    ASSERT_EQ(lines.size(), 2U);
    ASSERT_TRUE(lines[0].draft && lines[1].draft);
    EXPECT_EQ(lines[0].draft->key, "k-1");
    EXPECT_TRUE(lines[0].draft->has_key);
    EXPECT_EQ(lines[0].draft->unit, "Phòng 1");
    EXPECT_EQ(lines[0].draft->sections.at(0).first, "report");
    EXPECT_FALSE(lines[1].draft->has_key);
    EXPECT_EQ(lines[1].draft->line, 3U);
    EXPECT_EQ(lines[1].draft->kind, Kind::outreach_report);
}

TEST(JsonLines, TakeAnActivityByItsNameAsSpreadsheetsDo) {
    const auto line = [](const std::string& said) {
        return R"({"sections":{"report":{"figures":[{)" + said +
               R"(,"low":1,"qualifier":"exact","stock_or_flow":"flow","as_of":"2021-12-14"}]}}})";
    };
    const auto lines =
        read(line(R"("activity":"Băng Zôn, khẩu hiệu")") + "\n" +
             line(R"("measure":"to\u031b\u0300 r\u01a1i")") + "\n" +
             line(R"("activity":"leaflet")") + "\n" + line(R"("activity":"một việc khác")") + "\n");
    ASSERT_EQ(lines.size(), 4U);
    const auto figure = [&](std::size_t i) {
        EXPECT_TRUE(lines.at(i).draft) << lines.at(i).draft.error().where;
        return outreach::read_report(Kind::outreach_report, lines[i].draft->sections.at(0).second)
            .value()
            .at(0);
    };
    EXPECT_EQ(figure(0).activity, "banner-slogan");
    EXPECT_EQ(figure(0).name_vi, "Băng Zôn, khẩu hiệu");
    EXPECT_EQ(figure(1).activity, "leaflet");
    EXPECT_EQ(figure(2).activity, "leaflet");
    EXPECT_EQ(figure(2).name_vi, "");
    ASSERT_FALSE(lines[3].draft) << "what the table does not have is not guessed";
    EXPECT_EQ(lines[3].draft.error().where, "line 4, report.figures[0].activity");
}

TEST(JsonLines, GetKeysByContentAndOrdinal) {
    const std::string spaced =
        R"({ "sections" : { "report" : { "figures" : [ )" + std::string(kFigure) + " ] } } }";
    const auto lines = read(line_with() + "\n" + line_with() + "\n");
    const auto other = read(spaced);
    EXPECT_NE(lines.at(0).draft->key, lines.at(1).draft->key);
    EXPECT_EQ(lines[0].draft->key, other.at(0).draft->key);
    EXPECT_EQ(lines[0].draft->canonical, lines[1].draft->canonical);
    // The key is not content.
    EXPECT_EQ(read(line_with(R"(,"key":"k")")).at(0).draft->canonical, lines[0].draft->canonical);
}

TEST(JsonLines, NameEachBadLineAndTakeTheRest) {
    const std::vector<std::pair<std::string, std::pair<std::string, Code>>> cases{
        {"{", {"", Code::malformed_input}},
        {"[]", {"", Code::malformed_input}},
        {"{}", {", sections", Code::malformed_input}},
        {R"({"sections":[]})", {", sections", Code::malformed_input}},
        {R"({"sections":{}})", {", report", Code::malformed_input}},
        {R"({"sections":{"identity":{}}})", {", identity", Code::bad_argument}},
        {line_with(R"(,"kind":"x")"), {", kind", Code::malformed_input}},
        {line_with(R"(,"key":5)"), {", key", Code::malformed_input}},
        {line_with(R"(,"key":"")"), {", key", Code::malformed_input}},
        {line_with(R"(,"unit":{})"), {", unit", Code::malformed_input}},
        {R"({"sections":{"report":{"figures":[{}]}}})",
         {", report.figures[0].activity", Code::malformed_input}},
        {R"({"sections":{"report":{"figures":[]}}})",
         {", report.figures", Code::malformed_section}},
        {std::string(100, '['), {"", Code::too_deep}},
    };
    std::string text;
    for (const auto& [line, expected] : cases) text += line + "\n";
    const auto lines = read(text + line_with());
    ASSERT_EQ(lines.size(), cases.size() + 1);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        ASSERT_FALSE(lines[i].draft) << cases[i].first;
        EXPECT_EQ(lines[i].draft.error().where,
                  "line " + std::to_string(i + 1) + cases[i].second.first);
        EXPECT_EQ(lines[i].draft.error().code, cases[i].second.second) << cases[i].first;
        EXPECT_EQ(lines[i].line, i + 1);
    }
    EXPECT_TRUE(lines.back().draft);
}

TEST(JsonLines, AreRefusedAsAWholeOnlyForSizeAndKind) {
    EXPECT_EQ(read_jsonl(Kind::none, "{}").error().code, Code::bad_argument);
    std::string text(kFileBytesMax, ' ');
    EXPECT_TRUE(read_jsonl(Kind::outreach_report, text));
    text.push_back(' ');
    EXPECT_EQ(read_jsonl(Kind::outreach_report, text).error().code, Code::oversized);
}

TEST(JsonLines, AreTakenUpToTheirGreatestNumber) {
    std::string text;
    for (std::size_t i = 0; i < kLinesMax; ++i) text += "1\n";
    EXPECT_EQ(read(text).size(), kLinesMax);
    EXPECT_EQ(read_jsonl(Kind::outreach_report, text + "1\n").error().code, Code::oversized);
}

}  // namespace
}  // namespace lienthong::codec
