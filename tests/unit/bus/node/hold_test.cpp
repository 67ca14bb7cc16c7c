// SPDX-License-Identifier: Apache-2.0
// What a node holds the broker to: receipts and refusals that can be shown, heads that are one log,
// own messages that come back, documents that are not kept back.
#include <algorithm>

#include "security/keys/digest.hpp"
#include "security/proof/refusal.hpp"
#include "tests/unit/bus/node/lying_broker.hpp"

namespace lienthong::node {
namespace {

using State = Outcome::State;
using std::chrono::minutes;
using std::chrono::seconds;

class Held : public LyingBroker {
  protected:
    Verification verified(const MessageId& id) {
        std::optional<Result<Verification>> answer;
        bus.node("labour").verify(
            id, bus.clock().monotonic() + seconds{5}, [&](auto result) { answer = result; });
        EXPECT_TRUE(bus.step_until([&] { return answer.has_value(); }));
        return answer && *answer ? **answer : Verification{};
    }
    Outcome own() { return bus.submit_one("labour", test::draft(Kind::outreach_report)); }
    Outcome own_waiting() {
        return bus.try_submit("labour", {test::draft(Kind::outreach_report)}, seconds{2})->front();
    }
    bool closes() {
        return bus.step_until([&] { return bus.status("labour").outbox == 0; });
    }
    void with_store(const std::function<void(WriteStore&)>& look) {
        const auto journal = journal::open_memory(bus.node_disk_shared("labour"));
        const NodeKeys keys = world().node_keys("labour");
        ASSERT_TRUE(journal->acquire().has_value());
        auto txn = journal->begin_write().value();
        WriteStore store(*txn, keys.master, bus.random());
        look(store);
        ASSERT_TRUE(txn->commit().has_value());
    }
    // Takes labour's own messages out of what it is told, and signs the rest.
    void hide_own(const std::function<void(message::Delivery&)>& then = {}) {
        lie<message::Delivery>([then](message::Delivery& delivery) {
            const auto own = std::erase_if(delivery.entries, [](const auto& entry) {
                const auto header = message::parse_header(entry.header);
                return header && header->sender == world().id("labour");
            });
            if (own == 0) return;
            if (then) then(delivery);
            test::sign_delivery(delivery);
        });
    }
    // Answers each Publish with this in place of its receipt.
    void answer_publish(std::function<wire::Failure(const message::Receipt&)> make) {
        bus.set_tamper([make = std::move(make)](wire::Command& answer, Bytes&) {
            if (const auto* receipt = std::get_if<message::Receipt>(&answer.body)) {
                answer.body = make(*receipt);
            }
        });
    }
    wire::Failure refusal(const message::Receipt& receipt, Code code) {
        wire::Failure failure{code, {}, {}, {}};
        failure.time = bus.clock().wall();
        const MessageId first{receipt.stream, receipt.first};
        const auto journal = journal::open_memory(bus.node_disk_shared("labour"));
        const NodeKeys keys = world().node_keys("labour");
        const auto txn = journal->begin_read().value();
        const ReadStore store(*txn, keys.master, bus.random());
        failure.batch = keys::sha256(store.maybe_outbox(first).value().value().frame);
        const auto signer = world().log.signer();
        failure.signature = signer
                                ->sign(proof::encode_refusal(
                                    {.bus = world().bus,
                                     .agency = world().id("labour"),
                                     .stream = receipt.stream,
                                     .first = receipt.first,
                                     .count = static_cast<std::uint32_t>(receipt.verdicts.size()),
                                     .batch = failure.batch,
                                     .code = code,
                                     .time = failure.time}))
                                .value();
        return failure;
    }
};

TEST_F(Held, AReceiptIsKeptAndProvesItsMessagesWithoutTheBroker) {
    std::vector<Draft> drafts(3, test::draft(Kind::outreach_report));
    const auto outcomes = bus.submit("labour", std::move(drafts));
    ASSERT_EQ(outcomes.back().state, State::accepted);
    const Outcome others = publish();
    ASSERT_TRUE(bus.catch_up("labour"));
    bus.crash_broker();
    ASSERT_TRUE(bus.start_node("labour"));
    for (const Outcome& outcome : outcomes) {
        EXPECT_TRUE(verified(outcome.id).receipt);
        EXPECT_TRUE(verified(outcome.id).consistency);
    }
    EXPECT_FALSE(verified(others.id).receipt) << "who else would say so now?";
    EXPECT_TRUE(verified(others.id).consistency) << "the head of its delivery was led to";
}

TEST_F(Held, AKeptReceiptOfOtherHeadersProvesNothing) {
    const Outcome outcome = own();
    ASSERT_TRUE(bus.catch_up("labour"));
    ASSERT_TRUE(verified(outcome.id).receipt);
    bus.crash_node("labour");
    with_store([&](WriteStore& store) {
        auto kept = store.maybe_receipt_of(outcome.id).value().value();
        kept.second.headers.at(0).bytes[0] ^= 1;
        ASSERT_TRUE(store.put_receipt(kept.first, kept.second).has_value());
    });
    ASSERT_TRUE(bus.start_node("labour"));
    EXPECT_FALSE(verified(outcome.id).receipt);
    EXPECT_TRUE(verified(outcome.id).consistency) << "a fact of its own";
}

TEST_F(Held, AReceiptThatIsNotLedToIsNoConsistency) {
    const Outcome outcome = own();
    ASSERT_TRUE(bus.catch_up("labour"));
    bus.crash_node("labour");
    with_store([&](WriteStore& store) {
        auto kept = store.maybe_receipt_of(outcome.id).value().value();
        kept.second.proven_to = 0;
        ASSERT_TRUE(store.put_receipt(kept.first, kept.second).has_value());
    });
    ASSERT_TRUE(bus.start_node("labour"));
    EXPECT_TRUE(verified(outcome.id).receipt);
    EXPECT_FALSE(verified(outcome.id).consistency);
}

// Another log, in which the batch stands where the receipt says.
TEST_F(Held, AReceiptFromAForkOfTheLogIsHeadConflictAndClosesNothing) {
    expect_receipt_refused(
        [this](message::Receipt& receipt) {
            const Position position = receipt.first_position;
            std::vector<Hash> leaves;
            for (Position at = 0; at < position; ++at) {
                leaves.push_back(keys::sha256(ByteWriter().u64(at).take()));
            }
            bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
                leaves.push_back(state.tree()(proof::NodeId{0, position}).value());
            });
            auto head = proof::parse_head(receipt.head).value();
            head.size = leaves.size();
            head.root = proof::root(leaves);
            const auto range = proof::range_proof(position, 1, head.size, proof::over(leaves));
            receipt.left = range->left;
            receipt.right = range->right;
            receipt.head = test::sign_head(head);
            receipt.consistency =
                proof::consistency_path(receipt.asked_size, head.size, proof::over(leaves)).value();
        },
        "head_conflict");
}

