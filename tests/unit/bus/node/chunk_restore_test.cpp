// SPDX-License-Identifier: Apache-2.0
// A restored outbox and what it can compare only once its chunks are back.
#include "tests/unit/bus/node/large_sections.hpp"

namespace lienthong::node {
namespace {

class RestoredOutbox : public LargeSections {
  protected:
    // A backup holds the draft; what was sent of it afterwards comes back first.
    void restore_and_compare(bool killed_meanwhile) {
        bus.crash_broker();
        bus.steps(2);
        const auto waiting =
            bus.try_submit("border-guard", {draft("once")}, std::chrono::milliseconds{200});
        ASSERT_TRUE(waiting.has_value());
        const auto backup =
            test::copy_of_tables(bus.node_disk_shared("border-guard"), kTableNames.size());
        ASSERT_TRUE(bus.start_broker());
        ASSERT_TRUE(bus.step_until([&] { return bus.status("border-guard").outbox == 0; }));
        ASSERT_EQ(messages(), 1U);
        bus.put_node_disk("border-guard", backup);
        ASSERT_TRUE(bus.start_node("border-guard"));
        if (killed_meanwhile) {  // when the entry is back and its chunks are not
            ASSERT_TRUE(
                bus.step_until([&] { return rows("border-guard", Tables::in_wanted) == 1; }));
            ASSERT_TRUE(bus.start_node("border-guard"));
        }
        ASSERT_TRUE(bus.step_until([&] { return bus.status("border-guard").outbox == 0; }));
        EXPECT_EQ(messages(), 1U);
        EXPECT_EQ(bus.submit_one("border-guard", draft("once")).state, State::accepted);
        EXPECT_EQ(messages(), 1U) << "the key names it again";
    }
};

TEST_F(RestoredOutbox, DoesNotSendTwiceWhatItCanCompareOnlyWithItsChunks) {
    restore_and_compare(false);
}

TEST_F(RestoredOutbox, RemembersOverARestartWhatItHasNotComparedYet) { restore_and_compare(true); }

}  // namespace
}  // namespace lienthong::node
