// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/summary.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "bus/outreach/measure.hpp"
#include "bus/outreach/standing.hpp"

namespace lienthong::outreach {
namespace {

std::vector<std::string> territories_of(const Figure& figure) {
    std::vector<std::string> keys;
    keys.reserve(figure.territories.size());
    for (const Territory& territory : figure.territories) {
        keys.push_back(territory.code.empty() ? territory.text : territory.code);
    }
    std::ranges::sort(keys);
    return keys;
}

void sort_by_position(std::vector<Row>& rows) {
    std::ranges::sort(rows, {}, [](const Row& row) {
        return std::tuple(row.reported.position, row.reported.message, row.reported.index);
    });
}

// What a report says of one activity, as far as its parts are concerned.
struct Whole {
    std::set<std::pair<ParticipantKind, Measurement>> participants;  // stated, not only mentioned
};

// Names the whole of each part, and makes the part a measure of its own.
void find_parts(std::vector<Row>& rows) {
    // A report, as far as it has parts: same agency, unit, kind of message and period.
    const auto same_report = [](const Row& row) {
        const Reported& r = row.reported;
        return std::tuple(r.agency, r.unit, r.figure.unit, r.kind, r.figure.period, r.figure.as_of);
    };
    std::map<decltype(same_report(rows.front())), std::map<std::string, Whole>> activities;
    for (const Row& row : rows) {
        if (row.standing == Standing::superseded) continue;
        const Figure& figure = row.reported.figure;
        Whole& whole = activities[same_report(row)][figure.activity];
        if (figure.participants && figure.participants->quantity.low) {
            whole.participants.emplace(figure.participants->kind, figure.measurement);
        }
    }
    for (Row& row : rows) {
        const Figure& figure = row.reported.figure;
        const std::string& activity = figure.activity;
        const auto report = activities.find(same_report(row));
        if (report == activities.end()) continue;
        // The map ascends, so the last match is the longest: the nearest whole.
        for (const auto& [name, whole] : report->second) {
            if (!is_part_of(activity, name)) continue;
            row.part_of = name;
            if (figure.participants &&
                whole.participants.contains({figure.participants->kind, figure.measurement})) {
                row.participants_in_whole = true;
            }
        }
        if (row.part_of.empty() || row.measure != measure_of(row.part_of)) continue;
        row.measure = "activity:" + activity;
    }
}

void judge_superseded(std::vector<Row>& rows) {
    std::vector<Reported> figures;
    figures.reserve(rows.size());
    for (const Row& row : rows) figures.push_back(row.reported);
    const std::map<MessageId, MessageId> superseded = superseded_messages(figures);
    for (Row& row : rows) {
        const auto found = superseded.find(row.reported.message);
        if (found == superseded.end()) continue;
        row.standing = Standing::superseded;
        row.superseded_by = found->second;
    }
}

// Drops what lies wholly outside the period; marks what cannot be placed in it.
void judge_period(std::vector<Row>& rows, const std::optional<Period>& period) {
    if (!period) return;
    std::erase_if(rows, [&](const Row& row) {
        const Figure& figure = row.reported.figure;
        if (figure.period) return !figure.period->overlaps(*period);
        return figure.as_of && !period->contains(*figure.as_of);
    });
    for (Row& row : rows) {
        if (row.standing != Standing::counted) continue;
        const Figure& figure = row.reported.figure;
        if (figure.period) {
            if (!period->contains(*figure.period)) row.standing = Standing::beyond_period;
        } else if (!figure.as_of) {
            row.standing = Standing::undated;
        }
    }
}

Date looked_at(const Figure& figure) {
    if (figure.as_of) return *figure.as_of;
    return figure.period ? figure.period->to : Date::min();
}

bool is_counted_stock(const Row& row) {
    return row.standing == Standing::counted &&
           row.reported.figure.measurement == Measurement::stock;
}

// Of the partners of a joint stock: the newest look counts, of one day the one reported first.
void judge_partners_looks(const std::vector<Row*>& looks) {
    const auto date = [](const Row* row) { return looked_at(row->reported.figure); };
    const Row* newest = *std::ranges::max_element(looks, {}, date);  // the first of the greatest
    for (Row* row : looks) {
        if (date(row) < date(newest)) {
            row->standing = Standing::older_stock;
        } else if (row->reported.agency != newest->reported.agency) {
            row->standing = Standing::joint_partner;
        }
    }
}

// A joint activity's id is minted anew for each report, so looks at one joint stock have several:
// whose it is, what and where tell which stock it is. Units are the reporter's and say nothing
// here.
void judge_joint_stocks(std::vector<Row>& rows) {
    std::map<std::tuple<AgencyId, std::string, std::vector<std::string>>, std::vector<Row*>> stocks;
    for (Row& row : rows) {
        const Figure& figure = row.reported.figure;
        if (!is_counted_stock(row) || figure.joint_activity.empty()) continue;
        stocks[{row.joint_lead, figure.activity, territories_of(figure)}].push_back(&row);
    }
    for (const auto& [stock, looks] : stocks) {
        const AgencyId& lead = std::get<0>(stock);
        const auto of_lead = [&](const Row* row) { return row->reported.agency == lead; };
        if (std::ranges::none_of(looks, of_lead)) {
            judge_partners_looks(looks);
            continue;
        }
        for (Row* row : looks) {
            if (!of_lead(row)) row->standing = Standing::joint_partner;
        }
    }
}

void judge_stocks(std::vector<Row>& rows) {
    judge_joint_stocks(rows);
    const auto key = [](const Row& row) {
        const Reported& r = row.reported;
        return std::tuple(r.agency,
                          r.unit,
                          r.figure.unit,
                          r.figure.activity,
                          r.figure.joint_activity.empty(),
                          territories_of(r.figure));
    };
    std::map<decltype(key(rows.front())), Date> newest;
    for (const Row& row : rows) {
        if (!is_counted_stock(row)) continue;
        const Date date = looked_at(row.reported.figure);
        const auto [place, added] = newest.try_emplace(key(row), date);
        if (!added) place->second = std::max(place->second, date);
    }
    for (Row& row : rows) {
        if (is_counted_stock(row) && looked_at(row.reported.figure) < newest.at(key(row))) {
            row.standing = Standing::older_stock;
        }
    }
}

void judge_summaries(std::vector<Row>& rows) {
    std::set<std::pair<std::string, Measurement>> reported;
    for (const Row& row : rows) {
        if (row.standing != Standing::counted) continue;
        if (row.reported.kind == message::Kind::province_summary) continue;
        reported.emplace(row.measure, row.reported.figure.measurement);
    }
    for (Row& row : rows) {
        if (row.standing == Standing::counted &&
            row.reported.kind == message::Kind::province_summary &&
            reported.contains({row.measure, row.reported.figure.measurement})) {
            row.standing = Standing::summarised;
        }
    }
}

bool passes(const Row& row, const Filters& filters) {
    const Reported& r = row.reported;
    if (!filters.agency.empty() && r.agency != filters.agency) return false;
    if (!filters.activity.empty() && r.figure.activity != filters.activity) return false;
    if (filters.territory.empty()) return true;
    std::optional<Date> day = r.figure.as_of;
    if (r.figure.period) day = r.figure.period->to;
    return std::ranges::any_of(r.figure.territories, [&](const Territory& territory) {
        return territory.code == filters.territory || territory.text == filters.territory ||
               (filters.lies_within && filters.lies_within(territory, day));
    });
}

// What one row gives to one measure.
struct Share {
    const Row* row;
    Quantity quantity;
    Cell cell = Cell::none;
};
using MeasureKey = std::pair<std::string, Measurement>;
using Shares = std::map<MeasureKey, std::vector<Share>>;

Shares share_out(const std::vector<Row>& rows) {
    Shares shares;
    for (const Row& row : rows) {
        if (row.standing != Standing::counted) continue;
        const Figure& figure = row.reported.figure;
        shares[{row.measure, figure.measurement}].push_back({&row, figure.quantity, figure.cell});
        if (!figure.participants || row.participants_in_whole) continue;
        const std::string measure(measure_of(figure.participants->kind));
        shares[{measure, figure.measurement}].push_back(
            {&row, figure.participants->quantity, Cell::none});
    }
    return shares;
}

// (agency, joint activity) of every valid report, counted or not.
using JointReports = std::set<std::pair<AgencyId, std::string>>;

std::int64_t overlap_of(const std::vector<Share>& shares, const JointReports& joint) {
    std::set<AgencyId> reporters;
    for (const Share& share : shares) reporters.insert(share.row->reported.agency);
    Sum overlap;
    for (const Share& share : shares) {
        const Reported& r = share.row->reported;
        const bool perhaps_twice = std::ranges::any_of(r.figure.implementers, [&](const Party& p) {
            if (p.agency.empty() || p.agency == r.agency) return false;
            if (!reporters.contains(p.agency)) return false;
            const std::string& id = r.figure.joint_activity;
            return id.empty() || !joint.contains({p.agency, id});
        });
        if (perhaps_twice) overlap.add(share.quantity, share.cell);
    }
    return overlap.high().value_or(0);
}

std::vector<Total> add_up(const std::vector<Row>& rows) {
    JointReports joint;
    for (const Row& row : rows) {
        const Figure& figure = row.reported.figure;
        if (row.standing == Standing::superseded || figure.joint_activity.empty()) continue;
        joint.emplace(row.reported.agency, figure.joint_activity);
    }
    std::vector<Total> totals;
    for (const auto& [key, shares] : share_out(rows)) {
        Total total{.measure = key.first, .measurement = key.second, .sum = {}};
        for (const Share& share : shares) total.sum.add(share.quantity, share.cell);
        total.overlap_max = overlap_of(shares, joint);
        totals.push_back(std::move(total));
    }
    const auto rank = [](const Total& total) {
        const auto table = all_measures();
        const auto found = std::ranges::find(table, total.measure, &Measure::id);
        return std::tuple(found - table.begin(), total.measure, total.measurement);
    };
    std::ranges::sort(totals, {}, rank);
    return totals;
}

}  // namespace

std::string_view name(Standing standing) {
    switch (standing) {
        case Standing::counted:
            return "counted";
        case Standing::superseded:
            return "superseded";
        case Standing::joint_partner:
            return "joint_partner";
        case Standing::joint_repeated:
            return "joint_repeated";
        case Standing::beyond_period:
            return "beyond_period";
        case Standing::undated:
            return "undated";
        case Standing::older_stock:
            return "older_stock";
        case Standing::summarised:
            break;
    }
    return "summarised";
}

Summary summarise(std::span<const Reported> figures, const Filters& filters) {
    Summary summary;
    std::vector<Row>& rows = summary.rows;
    rows.reserve(figures.size());
    for (const Reported& reported : figures) {
        Row row;
        row.reported = reported;
        row.measure = measure_of(reported.figure.activity);
        rows.push_back(std::move(row));
    }
    sort_by_position(rows);
    judge_superseded(rows);
    find_parts(rows);
    judge_joint(rows);
    judge_period(rows, filters.period);
    judge_stocks(rows);
    judge_summaries(rows);
    std::erase_if(rows, [&](const Row& row) { return !passes(row, filters); });
    summary.totals = add_up(rows);
    return summary;
}

}  // namespace lienthong::outreach
