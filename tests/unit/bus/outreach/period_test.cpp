// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/period.hpp"

#include <gtest/gtest.h>

namespace lienthong::outreach {
namespace {

std::string span_of(std::string_view text) {
    const Result<Period> period = parse_period(text);
    return period ? period->text() : std::string(info(period.error().code).name);
}

TEST(Period, ReadsEveryWayToNameOne) {
    EXPECT_EQ(span_of("2021"), "2021-01-01/2021-12-31");
    EXPECT_EQ(span_of("2021-H1"), "2021-01-01/2021-06-30");
    EXPECT_EQ(span_of("2021-H2"), "2021-07-01/2021-12-31");
    EXPECT_EQ(span_of("2021-Q1"), "2021-01-01/2021-03-31");
    EXPECT_EQ(span_of("2021-Q4"), "2021-10-01/2021-12-31");
    EXPECT_EQ(span_of("2021-03"), "2021-03-01/2021-03-31");
    EXPECT_EQ(span_of("2024-02"), "2024-02-01/2024-02-29");
    EXPECT_EQ(span_of("admin-2021"), "2020-12-15/2021-12-14");
    EXPECT_EQ(span_of("admin-2021-H1"), "2020-12-15/2021-06-14");
    EXPECT_EQ(span_of("admin-2021-Q4"), "2021-09-15/2021-12-14");
    EXPECT_EQ(span_of("admin-2021-01"), "2020-12-15/2021-01-14");
    EXPECT_EQ(span_of("2021-05-04/2021-05-04"), "2021-05-04/2021-05-04");
}

TEST(Period, RefusesWhatIsNone) {
    for (const std::string_view text : {"",
                                        "21",
                                        "20211",
                                        "1899",
                                        "2200",
                                        "2021-",
                                        "2021-00",
                                        "2021-13",
                                        "2021-Q0",
                                        "2021-Q5",
                                        "2021-H3",
                                        "2021-Q11",
                                        "admin-",
                                        "admin-21",
                                        "admin-2021-13",
                                        "admin-2018",
                                        "fiscal-2021",
                                        "-2021",
                                        "2021-01-01",
                                        "2021-01-01/",
                                        "2021-02-30/2021-03-01",
                                        "2021-12-31/2021-01-01",
                                        "+021",
                                        "2021/2022"}) {
        EXPECT_EQ(span_of(text), "malformed_input") << text;
    }
}

TEST(Period, SaysByWhichRegimeItCounts) {
    const auto* admin = maybe_regime_of("admin-2021-Q1");
    ASSERT_NE(admin, nullptr);
    EXPECT_EQ(admin->id, "admin");
    EXPECT_EQ(admin->first_day, 15U);
    EXPECT_EQ(admin->legal_basis, "Nghị định 09/2019/NĐ-CP");
    EXPECT_FALSE(admin->confirmed);
    const auto* calendar = maybe_regime_of("2021");
    ASSERT_NE(calendar, nullptr);
    EXPECT_EQ(calendar->id, "");
    EXPECT_EQ(maybe_regime_of("2021-01-01/2021-12-31"), nullptr);
    EXPECT_EQ(maybe_regime_of("admin-2018"), nullptr) << "before the decree";
}

TEST(Period, OfEveryRegimeHasABasisOrIsTheCalendar) {
    for (const message::PeriodRegime& regime : message::period_regimes()) {
        EXPECT_EQ(regime.legal_basis.empty(), regime.id.empty()) << regime.id;
        EXPECT_FALSE(regime.name_vi.empty());
        EXPECT_FALSE(regime.name_en.empty());
    }
}

TEST(Date, RefusesImpossibleDays) {
    EXPECT_EQ(format_date(*parse_date("2024-02-29")), "2024-02-29");
    for (const std::string_view text : {"2021-02-29",
                                        "2021-04-31",
                                        "2021-00-01",
                                        "2021-01-00",
                                        "2021-1-01",
                                        "2021-01-1x",
                                        "14/12/2021"}) {
        const Result<Date> date = parse_date(text);
        ASSERT_FALSE(date) << text;
        EXPECT_EQ(date.error().code, Code::malformed_input);
    }
}

TEST(Period, KnowsWhatLiesInItAndWhatReachesBeyond) {
    const Period year = *parse_period("2021");
    EXPECT_TRUE(year.contains(*parse_period("2021-Q4")));
    EXPECT_TRUE(year.contains(year));
    EXPECT_FALSE(year.contains(*parse_period("admin-2021")));
    EXPECT_TRUE(year.overlaps(*parse_period("admin-2021")));
    EXPECT_FALSE(year.overlaps(*parse_period("2022")));
    EXPECT_TRUE(year.contains(*parse_date("2021-12-31")));
    EXPECT_FALSE(year.contains(*parse_date("2022-01-01")));
}

}  // namespace
}  // namespace lienthong::outreach
