// SPDX-License-Identifier: Apache-2.0
// Many seeds of one province. A failing one is repeated with LT_SEED=<seed>.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/sim/province.hpp"

namespace lienthong::test {
namespace {

constexpr std::uint64_t kSeeds = 40;
constexpr std::size_t kStepsWithFaults = 500;
constexpr std::size_t kAcceptedMin = 30;  // less would be a test of silence

std::string repeat_with(std::uint64_t seed) {
    return "seed " + std::to_string(seed) + "; repeat with: LT_SEED=" + std::to_string(seed) +
           " ./first_test --gtest_filter=Province.*";
}

void run(std::uint64_t seed) {
    SCOPED_TRACE(repeat_with(seed));
    Province province(seed);
    province.run_with_faults(kStepsWithFaults);
    ASSERT_NO_FATAL_FAILURE(province.settle());
    province.check();
    EXPECT_GE(province.accepted(), kAcceptedMin);
}

std::optional<std::uint64_t> wanted_seed() {
    const char* const text = std::getenv("LT_SEED");
    if (text == nullptr) return std::nullopt;
    return std::strtoull(text, nullptr, 10);
}

TEST(Province, TellsEverybodyTheSameTruthWhateverBreaks) {
    if (const auto seed = wanted_seed()) {
        run(*seed);
        return;
    }
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        run(seed);
        if (testing::Test::HasFailure()) {
            ADD_FAILURE() << repeat_with(seed);
            return;
        }
    }
}

TEST(Province, TakesTheSameCourseForTheSameSeed) {
    std::string traces[2];
    for (std::string& trace : traces) {
        Province province(wanted_seed().value_or(1));
        province.run_with_faults(kStepsWithFaults / 2);
        trace = province.trace();
    }
    EXPECT_EQ(traces[0], traces[1]);
    EXPECT_GT(traces[0].size(), 200U);
}

}  // namespace
}  // namespace lienthong::test
