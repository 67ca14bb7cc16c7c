// SPDX-License-Identifier: Apache-2.0
// What an honest broker leaves out raises no alarm at the node.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/small_bus.hpp"

namespace lienthong::node {
namespace {

using message::Kind;
using test::SmallBus;
using test::world;

TEST(Receiving, AStreamOfWhichVeryMuchWasSkippedHasNoGap) {
    SmallBus bus({.nodes = {"labour", "police"}});
    const std::size_t count = message::kEntrySkippedMax + 1;
    ASSERT_TRUE(bus.catch_up("labour"));
    bus.crash_node("labour");
    const auto outcomes =
        bus.submit("police", std::vector<Draft>(count, test::draft(Kind::outreach_report)));
    ASSERT_EQ(outcomes.back().state, Outcome::State::accepted);
    auto policy = world().policy;
    std::erase_if(policy.grants, [](const policy::Grant& grant) {
        return grant.id == "outreach-read" || grant.id == "outreach-read-partner";
    });
    ASSERT_TRUE(bus.adopt("police", world().policy_document(policy, 2)).has_value());
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(bus.catch_up("labour"));
    ASSERT_TRUE(bus.adopt("police", world().policy_document(world().policy, 3)).has_value());
    ASSERT_TRUE(bus.catch_up("police"));
    const Outcome next = bus.submit_one("police", test::draft(Kind::outreach_report));
    ASSERT_EQ(next.state, Outcome::State::accepted);
    EXPECT_EQ(next.id.stream, outcomes.front().id.stream);
    EXPECT_EQ(next.id.sequence, count + 1);
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.inbox("labour").size(), 1U);
    EXPECT_TRUE(bus.status("labour").alarms.empty());
}

}  // namespace
}  // namespace lienthong::node
