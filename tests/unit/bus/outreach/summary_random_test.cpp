// SPDX-License-Identifier: Apache-2.0
// Random reports against a second, slow implementation that asks of each figure alone whether it
// counts.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "bus/outreach/measure.hpp"
#include "bus/outreach/summary.hpp"

namespace lienthong::outreach {
namespace {

using Random = std::mt19937_64;

Reported random_report(Random& random, std::uint64_t position) {
    constexpr std::array kActivities{"leaflet",
                                     "news-item",
                                     "web-news-item",
                                     "outreach-session",
                                     "street-theatre",
                                     "social-zalo"};
    constexpr std::array kAgencies{"police", "labour", "womens-union"};
    constexpr std::array kPeriods{"2021", "2021-Q1", "2021-Q2", "admin-2021", "2022"};
    constexpr std::array kQualifiers{Qualifier::exact,
                                     Qualifier::exact,
                                     Qualifier::at_least,
                                     Qualifier::nearly,
                                     Qualifier::about};
    Reported r;
    r.kind = message::Kind::outreach_report;
    r.position = position;
    r.message = {.stream = 1, .sequence = position};
    r.agency = AgencyId::of(kAgencies[random() % kAgencies.size()]);
    r.figure.activity = kActivities[random() % kActivities.size()];
    const auto count = static_cast<std::int64_t>(random() % 1000);
    switch (random() % 6) {
        case 0:
            break;
        case 1:
            r.figure.quantity = Quantity::between(count, count + 5);
            break;
        default:
            r.figure.quantity = Quantity::of(count, kQualifiers[random() % kQualifiers.size()]);
    }
    if (r.figure.activity == "social-zalo") r.figure.measurement = Measurement::stock;
    r.figure.period = parse_period(kPeriods[random() % kPeriods.size()]).value();
    if (random() % 3 == 0) {
        r.figure.joint_activity = "j" + std::to_string(random() % 3);
        r.figure.lead.agency = AgencyId::of("labour");
    }
    if (random() % 4 == 0 && position > 1) {
        r.supersedes = MessageId{.stream = 1, .sequence = 1 + random() % (position - 1)};
    }
    return r;
}

// ---- the second implementation; positions start at 1 and are the messages' numbers ----

std::uint64_t origin(const std::vector<Reported>& all, const Reported& r) {
    if (!r.supersedes) return r.position;
    const Reported& target = all[r.supersedes->sequence - 1];
    return target.agency == r.agency ? origin(all, target) : r.position;
}

bool valid(const std::vector<Reported>& all, const Reported& r) {
    return std::ranges::none_of(all, [&](const Reported& other) {
        return other.position > r.position && other.agency == r.agency &&
               origin(all, other) == origin(all, r);
    });
}

bool same_joint(const Reported& left, const Reported& right) {
    return left.figure.joint_activity == right.figure.joint_activity &&
           measure_of(left.figure.activity) == measure_of(right.figure.activity);
}

bool joint_counts(const std::vector<Reported>& valid_ones, const Reported& r) {
    if (r.figure.joint_activity.empty()) return true;
    const AgencyId labour = AgencyId::of("labour");
    // Whoever leads: labour, if it reports the activity at all. Each report here names labour, so
    // the lead of an activity that labour never reported is still labour.
    bool lead_reported = false;
    const Reported* first = nullptr;
    for (const Reported& other : valid_ones) {
        if (!same_joint(other, r)) continue;
        lead_reported |= other.agency == labour;
        if (first == nullptr) first = &other;
    }
    if (r.agency != (lead_reported ? labour : first->agency)) return false;
    return std::ranges::none_of(valid_ones, [&](const Reported& other) {
        return other.position > r.position && other.agency == r.agency &&
               other.figure.joint_activity == r.figure.joint_activity &&
               other.figure.activity == r.figure.activity && other.figure.period == r.figure.period;
    });
}

// Of one agency's own stock the newest look; of a joint one, whatever its id, labour's newest, or
// without any of labour the newest of all, of one day that of who reported first.
bool stock_counts(const std::vector<Reported>& inside, const Reported& r) {
    const bool joint = !r.figure.joint_activity.empty();
    const AgencyId labour = AgencyId::of("labour");
    const auto same_stock = [&](const Reported& other) {
        return other.figure.activity == r.figure.activity &&
               other.figure.joint_activity.empty() != joint && (joint || other.agency == r.agency);
    };
    const bool led = std::ranges::any_of(inside, [&](const Reported& other) {
        return joint && same_stock(other) && other.agency == labour;
    });
    if (led && r.agency != labour) return false;
    return std::ranges::none_of(inside, [&](const Reported& other) {
        if (!same_stock(other) || (led && other.agency != labour)) return false;
        const Date theirs = other.figure.period->to;
        const Date ours = r.figure.period->to;
        if (theirs != ours) return theirs > ours;
        if (!joint || other.agency == r.agency || other.position > r.position) return false;
        // Somebody else's first look of that day; ours count with our own first one only.
        return std::ranges::none_of(inside, [&](const Reported& own) {
            return same_stock(own) && own.agency == r.agency && own.figure.period->to == ours &&
                   own.position < other.position;
        });
    });
}

std::map<std::string, Sum> expected_sums(const std::vector<Reported>& all, const Period& period) {
    std::vector<Reported> valid_ones;
    for (const Reported& r : all) {
        if (valid(all, r)) valid_ones.push_back(r);
    }
    std::vector<Reported> inside;
    for (const Reported& r : valid_ones) {
        if (joint_counts(valid_ones, r) && period.contains(*r.figure.period)) inside.push_back(r);
    }
    std::map<std::string, Sum> sums;
    for (const Reported& r : inside) {
        if (r.figure.measurement != Measurement::stock || stock_counts(inside, r)) {
            sums[measure_of(r.figure.activity)].add(r.figure.quantity);
        }
    }
    return sums;
}

TEST(Summary, AgreesWithASecondImplementationAndWithAnyOrderOfItsInput) {
    Random random(20211214);
    const Period year = parse_period("2021").value();
    for (int round = 0; round < 500; ++round) {
        std::vector<Reported> figures;
        const std::size_t count = random() % 40;
        for (std::uint64_t position = 1; position <= count; ++position) {
            figures.push_back(random_report(random, position));
        }
        const std::map<std::string, Sum> expected = expected_sums(figures, year);
        std::ranges::shuffle(figures, random);
        const Summary summary = summarise(figures, {.period = year});
        std::map<std::string, Sum> found;
        for (const Total& total : summary.totals) found[total.measure] = total.sum;
        ASSERT_EQ(found, expected) << "round " << round;
    }
}

TEST(Summary, IsFastEnoughForAProvince) {
    // 20,000 figures; a quadratic rule among them would not end within the time of this suite.
    Random random(7);
    std::vector<Reported> figures;
    for (std::uint64_t position = 1; position <= 20'000; ++position) {
        Reported r = random_report(random, position);
        if (!r.figure.joint_activity.empty()) {
            r.figure.joint_activity = "j" + std::to_string(random() % 5'000);
        }
        figures.push_back(std::move(r));
    }
    const Summary summary = summarise(figures, {});
    EXPECT_EQ(summary.rows.size(), figures.size());
}

}  // namespace
}  // namespace lienthong::outreach
