// SPDX-License-Identifier: Apache-2.0
// Period regimes: by which law the months of a report are counted. The calendar is one; a rule that
// closes the books before a month ends is another. Dated rows of a table with their legal basis: a
// law that changes the day adds a row, and no code asks for a day of its own.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace lienthong::message {

struct PeriodRegime {
    std::string_view id;  // "admin", what stands before the year in a period's name; calendar: ""
    std::string_view name_vi;
    std::string_view name_en;
    unsigned first_day = 1;  // 15: a month runs from the 15th of the one before to its own 14th
    // For periods that end in these days, both included.
    std::chrono::sys_days since;
    std::chrono::sys_days until;
    std::string_view legal_basis;
    bool confirmed = false;  // false: nobody has compared the row with the text of the law
};

std::span<const PeriodRegime> period_regimes();

using Days = std::pair<std::chrono::sys_days, std::chrono::sys_days>;  // first and last

// The months first to last (1 to 12) of a year, as the regime counts them.
Days days_of(const PeriodRegime& regime, int year, unsigned first, unsigned last);

// The row of that id that is in force where those months end; nothing if there is none.
const PeriodRegime* maybe_period_regime(std::string_view id,
                                        int year,
                                        unsigned first,
                                        unsigned last);

// True if these are `months` whole months, beginning where such spans begin in a year, by a row
// that is in force where they end. `calendar` and `other` say which rows may do.
bool are_whole_months(const Days& days, unsigned months, bool calendar, bool other);

}  // namespace lienthong::message
