// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "adapters/codec/codec.hpp"
#include "bus/base/file.hpp"
#include "bus/outreach/figure.hpp"

namespace lienthong::codec {
namespace {

using message::Kind;
using outreach::Figure;
using outreach::Quantity;
using testing::HasSubstr;

CsvOptions options() {
    CsvOptions options;
    options.agency = [](std::string_view name) -> std::optional<AgencyId> {
        if (name == "Sở Lao động" || name == "labour") return AgencyId::of("labour");
        if (name == "womens-union") return AgencyId::of("womens-union");
        return std::nullopt;
    };
    options.territory = [](std::string_view name,
                           std::string_view day) -> std::optional<PlaceCode> {
        if (name == "huyện Yên Mô" && day < "2025") return PlaceCode{"yen-mo", "2021-01-01"};
        return std::nullopt;
    };
    options.mint = [](std::string_view key) {
        return "j" + std::to_string(std::hash<std::string_view>{}(key));
    };
    return options;
}

std::vector<LineResult> read(std::string_view text, const CsvOptions& with = options()) {
    Result<std::vector<LineResult>> lines = read_csv(Kind::outreach_report, text, with);
    EXPECT_TRUE(lines) << lines.error().where << lines.error().detail;
    return lines ? std::move(*lines) : std::vector<LineResult>{};
}

Figure figure(const LineResult& line) {
    EXPECT_TRUE(line.draft) << line.draft.error().where << ": " << line.draft.error().detail;
    if (!line.draft) return {};
    const auto figures =
        outreach::read_report(line.draft->kind, line.draft->sections.front().second);
    EXPECT_TRUE(figures);
    return figures ? figures->front() : Figure{};
}

const std::string kShort = "activity,low,high,qualifier,period\n";

// The error of the only row of a file with these columns.
Error error_of(const std::string& header, const std::string& row) {
    const auto lines = read(header + "\n" + row + "\n");
    EXPECT_EQ(lines.size(), 1U);
    if (lines.size() != 1 || lines[0].draft) {
        ADD_FAILURE() << "was taken: " << row;
        return {};
    }
    return lines[0].draft.error();
}

TEST(CsvFigures, FillEveryFieldOfAFigure) {
    const auto lines = read(
        "figure,message,reporter,unit,activity,activity_vi,activity_en,low,high,qualifier,measure,"
        "measure_unit,participants,participants_qualifier,participants_kind,stock_or_flow,"
        "integrated,"
        "lead,implementers,funder,partners,audience_vi,territory,period,as_of,campaign,channels,"
        "topics,"
        "document_number,joint_activity,note,key\n"
        "7,outreach.report,labour,Phòng 1,training-class,lớp,classes,1.002,1.003,range,lớp,lớp/năm,"
        "17.121,at-least,delegate,stock,yes,labour,womens-union; xã Yên Mỹ,Sở Lao động,doanh "
        "nghiệp,"
        "người dân,huyện Yên Mô; xã Yên "
        "Mỹ,2021-Q1,2021-03-31,30/7,radio;zalo,trafficking,45/KH-UBND,"
        "j-1,ghi chú,row-7\n");
    ASSERT_EQ(lines.size(), 1U);
    const Figure one = figure(lines[0]);
    EXPECT_EQ(one.activity, "training-class");
    EXPECT_EQ(one.quantity, Quantity::between(1002, 1003));
    EXPECT_EQ(one.participants->quantity, Quantity::of(17121, outreach::Qualifier::at_least));
    EXPECT_EQ(one.measurement, outreach::Measurement::stock);
    EXPECT_EQ(one.unit, "Phòng 1");
    EXPECT_EQ(one.lead.agency.text(), "labour");
    EXPECT_EQ(one.implementers.at(0).agency.text(), "womens-union");
    EXPECT_TRUE(one.implementers.at(1).agency.empty());
    EXPECT_EQ(one.implementers.at(1).text, "xã Yên Mỹ");
    EXPECT_EQ(one.funders.at(0).agency.text(), "labour");
    EXPECT_EQ(one.funders.at(0).text, "Sở Lao động");
    EXPECT_EQ(one.territories.at(0).code, "yen-mo");
    EXPECT_EQ(one.territories.at(0).vintage, "2021-01-01");
    EXPECT_EQ(one.territories.at(1).text, "xã Yên Mỹ");
    EXPECT_EQ(one.period->text(), "2021-01-01/2021-03-31");
    EXPECT_EQ(one.joint_activity, "j-1");

    const Draft& draft = *lines[0].draft;
    EXPECT_EQ(draft.line, 2U);
    EXPECT_EQ(draft.unit, "Phòng 1");
    EXPECT_TRUE(draft.has_key);
    EXPECT_EQ(draft.key, "row-7");
    const auto json =
        section_to_json(message::info(draft.kind).sections.front(), draft.sections.front().second);
    ASSERT_TRUE(json);
    for (const auto* said : {R"("source_number":7)",
                             R"("setting":"integrated")",
                             R"("channels":["radio","zalo"])",
                             R"("kind":"quarter")",
                             R"("campaign":"30/7")",
                             R"("document_number":"45/KH-UBND")",
                             R"("note":"ghi chú")",
                             R"("partners":[{"text":"doanh nghiệp"}])"}) {
        EXPECT_THAT(*json, HasSubstr(said));
    }
}

TEST(CsvFigures, SayOfACellWhatDisclosureControlDidWithIt) {
    const std::string header = "activity,low,qualifier,period,cell\n";
    const auto lines = read(header +
                            "victim-detected,0,exact,2021,true-zero\n"
                            "victim-detected,,,2021,suppressed\n"
                            "victim-detected,20,about,2021,rounded\n"
                            "victim-detected,,,2021,not-reported\n"
                            "victim-detected,0,exact,2021,\n"
                            "victim-detected,20,exact,2021,rounded\n"
                            "victim-detected,7,exact,2021,suppressed\n"
                            "victim-detected,7,exact,2021,hidden\n");
    using outreach::Cell;
    EXPECT_EQ(figure(lines.at(0)).cell, Cell::true_zero);
    EXPECT_EQ(figure(lines.at(1)).cell, Cell::suppressed);
    EXPECT_EQ(figure(lines.at(2)).cell, Cell::rounded);
    EXPECT_EQ(figure(lines.at(3)).cell, Cell::not_reported);
    EXPECT_EQ(figure(lines.at(4)).cell, Cell::true_zero) << "an exact 0 is one";
    for (std::size_t i = 5; i < 8; ++i) {
        ASSERT_FALSE(lines.at(i).draft) << i;
        EXPECT_THAT(lines.at(i).draft.error().where, HasSubstr("column cell")) << i;
    }
}

TEST(CsvFigures, ReadNumbersAsVietnameseReportsWriteThem) {
    const auto lines = read(kShort +
                            "leaflet,17.121,17121,exact,2021\n"
                            "leaflet,02,2,exact,2021\n"
                            "leaflet,10 000,10.000,exact,2021\n");
    EXPECT_EQ(figure(lines.at(0)).quantity, Quantity::of(17121));
    EXPECT_EQ(figure(lines.at(1)).quantity, Quantity::of(2));
    EXPECT_EQ(figure(lines.at(2)).quantity, Quantity::of(10000));
}

TEST(CsvFigures, SupplyWhatGoesWithoutSaying) {
    const auto lines = read(
        "activity,low,high,period,participants,participants_kind\n"
        "leaflet,5,,2021,,\n"
        "leaflet,5,7,2021,30,person\n"
        "leaflet,,,2021,,\n");
    EXPECT_EQ(figure(lines.at(0)).quantity, Quantity::of(5));
    EXPECT_EQ(figure(lines.at(0)).measurement, outreach::Measurement::flow);
    EXPECT_EQ(figure(lines.at(1)).quantity, Quantity::between(5, 7));
    EXPECT_EQ(figure(lines.at(1)).participants->quantity, Quantity::of(30));
    EXPECT_EQ(figure(lines.at(2)).quantity, Quantity{});
    EXPECT_FALSE(figure(lines.at(2)).participants);
}

TEST(CsvFigures, TakeAnActivityByItsNameInAnySpelling) {
    const auto lines = read(
        "activity,low,measure,period\n"
        "băng zôn,1,,2021\n"
        "Băng rôn,2,,2021\n"
        ",3,\"panoo, khẩu hiệu\",2021\n"
        "leaflet,4,băng rôn,2021\n"
        "việc khác,5,,2021\n");
    ASSERT_EQ(lines.size(), 5U);
    EXPECT_EQ(figure(lines[0]).activity, "banner");
    EXPECT_EQ(figure(lines[0]).name_vi, "băng zôn");
    EXPECT_EQ(figure(lines[1]).activity, "banner");
    EXPECT_EQ(figure(lines[2]).activity, "panel-slogan");
    EXPECT_EQ(figure(lines[3]).activity, "leaflet");
    ASSERT_FALSE(lines[4].draft.has_value());
    EXPECT_EQ(lines[4].draft.error().where, "line 6, column activity");
}

TEST(CsvFigures, AreTheSameFromComposedAndDecomposedText) {
    const std::string header = "activity,activity_vi,low,qualifier,period,territory\n";
    // "tờ rơi", "huyện Yên Mô" in NFC and in NFD.
    const auto nfc =
        read(header + "leaflet,t\u1EDD r\u01A1i,1,exact,2021,huy\u1EC7n Y\u00EAn M\u00F4\n");
    const auto nfd = read(header +
                          "leaflet,to\u031B\u0300 ro\u031Bi,1,exact,2021,"
                          "huye\u0323\u0302n Ye\u0302n Mo\u0302\n");
    ASSERT_TRUE(nfc.at(0).draft && nfd.at(0).draft);
    EXPECT_EQ(nfc[0].draft->sections, nfd[0].draft->sections);
    EXPECT_EQ(nfc[0].draft->key, nfd[0].draft->key);
    EXPECT_EQ(figure(nfd[0]).territories.at(0).code, "yen-mo");
}

TEST(CsvFigures, NameLineAndColumnOfWhatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"leaflet,x,1,exact,2021", "column low"},
        {"leaflet,1,\"1,5\",exact,2021", "column high"},
        {"leaflet,-1,1,exact,2021", "column low"},
        {"leaflet,1,1,roughly,2021", "column qualifier"},
        {"leaflet,1,1,none,2021", "column qualifier"},
        {"leaflet,5,4,range,2021", "column low"},
        {"leaflet,1,2,exact,2021", "column high"},
        {"leaflet,,,exact,2021", "column low"},
        {"leaflet,1,1,not-stated,2021", "column low"},
        {"leaflet,1,1,exact,2021-02-30/2021-03-01", "column period"},
        {"leaflet,1,1,exact,", "column period"},
        {"Leaflet!,1,1,exact,2021", "column activity"},
        {",1,1,exact,2021", "column activity"},
    };
    for (const auto& [row, where] : cases) {
        const Error error = error_of("activity,low,high,qualifier,period", row);
        EXPECT_EQ(error.where, "line 2, " + where) << row;
        EXPECT_EQ(error.errc(), Errc::malformed) << row;
    }
}

