// SPDX-License-Identifier: Apache-2.0
#include "bus/base/collation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace lienthong {
namespace {

TEST(Collation, PutsVietnameseLettersInTheirOrder) {
    std::vector<std::string> words{
        "đồn", "Em", "ân", "dân", "ăn", "Zalo", "anh", "ên", "ông", "oan", "ơn"};
    std::ranges::sort(words, stands_before);
    EXPECT_EQ(words,
              (std::vector<std::string>{
                  "anh", "ăn", "ân", "dân", "đồn", "Em", "ên", "oan", "ông", "ơn", "Zalo"}));
}

TEST(Collation, PutsTonesInTheirOrderInEitherNormalForm) {
    // má with a combining acute, the others composed.
    std::vector<std::string> words{"mạ", "mã", "ma\xCC\x81", "mả", "mà", "ma"};
    std::ranges::sort(words, stands_before);
    EXPECT_EQ(words, (std::vector<std::string>{"ma", "mà", "mả", "mã", "ma\xCC\x81", "mạ"}));
    EXPECT_FALSE(stands_before("má", "ma\xCC\x80")) << "má stands behind mà";
}

TEST(Collation, IsAnOrderOfAnyBytes) {
    EXPECT_FALSE(stands_before("", ""));
    EXPECT_TRUE(stands_before("", "a"));
    EXPECT_NE(stands_before("\xff", "\xfe\xff"), stands_before("\xfe\xff", "\xff"));
    EXPECT_FALSE(stands_before("\xff", "\xff"));
}

TEST(Match, TakesANameInAnyNormalFormAndCase) {
    EXPECT_EQ(match_of("xã Yên Mỹ", "xã Yên Mỹ"), Match::full);
    EXPECT_EQ(match_of("XÃ YÊN MỸ", "xã Yên Mỹ"), Match::full);
    EXPECT_EQ(match_of("xa\xCC\x83 ye\xCC\x82n my\xCC\x83", "xã Yên Mỹ"), Match::full);
}

TEST(Match, TakesANameWithoutItsDiacriticsAndNotWithWrongOnes) {
    EXPECT_EQ(match_of("xa yen my", "xã Yên Mỹ"), Match::bare);
    EXPECT_EQ(match_of("Don Bien phong", "Đồn Biên phòng"), Match::bare);
    EXPECT_EQ(match_of("xã Yên My", "xã Yên Mỹ"), Match::none) << "marks that are typed are meant";
    EXPECT_EQ(match_of("xa yen", "xã Yên Mỹ"), Match::none) << "the whole name";
    EXPECT_EQ(match_of("", ""), Match::none);
    EXPECT_EQ(match_of("\xff", "\xff"), Match::none);
}

}  // namespace
}  // namespace lienthong
