// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/measure.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lienthong::outreach {
namespace {

TEST(Measure, CountsTheKindsOfNewsMeetingsAndBroadcastsTogether) {
    for (const auto* activity : {"news-item", "web-news-item", "news-report-item"}) {
        EXPECT_EQ(measure_of(activity), "news-items");
    }
    for (const auto* activity : {"training-conference",
                                 "communication-conference",
                                 "integrated-conference",
                                 "training-class",
                                 "outreach-session"}) {
        EXPECT_EQ(measure_of(activity), "meetings");
    }
    EXPECT_EQ(measure_of("radio-broadcast"), "broadcasts");
    EXPECT_EQ(measure_of("tv-report"), "television-reports");
}

TEST(Measure, KeepsCompositeThingsApart) {
    const std::set<std::string> measures{measure_of("banner"),
                                         measure_of("banner-slogan"),
                                         measure_of("banner-panel-slogan"),
                                         measure_of("panel-slogan")};
    EXPECT_EQ(measures.size(), 4U);
}

TEST(Measure, OfAnUnknownActivityIsItsOwn) {
    EXPECT_EQ(measure_of("street-theatre"), "street-theatre");
    EXPECT_FALSE(is_known_activity("street-theatre"));
}

TEST(Measure, OfAnUnknownActivityNeverAddsToOneOfTheTable) {
    EXPECT_EQ(measure_of("leaflets"), "activity:leaflets");
    EXPECT_EQ(measure_of("delegates"), "activity:delegates");
}

TEST(Measure, HasUniqueIdsAndNamesInBothLanguages) {
    std::set<std::string_view> ids;
    for (const Measure& measure : all_measures()) {
        EXPECT_TRUE(is_name(measure.id)) << measure.id;
        EXPECT_TRUE(ids.insert(measure.id).second) << measure.id;
        EXPECT_FALSE(measure.name_vi.empty());
        EXPECT_FALSE(measure.name_en.empty());
    }
}

TEST(Measure, OfParticipantsIsByTheirKind) {
    EXPECT_EQ(measure_of(ParticipantKind::delegate), "delegates");
    EXPECT_EQ(measure_of(ParticipantKind::attendance), "attendances");
    EXPECT_EQ(measure_of(ParticipantKind::person), "persons");
}

TEST(Part, ExtendsTheNameOfItsWhole) {
    EXPECT_TRUE(is_part_of("shelter-staff-medical", "shelter-staff"));
    EXPECT_FALSE(is_part_of("shelter-staff", "shelter-staff"));
    EXPECT_FALSE(is_part_of("shelter-staffing", "shelter-staff"));
    EXPECT_FALSE(is_part_of("shelter-staff-", "shelter-staff"));
    EXPECT_FALSE(is_part_of("shelter-staff", ""));
}

TEST(Part, IsNoneWhereTheTableCountsBothApart) {
    EXPECT_FALSE(is_part_of("banner-slogan", "banner"));
    EXPECT_FALSE(is_part_of("banner-panel-slogan", "banner"));
}

}  // namespace
}  // namespace lienthong::outreach
