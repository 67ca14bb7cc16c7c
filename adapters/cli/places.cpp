// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/places.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "bus/base/collation.hpp"
#include "bus/base/text.hpp"

namespace lienthong::cli {
namespace {

// Noon of the day in UTC is the same civil day in Viet Nam.
Millis noon_of(outreach::Date day) {
    using std::chrono::milliseconds;
    return std::chrono::sys_time<milliseconds>(day + std::chrono::hours(12))
        .time_since_epoch()
        .count();
}

// What stands before a place's own name in Vietnamese, and behind it in English; lower case. The
// longer ones come first where one begins with the other.
constexpr std::array<std::string_view, 8> kBefore = {
    "thành phố ", "thị trấn ", "thị xã ", "phường ", "huyện ", "quận ", "tỉnh ", "xã "};
constexpr std::array<std::string_view, 7> kBehind = {
    " province", " township", " district", " commune", " city", " town", " ward"};

// "Yên Mô" of "huyện Yên Mô" and "Yên Mô district", in lower case.
std::string own_name(std::string_view name) {
    const auto folded = to_folded(name);
    if (!folded) return std::string(name);
    std::string_view own = *folded;
    for (const std::string_view word : kBefore) {
        if (own.starts_with(word)) return std::string(own.substr(word.size()));
    }
    for (const std::string_view word : kBehind) {
        if (own.ends_with(word)) return std::string(own.substr(0, own.size() - word.size()));
    }
    return std::string(own);
}

}  // namespace

Places::Places(const registry::Registry& registry) : registry_(registry) {
    for (const registry::Territory& row : registry.data().territories) {
        for (const registry::Names& names : row.names) {
            by_name_.emplace(names.vi, Called{&row, names.vi, names.from});
            if (names.en.empty() || names.en == names.vi) continue;
            by_name_.emplace(names.en, Called{&row, names.vi, names.from});
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
        const auto& [row, name_vi, from] = found_name->second;
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

Result<std::string> Places::meant(std::string_view text) const {
    for (const registry::Territory& row : registry_.data().territories) {
        if (row.code == text) return std::string(text);
    }
    for (const auto& [name, called] : by_name_) {
        if (match_of(text, name) != Match::none) return std::string(text);
    }
    for (const Match wanted : {Match::full, Match::bare}) {
        std::set<std::string_view> codes;
        std::set<std::string_view> names;
        std::set<std::string> candidates;
        for (const auto& [name, called] : by_name_) {
            if (match_of(text, own_name(name)) != wanted) continue;
            codes.insert(called.row->code);
            names.insert(called.name_vi);
            candidates.insert(std::string(called.name_vi) + " (" + called.row->code + ")");
        }
        if (codes.size() == 1) return std::string(*codes.begin());
        if (names.size() == 1) return std::string(*names.begin());
        if (candidates.empty()) continue;
        std::string all;
        for (const std::string& one : candidates) all += (all.empty() ? "" : ", ") + one;
        return fail(Code::bad_argument, "several places are called so: " + all, "--territory");
    }
    return fail(
        Code::not_found, "no place of this name or code: " + std::string(text), "--territory");
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
