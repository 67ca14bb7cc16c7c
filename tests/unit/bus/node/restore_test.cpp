// SPDX-License-Identifier: Apache-2.0
// An outbox that was restored from a copy says nothing twice, whatever became of its messages after
// the copy was made; and what a node keeps of its troubles is bounded.
#include <gtest/gtest.h>

#include "bus/base/check.hpp"
#include "security/keys/digest.hpp"
#include "tests/unit/bus/node/lying_broker.hpp"

namespace lienthong::node {
namespace {

using State = Outcome::State;

class RestoredOutbox : public LyingBroker {
  protected:
    // A draft waits, composed or not; a copy of the disk as it is then.
    void copy_while_it_waits(bool composed) {
        const auto labour = world().member("labour").curve.public_key().raw();
        if (composed) {
            bus.hub().cut(labour);
        } else {
            bus.crash_broker();
        }
        bus.steps(2);
        draft_ = test::draft(Kind::outreach_report);
        draft_.key = "a";
        std::vector<Draft> drafts;  // one batch at a time is composed
        if (!composed) drafts.push_back(test::draft(Kind::province_summary));
        drafts.push_back(draft_);
        said_ = drafts.size();
        const auto waiting = bus.try_submit("labour", drafts, std::chrono::milliseconds{200});
        ASSERT_TRUE(waiting.has_value());
        ASSERT_EQ(waiting->back().state, State::waiting);
        ASSERT_EQ(!waiting->back().id.is_none(), composed);
        backup_ = test::copy_of_tables(bus.node_disk_shared("labour"), kTableNames.size());
        if (composed) {
            bus.hub().heal(labour);
        } else {
            ASSERT_TRUE(bus.start_broker());
        }
    }
    bool gone() {
        return bus.step_until([&] { return bus.status("labour").outbox == 0; });
    }
    void restore() {
        bus.put_node_disk("labour", backup_);
        ASSERT_TRUE(bus.start_node("labour"));
    }
    void expect_said_once() {
        EXPECT_EQ(messages(), said_);
        EXPECT_EQ(bus.submit_one("labour", draft_).state, State::accepted);
        EXPECT_EQ(messages(), said_) << "the key names it again";
        EXPECT_EQ(publish_own().state, State::accepted);
    }
    Outcome publish_own() { return bus.submit_one("labour", test::draft(Kind::outreach_report)); }
    static Bytes wider_policy(std::uint32_t version) {
        auto policy = world().policy;
        for (policy::Grant& grant : policy.grants) {
            if (grant.id == "outreach-read") {
                grant.roles.push_back(Role::of("reintegration-partner"));
            }
        }
        return world().policy_document(policy, version);
    }

    std::size_t said_ = 0;  // messages of labour

