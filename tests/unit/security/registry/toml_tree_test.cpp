// SPDX-License-Identifier: Apache-2.0
#include "security/registry/toml_tree.hpp"

#include <gtest/gtest.h>

namespace lienthong::registry {
namespace {

constexpr Millis kNewYear = 1'609'434'000'000;  // 2021-01-01T00:00:00+07:00

// Reads one key of a text and gives the fault, if any.
template <class Read>
std::optional<Error> fault_of(std::string_view text, Read read) {
    const auto table = parse_toml(text);
    EXPECT_TRUE(table.has_value());
    std::optional<Error> fault;
    TomlReader reader(*table, "place.", fault);
    read(reader);
    reader.finish();
    return fault;
}

TEST(TomlTree, ReadsADateAsADayInVietNam) {
    const auto fault = fault_of("a = 2021-01-01\nb = 2021-01-01\nc = 2021-01-01", [](auto& reader) {
        EXPECT_EQ(reader.beginning("a"), kNewYear);
        EXPECT_EQ(reader.end("b"), kNewYear + 86'400'000);
        EXPECT_EQ(reader.civil_date("c"), "2021-01-01");
    });
    EXPECT_FALSE(fault.has_value());
}

TEST(TomlTree, ReadsADateTimeWithItsOffset) {
    const auto fault =
        fault_of("a = 2021-01-01T00:00:00+07:00\nb = 2020-12-31T17:00:00.250Z", [](auto& reader) {
            EXPECT_EQ(reader.beginning("a"), kNewYear);
            EXPECT_EQ(reader.end("b"), kNewYear + 250);
        });
    EXPECT_FALSE(fault.has_value());
}

TEST(TomlTree, RefusesADateTimeWithoutOffset) {
    const auto fault =
        fault_of("a = 2021-01-01T00:00:00", [](auto& reader) { reader.beginning("a"); });
    ASSERT_TRUE(fault.has_value());
    EXPECT_EQ(fault->code, Code::malformed_document);
}

TEST(TomlTree, NamesTheLineOfAnUnknownKey) {
    const auto fault = fault_of("a = 1\n\nzeta = 1\nbeta = 2",
                                [](auto& reader) { EXPECT_EQ(reader.number("a", 0, 1), 1u); });
    ASSERT_TRUE(fault.has_value());
    EXPECT_EQ(fault->where, "line 3: place.zeta");
    EXPECT_EQ(fault->detail, "unknown key");
}

TEST(TomlTree, NamesTheLineOfAWrongType) {
    const auto check = [](std::string_view text, auto read) {
        const auto fault = fault_of(text, read);
        ASSERT_TRUE(fault.has_value()) << text;
        EXPECT_EQ(fault->where, "line 2: place.a") << text;
    };
    check("\na = 1", [](auto& reader) { reader.text("a"); });
    check("\na = ''", [](auto& reader) { reader.required_text("a"); });
    check("\na = 'x'", [](auto& reader) { reader.texts("a"); });
    check("\na = [1]", [](auto& reader) { reader.texts("a"); });
    check("\na = 1", [](auto& reader) { reader.flag("a"); });
    check("\na = 'x'", [](auto& reader) { reader.number("a", 0, 9); });
    check("\na = 10", [](auto& reader) { reader.number("a", 0, 9); });
    check("\na = -1", [](auto& reader) { reader.number("a", 0, 9); });
    check("\na = 1.5", [](auto& reader) { reader.number("a", 0, 9); });
    check("\na = '2021-01-01'", [](auto& reader) { reader.civil_date("a"); });
    check("\na = 2021-01-01T00:00:00Z", [](auto& reader) { reader.civil_date("a"); });
    check("\na = '2021-01-01'", [](auto& reader) { reader.end("a"); });
    check("\na = 10:00:00", [](auto& reader) { reader.beginning("a"); });
    check("\na = {}", [](auto& reader) { reader.tables("a"); });
    check("\na = [1]", [](auto& reader) { reader.tables("a"); });
    check("\na = []", [](auto& reader) { reader.maybe_table("a"); });
    check("\na = 'Công an'", [](auto& reader) { reader.template id<AgencyId>("a"); });
    check("\na = ['Công an']", [](auto& reader) { reader.template ids<AgencyId>("a"); });
}

TEST(TomlTree, TakesANumberAtItsLimit) {
    const auto fault =
        fault_of("a = 9", [](auto& reader) { EXPECT_EQ(reader.number("a", 0, 9), 9u); });
    EXPECT_FALSE(fault.has_value());
}

TEST(TomlTree, AnswersAbsentKeysWithNothing) {
    const auto fault = fault_of("", [](auto& reader) {
        EXPECT_EQ(reader.text("a"), "");
        EXPECT_TRUE(reader.texts("a").empty());
        EXPECT_FALSE(reader.flag("a"));
        EXPECT_EQ(reader.number("a", 5, 9), 5u);
        EXPECT_FALSE(reader.maybe_number("a", 9).has_value());
        EXPECT_EQ(reader.civil_date("a"), "");
        EXPECT_EQ(reader.beginning("a"), 0);
        EXPECT_EQ(reader.end("a"), 0);
        EXPECT_TRUE(reader.tables("a").empty());
        EXPECT_FALSE(reader.maybe_table("a").has_value());
        EXPECT_FALSE(reader.has("a"));
    });
    EXPECT_FALSE(fault.has_value());
}

TEST(TomlTree, KeepsTheFirstFault) {
    const auto fault = fault_of("a = 1\nb = 2", [](auto& reader) {
        reader.text("a");
        reader.text("b");
    });
    ASSERT_TRUE(fault.has_value());
    EXPECT_EQ(fault->where, "line 1: place.a");
}

TEST(TomlTree, RefusesWhatIsNotTomlWithoutRepeatingIt) {
    const auto table = parse_toml("a = 1\nsecret secret");
    ASSERT_FALSE(table.has_value());
    EXPECT_EQ(table.error().code, Code::malformed_document);
    EXPECT_EQ(table.error().where, "line 2");
    EXPECT_EQ(table.error().detail.find("secret"), std::string::npos);
    EXPECT_FALSE(parse_toml("a = '\xff'").has_value());
    EXPECT_FALSE(parse_toml(std::string("a = ") + std::string(5'000, '[')).has_value());
}

TEST(TomlTree, TakesFourMebibytesAndNotAByteMore) {
    std::string text = "#";
    text.resize(kTomlBytesMax, ' ');
    EXPECT_TRUE(parse_toml(text).has_value());
    text.push_back(' ');
    const auto table = parse_toml(text);
    ASSERT_FALSE(table.has_value());
    EXPECT_EQ(table.error().code, Code::oversized);
}

TEST(TomlTree, WritesMomentsThatReadBackTheSame) {
    for (const Millis at : {kNewYear, kNewYear + 1, kNewYear - 1, Millis{1}, Millis{61'200'000}}) {
        const std::string text = "a = " + toml_beginning(at) + "\nb = " + toml_end(at);
        const auto fault = fault_of(text, [&](auto& reader) {
            EXPECT_EQ(reader.beginning("a"), at) << text;
            EXPECT_EQ(reader.end("b"), at) << text;
        });
        EXPECT_FALSE(fault.has_value()) << text;
    }
    EXPECT_EQ(toml_beginning(kNewYear), "2021-01-01");
    EXPECT_EQ(toml_end(kNewYear), "2020-12-31");
    EXPECT_EQ(civil_date_of(kNewYear - 1), "2020-12-31");
    EXPECT_EQ(civil_date_of(kNewYear), "2021-01-01");
}

TEST(TomlTree, WritesTextsThatReadBackTheSame) {
    const std::string odd("\"\\\n\t\x01\x7f Ủy ban", 15);
    const auto fault =
        fault_of("a = " + toml_text(odd), [&](auto& reader) { EXPECT_EQ(reader.text("a"), odd); });
    EXPECT_FALSE(fault.has_value());
}

TEST(TomlTree, KnowsTheCalendar) {
    EXPECT_TRUE(is_civil_date("2020-02-29"));
    EXPECT_FALSE(is_civil_date("2021-02-29"));
    EXPECT_FALSE(is_civil_date("2021-2-1"));
    EXPECT_FALSE(is_civil_date("2021-13-01"));
    EXPECT_FALSE(is_civil_date("2021/01/01"));
    EXPECT_FALSE(is_civil_date("2021-01-0x"));
    EXPECT_FALSE(is_civil_date(""));
}

}  // namespace
}  // namespace lienthong::registry
