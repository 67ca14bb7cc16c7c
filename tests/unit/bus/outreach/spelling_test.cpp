// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/spelling.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bus/outreach/measure.hpp"

namespace lienthong::outreach {
namespace {

std::string called(std::string_view name) {
    return std::string(maybe_activity_called(name).value_or("none"));
}

TEST(Spelling, OfBannersAndPanelsVaries) {
    for (const char* name :
         {"băng rôn", "băng zôn", "Băng Rôn", "BĂNG ZÔN", " băng-rôn ", "băngrôn"}) {
        EXPECT_EQ(called(name), "banner") << name;
    }
    for (const char* name : {"pano, khẩu hiệu",
                             "panô, khẩu hiệu",
                             "panoo, khẩu hiệu",
                             "pa nô, khẩu hiệu",
                             "Pa-nô và khẩu hiệu",
                             "khẩu hiệu; pano"}) {
        EXPECT_EQ(called(name), "panel-slogan") << name;
    }
    EXPECT_EQ(called("panô, băng zôn, khẩu hiệu"), "banner-panel-slogan");
    EXPECT_EQ(called("băng rôn, pano, khẩu hiệu"), "banner-panel-slogan");
    EXPECT_EQ(called("băng zôn, khẩu hiệu"), "banner-slogan");
}

TEST(Spelling, IsTheSameInBothNormalForms) {
    EXPECT_EQ(called("ba\u0306ng ro\u0302n"), "banner");
    EXPECT_EQ(called("to\u031b\u0300 ro\u031bi"), "leaflet");
}

TEST(Spelling, OfWhatTheTableDoesNotHaveIsNotGuessed) {
    for (const char* name : {"", "băng", "băng rôn lớn", "leaflet", ",", "\xff"}) {
        EXPECT_EQ(called(name), "none") << name;
    }
    EXPECT_EQ(called(std::string(100'000, ',')), "none");
}

TEST(Spelling, LeadsToActivitiesThatTheMeasuresKnow) {
    for (const char* name : {"tờ rơi", "tin, bài", "lớp tập huấn", "kế hoạch", "nhóm Zalo"}) {
        EXPECT_TRUE(is_known_activity(called(name))) << name;
    }
}

TEST(Spelling, IsFoundWithoutDiacriticsByWhoLooksForIt) {
    EXPECT_EQ(maybe_activity_sought("to roi"), "leaflet");
    EXPECT_EQ(maybe_activity_sought("Bang ron, khau hieu"), "banner-slogan");
    EXPECT_EQ(maybe_activity_sought("khau hieu va bang ron"), std::nullopt) << "va is no và";
    EXPECT_EQ(maybe_activity_sought("khau hieu, bang ron"), "banner-slogan");
    EXPECT_EQ(maybe_activity_sought("tờ rơi"), "leaflet");
    EXPECT_EQ(maybe_activity_sought("tờ roi"), std::nullopt) << "marks that are typed are meant";
    EXPECT_EQ(maybe_activity_called("to roi"), std::nullopt) << "what is published is not guessed";
    EXPECT_EQ(maybe_activity_sought("leaflet"), std::nullopt) << "an id is no name";
}

}  // namespace
}  // namespace lienthong::outreach
