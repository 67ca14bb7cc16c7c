// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "adapters/codec/codec.hpp"
#include "bus/outreach/figure.hpp"
#include "schemas/statistics_generated.h"

namespace lienthong::outreach {
namespace {

const message::SectionType& report_type(message::Kind kind) {
    return message::info(kind).sections.front();
}

Bytes section(message::Kind kind, std::string_view json) {
    Result<Bytes> bytes = codec::section_from_json(report_type(kind), json);
    EXPECT_TRUE(bytes) << bytes.error().where << ": " << bytes.error().detail;
    return bytes ? *bytes : Bytes{};
}

constexpr std::string_view kReport = R"({
    "period": {"from": "2021-01-01", "to": "2021-03-31", "kind": "quarter"},
    "figures": [
        {"activity": "training-class", "activity_vi": "lớp tập huấn", "low": 18, "high": 24,
         "qualifier": "range", "participants": 400, "participants_qualifier": "at_least",
         "participants_kind": "delegate", "stock_or_flow": "stock", "reporting_unit": "Phòng 1",
         "lead": {"agency": "labour"}, "implementers": [{"agency": "labour"}, {"text": "xã Yên Mỹ"}],
         "funders": [{"agency": "police", "text": "Công an tỉnh"}], "joint_activity": "j-1",
         "territories": [{"code": "yen-mo", "text": "huyện Yên Mô", "vintage": "2021-01-01"}],
         "period": {"from": "2021-02-01", "to": "2021-02-28"}, "as_of": "2021-02-28"},
        {"activity": "leaflet", "low": 0, "high": 0, "qualifier": "exact", "stock_or_flow": "flow"},
        {"activity": "leaflet", "qualifier": "not_stated", "stock_or_flow": "flow"}
    ]})";

TEST(Report, GivesEveryPartOfAFigure) {
    const auto kind = message::Kind::outreach_report;
    const Result<std::vector<Figure>> figures = read_report(kind, section(kind, kReport));
    ASSERT_TRUE(figures) << figures.error().where;
    ASSERT_EQ(figures->size(), 3U);
    const Figure& one = figures->front();
    EXPECT_EQ(one.activity, "training-class");
    EXPECT_EQ(one.name_vi, "lớp tập huấn");
    EXPECT_EQ(one.quantity, Quantity::between(18, 24));
    ASSERT_TRUE(one.participants);
    EXPECT_EQ(one.participants->quantity, Quantity::of(400, Qualifier::at_least));
    EXPECT_EQ(one.participants->kind, ParticipantKind::delegate);
    EXPECT_EQ(one.measurement, Measurement::stock);
    EXPECT_EQ(one.unit, "Phòng 1");
    EXPECT_EQ(one.lead.agency, AgencyId::of("labour"));
    ASSERT_EQ(one.implementers.size(), 2U);
    EXPECT_TRUE(one.implementers[1].agency.empty());
    EXPECT_EQ(one.implementers[1].shown(), "xã Yên Mỹ");
    EXPECT_EQ(one.funders.at(0).shown(), "Công an tỉnh");
    EXPECT_EQ(one.joint_activity, "j-1");
    EXPECT_EQ(one.territories.at(0).code, "yen-mo");
    EXPECT_EQ(one.period, parse_period("2021-02").value());
    EXPECT_EQ(one.as_of, parse_date("2021-02-28").value());
}

TEST(Report, GivesItsPeriodToFiguresThatNameNone) {
    const auto kind = message::Kind::outreach_report;
    const Result<std::vector<Figure>> figures = read_report(kind, section(kind, kReport));
    ASSERT_TRUE(figures);
    EXPECT_EQ((*figures)[1].period, parse_period("2021-Q1").value());
}

TEST(Report, TellsZeroFromNotStatedAndNotReported) {
    const auto kind = message::Kind::outreach_report;
    const Result<std::vector<Figure>> figures = read_report(kind, section(kind, kReport));
    ASSERT_TRUE(figures);
    EXPECT_EQ((*figures)[1].quantity, Quantity::of(0));
    EXPECT_EQ((*figures)[2].quantity, Quantity{});
    EXPECT_FALSE((*figures)[1].participants);
}

TEST(Report, TakesANumberThatIsSaidOnceForBothEnds) {
    const auto kind = message::Kind::outreach_report;
    const auto figures = read_report(kind,
                                     section(kind,
                                             R"({"figures": [{"activity": "leaflet", "low": 7,
        "qualifier": "exact", "stock_or_flow": "flow", "as_of": "2021-12-14"},
        {"activity": "leaflet", "low": 7, "qualifier": "at_least", "stock_or_flow": "flow",
         "as_of": "2021-12-14"}]})"));
    ASSERT_TRUE(figures);
    EXPECT_EQ((*figures)[0].quantity, Quantity::of(7));
    EXPECT_EQ((*figures)[1].quantity, Quantity::of(7, Qualifier::at_least));
}

