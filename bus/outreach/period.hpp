// SPDX-License-Identifier: Apache-2.0
// Period: civil dates and spans of them, as reports and their readers name them. No clock and no
// time zone here: a date is what the report says.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "bus/base/error.hpp"
#include "bus/message/period_regime.hpp"

namespace lienthong::outreach {

using Date = std::chrono::sys_days;  // a civil day, without a time zone

// "2021-12-14"; malformed_input for anything else, for impossible dates (2021-02-30) and for years
// outside 1900 to 2199.
Result<Date> parse_date(std::string_view text);
std::string format_date(Date date);

// Both ends included; `from` is never after `to`.
struct Period {
    Date from;
    Date to;

    auto operator<=>(const Period&) const = default;
    bool contains(Date date) const { return from <= date && date <= to; }
    bool contains(const Period& other) const { return from <= other.from && other.to <= to; }
    bool overlaps(const Period& other) const { return from <= other.to && other.from <= to; }
    std::string text() const;  // "2021-01-01/2021-12-31"
};

// "2021", "2021-H1", "2021-Q1", "2021-03" by the calendar; the same behind the id of a regime
// ("admin-2021", "admin-2021-Q1"), as its row in message::period_regimes() counts; or
// "2021-01-01/2021-12-31". malformed_input for anything else, and where the regime is not in force.
Result<Period> parse_period(std::string_view text);
// By which regime a name counts; nothing for two dates and for what is no period.
const message::PeriodRegime* maybe_regime_of(std::string_view text);

}  // namespace lienthong::outreach
