// SPDX-License-Identifier: Apache-2.0
// Quantity: a number as a report claims it, and the sum of such claims.
// A sum keeps what its parts claimed apart and names the qualifier only at the end, so the order
// and the grouping of additions never change a result.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lienthong::outreach {

enum class Qualifier : std::uint8_t { exact, at_least, nearly, about, range, not_stated };

std::string_view name(Qualifier qualifier);  // "at_least"
std::optional<Qualifier> maybe_qualifier(std::string_view name);

// What a count under disclosure control says of its cell. The four never mix: a true zero is a
// number, a suppressed one is known to its publisher and withheld, a rounded one is near the truth,
// an unreported one nobody has counted. `none`: the figure says nothing of a cell.
enum class Cell : std::uint8_t { none, true_zero, suppressed, rounded, not_reported };
std::string_view name(Cell cell);  // "true_zero"; none is ""

// `low` and `high` are equal except for a range, and absent for not_stated. A true zero is a stated
// 0.
struct Quantity {
    std::optional<std::int64_t> low;
    std::optional<std::int64_t> high;
    Qualifier qualifier = Qualifier::not_stated;
    bool operator==(const Quantity&) const = default;

    static Quantity of(std::int64_t value, Qualifier qualifier = Qualifier::exact) {
        return {value, value, qualifier};
    }
    static Quantity between(std::int64_t low, std::int64_t high) {
        return {low, high, Qualifier::range};
    }
};

// exact + exact = exact; exact + at least = at least; exact + nearly = nearly; at least + nearly =
// about; anything + not stated = at least, with a count of what is missing. A range + exact =
// range;
// + at least = at least (its low end); + nearly or about = about.
// A suppressed or unreported cell is missing as what is not stated is, and counted apart: never a
// zero. A rounded one makes no sum exact.
// Sums stop at the largest 64-bit number instead of wrapping.
class Sum {
  public:
    void add(const Quantity& quantity, Cell cell = Cell::none);
    void add(const Sum& other);

    std::uint32_t not_stated() const { return not_stated_; }
    std::uint32_t suppressed() const { return suppressed_; }
    std::uint32_t not_reported() const { return not_reported_; }
    std::uint32_t rounded() const { return rounded_; }  // stated, and in the sum
    bool any_stated() const { return stated_ > 0; }
    Qualifier qualifier() const;
    // Sums of the stated low and high ends, without regard to the qualifier; absent if nothing was
    // stated.
    std::optional<std::int64_t> low() const;
    std::optional<std::int64_t> high() const;
    // The one number to show: absent if nothing was stated, or if low and high differ and neither
    // alone would be true. At least: the low one.
    std::optional<std::int64_t> value() const;
    bool operator==(const Sum&) const = default;

  private:
    std::int64_t low_ = 0;
    std::int64_t high_ = 0;
    std::uint32_t stated_ = 0;
    std::uint32_t not_stated_ = 0;
    std::uint32_t suppressed_ = 0;
    std::uint32_t not_reported_ = 0;
    std::uint32_t rounded_ = 0;
    bool may_be_more_ = false;  // something was "at least" or "about"
    bool may_be_less_ = false;  // something was "nearly" or "about"
    bool has_range_ = false;
};

}  // namespace lienthong::outreach
