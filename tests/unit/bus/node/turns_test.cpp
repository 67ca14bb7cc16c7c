// SPDX-License-Identifier: Apache-2.0
// What waits by itself lets others pass, but nothing of its own case.
#include "bus/node/turns.hpp"

#include <gtest/gtest.h>

namespace lienthong::node {
namespace {

using std::chrono::seconds;

class TurnsTest : public testing::Test {
  protected:
    TurnsTest() { case_id.bytes[0] = 1; }

    const Turns::Time now{seconds{100}};
    CaseId case_id;
    Turns turns;
};

TEST_F(TurnsTest, WhatWaitsHoldsItsCasesAndItsStreamUntilItsTime) {
    turns.put_aside(MessageId{7, 3}, {case_id}, now + seconds{5}, Code::overloaded);
    EXPECT_FALSE(turns.may_go(MessageId{7, 3}, now));
    EXPECT_TRUE(turns.may_go(MessageId{7, 3}, now + seconds{5}));
    EXPECT_TRUE(turns.may_go(MessageId{8, 1}, now));
    EXPECT_TRUE(turns.holds(case_id));
    EXPECT_FALSE(turns.holds(CaseId{}));
    EXPECT_TRUE(turns.holds(7));
    EXPECT_FALSE(turns.holds(6));
    EXPECT_FALSE(turns.holds(8));
    EXPECT_EQ(turns.maybe_why({7, 3}), Code::overloaded);
    EXPECT_EQ(turns.maybe_why({7, 4}), Code::overloaded) << "a later one of its batch";
    EXPECT_EQ(turns.maybe_why({7, 2}), std::nullopt);
    EXPECT_EQ(turns.maybe_why({8, 4}), std::nullopt);
    turns.forget(MessageId{7, 3});
    EXPECT_TRUE(turns.empty());
}

TEST_F(TurnsTest, CourtesyIsForOneTurn) {
    turns.put_aside(MessageId{7, 3}, {case_id}, now, std::nullopt);
    EXPECT_FALSE(turns.may_go(MessageId{7, 3}, now + seconds{60})) << "others first";
    turns.put_aside(MessageId{9, 1}, {}, now + seconds{5}, Code::overloaded);
    EXPECT_TRUE(turns.end_courtesy());
    EXPECT_TRUE(turns.may_go(MessageId{7, 3}, now));
    EXPECT_FALSE(turns.may_go(MessageId{9, 1}, now));
    EXPECT_FALSE(turns.end_courtesy());
}

TEST_F(TurnsTest, DraftsWaitUntilTheirTime) {
    turns.put_aside(4, now + seconds{1});
    EXPECT_FALSE(turns.may_go(4, now));
    EXPECT_TRUE(turns.may_go(4, now + seconds{1}));
    EXPECT_TRUE(turns.may_go(5, now));
    turns.forget(4);
    EXPECT_TRUE(turns.empty());
}

}  // namespace
}  // namespace lienthong::node