TEST(CsvFigures, NameTheColumnsOfTheOtherFields) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"participants", "many"},
        {"participants", "5"},  // of which kind?
        {"participants_kind", "crowd"},
        {"stock_or_flow", "both"},
        {"integrated", "maybe"},
        {"as_of", "14/12/2021"},
        {"channels", "radio;telepathy"},
        {"topics", "weather"},
        {"figure", "first"},
        {"joint_activity", "Năm 2021"},
        {"message", "leaflet.report"},
        {"message", "website.review"},
    };
    for (const auto& [column, cell] : cases) {
        const Error error = error_of("activity,low,period," + column, "leaflet,1,2021," + cell);
        const bool kind_missing = column == "participants" && cell == "5";
        EXPECT_EQ(error.where, "line 2, column " + (kind_missing ? "participants_kind" : column));
    }
}

TEST(CsvFigures, CheckEveryLineAndNotOnlyTheFirstBadOne) {
    const auto lines = read(kShort +
                            "leaflet,x,1,exact,2021\n"
                            "leaflet,1,1,exact,2021\n"
                            "leaflet,1,1\n"
                            "\"leaflet\"s,1,1,exact,2021\n"
                            "leaflet,2,2,exact,2021\n");
    ASSERT_EQ(lines.size(), 5U);
    EXPECT_FALSE(lines[0].draft);
    EXPECT_TRUE(lines[1].draft);
    EXPECT_EQ(lines[2].draft.error().where, "line 4");
    EXPECT_EQ(lines[3].draft.error().where, "line 5");
    EXPECT_TRUE(lines[4].draft);
    EXPECT_EQ(lines[4].draft->line, 6U);
}

