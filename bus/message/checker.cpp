// SPDX-License-Identifier: Apache-2.0
#include "bus/message/checker.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "bus/base/text.hpp"

namespace lienthong::message {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// All of `text` as a number of exactly its digits, or -1.
int number_of(std::string_view text) {
    if (!std::ranges::all_of(text, is_digit)) return -1;
    int value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

constexpr int kYearMin = 1900;
constexpr int kYearMax = 2199;

bool is_year(std::string_view text) {
    const int year = number_of(text);
    return text.size() == 4 && year >= kYearMin && year <= kYearMax;
}

bool is_control(unsigned char c) {
    return (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f;
}

// U+0080 to U+009F, which terminals obey as they do the first 32.
bool has_c1_control(std::string_view text) {
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const auto first = static_cast<unsigned char>(text[i]);
        const auto second = static_cast<unsigned char>(text[i + 1]);
        if (first == 0xc2 && second >= 0x80 && second <= 0x9f) return true;
    }
    return false;
}

}  // namespace

Checker::Scope::Scope(Checker& checker, std::string_view field, std::ptrdiff_t index)
    : checker_(checker) {
    checker_.path_.push_back({field, index});
}

Result<void> Checker::result() && {
    if (fault_) return std::unexpected(std::move(*fault_));
    return {};
}

void Checker::fail(std::string_view field, std::string_view why, Code code) {
    if (fault_) return;
    std::string where;
    for (const Step& step : path_) {
        if (!where.empty()) where += '.';
        where += step.field;
        if (step.index >= 0) where += '[' + std::to_string(step.index) + ']';
    }
    if (!field.empty()) {
        if (!where.empty()) where += '.';
        where += field;
    }
    fault_ = Error{code, std::string(why), std::move(where), {}};
}

void Checker::check_text(std::string_view field,
                         std::string_view value,
                         std::size_t characters_max) {
    if (!ok()) return;
    const auto characters = std::ranges::count_if(value, [](char c) { return (c & 0xc0) != 0x80; });
    if (static_cast<std::size_t>(characters) > characters_max) return fail(field, "is too long");
    if (value.size() > text_bytes_left_) return fail(field, "repeats a text too often");
    text_bytes_left_ -= value.size();
    const auto byte = [](char c) { return static_cast<unsigned char>(c); };
    if (std::ranges::any_of(value, is_control, byte) || has_c1_control(value)) {
        return fail(field, "has a control character");
    }
    if (std::ranges::all_of(value, [](unsigned char c) { return c < 0x80; }, byte)) return;
    const auto composed = to_nfc(value);
    if (!composed) return fail(field, "is not UTF-8");
    if (*composed != value) fail(field, "is not in normal form C");
}

bool Checker::is_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !is_year(text.substr(0, 4))) {
        return false;
    }
    const int month = number_of(text.substr(5, 2));
    const int day = number_of(text.substr(8, 2));
    if (month < 1 || day < 1) return false;
    return std::chrono::year_month_day(std::chrono::year(number_of(text.substr(0, 4))),
                                       std::chrono::month(static_cast<unsigned>(month)),
                                       std::chrono::day(static_cast<unsigned>(day)))
        .ok();
}

bool Checker::is_partial_date(std::string_view text) {
    if (text.size() == 4) return is_year(text);
    if (text.size() == 7) return is_date(std::string(text) + "-01");
    return is_date(text);
}

bool Checker::is_country(std::string_view text) {
    return text.size() == 2 &&
           std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool Checker::is_phone(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    if (text.size() < 3 || text.size() > 20) return false;
    return std::ranges::all_of(text, [](char c) { return is_digit(c) || c == ' ' || c == '.'; });
}

}  // namespace lienthong::message
