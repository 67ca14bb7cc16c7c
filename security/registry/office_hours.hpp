// SPDX-License-Identifier: Apache-2.0
// OfficeHours: when the agencies of a bus work, in Asia/Ho_Chi_Minh (UTC+7, without summer time).
// What must not wait longer than a working day is measured in these hours: machines of an office
// may be off at night and on a Sunday. Holidays are not known here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bus/base/ids.hpp"

namespace lienthong::registry {

inline constexpr std::size_t kOfficeSpansMax = 8;
inline constexpr std::uint16_t kMinutesOfDay = 24 * 60;
inline constexpr std::uint8_t kEveryDay = 0x7f;

struct OfficeSpan {
    std::uint16_t from = 0;  // minutes of the day
    std::uint16_t until = 0;
    bool operator==(const OfficeSpan&) const = default;
};

struct OfficeHours {
    std::uint8_t days = 0x1f;                                // bit 0 is Monday
    std::vector<OfficeSpan> spans{{450, 690}, {810, 1020}};  // ascending, apart
    bool operator==(const OfficeHours&) const = default;
};

// How much of the time between two moments lies in office hours; 0 if it ends before it begins. Of
// more than 400 calendar days only the first 400 are counted.
Millis working_time(const OfficeHours& hours, Millis from, Millis until);

// "mon" … "sun" and "07:30-11:30", as a registry file has them.
std::string_view day_name(std::size_t day);
std::string to_text(const OfficeSpan& span);
Result<OfficeSpan> parse_office_span(std::string_view text);  // malformed_input

}  // namespace lienthong::registry