TEST(CsvFigures, RefuseInvalidTextAndControlCharacters) {
    EXPECT_EQ(error_of("activity,low,period,note", "leaflet,1,2021,\xC3\x28").where,
              "line 2, column note");
    EXPECT_EQ(error_of("activity,low,period,note", "leaflet,1,2021,a\x1F b").where,
              "line 2, column note");
}

TEST(CsvFigures, PassOverRowsWithNothingInThem) {
    EXPECT_EQ(read(kShort + ",,,,\n \nleaflet,1,1,exact,2021\n").size(), 2U);
}

TEST(CsvFigures, RefuseABadHeaderRowAsAWhole) {
    for (const std::string_view text :
         {"", "activity,colour\n", "activity,low,low\n", "low,high\n", "activity,\"low\n"}) {
        const auto lines = read_csv(Kind::outreach_report, text);
        ASSERT_FALSE(lines) << text;
        EXPECT_EQ(lines.error().code, Code::malformed_input);
    }
}

TEST(CsvFigures, AreOnlyForKindsWithFigures) {
    const auto lines = read_csv(Kind::intake_record, kShort);
    ASSERT_FALSE(lines);
    EXPECT_EQ(lines.error().code, Code::bad_argument);
}

TEST(CsvFigures, TakeAFileOfTheLimitAndRefuseOneMore) {
    std::string text = "activity\n";
    text.resize(kFileBytesMax, '\n');
    EXPECT_TRUE(read_csv(Kind::outreach_report, text));
    text.push_back('\n');
    const auto refused = read_csv(Kind::outreach_report, text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::oversized);
}

