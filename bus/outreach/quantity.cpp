// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/quantity.hpp"

#include <array>
#include <limits>
#include <utility>

namespace lienthong::outreach {
namespace {

constexpr std::array<std::pair<Qualifier, std::string_view>, 6> kQualifiers{{
    {Qualifier::exact, "exact"},
    {Qualifier::at_least, "at_least"},
    {Qualifier::nearly, "nearly"},
    {Qualifier::about, "about"},
    {Qualifier::range, "range"},
    {Qualifier::not_stated, "not_stated"},
}};

// Counts are never negative, so stopping at the top keeps addition associative.
std::int64_t add_counts(std::int64_t left, std::int64_t right) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(left, right, &sum)) return std::numeric_limits<std::int64_t>::max();
    return sum;
}

}  // namespace

std::string_view name(Qualifier qualifier) {
    for (const auto& [value, text] : kQualifiers) {
        if (value == qualifier) return text;
    }
    return "not_stated";
}

std::optional<Qualifier> maybe_qualifier(std::string_view name) {
    for (const auto& [value, text] : kQualifiers) {
        if (text == name) return value;
    }
    return std::nullopt;
}

std::string_view name(Cell cell) {
    switch (cell) {
        case Cell::none:
            return "";
        case Cell::true_zero:
            return "true_zero";
        case Cell::suppressed:
            return "suppressed";
        case Cell::rounded:
            return "rounded";
        case Cell::not_reported:
            break;
    }
    return "not_reported";
}

void Sum::add(const Quantity& quantity, Cell cell) {
    // Whatever number stands beside it: a suppressed one must not come out in a sum.
    if (cell == Cell::suppressed || cell == Cell::not_reported) {
        ++(cell == Cell::suppressed ? suppressed_ : not_reported_);
        return;
    }
    if (quantity.qualifier == Qualifier::not_stated || (!quantity.low && !quantity.high)) {
        ++not_stated_;
        return;
    }
    const std::int64_t low = quantity.low ? *quantity.low : *quantity.high;
    const std::int64_t high = quantity.high ? *quantity.high : low;
    low_ = add_counts(low_, low);
    high_ = add_counts(high_, high);
    ++stated_;
    const Qualifier q = quantity.qualifier;
    may_be_more_ |= q == Qualifier::at_least || q == Qualifier::about;
    may_be_less_ |= q == Qualifier::nearly || q == Qualifier::about;
    has_range_ |= q == Qualifier::range;
    if (cell != Cell::rounded) return;
    ++rounded_;
    // A rounded number that claims no more than that may be off either way.
    may_be_more_ |= q == Qualifier::exact;
    may_be_less_ |= q == Qualifier::exact;
}

void Sum::add(const Sum& other) {
    low_ = add_counts(low_, other.low_);
    high_ = add_counts(high_, other.high_);
    stated_ += other.stated_;
    not_stated_ += other.not_stated_;
    suppressed_ += other.suppressed_;
    not_reported_ += other.not_reported_;
    rounded_ += other.rounded_;
    may_be_more_ |= other.may_be_more_;
    may_be_less_ |= other.may_be_less_;
    has_range_ |= other.has_range_;
}

Qualifier Sum::qualifier() const {
    if (stated_ == 0) return Qualifier::not_stated;
    if (not_stated_ + suppressed_ + not_reported_ > 0) return Qualifier::at_least;
    if (may_be_more_ && may_be_less_) return Qualifier::about;
    if (may_be_more_) return Qualifier::at_least;
    if (may_be_less_) return has_range_ ? Qualifier::about : Qualifier::nearly;
    return has_range_ ? Qualifier::range : Qualifier::exact;
}

std::optional<std::int64_t> Sum::low() const {
    return stated_ == 0 ? std::nullopt : std::optional(low_);
}

std::optional<std::int64_t> Sum::high() const {
    return stated_ == 0 ? std::nullopt : std::optional(high_);
}

std::optional<std::int64_t> Sum::value() const {
    if (stated_ == 0) return std::nullopt;
    if (low_ == high_ || qualifier() == Qualifier::at_least) return low_;
    return std::nullopt;
}

}  // namespace lienthong::outreach
