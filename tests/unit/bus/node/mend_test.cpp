// SPDX-License-Identifier: Apache-2.0
// A message that failed a check is asked for again, and taken once it is what the log holds.
#include <algorithm>

#include "tests/unit/bus/node/lying_broker.hpp"

namespace lienthong::node {
namespace {

using State = Outcome::State;
using std::chrono::seconds;

class Mending : public LyingBroker {
  protected:
    static void spoil(message::DeliveredEntry& entry) { entry.sections.at(0).body.back() ^= 1; }
    // Police publishes, and labour gets it spoiled; its position.
    Position spoiled() {
        tell_labour([this](message::Delivery& delivery) {
            spoiled_ = delivery.entries.front().position;
            spoil(delivery.entries.front());
        });
        return spoiled_;
    }
    std::size_t doubtful() { return bus.status("labour").doubtful; }

  private:
    Position spoiled_ = 0;  // the lie is told until honest()
};

TEST_F(Mending, AtTheNextStartItIsTakenAndThatIsSaid) {
    const Position position = spoiled();
    honest();
    EXPECT_EQ(doubtful(), 1U);
    EXPECT_TRUE(bus.inbox("labour").empty());
    const Outcome later = publish();
    ASSERT_TRUE(bus.catch_up("labour"));
    ASSERT_TRUE(bus.start_node("labour"));
    EXPECT_EQ(doubtful(), 1U) << "it is on the disk";
    ASSERT_TRUE(bus.step_until([&] { return doubtful() == 0; }));
    const auto inbox = bus.inbox("labour");
    ASSERT_EQ(inbox.size(), 2U);
    EXPECT_EQ(inbox.front().position, position);
    EXPECT_EQ(inbox.back().header.id, later.id);
    EXPECT_TRUE(bus.has_alarm("labour", "entry_mended position=" + std::to_string(position)));
    EXPECT_FALSE(bus.has_alarm("labour", "repeated_entry"));
    EXPECT_TRUE(bus.node("labour").message(inbox.front().header.id).has_value());
    publish();
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.inbox("labour").size(), 3U);
}

TEST_F(Mending, ItIsAskedForAfterFiveMinutes) {
    spoiled();
    honest();
    const auto begun = bus.clock().monotonic();
    ASSERT_TRUE(bus.step_until([&] { return doubtful() == 0; }, 12'000));
    EXPECT_GE(bus.clock().monotonic() - begun, seconds{290});
    EXPECT_LE(bus.clock().monotonic() - begun, seconds{310});
    EXPECT_EQ(bus.inbox("labour").size(), 1U);
}

TEST_F(Mending, AnotherDoubtDoesNotPutItOff) {
    spoiled();
    bus.clock().advance(std::chrono::minutes{4});
    spoiled();
    honest();
    EXPECT_EQ(doubtful(), 2U);
    bus.clock().advance(std::chrono::minutes{1} + seconds{1});
    EXPECT_TRUE(bus.step_until([&] { return doubtful() == 0; }, 200));
}

TEST_F(Mending, AConnectionAloneAsksForNothing) {
    spoiled();
    honest();
    const auto key = world().member("labour").curve.public_key().raw();
    for (int i = 0; i < 5; ++i) {
        bus.hub().cut(key);
        bus.clock().advance(std::chrono::seconds{31});
        bus.steps(20);
        bus.hub().heal(key);
        bus.steps(20);
    }
    EXPECT_EQ(doubtful(), 1U);
}

// Each attempt at a message of a case stands in the log.
TEST_F(Mending, WhatStaysSpoiledIsAskedForMoreAndMoreRarely) {
    const Position position = spoiled();
    std::size_t asked = 0;
    lie<message::Delivery>([&](message::Delivery& delivery) {
        if (delivery.from != position || delivery.entries.empty()) return;
        ++asked;
        spoil(delivery.entries.front());
        test::sign_delivery(delivery);
    });
    for (int minute = 0; minute < 8 * 60; ++minute) {
        bus.clock().advance(std::chrono::minutes{1});
        bus.steps(4);
    }
    EXPECT_GE(asked, 8U);
    EXPECT_LE(asked, 12U) << "after 5, 15, 35 and 75 minutes, then each hour";
    EXPECT_EQ(doubtful(), 1U);
}

// What the broker holds of an own message its receipt says.
TEST_F(Mending, AnOwnMessageThatCameSpoiledCanBeCorrected) {
    lie<message::Delivery>([](message::Delivery& delivery) {
        for (auto& entry : delivery.entries) spoil(entry);
        test::sign_delivery(delivery);
    });
    Draft own = test::draft(Kind::outreach_report);
    own.key = "a";
    ASSERT_EQ(bus.submit_one("labour", own).state, State::accepted);
    ASSERT_TRUE(bus.step_until([&] { return doubtful() == 1; }));
    own.corrects = true;
    own.facts.reset();
    own.unit = UnitId::of("another");
    const auto corrected = bus.try_submit("labour", {own}, seconds{10});
    ASSERT_TRUE(corrected.has_value());
    EXPECT_EQ(corrected->front().state, State::accepted);
}

// The broker signs that it has nothing here for this agency now.
TEST_F(Mending, WhatIsNotGrantedAnyMoreIsGivenUp) {
    const Position position = spoiled();
    honest();
    auto policy = world().policy;
    std::erase_if(policy.grants, [](const policy::Grant& grant) {
        return grant.id == "outreach-read" || grant.id == "outreach-read-partner";
    });
    ASSERT_TRUE(bus.adopt("police", world().policy_document(policy, 2)).has_value());
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(bus.step_until([&] { return doubtful() == 0; }));
    EXPECT_TRUE(bus.has_alarm("labour", "entry_not_granted position=" + std::to_string(position)));
    EXPECT_TRUE(bus.inbox("labour").empty());
}

TEST_F(Mending, ARestartAsksOnceAndThenAsRarely) {
    const Position position = spoiled();
    std::size_t asked = 0;
    lie<message::Delivery>([&](message::Delivery& delivery) {
        if (delivery.from != position || delivery.entries.empty()) return;
        ++asked;
        spoil(delivery.entries.front());
        test::sign_delivery(delivery);
    });
    ASSERT_TRUE(bus.start_node("labour"));
    bus.steps(200);
    EXPECT_EQ(asked, 1U);
}

// A broker that spoils an own message and then signs that nothing is there.
TEST_F(Mending, AnOwnMessageIsNotGivenUpQuietly) {
    lie<message::Delivery>([](message::Delivery& delivery) {
        for (auto& entry : delivery.entries) spoil(entry);
        test::sign_delivery(delivery);
    });
    const Outcome own = bus.submit_one("labour", test::draft(Kind::outreach_report));
    ASSERT_EQ(own.state, State::accepted);
    ASSERT_TRUE(bus.step_until([&] { return doubtful() == 1; }));
    lie<message::Delivery>([](message::Delivery& delivery) {
        delivery.entries.clear();
        test::sign_delivery(delivery);
    });
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(bus.step_until([&] { return doubtful() == 0; }));
    EXPECT_TRUE(
        bus.has_alarm("labour", "own_entry_missing position=" + std::to_string(own.position)));
}

TEST_F(Mending, WhatIsStillSpoiledStaysDoubtful) {
    const Position position = spoiled();
    ASSERT_TRUE(bus.start_node("labour"));
    bus.steps(50);
    EXPECT_EQ(doubtful(), 1U);
    EXPECT_TRUE(bus.inbox("labour").empty());
    EXPECT_FALSE(bus.has_alarm("labour", "entry_mended"));
    EXPECT_EQ(bus.status("labour").alarms.size(), 1U) << "said once, at " << position;
}

// One that was held back before is a true message, but not the one of that place.
TEST_F(Mending, AnotherMessageIsNotTakenInItsPlace) {
    message::DeliveredEntry held_back;
    tell_labour([&](message::Delivery& delivery) {
        held_back = delivery.entries.front();
        delivery.entries.clear();
    });
    honest();
    const Position position = spoiled();
    lie<message::Delivery>([&](message::Delivery& delivery) {
        if (delivery.consumer != "mend") return;
        delivery.entries = {held_back};
        delivery.entries.front().position = position;
        test::sign_delivery(delivery);
    });
    ASSERT_TRUE(bus.start_node("labour"));
    bus.steps(50);
    EXPECT_EQ(doubtful(), 1U);
    EXPECT_TRUE(bus.inbox("labour").empty());
}

TEST_F(Mending, AnOwnMessageThatIsDoubtfulIsNotMissing) {
    lie<message::Delivery>([](message::Delivery& delivery) {
        for (auto& entry : delivery.entries) spoil(entry);
        test::sign_delivery(delivery);
    });
    ASSERT_EQ(bus.submit_one("labour", test::draft(Kind::outreach_report)).state, State::accepted);
    bus.steps(20);
    EXPECT_EQ(doubtful(), 1U);
    EXPECT_FALSE(bus.has_alarm("labour", "own_entry_missing"));
    honest();
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(bus.step_until([&] { return doubtful() == 0; }));
    EXPECT_EQ(bus.inbox("labour").size(), 1U);
    EXPECT_FALSE(bus.has_alarm("labour", "own_entry_missing"));
}

TEST_F(Mending, SoManyAreAskedForAndNoMore) {
    ASSERT_TRUE(bus.catch_up("labour"));
    bus.crash_node("labour");
    const auto fill = [&](Position first, std::size_t count) {
        const auto journal = journal::open_memory(bus.node_disk_shared("labour"));
        const NodeKeys keys = world().node_keys("labour");
        ASSERT_TRUE(journal->acquire().has_value());
        auto txn = journal->begin_write().value();
        WriteStore store(*txn, keys.master, bus.random());
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_TRUE(store.put_doubtful(first + i, Code::bad_digest).has_value());
        }
        ASSERT_TRUE(txn->commit().has_value());
    };
    fill(1'000'000, 1023);
    ASSERT_TRUE(bus.start_node("labour"));
    spoiled();
    EXPECT_EQ(doubtful(), 1024U);
    EXPECT_FALSE(bus.has_alarm("labour", "too_many_doubtful"));
    spoiled();
    EXPECT_EQ(doubtful(), 1024U);
    EXPECT_TRUE(bus.has_alarm("labour", "too_many_doubtful"));
}

}  // namespace
}  // namespace lienthong::node