TEST(CsvFigures, RefuseAnotherAgencysRowOrPassItOver) {
    CsvOptions own = options();
    own.reporter = AgencyId::of("labour");
    const std::string text =
        "activity,low,period,reporter,message\n"
        "leaflet,1,2021,police,outreach.report\n"
        "leaflet,2,2021,labour,outreach-report\n"
        "leaflet,3,2021,Sở Lao động,outreach.report\n"
        "leaflet,4,2021,labour,website.review\n";
    const auto strict = read(text, own);
    ASSERT_EQ(strict.size(), 4U);
    EXPECT_EQ(strict[0].draft.error().code, Code::wrong_sender);
    EXPECT_EQ(strict[0].draft.error().where, "line 2, column reporter");
    EXPECT_TRUE(strict[1].draft);
    EXPECT_TRUE(strict[2].draft);
    EXPECT_EQ(strict[3].draft.error().where, "line 5, column message");
    own.skip_others = true;
    EXPECT_EQ(read(text, own).size(), 2U);
}

TEST(CsvFigures, GetTheSameKeysFromTheSameFile) {
    const std::string row = "leaflet,1,1,exact,2021\n";
    const auto first = read(kShort + row + row + "leaflet,2,2,exact,2021\n");
    const auto again = read(kShort + row + row + "leaflet,2,2,exact,2021\n");
    ASSERT_EQ(first.size(), 3U);
    std::set<std::string> keys;
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_FALSE(first[i].draft->has_key);
        EXPECT_EQ(first[i].draft->key, again[i].draft->key);
        keys.insert(first[i].draft->key);
    }
    EXPECT_EQ(keys.size(), 3U);
    // Not the order of the columns, nor blanks, nor line ends.
    const auto moved = read("low, activity ,high,period,qualifier\r\n1,leaflet, 1 ,2021,exact\r\n");
    EXPECT_EQ(moved.at(0).draft->key, first[0].draft->key);
    EXPECT_NE(line_key(Kind::outreach_report, "a", 0), line_key(Kind::website_review, "a", 0));
}

