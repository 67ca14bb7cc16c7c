// SPDX-License-Identifier: Apache-2.0
// Summary: what the agencies did, each thing counted once, with what the sums may claim.
// Pure functions over values: the same figures in any order give the same summary.
//
// What counts, in this order; a row that does not count is shown with its reason:
//  1. a message that its own agency superseded does not count; of several corrections of one
//  message
//     the one at the highest position does;
//  2. a joint activity counts once, with its lead's figure; a partner's is shown. Until the lead's
//  has
//     arrived, that of the partner who reported first counts, flagged. Where two agencies say that
//     they lead what has one id, each leads an activity of its own, and all its rows are flagged;
//  3. a figure counts in a period that its own period lies in, or its as-of date if it has no
//  period;
//     one that reaches beyond is shown and not counted, as nobody can split it;
//  4. of several stocks of one activity (same agency, unit and territories) those with the newest
//     as-of date count (without one: the end of the period); two of the same date add up, because a
//     repetition of the same thing would be a correction. A joint stock is its lead's, under
//     whatever id a look at it was reported: a partner's look counts only where the lead has none,
//     and of several partners the newest, of one day the one reported first;
//  5. a figure of a province summary counts only if no agency reported that measure itself.
// The filters on agency, activity and territory come last, so what they give adds up to the whole.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bus/outreach/figure.hpp"
#include "bus/outreach/quantity.hpp"

namespace lienthong::outreach {

// An empty one lets everything through.
struct Filters {
    std::optional<Period> period{};
    AgencyId agency{};        // the reporter
    std::string activity{};   // activity id
    std::string territory{};  // a territory's code, or its text as reported (NFC)
    // With `territory`: whether a reported place lies in it on that day, as far as the caller's
    // registry knows. Without it only the same code or text does.
    std::function<bool(const Territory&, std::optional<Date>)> lies_within{};
};

enum class Standing : std::uint8_t {
    counted,
    superseded,      // another message of the agency took its place
    joint_partner,   // counted with the lead's (or first) figure of the joint activity
    joint_repeated,  // the same agency reported the same joint activity and period again
    beyond_period,   // its period reaches outside the one asked for
    undated,         // neither period nor as-of date, and a period was asked for
    older_stock,     // a newer look at the same stock counts
    summarised,      // of a province summary; the agencies' own figures count
};
std::string_view name(Standing standing);  // "joint_partner"

// One reported figure, counted or not. `reported` is a copy: the summary outlives its input.
struct Row {
    Reported reported;
    std::string measure;
    Standing standing = Standing::counted;
    std::optional<MessageId> superseded_by;
    std::string part_of;  // the whole's activity id; a part is never added to its whole
    bool participants_in_whole = false;  // a part whose whole states participants of that kind
    AgencyId joint_lead{};               // of a joint activity: whose it is, as far as is known
    bool lead_disputed = false;          // joint, and more than one agency says that it leads
    bool lead_missing = false;           // joint, and the lead's own figure has not arrived
    bool differs = false;                // a partner's figure that is not the counted one
};

struct Total {
    std::string measure;
    Measurement measurement = Measurement::flow;  // stock and flow are never added together
    Sum sum;
    // How much of the sum may be in it twice: rows whose implementers include another agency that
    // reports the measure too, without a shared activity id.
    std::int64_t overlap_max = 0;
};

struct Summary {
    std::vector<Total> totals;  // in the order of the table of measures, then by name
    std::vector<Row> rows;      // by position, message, index
};

Summary summarise(std::span<const Reported> figures, const Filters& filters);

// Who has reported.
struct Expected {
    AgencyId agency{};
    message::Kind kind = message::Kind::outreach_report;
    bool readable = true;  // false: who asks may not read all of these reports
    bool operator==(const Expected&) const = default;
};

enum class Completeness : std::uint8_t {
    missing,      // nothing for this period
    partly,       // the figures do not cover every day of it
    complete,     // every day is covered, if only by "not stated" or zero
    not_visible,  // not all of it may be read here, and what was read does not cover the period
};
std::string_view name(Completeness completeness);

struct CompletenessRow {
    Expected expected;
    Completeness completeness = Completeness::missing;
    std::size_t figures = 0;  // that touch the period
    std::optional<Position> first;
    std::optional<Position> last;
};

// One row for each of `expected`, in its order. Superseded figures do not count.
std::vector<CompletenessRow> completeness(const Period& period,
                                          std::span<const Expected> expected,
                                          std::span<const Reported> figures);

}  // namespace lienthong::outreach
