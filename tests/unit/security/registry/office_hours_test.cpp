// SPDX-License-Identifier: Apache-2.0
#include "security/registry/office_hours.hpp"

#include <gtest/gtest.h>

namespace lienthong::registry {
namespace {

constexpr Millis kMinute = 60'000;
constexpr Millis kHour = 60 * kMinute;
constexpr Millis kDay = 24 * kHour;
constexpr Millis kMonday = 1'609'693'200'000;  // 2021-01-04 00:00 in Viet Nam
constexpr Millis kWorkingDay = 7 * kHour + 30 * kMinute;

TEST(OfficeHours, CountTheHoursOfWorkingDaysInVietNam) {
    const OfficeHours hours;
    EXPECT_EQ(working_time(hours, kMonday, kMonday + kDay), kWorkingDay);
    EXPECT_EQ(working_time(hours, kMonday, kMonday + 7 * kDay), 5 * kWorkingDay);
    EXPECT_EQ(working_time(hours, kMonday + 5 * kDay, kMonday + 7 * kDay), 0) << "a weekend";
    EXPECT_EQ(working_time(hours, kMonday + 8 * kHour, kMonday + 9 * kHour), kHour);
    EXPECT_EQ(working_time(hours, kMonday + 11 * kHour, kMonday + 14 * kHour), kHour)
        << "half an hour on each side of noon";
    EXPECT_EQ(working_time(hours, kMonday, kMonday + 7 * kHour + 30 * kMinute), 0);
    EXPECT_EQ(working_time(hours, kMonday, kMonday + 7 * kHour + 31 * kMinute), kMinute);
    EXPECT_EQ(working_time(hours, kMonday + 17 * kHour, kMonday + kDay), 0);
    EXPECT_EQ(working_time(hours, kMonday + kDay, kMonday), 0) << "backwards";
}

TEST(OfficeHours, StopCountingAfterFourHundredDays) {
    const OfficeHours always{kEveryDay, {{0, kMinutesOfDay}}};
    EXPECT_EQ(working_time(always, kMonday, kMonday + 10 * kDay), 10 * kDay);
    EXPECT_EQ(working_time(always, kMonday, kMonday + 400 * kDay), 400 * kDay);
    EXPECT_EQ(working_time(always, kMonday, kMonday + 5000 * kDay), 400 * kDay);
    EXPECT_EQ(working_time(always, -kDay, kDay), 2 * kDay) << "before 1970";
}

TEST(OfficeHours, AreReadAndWrittenAsText) {
    for (const char* text : {"07:30-11:30", "00:00-24:00", "13:05-13:06"}) {
        const auto span = parse_office_span(text);
        ASSERT_TRUE(span.has_value()) << text;
        EXPECT_EQ(to_text(*span), text);
    }
    for (const char* text : {"",
                             "7:30-11:30",
                             "07:30-11:60",
                             "07:30 11:30",
                             "07:30-24:01",
                             "+7:30-11:30",
                             "aa:bb-cc:dd"}) {
        const auto span = parse_office_span(text);
        ASSERT_FALSE(span.has_value()) << text;
        EXPECT_EQ(span.error().code, Code::malformed_input);
    }
    EXPECT_EQ(day_name(0), "mon");
    EXPECT_EQ(day_name(6), "sun");
}

}  // namespace
}  // namespace lienthong::registry