TEST(CsvFigures, RefuseAKeyThatIsTooLong) {
    const std::string header = "activity,low,period,key\n";
    const std::string longest(kKeyBytesMax, 'k');
    EXPECT_TRUE(read(header + "leaflet,1,2021," + longest).at(0).draft);
    EXPECT_FALSE(read(header + "leaflet,1,2021,x" + longest).at(0).draft);
}

TEST(CsvFigures, GetAJointActivityOnlyWhenTheirReporterLeadsOthers) {
    const auto lines = read(
        "activity,low,period,reporter,lead,implementers\n"
        "tv-report,1,2021,labour,labour,labour;broadcaster\n"
        "tv-report,1,2021,labour,Sở Lao động,broadcaster\n"
        "tv-report,1,2021,labour,labour,labour\n"
        "tv-report,1,2021,labour,,commune\n"
        "tv-report,1,2021,womens-union,labour,womens-union\n"
        "tv-report,2,2021,labour,labour,labour;broadcaster\n");
    EXPECT_FALSE(figure(lines.at(0)).joint_activity.empty());
    EXPECT_FALSE(figure(lines.at(1)).joint_activity.empty());
    EXPECT_TRUE(figure(lines.at(2)).joint_activity.empty());
    EXPECT_TRUE(figure(lines.at(3)).joint_activity.empty());
    EXPECT_TRUE(figure(lines.at(4)).joint_activity.empty());
    // Another one of the same description is another activity.
    EXPECT_NE(figure(lines.at(5)).joint_activity, figure(lines.at(0)).joint_activity);
}

TEST(CsvFigures, KeepTheirJointActivityWhenTheNumberIsCorrected) {
    const std::string header = "activity,low,period,reporter,lead,implementers\n";
    const auto before = read(header + "tv-report,1,2021,labour,labour,labour;broadcaster\n");
    const auto after = read(header + "tv-report,2,2021,labour,labour,labour;broadcaster\n");
    EXPECT_EQ(figure(before.at(0)).joint_activity, figure(after.at(0)).joint_activity);
    EXPECT_NE(before.at(0).draft->key, after.at(0).draft->key);
}

TEST(CsvFigures, NameTheKindOfTheirPeriod) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"2021-01-01/2021-12-31", "calendar_year"},
        {"admin-2021", "administrative_year"},
        {"2020-12-15/2021-12-14", "administrative_year"},
        {"2021-H2", "half_year"},
        {"2021-Q3", "quarter"},
        {"2021-02", "month"},
        {"2021-02-03/2021-02-04", "other"},
    };
    for (const auto& [period, kind] : cases) {
        const auto lines = read("activity,low,period\nleaflet,1," + period);
        const auto json = section_to_json(message::info(Kind::outreach_report).sections.front(),
                                          lines.at(0).draft->sections.front().second);
        EXPECT_THAT(*json, HasSubstr(R"("kind":")" + kind + '"'));
    }
}

TEST(CsvFigures, TakeTheWholeFileOfTheProvince) {
    const Result<Bytes> file =
        read_file(LT_SOURCE_DIR "/examples/ninh-binh/data/ninh-binh-2021.csv", kFileBytesMax);
    ASSERT_TRUE(file);
    CsvOptions all = options();
    all.skip_others = true;
    std::size_t count = 0;
    for (const message::KindInfo& kind : message::all_kinds()) {
        if (!outreach::has_figures(kind.kind)) continue;
        const auto lines = read_csv(kind.kind, as_text(*file), all);
        ASSERT_TRUE(lines);
        for (const LineResult& line : *lines) EXPECT_TRUE(line.draft);
        count += lines->size();
    }
    EXPECT_EQ(count, 39U);
}

}  // namespace
}  // namespace lienthong::codec
