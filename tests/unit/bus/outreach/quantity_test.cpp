// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/quantity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>
#include <vector>

namespace lienthong::outreach {
namespace {

Sum sum_of(std::initializer_list<Quantity> quantities) {
    Sum sum;
    for (const Quantity& quantity : quantities) sum.add(quantity);
    return sum;
}

const Quantity kExact = Quantity::of(100);
const Quantity kAtLeast = Quantity::of(10, Qualifier::at_least);
const Quantity kNearly = Quantity::of(1300, Qualifier::nearly);
const Quantity kAbout = Quantity::of(50, Qualifier::about);
const Quantity kRange = Quantity::between(18, 24);
const Quantity kMissing{};

TEST(Sum, KeepsTheQualifierThatItMayClaim) {
    EXPECT_EQ(sum_of({kExact, kExact}).qualifier(), Qualifier::exact);
    EXPECT_EQ(sum_of({kExact, kAtLeast}).qualifier(), Qualifier::at_least);
    EXPECT_EQ(sum_of({kExact, kNearly}).qualifier(), Qualifier::nearly);
    EXPECT_EQ(sum_of({kAtLeast, kNearly}).qualifier(), Qualifier::about);
    EXPECT_EQ(sum_of({kAbout, kExact}).qualifier(), Qualifier::about);
    EXPECT_EQ(sum_of({kRange}).qualifier(), Qualifier::range);
    EXPECT_EQ(sum_of({kRange, kExact}).qualifier(), Qualifier::range);
    EXPECT_EQ(sum_of({kRange, kAtLeast}).qualifier(), Qualifier::at_least);
    EXPECT_EQ(sum_of({kRange, kNearly}).qualifier(), Qualifier::about);
    EXPECT_EQ(sum_of({kMissing}).qualifier(), Qualifier::not_stated);
}

TEST(Sum, IsAtLeastWhenAnythingIsNotStated) {
    for (const Quantity& stated : {kExact, kAtLeast, kNearly, kAbout, kRange}) {
        const Sum sum = sum_of({stated, kMissing});
        EXPECT_EQ(sum.qualifier(), Qualifier::at_least);
        EXPECT_EQ(sum.not_stated(), 1U);
        EXPECT_EQ(sum.value(), stated.low);
    }
}

TEST(Sum, TakesASuppressedOrUnreportedCellForMissingAndNeverForZero) {
    Sum sum;
    sum.add(kExact);
    sum.add(kMissing, Cell::suppressed);
    sum.add(kMissing, Cell::not_reported);
    EXPECT_EQ(sum.qualifier(), Qualifier::at_least);
    EXPECT_EQ(sum.value(), 100);
    EXPECT_EQ(sum.suppressed(), 1U);
    EXPECT_EQ(sum.not_reported(), 1U);
    EXPECT_EQ(sum.not_stated(), 0U) << "what was withheld is counted apart";
    Sum withheld;
    withheld.add(Quantity::of(7), Cell::suppressed);
    EXPECT_EQ(withheld.value(), std::nullopt) << "a number beside it does not come out";
    EXPECT_EQ(withheld.qualifier(), Qualifier::not_stated);
    withheld.add(sum);
    EXPECT_EQ(withheld.suppressed(), 2U);
    EXPECT_EQ(withheld.not_reported(), 1U);
    EXPECT_EQ(withheld.value(), 100);
}

TEST(Sum, WithARoundedCellIsNotExact) {
    for (const Quantity& rounded : {kExact, kAbout}) {
        Sum sum;
        sum.add(kExact);
        sum.add(rounded, Cell::rounded);
        EXPECT_EQ(sum.qualifier(), Qualifier::about);
        EXPECT_EQ(sum.rounded(), 1U);
    }
    Sum zero;
    zero.add(Quantity::of(0), Cell::true_zero);
    EXPECT_EQ(zero.qualifier(), Qualifier::exact);
    EXPECT_EQ(zero.value(), 0);
    EXPECT_EQ(zero.rounded() + zero.suppressed() + zero.not_reported(), 0U);
}

TEST(Sum, OfNothingStatedHasNoNumber) {
    const Sum sum = sum_of({kMissing, kMissing});
    EXPECT_EQ(sum.value(), std::nullopt);
    EXPECT_EQ(sum.low(), std::nullopt);
    EXPECT_EQ(sum.high(), std::nullopt);
    EXPECT_EQ(sum.not_stated(), 2U);
    EXPECT_FALSE(sum.any_stated());
}

TEST(Sum, KnowsATrueZeroFromNothing) {
    const Sum sum = sum_of({Quantity::of(0)});
    EXPECT_EQ(sum.value(), 0);
    EXPECT_EQ(sum.qualifier(), Qualifier::exact);
}

TEST(Sum, OfARangeHasTwoEndsAndNoSingleValue) {
    const Sum sum = sum_of({kRange, kExact});
    EXPECT_EQ(sum.low(), 118);
    EXPECT_EQ(sum.high(), 124);
    EXPECT_EQ(sum.value(), std::nullopt);
}

TEST(Sum, StopsAtTheLargestNumber) {
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(sum_of({Quantity::of(kMax - 1), Quantity::of(1)}).value(), kMax);
    EXPECT_EQ(sum_of({Quantity::of(kMax), Quantity::of(1)}).value(), kMax);
}

TEST(Sum, DoesNotDependOnOrderOrGrouping) {
    std::mt19937_64 random(2021);
    const std::array kinds{kExact, kAtLeast, kNearly, kAbout, kRange, kMissing};
    for (int round = 0; round < 2000; ++round) {
        std::vector<Quantity> quantities;
        const std::size_t count = 1 + random() % 8;
        for (std::size_t i = 0; i < count; ++i)
            quantities.push_back(kinds[random() % kinds.size()]);
        Sum in_order;
        for (const Quantity& quantity : quantities) in_order.add(quantity);

        std::ranges::shuffle(quantities, random);
        const std::size_t cut = random() % (count + 1);
        Sum left;
        Sum right;
        for (std::size_t i = 0; i < count; ++i) (i < cut ? left : right).add(quantities[i]);
        Sum left_first = left;
        left_first.add(right);
        Sum right_first = right;
        right_first.add(left);
        ASSERT_EQ(left_first, in_order);
        ASSERT_EQ(right_first, in_order);
        ASSERT_EQ(left_first.qualifier(), in_order.qualifier());
    }
}

TEST(Qualifier, HasOneNameForEachAndBack) {
    for (const Qualifier qualifier : {Qualifier::exact,
                                      Qualifier::at_least,
                                      Qualifier::nearly,
                                      Qualifier::about,
                                      Qualifier::range,
                                      Qualifier::not_stated}) {
        EXPECT_EQ(maybe_qualifier(name(qualifier)), qualifier);
    }
    EXPECT_EQ(maybe_qualifier("roughly"), std::nullopt);
}

}  // namespace
}  // namespace lienthong::outreach
