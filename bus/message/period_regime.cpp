// SPDX-License-Identifier: Apache-2.0
#include "bus/message/period_regime.hpp"

#include <algorithm>
#include <array>

namespace lienthong::message {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month;
using std::chrono::year_month_day;

constexpr sys_days kAlways = year(1900) / month(1) / day(1);
constexpr sys_days kOpen = year(2200) / month(12) / day(31);

// The decree's own text was not at hand: neither its day of closing nor its entry into force has
// been compared with it, so the row says so wherever it is used. Regimes before it are not known.
constexpr std::array kRegimes = std::to_array<PeriodRegime>({
    {"", "kỳ theo lịch", "calendar", 1, kAlways, kOpen, "", true},
    {"admin",
     "kỳ báo cáo hành chính",
     "administrative reporting period",
     15,
     year(2019) / month(3) / day(12),
     kOpen,
     "Nghị định 09/2019/NĐ-CP",
     false},
});
static_assert(std::ranges::all_of(kRegimes, [](const PeriodRegime& regime) {
    return regime.first_day >= 1 && regime.first_day <= 28 && regime.since <= regime.until;
}));

bool in_force(const PeriodRegime& regime, const Days& days) {
    return regime.since <= days.second && days.second <= regime.until;
}

}  // namespace

std::span<const PeriodRegime> period_regimes() { return kRegimes; }

Days days_of(const PeriodRegime& regime, int in_year, unsigned first, unsigned last) {
    const year y(in_year);
    if (regime.first_day == 1) {
        return {y / month(first) / day(1), y / month(last) / std::chrono::last};
    }
    const year_month before = y / month(first) - std::chrono::months(1);
    return {before / day(regime.first_day), y / month(last) / day(regime.first_day - 1)};
}

const PeriodRegime* maybe_period_regime(std::string_view id,
                                        int in_year,
                                        unsigned first,
                                        unsigned last) {
    const auto* found = std::ranges::find_if(kRegimes, [&](const PeriodRegime& regime) {
        return regime.id == id && in_force(regime, days_of(regime, in_year, first, last));
    });
    return found == kRegimes.end() ? nullptr : found;
}

bool are_whole_months(const Days& days, unsigned months, bool calendar, bool other) {
    const year_month_day from(days.first);
    return std::ranges::any_of(kRegimes, [&](const PeriodRegime& regime) {
        if (regime.id.empty() ? !calendar : !other) return false;
        const year_month first =
            from.year() / from.month() + std::chrono::months(regime.first_day == 1 ? 0 : 1);
        const auto number = static_cast<unsigned>(first.month());
        if ((number - 1) % months != 0) return false;
        return in_force(regime, days) &&
               days == days_of(regime, static_cast<int>(first.year()), number, number + months - 1);
    });
}

}  // namespace lienthong::message