TEST_F(Held, AReceiptWhoseHeadCannotBeLedToClosesNothing) {
    expect_receipt_refused(
        [](message::Receipt& receipt) { receipt.consistency.at(0).bytes[0] ^= 1; },
        "head_conflict");
}

// Whoever signed two heads can prove that they are of one log.
TEST_F(Held, AHeadWhoseProofIsRefusedIsAnAlarmAndClosesNothing) {
    bus.set_tamper([](wire::Command& answer, Bytes&) {
        if (auto* receipt = std::get_if<message::Receipt>(&answer.body)) {
            receipt->asked_size = 0;
            receipt->consistency.clear();
        } else if (std::holds_alternative<wire::ConsistencyProof>(answer.body)) {
            answer.body = wire::Failure{Code::bad_argument, {}, {}, {}};
        }
    });
    EXPECT_EQ(own_waiting().state, State::waiting);
    EXPECT_TRUE(bus.has_alarm("labour", "head_not_led"));
    honest();
    EXPECT_TRUE(closes());
    EXPECT_EQ(messages(), 1U);
}

TEST_F(Held, AReceiptUnderAnOlderPolicyClosesNothing) {
    ASSERT_TRUE(bus.adopt("police", world().policy_document(world().policy, 2)).has_value());
    ASSERT_TRUE(bus.catch_up("labour"));
    expect_receipt_refused(
        [](message::Receipt& receipt) {
            auto head = proof::parse_head(receipt.head).value();
            head.policy = keys::sha256(world().genesis[2]);
            receipt.head = test::sign_head(head);
        },
        "stale_policy");
}

