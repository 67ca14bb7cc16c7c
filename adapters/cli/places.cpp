// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/places.hpp"

#include <algorithm>

#include "bus/base/collation.hpp"

namespace lienthong::cli {
namespace {

// Noon of the day in UTC is the same civil day in Viet Nam.
Millis noon_of(outreach::Date day) {
    using std::chrono::milliseconds;
    return std::chrono::sys_time<milliseconds>(day + std::chrono::hours(12))
        .time_since_epoch()
        .count();
}

}  // namespace

Places::Places(const registry::Registry& registry) : registry_(registry) {
    for (const registry::Territory& row : registry.data().territories) {
        for (const registry::Names& names : row.names) {
            by_name_.emplace(names.vi, Called{&row, names.from});
            if (names.en.empty() || names.en == names.vi) continue;
            by_name_.emplace(names.en, Called{&row, names.from});
        }
    }
}

std::vector<const registry::Territory*> Places::called(std::string_view text,
                                                       outreach::Date day) const {
    const Millis at = noon_of(day);
    std::vector<const registry::Territory*> found;
    const auto add = [&](const registry::Territory* row) {
        if (row != nullptr && std::ranges::find(found, row) == found.end()) found.push_back(row);
    };
    if (text.empty()) return found;
    add(registry_.maybe_territory(text, at));
    const std::string date = outreach::format_date(day);
    const auto [first, last] = by_name_.equal_range(text);
    for (auto found_name = first; found_name != last; ++found_name) {
        const auto& [row, from] = found_name->second;
        // Only if this row of the code's history is the one in force.
        if (from <= date && registry_.maybe_territory(row->code, at) == row) add(row);
    }
    return found;
}

std::vector<const registry::Territory*> Places::sought(std::string_view text,
                                                       outreach::Date day) const {
    auto found = called(text, day);
    for (const Match wanted : {Match::full, Match::bare}) {
        if (!found.empty()) break;
        for (auto name = by_name_.begin(); name != by_name_.end();
             name = by_name_.upper_bound(name->first)) {
            if (match_of(text, name->first) != wanted) continue;
            for (const auto* row : called(name->first, day)) {
                if (std::ranges::find(found, row) == found.end()) found.push_back(row);
            }
        }
    }
    return found;
}

const registry::Territory* Places::maybe_called(std::string_view text, outreach::Date day) const {
    const auto found = called(text, day);
    return found.size() == 1 ? found.front() : nullptr;
}

bool Places::lies_within(std::string_view code,
                         std::string_view text,
                         std::string_view outer,
                         outreach::Date day) const {
    const auto wanted = sought(outer, day);
    const auto* inner = maybe_called(code.empty() ? text : code, day);
    return inner != nullptr && std::ranges::any_of(wanted, [&](const registry::Territory* one) {
               return registry_.lies_within(inner->code, one->code, noon_of(day));
           });
}

}  // namespace lienthong::cli
