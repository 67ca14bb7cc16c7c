// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/period.hpp"

#include <fmt/format.h>

namespace lienthong::outreach {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr int kYearMin = 1900;
constexpr int kYearMax = 2199;

// Exactly `size` digits, or nothing.
std::optional<int> maybe_digits(std::string_view text, std::size_t size) {
    if (text.size() != size) return std::nullopt;
    int value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

std::optional<int> maybe_year(std::string_view text) {
    const std::optional<int> number = maybe_digits(text, 4);
    if (!number || *number < kYearMin || *number > kYearMax) return std::nullopt;
    return number;
}

// What a name says: the months of a year, by the regime of that id.
struct NamedMonths {
    std::string_view regime;
    int year = 0;
    unsigned first = 1;
    unsigned last = 12;
};

std::optional<NamedMonths> maybe_months(std::string_view text) {
    NamedMonths named;
    const bool of_regime = !text.empty() && text[0] >= 'a' && text[0] <= 'z';
    if (of_regime) {
        const std::size_t hyphen = text.find('-');
        if (hyphen == std::string_view::npos) return std::nullopt;
        named.regime = text.substr(0, hyphen);
        text.remove_prefix(hyphen + 1);
    }
    const std::optional<int> y = maybe_year(text.substr(0, 4));
    if (!y) return std::nullopt;
    named.year = *y;
    if (text.size() == 4) return named;
    if (text.size() != 7 || text[4] != '-') return std::nullopt;
    const std::string_view part = text.substr(5);
    if (part[0] == 'H' && (part[1] == '1' || part[1] == '2')) {
        named.first = part[1] == '1' ? 1 : 7;
        named.last = named.first + 5;
        return named;
    }
    if (part[0] == 'Q' && part[1] >= '1' && part[1] <= '4') {
        named.last = static_cast<unsigned>(part[1] - '0') * 3;
        named.first = named.last - 2;
        return named;
    }
    const std::optional<int> m = maybe_digits(part, 2);
    if (!m || *m < 1 || *m > 12) return std::nullopt;
    named.first = named.last = static_cast<unsigned>(*m);
    return named;
}

std::unexpected<Error> bad_period() {
    return fail(Code::malformed_input,
                "a period is 2021, 2021-H1, 2021-Q1, 2021-03, admin-2021 or "
                "2021-01-01/2021-12-31");
}

}  // namespace

Result<Date> parse_date(std::string_view text) {
    const auto bad = [] {
        return fail(Code::malformed_input, "a date is yyyy-mm-dd and stands in the calendar");
    };
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return bad();
    const std::optional<int> y = maybe_year(text.substr(0, 4));
    const std::optional<int> m = maybe_digits(text.substr(5, 2), 2);
    const std::optional<int> d = maybe_digits(text.substr(8, 2), 2);
    if (!y || !m || !d) return bad();
    const year_month_day date(
        year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d)));
    if (!date.ok()) return bad();
    return Date(date);
}

std::string format_date(Date date) {
    const year_month_day civil(date);
    return fmt::format("{:04}-{:02}-{:02}",
                       static_cast<int>(civil.year()),
                       static_cast<unsigned>(civil.month()),
                       static_cast<unsigned>(civil.day()));
}

std::string Period::text() const { return format_date(from) + "/" + format_date(to); }

Result<Period> parse_period(std::string_view text) {
    if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
        const Result<Date> from = parse_date(text.substr(0, slash));
        const Result<Date> to = parse_date(text.substr(slash + 1));
        if (!from || !to) return bad_period();
        if (*to < *from) return fail(Code::malformed_input, "the period ends before it begins");
        return Period{*from, *to};
    }
    const std::optional<NamedMonths> named = maybe_months(text);
    if (!named) return bad_period();
    const message::PeriodRegime* regime =
        message::maybe_period_regime(named->regime, named->year, named->first, named->last);
    if (regime == nullptr) {
        return fail(Code::malformed_input, "no reporting regime of that name at that time");
    }
    const auto [from, to] = message::days_of(*regime, named->year, named->first, named->last);
    return Period{from, to};
}

const message::PeriodRegime* maybe_regime_of(std::string_view text) {
    const std::optional<NamedMonths> named = maybe_months(text);
    if (!named) return nullptr;
    return message::maybe_period_regime(named->regime, named->year, named->first, named->last);
}

}  // namespace lienthong::outreach
