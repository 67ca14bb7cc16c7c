// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/summary.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lienthong::outreach {
namespace {

const Filters kYear{.period = parse_period("2021").value()};

// A report of one figure; position and message number are the same.
Reported report(std::uint64_t position,
                std::string_view agency,
                std::string_view activity,
                Quantity quantity) {
    Reported r;
    r.kind = message::Kind::outreach_report;
    r.position = position;
    r.message = {.stream = 7, .sequence = position};
    r.agency = AgencyId::of(agency);
    r.figure.activity = activity;
    r.figure.quantity = quantity;
    r.figure.period = parse_period("2021").value();
    return r;
}

Reported joint(Reported r, std::string_view id, std::string_view lead) {
    r.figure.joint_activity = id;
    r.figure.lead = {.agency = AgencyId::of(lead), .text = {}};
    return r;
}

Reported by(Reported r, std::initializer_list<std::string_view> implementers) {
    for (const std::string_view name : implementers) {
        r.figure.implementers.push_back({.agency = AgencyId::of(name), .text = {}});
    }
    return r;
}

Reported stock(Reported r, std::string_view as_of) {
    r.figure.measurement = Measurement::stock;
    r.figure.period.reset();
    r.figure.as_of = parse_date(as_of).value();
    return r;
}

Reported during(Reported r, std::string_view period) {
    r.figure.period = parse_period(period).value();
    return r;
}

Reported correcting(Reported r, std::uint64_t sequence) {
    r.supersedes = MessageId{.stream = 7, .sequence = sequence};
    return r;
}

std::optional<std::int64_t> value(const Summary& summary, std::string_view measure) {
    const auto found = std::ranges::find(summary.totals, measure, &Total::measure);
    return found == summary.totals.end() ? std::nullopt : found->sum.value();
}

TEST(Summary, OfNothingIsEmpty) {
    const Summary summary = summarise({}, kYear);
    EXPECT_TRUE(summary.totals.empty());
    EXPECT_TRUE(summary.rows.empty());
}

TEST(Summary, CountsWhatSupersedesAndShowsWhatItSuperseded) {
    const std::vector<Reported> figures{
        report(1, "police", "leaflet", Quantity::of(100)),
        correcting(report(2, "police", "leaflet", Quantity::of(70)), 1)};
    const Summary summary = summarise(figures, kYear);
    EXPECT_EQ(value(summary, "leaflets"), 70);
    ASSERT_EQ(summary.rows.size(), 2U);
    EXPECT_EQ(summary.rows[0].standing, Standing::superseded);
    EXPECT_EQ(summary.rows[0].superseded_by, figures[1].message);
}

TEST(Summary, FollowsAChainOfCorrectionsAndTakesTheNewestOfTwo) {
    const Summary chain =
        summarise(std::vector{report(1, "police", "leaflet", Quantity::of(1)),
                              correcting(report(2, "police", "leaflet", Quantity::of(2)), 1),
                              correcting(report(3, "police", "leaflet", Quantity::of(4)), 2)},
                  kYear);
    EXPECT_EQ(value(chain, "leaflets"), 4);
    const Summary rivals =
        summarise(std::vector{report(1, "police", "leaflet", Quantity::of(1)),
                              correcting(report(2, "police", "leaflet", Quantity::of(2)), 1),
                              correcting(report(3, "police", "leaflet", Quantity::of(4)), 1)},
                  kYear);
    EXPECT_EQ(value(rivals, "leaflets"), 4);
    EXPECT_EQ(rivals.rows[1].superseded_by, rivals.rows[2].reported.message);
}

TEST(Summary, LetsNoAgencySupersedeAnothersFigure) {
    const Summary summary =
        summarise(std::vector{report(1, "police", "leaflet", Quantity::of(100)),
                              correcting(report(2, "labour", "leaflet", Quantity::of(7)), 1)},
                  kYear);
    EXPECT_EQ(value(summary, "leaflets"), 107);
}

TEST(Summary, IgnoresACorrectionThatPointsAtALaterMessage) {
    const Summary summary =
        summarise(std::vector{correcting(report(1, "police", "leaflet", Quantity::of(1)), 2),
                              correcting(report(2, "police", "leaflet", Quantity::of(2)), 2)},
                  kYear);
    EXPECT_EQ(value(summary, "leaflets"), 3);
}

TEST(Summary, CountsAJointActivityOnceWithTheLeadsFigure) {
    const std::vector<Reported> figures{
        joint(report(1, "womens-union", "outreach-session", Quantity::of(9)), "j1", "labour"),
        joint(report(2, "labour", "communication-conference", Quantity::of(8)), "j1", "labour"),
        joint(
            report(3, "trade-union", "communication-conference", Quantity::of(8)), "j1", "labour")};
    const Summary summary = summarise(figures, kYear);
    EXPECT_EQ(value(summary, "meetings"), 8);
    EXPECT_EQ(summary.rows[0].standing, Standing::joint_partner);
    EXPECT_TRUE(summary.rows[0].differs);
    EXPECT_EQ(summary.rows[1].standing, Standing::counted);
    EXPECT_FALSE(summary.rows[1].lead_missing);
    EXPECT_EQ(summary.rows[2].standing, Standing::joint_partner);
    EXPECT_FALSE(summary.rows[2].differs);
}

TEST(Summary, CountsTheFirstPartnersFigureWhileTheLeadsIsMissing) {
    const Summary summary = summarise(
        std::vector{joint(report(1, "broadcaster", "tv-report", Quantity::of(1)), "j1", "labour"),
                    joint(report(2, "womens-union", "tv-report", Quantity::of(2)), "j1", "labour")},
        kYear);
    EXPECT_EQ(value(summary, "television-reports"), 1);
    EXPECT_EQ(summary.rows[0].standing, Standing::counted);
    EXPECT_TRUE(summary.rows[0].lead_missing);
    EXPECT_EQ(summary.rows[1].standing, Standing::joint_partner);
}

TEST(Summary, CountsAJointActivityOnceAlsoIfItsLeadRepeatsIt) {
    const Summary summary = summarise(
        std::vector{joint(report(1, "labour", "tv-report", Quantity::of(1)), "j1", "labour"),
                    joint(report(2, "labour", "tv-report", Quantity::of(2)), "j1", "labour"),
                    joint(during(report(3, "labour", "tv-report", Quantity::of(4)), "2021-Q1"),
                          "j1",
                          "labour")},
        kYear);
    EXPECT_EQ(value(summary, "television-reports"), 6);
    EXPECT_EQ(summary.rows[0].standing, Standing::joint_repeated);
}

TEST(Summary, KeepsBothFiguresOfTwoAgenciesThatSayTheyLeadOneActivity) {
    const std::vector<Reported> figures{
        joint(report(1, "labour", "tv-report", Quantity::of(1)), "j1", "labour"),
        joint(report(2, "police", "tv-report", Quantity::of(2)), "j1", "police"),
        joint(report(3, "broadcaster", "tv-report", Quantity::of(2)), "j1", "police"),
        joint(report(4, "information", "tv-report", Quantity::of(1)), "j2", "information")};
    const Summary summary = summarise(figures, kYear);
    EXPECT_EQ(value(summary, "television-reports"), 4);
    ASSERT_EQ(summary.rows.size(), 4U);
    EXPECT_EQ(summary.rows[1].standing, Standing::counted);
    EXPECT_EQ(summary.rows[2].standing, Standing::joint_partner);
    EXPECT_FALSE(summary.rows[2].differs);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(summary.rows[i].lead_disputed, i < 3) << i;
}

TEST(Summary, NeverCountsAPartnersFigureForTheFiltersSake) {
    const std::vector<Reported> figures{
        joint(report(1, "womens-union", "outreach-session", Quantity::of(8)), "j1", "labour"),
        joint(report(2, "labour", "outreach-session", Quantity::of(8)), "j1", "labour")};
    Filters filters = kYear;
    filters.agency = AgencyId::of("womens-union");
    const Summary summary = summarise(figures, filters);
    EXPECT_EQ(value(summary, "meetings"), std::nullopt);
    ASSERT_EQ(summary.rows.size(), 1U);
    EXPECT_EQ(summary.rows[0].standing, Standing::joint_partner);
}

TEST(Summary, SaysHowMuchMayBeCountedTwice) {
    const Reported conferences =
        by(report(1, "labour", "communication-conference", Quantity::of(8)),
           {"womens-union", "labour"});
    const Reported sessions = report(2, "womens-union", "outreach-session", Quantity::of(351));
    const Summary apart = summarise(std::vector{conferences, sessions}, kYear);
    EXPECT_EQ(value(apart, "meetings"), 359);
    EXPECT_EQ(apart.totals[0].overlap_max, 8);

    Filters labour_only = kYear;
    labour_only.agency = AgencyId::of("labour");
    const Summary alone = summarise(std::vector{conferences, sessions}, labour_only);
    EXPECT_EQ(alone.totals[0].overlap_max, 0);
}

TEST(Summary, SeesNoOverlapWhereTheActivityIsShared) {
    const Summary summary = summarise(
        std::vector{
            joint(by(report(1, "labour", "communication-conference", Quantity::of(8)),
                     {"womens-union"}),
                  "j1",
                  "labour"),
            joint(report(2, "womens-union", "outreach-session", Quantity::of(8)), "j1", "labour"),
            report(3, "womens-union", "outreach-session", Quantity::of(351))},
        kYear);
    EXPECT_EQ(value(summary, "meetings"), 359);
    EXPECT_EQ(summary.totals[0].overlap_max, 0);
}

TEST(Summary, NeverAddsStockToFlow) {
    Reported flow = report(1, "womens-union", "social-facebook", Quantity::of(5));
    const Summary summary = summarise(
        std::vector{
            flow,
            stock(report(2, "womens-union", "social-facebook", Quantity::of(310)), "2021-12-31")},
        kYear);
    ASSERT_EQ(summary.totals.size(), 2U);
    EXPECT_EQ(summary.totals[0].sum.value(), 5);
    EXPECT_EQ(summary.totals[0].measurement, Measurement::flow);
    EXPECT_EQ(summary.totals[1].sum.value(), 310);
    EXPECT_EQ(summary.totals[1].measurement, Measurement::stock);
}

TEST(Summary, TakesTheNewestLookAtAStock) {
    const auto pages = [](std::uint64_t position, std::int64_t count, std::string_view as_of) {
        return stock(report(position, "womens-union", "social-facebook", Quantity::of(count)),
                     as_of);
    };
    const std::vector<Reported> figures{
        pages(1, 300, "2021-06-30"), pages(2, 310, "2021-12-31"), pages(3, 299, "2021-03-31")};
    const Summary year = summarise(figures, kYear);
    EXPECT_EQ(value(year, "facebook-pages"), 310);
    EXPECT_EQ(year.rows[0].standing, Standing::older_stock);
    const Summary first_half = summarise(figures, {.period = parse_period("2021-H1").value()});
    EXPECT_EQ(value(first_half, "facebook-pages"), 300);
}

TEST(Summary, AddsStocksOfOtherPlacesUnitsAndAgencies) {
    Reported one = stock(report(1, "womens-union", "social-zalo", Quantity::of(10)), "2021-12-31");
    one.figure.territories = {{.code = {}, .text = "huyện Yên Mô", .vintage = {}}};
    Reported two = stock(report(2, "womens-union", "social-zalo", Quantity::of(20)), "2021-06-30");
    two.figure.territories = {{.code = {}, .text = "huyện Kim Sơn", .vintage = {}}};
    const Reported three =
        stock(report(3, "police", "social-zalo", Quantity::of(40)), "2021-01-31");
    EXPECT_EQ(value(summarise(std::vector{one, two, three}, kYear), "zalo-groups"), 70);
}

TEST(Summary, NeverAddsAPartToItsWhole) {
    Reported whole = report(1, "social-protection-centre", "shelter-staff", Quantity::of(4));
    whole.figure.participants = {.quantity = Quantity::of(4), .kind = ParticipantKind::person};
    Reported part = report(2, "social-protection-centre", "shelter-staff-medical", Quantity::of(1));
    part.figure.participants = {.quantity = Quantity::of(1), .kind = ParticipantKind::person};
    const Reported elsewhere = report(3, "labour", "shelter-staff-medical", Quantity::of(9));
    const Summary summary = summarise(std::vector{whole, part, elsewhere}, kYear);
    EXPECT_EQ(value(summary, "shelter-staff"), 4);
    EXPECT_EQ(value(summary, "shelter-staff-medical"), 10);
    EXPECT_EQ(value(summary, "persons"), 4);
    EXPECT_EQ(summary.rows[1].part_of, "shelter-staff");
    EXPECT_EQ(summary.rows[2].part_of, "");
}

TEST(Summary, CountsTheParticipantsOfPartsIfTheWholeStatesNoneOfThatKind) {
    const auto row = [](std::uint64_t position,
                        std::string_view activity,
                        std::optional<Participants> participants) {
        Reported r = report(position, "social-protection-centre", activity, Quantity::of(1));
        r.figure.participants = participants;
        return r;
    };
    const auto of = [](std::int64_t count, ParticipantKind kind) {
        return Participants{.quantity = Quantity::of(count), .kind = kind};
    };
    const auto person = ParticipantKind::person;
    const auto delegate = ParticipantKind::delegate;
    const Summary summary =
        summarise(std::vector{row(1, "training-class", of(30, delegate)),
                              row(2, "training-class-first", of(10, delegate)),
                              row(3, "training-class-second", of(7, person)),
                              row(4, "training-class-second-half", of(3, person)),
                              row(5, "leaflet", std::nullopt),
                              row(6, "leaflet-a", of(5, person))},
                  kYear);
    EXPECT_EQ(value(summary, "delegates"), 30);
    EXPECT_EQ(value(summary, "persons"), 12);
}

TEST(Summary, ShowsWhatReachesBeyondThePeriodWithoutCountingIt) {
    const Summary summary =
        summarise(std::vector{during(report(1, "police", "leaflet", Quantity::of(5)), "admin-2021"),
                              during(report(2, "police", "leaflet", Quantity::of(7)), "2021-Q1"),
                              during(report(3, "police", "leaflet", Quantity::of(9)), "2020")},
                  kYear);
    EXPECT_EQ(value(summary, "leaflets"), 7);
    ASSERT_EQ(summary.rows.size(), 2U);
    EXPECT_EQ(summary.rows[0].standing, Standing::beyond_period);
}

TEST(Summary, CountsAJointStockOnceUnderWhateverIdItsLooksWereReported) {
    const auto look = [](std::uint64_t position,
                         std::string_view agency,
                         std::string_view id,
                         std::int64_t count,
                         std::string_view as_of) {
        return joint(stock(report(position, agency, "social-zalo", Quantity::of(count)), as_of),
                     id,
                     "labour");
    };
    const std::vector<Reported> figures{look(1, "labour", "j-1", 10, "2021-03-31"),
                                        look(2, "womens-union", "j-1", 10, "2021-03-31"),
                                        look(3, "labour", "j-2", 14, "2021-06-30"),
                                        look(4, "womens-union", "j-3", 15, "2021-09-30")};
    const Summary summary = summarise(figures, kYear);
    EXPECT_EQ(value(summary, "zalo-groups"), 14);
    EXPECT_EQ(summary.rows[0].standing, Standing::older_stock);
    EXPECT_EQ(summary.rows[1].standing, Standing::joint_partner);
    EXPECT_EQ(summary.rows[2].standing, Standing::counted);
    EXPECT_EQ(summary.rows[3].standing, Standing::joint_partner) << "its lead has looks of its own";
}

TEST(Summary, OfAJointStockWithoutALookOfItsLeadCountsThePartnersNewest) {
    const auto look = [](std::uint64_t position,
                         std::string_view agency,
                         std::string_view id,
                         std::int64_t count,
                         std::string_view as_of) {
        return joint(stock(report(position, agency, "social-zalo", Quantity::of(count)), as_of),
                     id,
                     "labour");
    };
    const Summary summary = summarise(
        std::vector{look(1, "police", "j-1", 10, "2021-03-31"),
                    look(2, "womens-union", "j-2", 12, "2021-06-30"),
                    look(3, "police", "j-3", 14, "2021-06-30"),
                    stock(report(4, "police", "social-zalo", Quantity::of(3)), "2021-12-14")},
        kYear);
    EXPECT_EQ(value(summary, "zalo-groups"), 15) << "12 of the joint stock, 3 of police's own";
    EXPECT_EQ(summary.rows[0].standing, Standing::older_stock);
    EXPECT_EQ(summary.rows[1].standing, Standing::counted);
    EXPECT_EQ(summary.rows[2].standing, Standing::joint_partner);
}

TEST(Summary, CountsCellsOfDisclosureControlApart) {
    Reported suppressed = report(1, "police", "victim-detected", Quantity{});
    suppressed.figure.cell = Cell::suppressed;
    const Reported stated = report(2, "labour", "victim-detected", Quantity::of(12));
    const Summary summary = summarise(std::vector{suppressed, stated}, kYear);
    ASSERT_EQ(summary.totals.size(), 1U);
    EXPECT_EQ(summary.totals[0].sum.qualifier(), Qualifier::at_least);
    EXPECT_EQ(summary.totals[0].sum.suppressed(), 1U);
    EXPECT_EQ(summary.totals[0].sum.not_stated(), 0U);
}

TEST(Summary, PlacesAFigureWithoutAPeriodByItsDate) {
    Reported dated = report(1, "labour", "victim-detected", Quantity::of(0));
    dated.figure.period.reset();
    dated.figure.as_of = parse_date("2021-12-14").value();
    Reported undated = report(2, "labour", "victim-detected", Quantity::of(3));
    undated.figure.period.reset();
    const Summary summary = summarise(std::vector{dated, undated}, kYear);
    EXPECT_EQ(value(summary, "victims-detected"), 0);
    EXPECT_EQ(summary.rows[1].standing, Standing::undated);
    EXPECT_EQ(value(summarise(std::vector{dated, undated}, {}), "victims-detected"), 3);
}

TEST(Summary, OfTheProvinceDoesNotCountWhatAgenciesReportedThemselves) {
    Reported whole_province = report(2, "labour", "leaflet", Quantity::of(21500));
    whole_province.kind = message::Kind::province_summary;
    const Reported own = report(1, "police", "leaflet", Quantity::of(10000));
    EXPECT_EQ(value(summarise(std::vector{own, whole_province}, kYear), "leaflets"), 10000);
    EXPECT_EQ(value(summarise(std::vector{whole_province}, kYear), "leaflets"), 21500);
}

TEST(Summary, KeepsDelegatesAttendancesAndPersonsApart) {
    const auto with = [](std::uint64_t position, ParticipantKind kind, Quantity quantity) {
        Reported r = report(position, "police", "training-class", Quantity::of(1));
        r.figure.participants = {.quantity = quantity, .kind = kind};
        return r;
    };
    const Summary summary =
        summarise(std::vector{with(1, ParticipantKind::delegate, Quantity::of(10)),
                              with(2, ParticipantKind::attendance, Quantity::of(20)),
                              with(3, ParticipantKind::person, Quantity::of(40)),
                              with(4, ParticipantKind::delegate, Quantity{}),
                              report(5, "police", "training-class", Quantity::of(1))},
                  kYear);
    EXPECT_EQ(value(summary, "delegates"), 10);
    EXPECT_EQ(value(summary, "attendances"), 20);
    EXPECT_EQ(value(summary, "persons"), 40);
    const auto delegates = std::ranges::find(summary.totals, "delegates", &Total::measure);
    EXPECT_EQ(delegates->sum.not_stated(), 1U);
}

TEST(Summary, FiltersByActivityAndPlace) {
    Reported here = report(1, "police", "leaflet", Quantity::of(1));
    here.figure.territories = {{.code = "yen-mo", .text = "huyện Yên Mô", .vintage = {}}};
    const std::vector<Reported> figures{here,
                                        report(2, "police", "leaflet", Quantity::of(2)),
                                        report(3, "police", "news-item", Quantity::of(4))};
    EXPECT_EQ(summarise(figures, {.activity = "leaflet"}).rows.size(), 2U);
    EXPECT_EQ(summarise(figures, {.territory = "yen-mo"}).rows.size(), 1U);
    EXPECT_EQ(summarise(figures, {.territory = "huyện Yên Mô"}).rows.size(), 1U);
    EXPECT_EQ(summarise(figures, {.territory = "huyện"}).rows.size(), 0U);
    const Filters province{.territory = "37",
                           .lies_within = [](const Territory& place, std::optional<Date> day) {
                               return place.code == "yen-mo" && day == parse_date("2021-12-31");
                           }};
    EXPECT_EQ(summarise(figures, province).rows.size(), 1U);
}

TEST(Completeness, KnowsMissingPartlyAndComplete) {
    const Period year = parse_period("2021").value();
    std::vector<Reported> figures{
        during(report(1, "labour", "leaflet", Quantity{}), "2021-H1"),
        during(report(2, "labour", "leaflet", Quantity::of(0)), "2021-H2"),
        during(report(3, "police", "leaflet", Quantity::of(3)), "2021-Q1"),
        during(report(4, "police", "leaflet", Quantity::of(3)), "2021-Q3"),
        during(report(5, "information", "leaflet", Quantity::of(3)), "2020"),
        report(6, "womens-union", "leaflet", Quantity::of(3)),
    };
    figures[5].kind = message::Kind::website_review;
    std::vector<Expected> expected;
    for (const auto* agency : {"labour", "police", "information", "womens-union"}) {
        expected.push_back({.agency = AgencyId::of(agency)});
    }
    const auto rows = completeness(year, expected, figures);
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows[0].completeness, Completeness::complete);
    EXPECT_EQ(rows[0].first, 1U);
    EXPECT_EQ(rows[0].last, 2U);
    EXPECT_EQ(rows[1].completeness, Completeness::partly);
    EXPECT_EQ(rows[2].completeness, Completeness::missing);
    EXPECT_EQ(rows[3].completeness, Completeness::missing);
}