  private:
    Draft draft_;
    std::shared_ptr<journal::MemoryDisk> backup_;
};

// The batch of the copy was never taken: its draft left in another one.
TEST_F(RestoredOutbox, DoesNotSendAgainWhatWasSealedAnew) {
    const auto labour = world().member("labour").curve.public_key().raw();
    copy_while_it_waits(true);
    bus.hub().cut(labour);
    ASSERT_TRUE(bus.adopt("police", wider_policy(2)).has_value());
    bus.hub().heal(labour);
    ASSERT_TRUE(gone());
    ASSERT_EQ(messages(), 1U);
    restore();
    ASSERT_TRUE(gone());
    expect_said_once();
    EXPECT_TRUE(bus.status("labour").alarms.empty());
}

// Two drafts that say the same, one in a batch of the copy and one not: each keeps its own number.
TEST_F(RestoredOutbox, TellsApartWhatSaysTheSame) {
    bus.crash_broker();
    bus.steps(2);
    Draft first = test::draft(Kind::outreach_report);
    first.key = "a";
    Draft second = test::draft(Kind::outreach_report);
    second.key = "b";
    ASSERT_TRUE(bus.try_submit("labour", {first}, std::chrono::milliseconds{200}).has_value());
    ASSERT_TRUE(bus.try_submit("labour", {second}, std::chrono::milliseconds{200}).has_value());
    const auto backup = test::copy_of_tables(bus.node_disk_shared("labour"), kTableNames.size());
    ASSERT_TRUE(bus.start_broker());
    ASSERT_TRUE(gone());
    const Outcome one = bus.submit_one("labour", first);
    const Outcome other = bus.submit_one("labour", second);
    ASSERT_NE(one.id, other.id);
    bus.put_node_disk("labour", backup);
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(gone());
    EXPECT_EQ(messages(), 2U);
    for (const auto& [draft, before] : {std::pair{first, one}, std::pair{second, other}}) {
        const Outcome again = bus.submit_one("labour", draft);
        EXPECT_EQ(again.id, before.id);
        EXPECT_EQ(again.position, before.position);
    }
    EXPECT_EQ(messages(), 2U);
}

// Its own entry came back spoiled: nothing leaves before it is known what it was.
TEST_F(RestoredOutbox, DoesNotSendAgainWhatCameBackSpoiled) {
    copy_while_it_waits(false);
    ASSERT_TRUE(gone());
    ASSERT_EQ(messages(), said_);
    const auto spoil = [](message::Delivery& delivery) {
        for (auto& entry : delivery.entries) {
            if (static_cast<proof::EntryKind>(entry.kind) != proof::EntryKind::message) continue;
            entry.sections.at(0).body.back() ^= 1;
        }
        test::sign_delivery(delivery);
    };
    lie<message::Delivery>(spoil);
    restore();
    ASSERT_TRUE(bus.step_until([&] { return bus.status("labour").doubtful == 2; }));
    bus.steps(200);
    EXPECT_EQ(messages(), said_);
    EXPECT_EQ(bus.status("labour").outbox, 2U);
    ASSERT_TRUE(bus.start_node("labour")) << "it is known over a restart";
    bus.steps(200);
    EXPECT_EQ(messages(), said_);
    honest();
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(gone());
    expect_said_once();
}

TEST_F(RestoredOutbox, IsRestoredOnce) {
    copy_while_it_waits(false);
    ASSERT_TRUE(gone());
    restore();
    ASSERT_TRUE(gone());
    expect_said_once();
    ASSERT_TRUE(bus.catch_up("labour"));
    bus.crash_node("labour");
    ASSERT_EQ(publish().state, State::accepted) << "the log grows meanwhile";
    // A Welcome that would begin a restore anew would hold up what waits until the inbox is there.
    lie<message::Delivery>([](message::Delivery& delivery) { delivery.agency = {}; });
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_EQ(publish_own().state, State::accepted) << "no second restore";
    honest();
    said_ += 2;
    EXPECT_EQ(publish_own().state, State::accepted) << "the same words again are another message";
    EXPECT_EQ(messages(), said_ + 2);
}

TEST_F(LyingBroker, AlarmsAreKeptUpToABound) {
    ASSERT_TRUE(bus.catch_up("labour"));
    bus.crash_node("labour");
    {
        const auto journal = journal::open_memory(bus.node_disk_shared("labour"));
        const NodeKeys keys = world().node_keys("labour");
        ASSERT_TRUE(journal->acquire().has_value());
        auto txn = journal->begin_write().value();
        WriteStore store(*txn, keys.master, bus.random());
        for (int i = 0; i < 256; ++i) {
            ASSERT_TRUE(store.add_alarm("bad_entry position=9" + std::to_string(i)).has_value());
        }
        ASSERT_TRUE(txn->commit().has_value());
    }
    ASSERT_TRUE(bus.start_node("labour"));
    tell_labour([](message::Delivery& delivery) {
        delivery.entries.front().sections.at(0).body.back() ^= 1;
    });
    tell_labour([](message::Delivery& delivery) {
        delivery.entries.front().sections.at(0).body.back() ^= 1;
    });
    auto alarms = bus.status("labour").alarms;
    ASSERT_EQ(alarms.size(), 257U);
    EXPECT_EQ(alarms.back(), "bad_entry and_more");
    tell_labour([](message::Delivery& delivery) { delivery.agency = world().id("police"); });
    alarms = bus.status("labour").alarms;
    ASSERT_EQ(alarms.size(), 258U);
    EXPECT_EQ(alarms.back(), "bad_delivery code=wrong_audience") << "one hides no other";
}

// What raised it is stored with it: after a crash nothing would raise it again.
TEST_F(LyingBroker, AnAlarmIsStoredWithWhatRaisedIt) {
    journal::fail_commit(bus.node_disk("labour"), 1, journal::CommitFault::before_durable);
    tell_labour([](message::Delivery& delivery) {
        delivery.entries.front().sections.at(0).body.back() ^= 1;
    });
    ASSERT_TRUE(bus.step_until([&] {
        if (bus.maybe_node("labour") == nullptr) return true;
        return bus.status("labour").doubtful == 1;
    }));
    journal::fail_commit(bus.node_disk("labour"), 0, journal::CommitFault::none);
    ASSERT_TRUE(bus.start_node("labour"));
    EXPECT_EQ(bus.status("labour").doubtful, 1U);
    EXPECT_TRUE(bus.has_alarm("labour", "bad_entry"));
}

// What a Welcome says of streams could hold up the outbox for ever.
TEST_F(LyingBroker, AWelcomeCountsOnceItsHeadIsLedTo) {
    for (const bool is_signed : {false, true}) {
        lie<wire::Welcome>([is_signed](wire::Welcome& welcome) {
            auto head = proof::parse_head(welcome.head).value();
            head.size = std::uint64_t{1} << 60U;
            welcome.head = test::sign_head(head);
            if (!is_signed) welcome.head.back() = '\n';
            if (!is_signed) welcome.head[welcome.head.size() - 6] ^= 1;
            welcome.streams.push_back({77, 5, false});
        });
        ASSERT_TRUE(bus.start_node("labour"));
        const auto waiting =
            bus.try_submit("labour", {test::draft(Kind::outreach_report)}, std::chrono::seconds{2});
        ASSERT_TRUE(waiting.has_value());
        EXPECT_EQ(waiting->front().state, Outcome::State::waiting);
        EXPECT_TRUE(bus.has_alarm("labour", is_signed ? "head_not_led" : "bad_head"));
        honest();
        EXPECT_TRUE(bus.step_until([&] { return bus.status("labour").outbox == 0; }));
    }
}

// Fresh heads and an inbox that stands still.
TEST_F(LyingBroker, ACursorThatIsHeldIsAnAlarm) {
    tell_labour([](message::Delivery& delivery) {
        delivery.entries.clear();
        delivery.to = delivery.from;
    });
    ASSERT_TRUE(bus.step_until([&] { return bus.has_alarm("labour", "cursor_held"); }));
    honest();
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.inbox("labour").size(), 1U);
}

TEST_F(LyingBroker, AStreamThatIsUsedNoMoreIsStillKnown) {
    const auto journal = journal::open_memory(journal::make_memory_disk());
    const NodeKeys keys = world().node_keys("labour");
    ASSERT_TRUE(journal->acquire().has_value());
    auto txn = journal->begin_write().value();
    WriteStore store(*txn, keys.master, bus.random());
    const Hash one = keys::sha256(Bytes{1});
    ASSERT_TRUE(store.put_stream(one, {7, 3}).has_value());
    ASSERT_TRUE(store.put_stream(one, {8, 1}).has_value());
    EXPECT_EQ(store.next_of_stream(7).value(), 3U);
    ASSERT_TRUE(store.forget_stream(8).has_value());
    EXPECT_EQ(store.next_of_stream(8).value(), 1U);
    EXPECT_FALSE(store.maybe_stream(one).value().has_value());
    EXPECT_EQ(store.next_of_stream(9).value(), 0U);
}

}  // namespace
}  // namespace lienthong::node
