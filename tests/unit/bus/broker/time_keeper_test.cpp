// SPDX-License-Identifier: Apache-2.0
#include "bus/broker/time_keeper.hpp"

#include <gtest/gtest.h>

namespace lienthong::broker {
namespace {

using namespace std::chrono_literals;

constexpr Millis kStart = 1'609'459'200'000;

class Time : public testing::Test {
  protected:
    Time() { keeper.start(kStart - 1000); }

    ManualClock clock{kStart};
    TimeKeeper keeper{clock};
};

TEST_F(Time, StartsAtTheWallClock) {
    EXPECT_EQ(keeper.now(), kStart);
    EXPECT_FALSE(keeper.held());
}

TEST_F(Time, AdvancesWithTheMonotonicClock) {
    clock.advance(1234ms);
    EXPECT_EQ(keeper.now(), kStart + 1234);
}

TEST_F(Time, FollowsAStepOfAtMostThirtySeconds) {
    clock.step_wall(30'000ms);
    EXPECT_EQ(keeper.now(), kStart + 30'000);
    EXPECT_FALSE(keeper.held());
}

TEST_F(Time, HoldsALargerStep) {
    clock.step_wall(30'001ms);
    EXPECT_EQ(keeper.now(), kStart);
    EXPECT_TRUE(keeper.held());
    clock.advance(500ms);
    EXPECT_EQ(keeper.now(), kStart + 500) << "monotonic time goes on";
    EXPECT_TRUE(keeper.held());
}

TEST_F(Time, GoesOnWhenTheOperatorSetsTheClockBackAgain) {
    clock.step_wall(1h);
    keeper.now();
    EXPECT_TRUE(keeper.held());
    clock.step_wall(-1h);
    EXPECT_EQ(keeper.now(), kStart);
    EXPECT_FALSE(keeper.held());
}

TEST_F(Time, NeverGoesBack) {
    clock.advance(10s);
    EXPECT_EQ(keeper.now(), kStart + 10'000);
    clock.step_wall(-5s);
    EXPECT_EQ(keeper.now(), kStart + 10'000);
    clock.advance(4s);
    EXPECT_EQ(keeper.now(), kStart + 10'000) << "the wall clock is still behind";
    clock.advance(2s);
    EXPECT_EQ(keeper.now(), kStart + 11'000);
    clock.step_wall(-1h);
    EXPECT_EQ(keeper.now(), kStart + 11'000);
    EXPECT_TRUE(keeper.held());
}

TEST_F(Time, IsNotBeforeTheLastEntry) {
    TimeKeeper after_restart(clock);
    after_restart.start(kStart + 20'000);
    EXPECT_EQ(after_restart.now(), kStart + 20'000);
    EXPECT_FALSE(after_restart.held());
    TimeKeeper far_behind(clock);
    far_behind.start(kStart + 30'001);
    EXPECT_TRUE(far_behind.held());
    EXPECT_EQ(far_behind.now(), kStart + 30'001);
}

}  // namespace
}  // namespace lienthong::broker