TEST(Completeness, DoesNotTakeASupersededFigureForAReport) {
    const std::vector<Reported> figures{
        report(1, "labour", "leaflet", Quantity::of(1)),
        correcting(during(report(2, "labour", "leaflet", Quantity::of(1)), "2020"), 1)};
    const std::vector<Expected> expected{{.agency = AgencyId::of("labour")}};
    EXPECT_EQ(completeness(parse_period("2021").value(), expected, figures)[0].completeness,
              Completeness::missing);
    EXPECT_EQ(completeness(parse_period("2020-02").value(), expected, figures)[0].completeness,
              Completeness::complete);
}

TEST(Completeness, IsNotVisibleWhereTheReportsMayNotBeRead) {
    const std::vector<Reported> figures{
        during(report(1, "police", "leaflet", Quantity::of(3)), "2021-Q1"),
        report(2, "labour", "leaflet", Quantity::of(3))};
    std::vector<Expected> expected;
    for (const auto* agency : {"labour", "police", "information"}) {
        expected.push_back({.agency = AgencyId::of(agency), .readable = false});
    }
    const auto rows = completeness(parse_period("2021").value(), expected, figures);
    EXPECT_EQ(rows[0].completeness, Completeness::complete);
    EXPECT_EQ(rows[1].completeness, Completeness::not_visible);
    EXPECT_EQ(rows[2].completeness, Completeness::not_visible);
    EXPECT_EQ(name(Completeness::not_visible), "not_visible");
}

TEST(Standing, AndCompletenessHaveNames) {
    EXPECT_EQ(name(Standing::joint_partner), "joint_partner");
    EXPECT_EQ(name(Standing::beyond_period), "beyond_period");
    EXPECT_EQ(name(Completeness::partly), "partly");
}

}  // namespace
}  // namespace lienthong::outreach
