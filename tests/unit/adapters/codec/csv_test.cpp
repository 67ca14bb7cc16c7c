// SPDX-License-Identifier: Apache-2.0
#include "adapters/codec/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lienthong::codec {
namespace {

using testing::ElementsAre;

std::vector<CsvResult> read_all(std::string_view text) {
    Result<CsvReader> reader = CsvReader::open(text);
    EXPECT_TRUE(reader);
    std::vector<CsvResult> results;
    while (std::optional<CsvResult> result = reader->maybe_next()) {
        results.push_back(std::move(*result));
    }
    return results;
}

TEST(Csv, ReadsFieldsWithCommasQuotesAndNewlines) {
    const auto rows = read_all("a,\"b, c\",\"d \"\"e\"\"\"\n\"one\ntwo\",,x\n");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_THAT(rows[0].record->fields, ElementsAre("a", "b, c", "d \"e\""));
    EXPECT_THAT(rows[1].record->fields, ElementsAre("one\ntwo", "", "x"));
}

TEST(Csv, CountsLinesAlsoInsideQuotes) {
    const auto rows = read_all("a\n\"one\r\ntwo\"\r\n\r\nb\n");
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].line, 1U);
    EXPECT_EQ(rows[1].line, 2U);
    EXPECT_EQ(rows[2].line, 5U);
    EXPECT_EQ(rows[2].record->line, 5U);
}

TEST(Csv, TakesByteOrderMarkCarriageReturnsAndAMissingLastNewline) {
    for (const std::string_view text : {"a,b\nc,d\n",
                                        "\xEF\xBB\xBF"
                                        "a,b\r\nc,d",
                                        "a,b\r\nc,d\r",
                                        "a,b\n\n\nc,\"d\""}) {
        const auto rows = read_all(text);
        ASSERT_EQ(rows.size(), 2U);
        EXPECT_THAT(rows[0].record->fields, ElementsAre("a", "b"));
        EXPECT_THAT(rows[1].record->fields, ElementsAre("c", "d"));
    }
}

TEST(Csv, OfNothingHasNoRecords) {
    EXPECT_TRUE(read_all("").empty());
    EXPECT_TRUE(read_all("\n\r\n").empty());
}

TEST(Csv, NamesABrokenLineAndGoesOnWithTheNext) {
    const auto rows = read_all("ok\n\"open\nb\"x\nlast\n");
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_TRUE(rows[0].record);
    ASSERT_FALSE(rows[1].record);
    EXPECT_EQ(rows[1].record.error().code, Code::malformed_input);
    EXPECT_EQ(rows[1].line, 2U);
    EXPECT_FALSE(rows[2].record);
    EXPECT_EQ(rows[2].line, 3U);
    EXPECT_TRUE(rows[3].record);
    EXPECT_EQ(rows[3].line, 4U);
}

TEST(Csv, RefusesQuotesWhereTheyCannotStandAndNul) {
    for (const std::string_view text : {std::string_view("a\"b"),
                                        std::string_view("\"a\"b"),
                                        std::string_view("\"a"),
                                        std::string_view("a\0b", 3),
                                        std::string_view("\"a\0b\"", 5)}) {
        const auto rows = read_all(text);
        ASSERT_EQ(rows.size(), 1U);
        ASSERT_FALSE(rows[0].record);
        EXPECT_EQ(rows[0].record.error().code, Code::malformed_input);
    }
}

TEST(Csv, TakesALineOfTheLimitAndRefusesOneMore) {
    const std::string longest(kCsvRecordBytesMax, 'x');
    EXPECT_TRUE(read_all(longest + "\nb").at(0).record);
    for (const std::string& text : {longest + "x\nb", "\"" + longest + "\"\nb"}) {
        const auto rows = read_all(text);
        ASSERT_EQ(rows.size(), 2U);
        ASSERT_FALSE(rows[0].record);
        EXPECT_EQ(rows[0].record.error().code, Code::oversized);
        EXPECT_TRUE(rows[1].record);
    }
    const std::string quoted = "\"" + std::string(kCsvRecordBytesMax - 2, 'x') + "\"";
    EXPECT_TRUE(read_all(quoted).at(0).record);
}

TEST(Csv, TakesAsManyColumnsAsTheLimitAndRefusesOneMore) {
    EXPECT_EQ(read_all(std::string(kCsvColumnsMax - 1, ',')).at(0).record->fields.size(),
              kCsvColumnsMax);
    const auto rows = read_all(std::string(kCsvColumnsMax, ','));
    ASSERT_FALSE(rows.at(0).record);
    EXPECT_EQ(rows[0].record.error().code, Code::oversized);
}

TEST(Csv, TakesAFileOfTheLimitAndRefusesOneMore) {
    std::string text(kFileBytesMax, '\n');
    EXPECT_TRUE(CsvReader::open(text));
    text.push_back('\n');
    const Result<CsvReader> refused = CsvReader::open(text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::oversized);
}

TEST(Csv, StopsAfterTooManyBrokenLines) {
    std::string text;
    for (std::size_t i = 0; i < kCsvFaultsMax; ++i) text += "a\"\n";
    EXPECT_EQ(read_all(text + "b\n").size(), kCsvFaultsMax + 1);
    const auto rows = read_all(text + "a\"\nb\n");
    ASSERT_EQ(rows.size(), kCsvFaultsMax + 1);
    EXPECT_EQ(rows.back().record.error().code, Code::oversized);
}

}  // namespace
}  // namespace lienthong::codec