TEST_F(Held, TheHeadOfAReceiptBecomesTheNewestAndStaysIt) {
    lie<message::Delivery>([](message::Delivery& delivery) {
        delivery.entries.clear();
        delivery.to = delivery.from;
        test::sign_delivery(delivery);
    });
    std::string before;
    bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
        before = state.newest_head().value().value();
    });
    bus.set_tamper([before](wire::Command& answer, Bytes&) {
        auto* delivery = std::get_if<message::Delivery>(&answer.body);
        if (delivery == nullptr) return;
        delivery->entries.clear();
        delivery->to = delivery->from;
        delivery->head = before;
        test::sign_delivery(*delivery);
    });
    const Outcome outcome = own();
    ASSERT_EQ(outcome.state, State::accepted);
    EXPECT_GT(bus.status("labour").log_size, outcome.position);
    ASSERT_TRUE(bus.start_node("labour"));
    EXPECT_GT(bus.status("labour").log_size, outcome.position);
}

TEST_F(Held, AReceiptThatComesLateHasAnOlderHeadAndIsLedToTheNewest) {
    answer_publish(
        [](const message::Receipt&) { return wire::Failure{Code::overloaded, {}, {}, {}}; });
    EXPECT_EQ(own_waiting().state, State::waiting);
    for (int i = 0; i < 3; ++i) publish();
    ASSERT_TRUE(bus.catch_up("labour"));
    honest();
    EXPECT_TRUE(closes());
    EXPECT_EQ(messages(), 4U);
    EXPECT_TRUE(bus.status("labour").alarms.empty());
    EXPECT_TRUE(verified(bus.inbox("labour").front().header.id).consistency);
}

