// SPDX-License-Identifier: Apache-2.0
// The year 2021 of Ninh Bình, from the file that people have, through the codec, to the sums.
#include <gtest/gtest.h>

#include <set>

#include "adapters/codec/codec.hpp"
#include "bus/base/file.hpp"
#include "bus/outreach/summary.hpp"

namespace lienthong::outreach {
namespace {

const std::set<std::string, std::less<>> kAgencies{"police",
                                                   "border-guard",
                                                   "labour",
                                                   "fatherland-front",
                                                   "womens-union",
                                                   "information",
                                                   "social-protection-centre",
                                                   "trade-union",
                                                   "hotline-111",
                                                   "broadcaster",
                                                   "peoples-committee"};

codec::CsvOptions options_of(const std::string& reporter) {
    codec::CsvOptions options;
    options.agency = [](std::string_view name) -> std::optional<AgencyId> {
        if (!kAgencies.contains(name)) return std::nullopt;
        return AgencyId::of(name);
    };
    options.mint = [](std::string_view key) {
        return "joint-" + std::to_string(std::hash<std::string_view>{}(key));
    };
    options.reporter = AgencyId::of(reporter);
    options.skip_others = true;
    return options;
}

std::vector<Reported> province() {
    const Result<Bytes> file = read_file(
        LT_SOURCE_DIR "/examples/ninh-binh/data/ninh-binh-2021.csv", codec::kFileBytesMax);
    EXPECT_TRUE(file);
    std::vector<Reported> reported;
    for (const message::KindInfo& kind : message::all_kinds()) {
        if (!has_figures(kind.kind)) continue;
        for (const std::string& agency : kAgencies) {
            const auto lines = codec::read_csv(kind.kind, as_text(*file), options_of(agency));
            EXPECT_TRUE(lines);
            for (const codec::LineResult& line : *lines) {
                EXPECT_TRUE(line.draft) << line.draft.error().where << line.draft.error().detail;
                const auto figures = read_report(kind.kind, line.draft->sections.front().second);
                EXPECT_TRUE(figures);
                for (const Figure& figure : *figures) {
                    Reported r;
                    r.kind = kind.kind;
                    r.position = reported.size();
                    r.message = {.stream = 1, .sequence = reported.size() + 1};
                    r.agency = AgencyId::of(agency);
                    r.figure = figure;
                    reported.push_back(std::move(r));
                }
            }
        }
    }
    return reported;
}

struct Expectation {
    std::string measure;
    std::optional<std::int64_t> value;
    Qualifier qualifier;
    std::uint32_t not_stated = 0;
    std::int64_t overlap_max = 0;
    Measurement measurement = Measurement::flow;
};

class Province : public testing::Test {
  protected:
    const Total& total(const std::string& measure) {
        for (const Total& total : summary_.totals) {
            if (total.measure == measure) return total;
        }
        ADD_FAILURE() << "no total of " << measure;
        static const Total kNone;
        return kNone;
    }

    // Read once: the same for every test, and none changes it.
    static const std::vector<Reported>& reported() {
        static const std::vector<Reported> kReported = province();
        return kReported;
    }

