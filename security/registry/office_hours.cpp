// SPDX-License-Identifier: Apache-2.0
#include "security/registry/office_hours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace lienthong::registry {
namespace {

constexpr Millis kMinute = 60'000;
constexpr Millis kDay = kMinutesOfDay * kMinute;
constexpr Millis kUtcOffset = 7 * 60 * kMinute;
constexpr Millis kDaysMax = 400;  // calendar days, the first among them
constexpr std::array<std::string_view, 7> kDayNames = {
    "mon", "tue", "wed", "thu", "fri", "sat", "sun"};

Millis day_of(Millis local) { return (local >= 0 ? local : local - kDay + 1) / kDay; }

bool works_on(const OfficeHours& hours, Millis day) {
    const Millis weekday = ((day + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
    return ((hours.days >> weekday) & 1) != 0;
}

// Exactly two digits, a colon, two digits.
bool read_minutes(std::string_view text, std::uint16_t& minutes) {
    unsigned hour = 0;
    unsigned minute = 0;
    const char* const begin = text.data();
    if (text.size() != 5 || text[2] != ':') return false;
    const auto first = std::from_chars(begin, begin + 2, hour);
    const auto second = std::from_chars(begin + 3, begin + 5, minute);
    if (first.ec != std::errc{} || first.ptr != begin + 2 || second.ec != std::errc{} ||
        second.ptr != begin + 5 || minute >= 60) {
        return false;
    }
    minutes = static_cast<std::uint16_t>(hour * 60 + minute);
    return minutes <= kMinutesOfDay;
}

}  // namespace

Millis working_time(const OfficeHours& hours, Millis from, Millis until) {
    if (until <= from) return 0;
    const Millis begin = from + kUtcOffset;
    const Millis end = until + kUtcOffset;
    const Millis first = day_of(begin);
    const Millis last = std::min(day_of(end), first + kDaysMax - 1);
    Millis total = 0;
    for (Millis day = first; day <= last; ++day) {
        if (!works_on(hours, day)) continue;
        for (const OfficeSpan& span : hours.spans) {
            const Millis opens = std::max(begin, day * kDay + span.from * kMinute);
            const Millis closes = std::min(end, day * kDay + span.until * kMinute);
            total += std::max<Millis>(0, closes - opens);
        }
    }
    return total;
}

std::string_view day_name(std::size_t day) { return kDayNames.at(day); }

std::string to_text(const OfficeSpan& span) {
    return fmt::format("{:02}:{:02}-{:02}:{:02}",
                       span.from / 60,
                       span.from % 60,
                       span.until / 60,
                       span.until % 60);
}

Result<OfficeSpan> parse_office_span(std::string_view text) {
    OfficeSpan span;
    if (text.size() != 11 || text[5] != '-' || !read_minutes(text.substr(0, 5), span.from) ||
        !read_minutes(text.substr(6), span.until)) {
        return fail(Code::malformed_input, "must be like 07:30-11:30");
    }
    return span;
}

}  // namespace lienthong::registry