TEST(Report, TakesListedPlansForReferenceAndCountsWhatIsStated) {
    const auto kind = message::Kind::plan_published;
    constexpr std::string_view kPlans =
        R"("plans": [{"title": "Kế hoạch 45", "date": "2021-03-30"}, {"title": "Hai"}])";
    const auto listed = read_report(kind, section(kind, "{" + std::string(kPlans) + "}"));
    ASSERT_TRUE(listed);
    EXPECT_TRUE(listed->empty()) << "who publishes a plan does not report how many were issued";
    const auto stated = read_report(kind, section(kind, "{" + std::string(kPlans) + R"(,
        "figures": [{"activity": "plan-issued", "low": 3, "qualifier": "exact",
                     "stock_or_flow": "flow", "as_of": "2021-12-14"}]})"));
    ASSERT_TRUE(stated);
    ASSERT_EQ(stated->size(), 1U);
    EXPECT_EQ(stated->front().quantity, Quantity::of(3));
}

TEST(Report, IsReadForEachKindWithFiguresAndRefusedForOthers) {
    constexpr std::string_view kOne =
        R"({"figures": [{"activity": "leaflet", "low": 1, "qualifier": "exact",
            "stock_or_flow": "flow", "as_of": "2021-12-14"}]})";
    for (const message::KindInfo& kind : message::all_kinds()) {
        if (has_figures(kind.kind)) {
            const auto figures = read_report(kind.kind, section(kind.kind, kOne));
            ASSERT_TRUE(figures) << kind.name;
            EXPECT_EQ(figures->size(), 1U) << kind.name;
        } else {
            const auto figures = read_report(kind.kind, Bytes(16));
            ASSERT_FALSE(figures) << kind.name;
            EXPECT_EQ(figures.error().code, Code::bad_argument);
        }
    }
}

TEST(Report, RefusesWhatIsNone) {
    const auto kind = message::Kind::outreach_report;
    EXPECT_EQ(read_report(kind, {}).error().code, Code::malformed_section);
    EXPECT_EQ(read_report(kind, Bytes(64, 0xFF)).error().code, Code::malformed_section);
    EXPECT_EQ(read_report(kind, Bytes(message::kSectionBytesMax + 1)).error().code,
              Code::oversized);
}

// Figures with a text of 4,000 bytes in four places: all the same text, or one for each figure.
Bytes with_long_texts(std::size_t count, bool one_for_all) {
    flatbuffers::FlatBufferBuilder builder;
    auto text = builder.CreateString(std::string(4'000, 'x'));
    const auto activity = builder.CreateString("leaflet");
    const auto as_of = builder.CreateString("2021-12-14");
    std::vector<flatbuffers::Offset<fb::Figure>> figures;
    for (std::size_t i = 0; i < count; ++i) {
        if (!one_for_all) text = builder.CreateString(std::string(4'000, 'x'));
        fb::FigureBuilder figure(builder);
        figure.add_activity(activity);
        figure.add_activity_vi(text);
        figure.add_activity_en(text);
        figure.add_measure(text);
        figure.add_audience(text);
        figure.add_as_of(as_of);
        figure.add_low(1);
        figure.add_qualifier(fb::Qualifier::exact);
        figure.add_stock_or_flow(fb::StockOrFlow::flow);
        figures.push_back(figure.Finish());
    }
    builder.Finish(fb::CreateOutreachReport(builder, 0, 0, builder.CreateVector(figures)));
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

TEST(Report, RefusesASmallBufferThatSaysAVeryLongText) {
    const auto kind = message::Kind::outreach_report;
    const auto report = read_report(kind, with_long_texts(10'000, true));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, Code::malformed_section);
}

TEST(Report, RefusesMoreJsonThanItsLimit) {
    const auto kind = message::Kind::outreach_report;
    const auto fits = codec::section_to_json(report_type(kind), with_long_texts(400, false));
    EXPECT_TRUE(fits) << fits.error().where;
    const auto too_long = codec::section_to_json(report_type(kind), with_long_texts(4'300, false));
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().code, Code::oversized);
}

TEST(Report, NeverCrashesOnFlippedBits) {
    const auto kind = message::Kind::outreach_report;
    const Bytes good = section(kind, kReport);
    std::mt19937_64 random(1);
    for (int round = 0; round < 10'000; ++round) {
        Bytes bad = good;
        for (std::size_t flips = 1 + random() % 4; flips > 0; --flips) {
            bad[random() % bad.size()] ^= static_cast<std::uint8_t>(1U << (random() % 8));
        }
        const auto figures = read_report(kind, bad);
        if (!figures) {
            const Code code = figures.error().code;
            ASSERT_TRUE(code == Code::malformed_section || code == Code::too_deep ||
                        code == Code::oversized || code == Code::classified_matter);
        }
        const auto json = codec::section_to_json(report_type(kind), bad);
        ASSERT_EQ(json.has_value(), figures.has_value());
    }
}

}  // namespace
}  // namespace lienthong::outreach