TEST_F(Held, AnOwnMessageThatDoesNotComeBackIsAnAlarmWithItsPosition) {
    hide_own();
    const Outcome outcome = own();
    ASSERT_EQ(outcome.state, State::accepted);
    bus.steps(20);
    EXPECT_TRUE(
        bus.has_alarm("labour", "own_entry_missing position=" + std::to_string(outcome.position)));
    honest();
    EXPECT_EQ(own().state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(bus.catch_up("labour"));
    const auto alarms = bus.status("labour").alarms;
    EXPECT_EQ(std::ranges::count_if(
                  alarms, [](const auto& one) { return one.starts_with("own_entry_missing"); }),
              1)
        << "said once, and not of the next one";
}

TEST_F(Held, AnOwnMessageThatWasHiddenBeforeItsReceiptCameIsAnAlarm) {
    bus.set_tamper([](wire::Command& answer, Bytes&) {
        if (std::holds_alternative<message::Receipt>(answer.body)) {
            answer.body = wire::Failure{Code::overloaded, {}, {}, {}};
        }
        auto* delivery = std::get_if<message::Delivery>(&answer.body);
        if (delivery == nullptr) return;
        delivery->entries.clear();
        test::sign_delivery(*delivery);
    });
    EXPECT_EQ(own_waiting().state, State::waiting);
    EXPECT_TRUE(bus.status("labour").alarms.empty()) << "not yet: it knows of no acceptance";
    honest();
    EXPECT_TRUE(closes());
    bus.steps(2);
    EXPECT_TRUE(bus.has_alarm("labour", "own_entry_missing position="));
}

TEST_F(Held, AnotherMessageInThePlaceOfAnOwnOneIsAnAlarm) {
    ASSERT_EQ(own().state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    lie<message::Delivery>([](message::Delivery& delivery) {
        if (delivery.entries.size() != 1) return;
        delivery.entries.front().kind = static_cast<std::uint8_t>(proof::EntryKind::tick);
        test::sign_delivery(delivery);
    });
    const Outcome outcome = own();
    bus.steps(20);
    EXPECT_TRUE(
        bus.has_alarm("labour", "own_entry_missing position=" + std::to_string(outcome.position)));
}

// No policy keeps a sender from its own message.
TEST_F(Held, AnOwnMessageThatIsStatedAsSkippedIsMissing) {
    lie<message::Delivery>([](message::Delivery& delivery) {
        delivery.entries.clear();
        delivery.to = delivery.from;
        test::sign_delivery(delivery);
    });
    ASSERT_EQ(own().state, State::accepted);
    ASSERT_EQ(own().state, State::accepted);
    lie<message::Delivery>([](message::Delivery& delivery) {
        if (delivery.entries.size() != 2) return;
        delivery.entries.erase(delivery.entries.begin());
        delivery.entries.front().skipped = {{1, 1, Code::forbidden}};
        test::sign_delivery(delivery);
    });
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.inbox("labour").size(), 1U);
    EXPECT_FALSE(bus.has_alarm("labour", "stream_gap"));
    EXPECT_TRUE(bus.has_alarm("labour", "own_entry_missing"));
}

TEST_F(Held, ADocumentThatIsKeptBackIsAnAlarmAndIsAskedForAgain) {
    ASSERT_EQ(publish().state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    lie<message::Delivery>([](message::Delivery& delivery) {
        std::erase_if(delivery.entries, [](const message::DeliveredEntry& entry) {
            return entry.kind == static_cast<std::uint8_t>(proof::EntryKind::document);
        });
        test::sign_delivery(delivery);
    });
    ASSERT_TRUE(bus.adopt("police", world().policy_document(world().policy, 2)).has_value());
    publish();
    bus.steps(20);
    EXPECT_TRUE(bus.has_alarm("labour", "withheld_document kind=policy version=1"));
    EXPECT_EQ(bus.status("labour").alarms.size(), 1U);
    EXPECT_EQ(bus.status("labour").policy_version, 1U);
    honest();
    ASSERT_TRUE(bus.step_until([&] { return bus.status("labour").policy_version == 2; }));
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.inbox("labour").size(), 2U);
    EXPECT_EQ(bus.status("labour").alarms.size(), 1U) << "what came again was no lie";
}

// The liar never shows the last entry, so the cursor never is where the head is.
TEST_F(Held, ADocumentIsMissedAlsoByWhoNeverReachesTheEnd) {
    ASSERT_EQ(publish().state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    lie<message::Delivery>([](message::Delivery& delivery) {
        std::erase_if(delivery.entries, [](const message::DeliveredEntry& entry) {
            return entry.kind == static_cast<std::uint8_t>(proof::EntryKind::document);
        });
        const std::uint64_t size = proof::parse_head(delivery.head)->size;
        if (delivery.to == size) delivery.to = std::max(delivery.from, size - 1);
        std::erase_if(delivery.entries, [&](const message::DeliveredEntry& entry) {
            return entry.position >= delivery.to;
        });
        test::sign_delivery(delivery);
    });
    ASSERT_TRUE(bus.adopt("police", world().policy_document(world().policy, 2)).has_value());
    for (int i = 0; i < 3; ++i) {
        publish();
        bus.steps(20);
    }
    EXPECT_TRUE(bus.has_alarm("labour", "withheld_document kind=policy version=1"));
}

TEST_F(Held, ARefusalThatIsNotSignedEndsNothing) {
    for (const Code code : {Code::id_conflict, Code::forbidden, Code::bad_signature}) {
        const auto before = messages();
        answer_publish([code](const message::Receipt&) { return wire::Failure{code, {}, {}, {}}; });
        const Outcome told = own_waiting();
        EXPECT_EQ(told.state, State::waiting);
        EXPECT_EQ(told.waits_for, code);
        EXPECT_TRUE(
            bus.has_alarm("labour", "unsigned_refusal code=" + std::string(info(code).name)));
        honest();
        EXPECT_TRUE(closes());
        EXPECT_EQ(messages(), before + 1) << "under its old number: it was accepted";
    }
}

TEST_F(Held, ARefusalThatIsSignedForSomethingElseEndsNothing) {
    const std::vector<std::function<void(wire::Failure&)>> changes = {
        [](wire::Failure& failure) { failure.code = Code::forbidden; },
        [](wire::Failure& failure) { failure.time += 1; },
        [](wire::Failure& failure) { failure.signature.at(3) ^= 1; },
        [](wire::Failure& failure) {
            const auto stranger =
                keys::PrivateKey::generate(keys::Algorithm::ed25519).value().signer();
            failure.signature = stranger->sign(failure.batch.view()).value();
        },
    };
    for (const auto& change : changes) {
        const auto before = messages();
        answer_publish([&](const message::Receipt& receipt) {
            wire::Failure failure = refusal(receipt, Code::id_conflict);
            change(failure);
            return failure;
        });
        EXPECT_EQ(own_waiting().state, State::waiting);
        EXPECT_TRUE(bus.has_alarm("labour", "unsigned_refusal"));
        honest();
        EXPECT_TRUE(closes());
        EXPECT_EQ(messages(), before + 1);
    }
}

TEST_F(Held, ASignedRefusalEndsTheBatchAndIsKept) {
    MessageId first;
    answer_publish([&](const message::Receipt& receipt) {
        first = {receipt.stream, receipt.first};
        return refusal(receipt, Code::forbidden);
    });
    const Outcome told = own();
    EXPECT_EQ(told.state, State::refused);
    EXPECT_EQ(told.refusal->code, Code::forbidden);
    EXPECT_TRUE(told.refusal_proof);
    bus.crash_node("labour");
    with_store([&](WriteStore& store) {
        const auto kept = store.maybe_refusal(first).value().value();
        EXPECT_EQ(kept.count, 1U);
        const auto command = wire::parse_command(kept.frame, wire::kDataBytesMax).value();
        EXPECT_EQ(std::get<wire::Failure>(command.body).code, Code::forbidden);
        EXPECT_FALSE(std::get<wire::Failure>(command.body).signature.empty());
    });
}

// A copy of the outbox says other things under numbers that were used: the broker signs that.
// Refusals for good are as many as the messages that were given up. They leave room for the others.
TEST_F(Held, RefusalsForGoodDoNotCountAgainstTheOthers) {
    with_store([](WriteStore& store) {
        for (std::uint64_t i = 0; i < 1030; ++i) {
            ASSERT_TRUE(store.put_refusal({7, i}, RefusalRow{1, true, Bytes(10, 1)}).has_value());
        }
        EXPECT_EQ(store.refusals_of_nothing().value(), 0U);
        for (std::uint64_t i = 0; i < 3; ++i) {
            ASSERT_TRUE(store.put_refusal({8, i}, RefusalRow{1, false, {}}).has_value());
        }
        EXPECT_EQ(store.refusals_of_nothing().value(), 3U);
    });
}

TEST_F(Held, AnHonestConflictIsSignedAndTheMessageGoesOutAnew) {
    ASSERT_EQ(own().state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    const auto backup = test::copy_of_tables(bus.node_disk_shared("labour"), kTableNames.size());
    const Outcome second = own();
    lie<wire::Welcome>([](wire::Welcome& welcome) { welcome.streams.clear(); });
    bus.put_node_disk("labour", backup);
    ASSERT_TRUE(bus.start_node("labour"));
    const Outcome third = bus.submit_one("labour", test::draft(Kind::province_summary));
    ASSERT_EQ(third.state, State::accepted);
    const Outcome fourth = own();
    ASSERT_EQ(fourth.state, State::accepted);
    EXPECT_NE(fourth.id.stream, second.id.stream);
    EXPECT_TRUE(bus.has_alarm("labour", "stream_refused code=id_conflict"));
    EXPECT_FALSE(bus.has_alarm("labour", "unsigned_refusal"));
    bus.crash_node("labour");
    with_store([&](WriteStore& store) {
        EXPECT_TRUE(store.maybe_refusal(second.id).value().has_value()) << "evidence, kept";
    });
}

}  // namespace
}  // namespace lienthong::node
