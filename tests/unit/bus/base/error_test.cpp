// SPDX-License-Identifier: Apache-2.0
#include "bus/base/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lienthong {
namespace {

TEST(ErrorTable, IsAscendingSoThatEveryCodeIsFound) {
    std::uint16_t before = 0;
    for (const CodeInfo& row : all_codes()) {
        const auto number = static_cast<std::uint16_t>(row.code);
        EXPECT_LT(before, number) << row.name;
        before = number;
        EXPECT_EQ(&info(row.code), &row);
        EXPECT_EQ(maybe_code(number), row.code);
    }
}

TEST(ErrorTable, HasDifferentNamesAndWordsInBothLanguages) {
    std::set<std::string_view> names;
    for (const CodeInfo& row : all_codes()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_FALSE(row.what_en.empty()) << row.name;
        EXPECT_FALSE(row.what_vi.empty()) << row.name;
        EXPECT_FALSE(row.do_en.empty()) << row.name;
        EXPECT_FALSE(row.do_vi.empty()) << row.name;
    }
}

TEST(ErrorTable, RetriesOnlyWhatMaySucceedLater) {
    for (const CodeInfo& row : all_codes()) {
        const bool later =
            row.errc == Errc::overloaded || row.errc == Errc::timeout || row.errc == Errc::io;
        EXPECT_EQ(row.retriable, later) << row.name;
    }
}

TEST(ErrorTable, KnowsNoOtherNumbers) {
    EXPECT_EQ(maybe_code(0), std::nullopt);
    EXPECT_EQ(maybe_code(29), std::nullopt);
    EXPECT_EQ(maybe_code(65535), std::nullopt);
}

TEST(ErrorTable, GivesTheExitCodesOfTheContract) {
    EXPECT_EQ(exit_code(Errc::malformed), 3);
    EXPECT_EQ(exit_code(Errc::unsupported), 3);
    EXPECT_EQ(exit_code(Errc::unauthenticated), 4);
    EXPECT_EQ(exit_code(Errc::forbidden), 4);
    EXPECT_EQ(exit_code(Errc::not_found), 4);
    EXPECT_EQ(exit_code(Errc::conflict), 5);
    EXPECT_EQ(exit_code(Errc::overloaded), 6);
    EXPECT_EQ(exit_code(Errc::timeout), 6);
    EXPECT_EQ(exit_code(Errc::io), 6);
    EXPECT_EQ(exit_code(Errc::corrupt), 7);
}

TEST(CheckDeathTest, StopsTheProcessOfAWrongProgram) {
    EXPECT_DEATH((void)info(static_cast<Code>(29)), "CHECK failed");
}

}  // namespace
}  // namespace lienthong
