// SPDX-License-Identifier: Apache-2.0
// A broker that lies: every receipt and delivery is checked, each lie raises its alarm, and nothing
// of it is believed.
#include <gtest/gtest.h>

#include <algorithm>

#include "security/keys/digest.hpp"
#include "tests/unit/bus/node/lying_broker.hpp"

namespace lienthong::node {
namespace {

TEST_F(LyingBroker, AReceiptUnderAHeadOfAnotherKeyIsRefused) {
    expect_receipt_refused(
        [](message::Receipt& receipt) {
            const auto stranger =
                keys::PrivateKey::generate(keys::Algorithm::ed25519).value().signer();
            const auto head = proof::parse_head(receipt.head).value();
            receipt.head = proof::sign_head(head, *stranger).value();
        },
        "bad_receipt code=bad_signature");
}

TEST_F(LyingBroker, AReceiptUnderAForgedHeadIsRefused) {
    expect_receipt_refused(
        [](message::Receipt& receipt) {
            auto head = proof::parse_head(receipt.head).value();
            head.root.bytes[0] ^= 1;
            receipt.head = test::sign_head(head);
        },
        "bad_receipt code=bad_digest");
}

TEST_F(LyingBroker, AReceiptForAnotherPositionIsRefused) {
    expect_receipt_refused([](message::Receipt& receipt) { receipt.first_position -= 1; },
                           "bad_receipt code=bad_digest");
}

TEST_F(LyingBroker, AReceiptWithAnotherTimeIsRefused) {
    expect_receipt_refused([](message::Receipt& receipt) { receipt.time += 1; },
                           "bad_receipt code=bad_digest");
}

TEST_F(LyingBroker, AReceiptWithASpoiledProofIsRefused) {
    expect_receipt_refused([](message::Receipt& receipt) { receipt.left.front().bytes[0] ^= 1; },
                           "bad_receipt code=bad_digest");
}

TEST_F(LyingBroker, AReceiptThatCountsMoreThanItAcceptsIsRefused) {
    expect_receipt_refused([](message::Receipt& receipt) { receipt.accepted_count += 1; },
                           "unreadable_answer code=malformed_frame");
}

TEST_F(LyingBroker, AReceiptWithoutAVerdictForEachMessageIsRefused) {
    expect_receipt_refused([](message::Receipt& receipt) { receipt.verdicts.emplace_back(); },
                           "bad_receipt code=malformed_frame");
}

TEST_F(LyingBroker, AReceiptForAnotherBatchIsRefused) {
    expect_receipt_refused([](message::Receipt& receipt) { receipt.stream += 1; },
                           "receipt_for_another_batch");
}

TEST_F(LyingBroker, AWithheldEntryShowsAsAGapOfItsStream) {
    ASSERT_EQ(publish().state, Outcome::State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    tell_labour([](message::Delivery& delivery) { delivery.entries.clear(); });
    EXPECT_TRUE(bus.status("labour").alarms.empty()) << "not yet: nothing came after it";
    honest();
    publish();
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_TRUE(bus.has_alarm("labour", "stream_gap"));
    EXPECT_EQ(bus.inbox("labour").size(), 2U);
}

TEST_F(LyingBroker, AnEntryThatComesAgainAtALaterPositionIsARepeatedEntryAndIsKeptOnce) {
    message::DeliveredEntry first;
    tell_labour([&](message::Delivery& delivery) { first = delivery.entries.front(); });
    ASSERT_TRUE(bus.catch_up("labour"));
    ASSERT_EQ(bus.inbox("labour").size(), 1U);
    tell_labour([&](message::Delivery& delivery) {
        const Position later = delivery.entries.front().position;
        delivery.entries.front() = first;
        delivery.entries.front().position = later;
    });
    EXPECT_TRUE(bus.has_alarm("labour", "repeated_entry"));
    ASSERT_EQ(bus.inbox("labour").size(), 1U);
    EXPECT_EQ(bus.inbox("labour").front().position, first.position);
    EXPECT_TRUE(bus.node("labour").message(bus.inbox("labour").front().header.id).has_value());
}

TEST_F(LyingBroker, AnEntryThatWasHeldBackAndComesLateIsARepeatedEntryAndIsNotKept) {
    ASSERT_EQ(publish().state, Outcome::State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    message::DeliveredEntry held_back;
    tell_labour([&](message::Delivery& delivery) {
        held_back = delivery.entries.front();
        delivery.entries.clear();
    });
    honest();
    publish();
    ASSERT_TRUE(bus.catch_up("labour"));
    tell_labour([&](message::Delivery& delivery) {
        const Position later = delivery.entries.front().position;
        delivery.entries.front() = held_back;
        delivery.entries.front().position = later;
    });
    EXPECT_TRUE(bus.has_alarm("labour", "repeated_entry"));
    EXPECT_EQ(bus.inbox("labour").size(), 2U);
}

TEST_F(LyingBroker, WhatComesAgainAtItsOwnPlaceIsNoLie) {
    ASSERT_EQ(publish().state, Outcome::State::accepted);
    ASSERT_EQ(publish().state, Outcome::State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    const auto before = bus.inbox("labour");
    bus.crash_node("labour");
    const auto journal = journal::open_memory(bus.node_disk_shared("labour"));
    ASSERT_TRUE(journal->acquire().has_value());
    auto txn = journal->begin_write().value();
    ASSERT_TRUE(
        txn->put(id(Tables::meta), as_bytes("cursor"), ByteWriter().u64(0).take()).has_value());
    ASSERT_TRUE(txn->commit().has_value());
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_TRUE(bus.status("labour").alarms.empty());
    EXPECT_EQ(bus.inbox("labour").size(), before.size());
}

TEST_F(LyingBroker, AGapThatTheBrokerStatesIsNone) {
    ASSERT_EQ(publish().state, Outcome::State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    tell_labour([](message::Delivery& delivery) { delivery.entries.clear(); });
    lie<message::Delivery>([](message::Delivery& delivery) {
        if (delivery.entries.empty()) return;
        delivery.entries.front().skipped = {{2, 1, Code::forbidden}};
        test::sign_delivery(delivery);
    });
    publish();
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_TRUE(bus.status("labour").alarms.empty());
}

TEST_F(LyingBroker, AnAlarmIsKeptOnceHoweverOftenTheNodeStarts) {
    lie<wire::Welcome>([](wire::Welcome& welcome) { welcome.agency = world().id("police"); });
    for (int run = 0; run < 3; ++run) {
        ASSERT_TRUE(bus.start_node("labour"));
        bus.steps(10);
        EXPECT_TRUE(bus.has_alarm("labour", "wrong_welcome"));
    }
    EXPECT_EQ(bus.status("labour").alarms.size(), 1U);
}

TEST_F(LyingBroker, AForkedHeadIsHeadConflict) {
    ASSERT_EQ(publish().state, Outcome::State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    tell_labour([](message::Delivery& delivery) {
        auto head = proof::parse_head(delivery.head).value();
        head.root.bytes[0] ^= 1;
        delivery.head = test::sign_head(head);
    });
    EXPECT_TRUE(bus.has_alarm("labour", "head_conflict"));
    EXPECT_EQ(bus.inbox("labour").size(), 1U) << "nothing of it is kept";
}

TEST_F(LyingBroker, AHeadOfAnotherKeyIsABadDelivery) {
    tell_labour([](message::Delivery& delivery) {
        const auto stranger = keys::PrivateKey::generate(keys::Algorithm::ed25519).value().signer();
        const auto head = proof::parse_head(delivery.head).value();
        delivery.head = proof::sign_head(head, *stranger).value();
    });
    EXPECT_TRUE(bus.has_alarm("labour", "bad_delivery code=bad_signature"));
    EXPECT_TRUE(bus.inbox("labour").empty());
}

TEST_F(LyingBroker, AStatementThatWasNotSignedIsABadDelivery) {
    tell_labour([](message::Delivery& delivery) { delivery.signature[5] ^= 1; }, false);
    EXPECT_TRUE(bus.has_alarm("labour", "bad_delivery code=bad_signature"));
}

TEST_F(LyingBroker, ADeliveryForAnotherAgencyIsABadDelivery) {
    tell_labour([](message::Delivery& delivery) { delivery.agency = world().id("police"); });
    EXPECT_TRUE(bus.has_alarm("labour", "bad_delivery code=wrong_audience"));
}

TEST_F(LyingBroker, ADeliveryThatReachesBeyondItsHeadIsABadDelivery) {
    tell_labour([](message::Delivery& delivery) { delivery.to += 1; });
    EXPECT_TRUE(bus.has_alarm("labour", "bad_delivery code=bad_digest"));
}

TEST_F(LyingBroker, EntriesOutOfOrderAreABadDelivery) {
    tell_labour(
        [](message::Delivery& delivery) { delivery.entries.push_back(delivery.entries.front()); });
    EXPECT_TRUE(bus.has_alarm("labour", "bad_delivery code=bad_digest"));
}

TEST_F(LyingBroker, ADeliveryFromAnotherCursorWasNotAskedFor) {
    tell_labour([](message::Delivery& delivery) { delivery.from -= 1; });
    EXPECT_TRUE(bus.has_alarm("labour", "delivery_not_asked_for"));
}

TEST_F(LyingBroker, AHeadThatNamesAnOlderPolicyIsStalePolicy) {
    ASSERT_TRUE(bus.catch_up("labour"));
    const Bytes second = world().policy_document(world().policy, 2);
    ASSERT_TRUE(bus.adopt("police", second).has_value());
    ASSERT_TRUE(bus.catch_up("labour"));
    tell_labour([](message::Delivery& delivery) {
        auto head = proof::parse_head(delivery.head).value();
        head.policy = keys::sha256(world().genesis[2]);
        delivery.head = test::sign_head(head);
    });
    EXPECT_TRUE(bus.has_alarm("labour", "stale_policy"));
    EXPECT_TRUE(bus.inbox("labour").empty());
}

TEST_F(LyingBroker, ASpoiledDocumentStopsTheCursorAndIsAskedForAgain) {
    lie<message::Delivery>([](message::Delivery& delivery) {
        for (auto& entry : delivery.entries) {
            if (entry.kind != static_cast<std::uint8_t>(proof::EntryKind::document)) continue;
            entry.header.at(entry.header.size() / 2) ^= 1;
        }
        test::sign_delivery(delivery);
    });
    ASSERT_EQ(publish().state, Outcome::State::accepted);
    ASSERT_TRUE(bus.adopt("police", world().policy_document(world().policy, 2)).has_value());
    bus.steps(400);  // it is asked for more than once
    EXPECT_EQ(publish().state, Outcome::State::accepted);
    bus.steps(20);
    EXPECT_TRUE(bus.has_alarm("labour", "bad_document"));
    EXPECT_EQ(bus.status("labour").alarms.size(), 1U) << "said once";
    EXPECT_EQ(bus.status("labour").policy_version, 1U);
    EXPECT_EQ(bus.inbox("labour").size(), 1U) << "what stands before it is there, and no more";
    honest();
    ASSERT_TRUE(bus.adopt("police", world().policy_document(world().policy, 3)).has_value());
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.status("labour").policy_version, 3U);
    EXPECT_EQ(bus.inbox("labour").size(), 2U);
}

TEST_F(LyingBroker, AnAlteredEntryIsABadEntryAndIsNotKept) {
    using Change = std::function<void(message::DeliveredEntry&)>;
    const std::vector<std::pair<const char*, Change>> changes = {
        {"bad_digest", [](auto& entry) { entry.sections.at(0).body.back() ^= 1; }},
        {"bad_commitment", [](auto& entry) { entry.sections.at(0).descriptor.back() ^= 1; }},
        {"bad_commitment", [](auto& entry) { entry.sections.at(0).plaintext_salt->bytes[0] ^= 1; }},
        {"bad_signature", [](auto& entry) { entry.proof.back() ^= 1; }},
        {"bad_digest",
         [](auto& entry) {
             auto header = message::parse_header(entry.header).value();
             header.created += 1;
             entry.header = message::encode_header(header);
         }},
        {"bad_digest", [](auto& entry) { entry.batch_path.push_back(Hash{}); }},
        {"unknown_key", [](auto& entry) { entry.proof.at(5) ^= 1; }},
    };
    for (const auto& [code, change] : changes) {
        const std::size_t kept = bus.inbox("labour").size();
        tell_labour([&change](message::Delivery& delivery) { change(delivery.entries.front()); });
        honest();
        EXPECT_TRUE(bus.has_alarm("labour", "bad_entry position=")) << code;
        const auto alarms = bus.status("labour").alarms;
        EXPECT_TRUE(std::ranges::any_of(alarms, [&](const std::string& alarm) {
            return alarm.starts_with("bad_entry") && alarm.ends_with(code);
        })) << code;
        EXPECT_EQ(bus.inbox("labour").size(), kept) << code;
    }
}

TEST_F(LyingBroker, ALogThatIsShorterThanTheCursorIsAnAlarm) {
    publish();
    publish();
    ASSERT_TRUE(bus.catch_up("labour"));
    bus.put_broker_disk(journal::make_memory_disk());
    ASSERT_TRUE(bus.start_broker());
    bus.crash_node("police");
    EXPECT_TRUE(bus.step_until([&] { return bus.has_alarm("labour", "log_shorter_than_cursor"); }));
}

TEST_F(LyingBroker, AWelcomeAsSomebodyElseIsAnAlarm) {
    lie<wire::Welcome>([](wire::Welcome& welcome) { welcome.agency = world().id("police"); });
    ASSERT_TRUE(bus.start_node("labour"));
    bus.steps(10);
    EXPECT_FALSE(bus.status("labour").broker_reachable);
    EXPECT_TRUE(bus.has_alarm("labour", "wrong_welcome"));
    honest();
    EXPECT_TRUE(bus.step_until([&] { return bus.status("labour").broker_reachable; }));
}

TEST_F(LyingBroker, TheNewestHeadSurvivesAnOlderOneAndARestart) {
    // Heads go on while the cursor is held back, so that an older one covers it too.
    const auto say_nothing = [](message::Delivery& delivery) {
        delivery.entries.clear();
        delivery.to = delivery.from;
    };
    tell_labour(say_nothing);
    tell_labour(say_nothing);
    const std::uint64_t newest = bus.status("labour").log_size;
    std::string older;
    bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
        older = state.maybe_head(newest - 1).value().value();
    });
    lie<message::Delivery>([&](message::Delivery& delivery) {
        say_nothing(delivery);
        delivery.head = older;
        test::sign_delivery(delivery);
    });
    publish();
    bus.steps(20);
    ASSERT_TRUE(bus.start_node("labour"));
    EXPECT_EQ(bus.status("labour").log_size, newest);
}

}  // namespace
}  // namespace lienthong::node