    const std::vector<Reported>& reported_ = reported();
    Summary summary_ = summarise(reported_, {.period = parse_period("2021").value()});
};

TEST_F(Province, CarriesEveryFigureOfTheSource) {
    EXPECT_EQ(reported_.size(), 39U);
    EXPECT_EQ(summary_.rows.size(), 39U);
    for (const Row& row : summary_.rows) EXPECT_EQ(row.standing, Standing::counted);
}

TEST_F(Province, AddsUpToTheSumsOfTheSource) {
    const Expectation expectations[] = {
        {"leaflets", 21500, Qualifier::exact},
        {"news-items", 824, Qualifier::exact},
        {"broadcasts", 65, Qualifier::exact},
        {"mobile-rounds", 1000, Qualifier::at_least, 1},
        {"meetings", 363, Qualifier::at_least, 1, 8},
        {"delegates", 18591, Qualifier::at_least},
        {"attendances", 17550, Qualifier::exact},
        {"banners", 186, Qualifier::exact},
        {"banners-slogans", 750, Qualifier::exact},
        {"panels-banners-slogans", 750, Qualifier::exact},
        {"panels-slogans", 88, Qualifier::exact},
        {"cadres-sent", 1300, Qualifier::nearly},
        {"document-sets", 7000, Qualifier::at_least},
        {"websites-reviewed", 2000, Qualifier::exact},
        {"websites-violating", 0, Qualifier::exact},
        {"facebook-pages", 310, Qualifier::exact, 0, 0, Measurement::stock},
        {"zalo-groups", 539, Qualifier::exact, 0, 0, Measurement::stock},
        {"shelter-capacity", std::nullopt, Qualifier::range, 0, 0, Measurement::stock},
        {"shelter-staff", 4, Qualifier::exact, 0, 0, Measurement::stock},
        {"shelter-staff-medical", 1, Qualifier::exact, 0, 0, Measurement::stock},
        {"shelter-staff-counselling", 2, Qualifier::exact, 0, 0, Measurement::stock},
        {"shelter-staff-care", 1, Qualifier::exact, 0, 0, Measurement::stock},
        {"victims-detected", 0, Qualifier::exact},
        {"trafficking-cases", 0, Qualifier::exact},
        {"plans", 3, Qualifier::exact},
        {"television-reports", 1, Qualifier::exact},
        {"political-education", std::nullopt, Qualifier::not_stated, 1},
        {"press-direction", std::nullopt, Qualifier::not_stated, 1},
        {"social-website", std::nullopt, Qualifier::not_stated, 1},
    };
    for (const Expectation& expected : expectations) {
        const Total& found = total(expected.measure);
        EXPECT_EQ(found.sum.value(), expected.value) << expected.measure;
        EXPECT_EQ(found.sum.qualifier(), expected.qualifier) << expected.measure;
        EXPECT_EQ(found.sum.not_stated(), expected.not_stated) << expected.measure;
        EXPECT_EQ(found.overlap_max, expected.overlap_max) << expected.measure;
        EXPECT_EQ(found.measurement, expected.measurement) << expected.measure;
    }
    EXPECT_EQ(summary_.totals.size(), std::size(expectations));
    EXPECT_EQ(total("shelter-capacity").sum.low(), 18);
    EXPECT_EQ(total("shelter-capacity").sum.high(), 24);
}

TEST_F(Province, GivesTheSameSumsWhenAgenciesAreAskedOneByOne) {
    std::map<std::pair<std::string, Measurement>, Sum> sums;
    for (const std::string& agency : kAgencies) {
        const Summary part = summarise(
            reported_, {.period = parse_period("2021").value(), .agency = AgencyId::of(agency)});
        for (const Total& each : part.totals) sums[{each.measure, each.measurement}].add(each.sum);
    }
    ASSERT_EQ(sums.size(), summary_.totals.size());
    for (const Total& each : summary_.totals) {
        EXPECT_EQ((sums[{each.measure, each.measurement}]), each.sum) << each.measure;
    }
}

TEST_F(Province, KnowsThePlaceOfAFigure) {
    const Summary found = summarise(reported_, {.territory = "xã Yên Thành"});
    ASSERT_EQ(found.rows.size(), 2U);
    EXPECT_EQ(found.rows[0].measure, "meetings");
    EXPECT_EQ(found.rows[1].measure, "broadcasts");
}

TEST_F(Province, HasNothingInAnotherYear) {
    const Summary other = summarise(reported_, {.period = parse_period("2022").value()});
    EXPECT_TRUE(other.totals.empty());
    EXPECT_TRUE(other.rows.empty());
}

TEST_F(Province, SaysWhoHasNotReported) {
    std::vector<Expected> expected;
    for (const auto* agency : {"labour", "police", "trade-union"}) {
        expected.push_back({.agency = AgencyId::of(agency)});
    }
    const auto rows = completeness(parse_period("2021").value(), expected, reported_);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].completeness, Completeness::complete);
    EXPECT_EQ(rows[0].figures, 10U);
    EXPECT_EQ(rows[1].completeness, Completeness::complete);
    EXPECT_EQ(rows[2].completeness, Completeness::missing);
}

}  // namespace
}  // namespace lienthong::outreach
