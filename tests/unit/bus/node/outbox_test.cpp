// SPDX-License-Identifier: Apache-2.0
// The way out: drafts become messages once, whatever restarts, and go on when rules change.
#include <gtest/gtest.h>

#include "bus/base/check.hpp"
#include "tests/support/small_bus.hpp"
#include "tests/unit/bus/message/payload_from_json.hpp"

namespace lienthong::node {
namespace {

using message::Kind;
using test::SmallBus;
using test::world;
using State = Outcome::State;
using std::chrono::seconds;

Draft keyed(std::string key, Kind kind = Kind::outreach_report) {
    Draft made = test::draft(kind);
    made.key = std::move(key);
    return made;
}

// Another figure than the sample's.
Draft changed(std::string key) {
    Draft made = keyed(std::move(key));
    std::string json = message::sample("lienthong.fb.OutreachReport");
    const auto at = json.find("\"participants\": 760");
    EXPECT_NE(at, std::string::npos);
    json.replace(at, 19, "\"participants\": 761");
    made.sections.front().second = message::payload("lienthong.fb.OutreachReport", json);
    return made;
}

class Outbox : public testing::Test {
  protected:
    Code refusal_of(std::vector<Draft> drafts, std::string_view where) {
        const auto outcomes = bus.try_submit("labour", std::move(drafts), seconds{5});
        EXPECT_FALSE(outcomes.has_value());
        if (outcomes) return Code::corrupt;
        EXPECT_TRUE(outcomes.error().where.starts_with(where)) << outcomes.error().where;
        return outcomes.error().code;
    }
    std::size_t logged(proof::EntryKind kind) {
        std::size_t count = 0;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            for (Position position = 0; position < state.log_size(); ++position) {
                if (state.entry(position)->kind == kind) ++count;
            }
        });
        return count;
    }
    static Bytes wider_policy(std::uint32_t version) {
        auto policy = world().policy;
        for (policy::Grant& grant : policy.grants) {
            if (grant.id == "outreach-read") {
                grant.roles.push_back(Role::of("reintegration-partner"));
            }
        }
        return world().policy_document(policy, version);
    }

    SmallBus bus{{.nodes = {"labour", "police"}, .tampered_node = "labour"}};
};

TEST_F(Outbox, DraftsOfOneKindGoOutAsOneBatch) {
    std::vector<Draft> drafts;
    for (int i = 0; i < 20; ++i) drafts.push_back(test::draft(Kind::outreach_report));
    const auto outcomes = bus.submit("police", std::move(drafts));
    ASSERT_EQ(outcomes.size(), 20U);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        EXPECT_EQ(outcomes[i].state, State::accepted);
        EXPECT_EQ(outcomes[i].id.stream, outcomes[0].id.stream);
        EXPECT_EQ(outcomes[i].id.sequence, i + 1);
        EXPECT_EQ(outcomes[i].position, outcomes[0].position + i);
    }
}

TEST_F(Outbox, TheSameKeyAndContentIsTheSameMessage) {
    const Outcome first = bus.submit_one("labour", keyed("row-1"));
    const Outcome again = bus.submit_one("labour", keyed("row-1"));
    EXPECT_EQ(again.id, first.id);
    EXPECT_EQ(again.position, first.position);
    ASSERT_TRUE(bus.start_node("labour"));
    EXPECT_EQ(bus.submit_one("labour", keyed("row-1")).id, first.id) << "after a restart too";
    EXPECT_EQ(logged(proof::EntryKind::message), 1U);
}

TEST_F(Outbox, WithoutAKeyEqualDraftsAreTwoMessages) {
    const Outcome first = bus.submit_one("labour", test::draft(Kind::outreach_report));
    EXPECT_NE(bus.submit_one("labour", test::draft(Kind::outreach_report)).id, first.id);
}

TEST_F(Outbox, TheSameKeyWithOtherContentIsKeyConflictAndNothingIsTaken) {
    bus.submit_one("labour", keyed("row-1"));
    EXPECT_EQ(refusal_of({keyed("row-2"), changed("row-1")}, "draft 1"), Code::key_conflict);
    EXPECT_EQ(bus.status("labour").outbox, 0U);
    EXPECT_EQ(logged(proof::EntryKind::message), 1U) << "row-2 was not taken either";
}

TEST_F(Outbox, ACorrectionSupersedesWhatStoodUnderItsKey) {
    const Outcome first = bus.submit_one("labour", keyed("row-1"));
    Draft correction = changed("row-1");
    correction.corrects = true;
    const Outcome corrected = bus.submit_one("labour", std::move(correction));
    ASSERT_EQ(corrected.state, State::accepted);
    EXPECT_NE(corrected.id, first.id);
    ASSERT_TRUE(bus.catch_up("labour"));
    const auto inbox = bus.inbox("labour");
    ASSERT_EQ(inbox.size(), 2U);
    ASSERT_TRUE(inbox[1].header.refers_to.has_value());
    EXPECT_EQ(inbox[1].header.refers_to->message, first.id);
    EXPECT_EQ(inbox[1].header.refers_to->header_digest, inbox[0].header_digest);
    EXPECT_EQ(inbox[1].header.refers_to->relation, message::Relation::supersedes);
}

TEST_F(Outbox, ACorrectionOfWhatIsNotAcceptedYetIsKeyConflict) {
    bus.crash_broker();
    ASSERT_TRUE(bus.try_submit("labour", {keyed("row-1")}, seconds{1}).has_value());
    Draft correction = changed("row-1");
    correction.corrects = true;
    EXPECT_EQ(refusal_of({correction}, "draft 0"), Code::key_conflict);
}

TEST_F(Outbox, SaysWhyADraftWaitsUntilItIsTaken) {
    SmallBus full{{.nodes = {"labour"}, .tampered_node = "labour"}};
    ASSERT_TRUE(full.catch_up("labour"));
    full.set_tamper([](wire::Command& answer, Bytes& data) {
        if (!std::holds_alternative<wire::Receipt>(answer.body)) return;
        answer.body = wire::Failure{Code::disk_full, {}, {}, {}};
        data.clear();
    });
    const auto waiting = full.try_submit("labour", {keyed("row-1")}, seconds{5});
    ASSERT_TRUE(waiting.has_value());
    EXPECT_EQ(waiting->front().state, State::waiting);
    EXPECT_EQ(waiting->front().waits_for, Code::disk_full);
    full.set_tamper({});
    const Outcome taken = full.submit_one("labour", keyed("row-1"));
    EXPECT_EQ(taken.state, State::accepted);
    EXPECT_FALSE(taken.waits_for.has_value());
}

TEST_F(Outbox, ACorrectionOfNothingIsAPlainMessage) {
    Draft correction = keyed("row-1");
    correction.corrects = true;
    EXPECT_EQ(bus.submit_one("labour", correction).state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_FALSE(bus.inbox("labour").front().header.refers_to.has_value());
}

TEST_F(Outbox, FaultyDraftsAreRefusedBeforeAnythingIsTaken) {
    const Draft good = test::draft(Kind::outreach_report);
    Draft none = good;
    none.kind = Kind::none;
    EXPECT_EQ(refusal_of({good, none}, "draft 1"), Code::unknown_kind);
    Draft empty = good;
    empty.sections.clear();
    EXPECT_EQ(refusal_of({good, empty}, "draft 1: report"), Code::malformed_section);
    Draft stray = good;
    stray.sections.emplace_back("identity", Bytes{1});
    EXPECT_EQ(refusal_of({stray}, "draft 0: identity"), Code::malformed_section);
    Draft twice = good;
    twice.sections.push_back(twice.sections.front());
    EXPECT_EQ(refusal_of({twice}, "draft 0: report"), Code::malformed_section);
    Draft garbage = good;
    garbage.sections.front().second = Bytes(40, 3);
    EXPECT_EQ(refusal_of({garbage}, "draft 0: report"), Code::malformed_section);
    EXPECT_EQ(refusal_of({test::draft(Kind::consent)}, "draft 0: facts"), Code::malformed_section);
    message::CaseFacts consent;
    consent.consent = message::ConsentState::given;
    EXPECT_EQ(refusal_of({test::case_draft(Kind::support_referral, {}, consent)},
                         "draft 0: facts.consent"),
              Code::malformed_section);
    // The sealed sections of the sample say `confirmed`.
    CaseId some;
    some.bytes.fill(1);
    message::CaseFacts facts;
    facts.outcome = message::Outcome::not_a_victim;
    EXPECT_EQ(refusal_of({test::case_draft(Kind::verification_result, some, facts)},
                         "draft 0: result.outcome"),
              Code::malformed_section);
    EXPECT_EQ(refusal_of({test::case_draft(Kind::consent, {})}, "draft 0: case"),
              Code::bad_argument);
    EXPECT_EQ(bus.status("labour").outbox, 0U);
}

TEST_F(Outbox, ClassifiedMatterDoesNotEnterTheBus) {
    for (const char* marking : {"mat", "toi_mat", "tuyet_mat"}) {
        std::string json = message::sample("lienthong.fb.DocumentInfo");
        const auto at = json.find("none_set");
        ASSERT_NE(at, std::string::npos);
        json.replace(at, 8, marking);
        Draft draft = test::opening({"police"});
        for (auto& [name, bytes] : draft.sections) {
            if (name == "document") bytes = message::payload("lienthong.fb.DocumentInfo", json);
        }
        EXPECT_EQ(refusal_of({draft}, "draft 0: document.classification"), Code::classified_matter);
    }
}

TEST_F(Outbox, WhatPolicyForbidsIsRefusedWithTheMissingGrant) {
    const Outcome outcome = bus.submit_one("police", test::draft(Kind::province_summary));
    EXPECT_EQ(outcome.state, State::refused);
    ASSERT_TRUE(outcome.refusal.has_value());
    EXPECT_EQ(outcome.refusal->code, Code::forbidden);
    EXPECT_EQ(outcome.refusal->grant_missing, "publish province-summary");
    EXPECT_EQ(logged(proof::EntryKind::message), 0U);
}

TEST_F(Outbox, IsLimitedAndTheNextDraftIsOverloaded) {
    SmallBus small({.nodes = {"labour"},
                    .tweak_node = [](NodeOptions& options) { options.drafts_waiting_max = 3; }});
    small.crash_broker();
    small.steps(3);
    const std::vector<Draft> three(3, test::draft(Kind::outreach_report));
    ASSERT_TRUE(small.try_submit("labour", three, seconds{1}).has_value());
    const auto one_more =
        small.try_submit("labour", {test::draft(Kind::outreach_report)}, seconds{1});
    ASSERT_FALSE(one_more.has_value());
    EXPECT_EQ(one_more.error().code, Code::overloaded);
}

TEST_F(Outbox, WaitsForTheBrokerAndGoesOutWhenItIsBack) {
    bus.crash_broker();
    const auto outcomes =
        bus.try_submit("labour", {test::draft(Kind::outreach_report)}, seconds{30});
    ASSERT_TRUE(outcomes.has_value());
    EXPECT_EQ(outcomes->front().state, State::waiting);
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(bus.start_broker());
    EXPECT_TRUE(bus.step_until([&] { return bus.status("labour").outbox == 0; }));
    EXPECT_EQ(logged(proof::EntryKind::message), 1U);
}

TEST_F(Outbox, WhenThePolicyChangedUnderItMessagesAreSealedAnewUnderNewIds) {
    bus.steps(10);
    const Bytes police = world().member("police").curve.public_key().raw();
    bus.hub().cut(police);
    const auto waiting = bus.try_submit("police", {keyed("a"), keyed("b"), keyed("c")}, seconds{1});
    ASSERT_TRUE(waiting.has_value());
    const MessageId old_id = waiting->front().id;
    ASSERT_FALSE(old_id.is_none()) << "composed, and cut off";
    ASSERT_TRUE(bus.adopt("labour", wider_policy(2)).has_value());
    bus.hub().heal(police);
    const auto outcomes = bus.submit("police", {keyed("a"), keyed("b"), keyed("c")});
    ASSERT_EQ(outcomes.size(), 3U);
    for (const Outcome& outcome : outcomes) {
        EXPECT_EQ(outcome.state, State::accepted);
        EXPECT_NE(outcome.id.stream, old_id.stream);
    }
    EXPECT_EQ(logged(proof::EntryKind::stream_closed), 1U);
    EXPECT_EQ(logged(proof::EntryKind::message), 3U);
    bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
        EXPECT_TRUE(state.maybe_stream(old_id.stream).value()->closed);
        const auto entry = state.entry(outcomes[0].position).value();
        EXPECT_EQ(state.maybe_class(entry.class_id).value()->agencies,
                  world().ids({"police", "labour", "womens-union"}));
    });
    EXPECT_TRUE(bus.status("police").alarms.empty());
}

// Labour's signing key ends here; its node starts again with the one that follows.
class OutboxOfAnEndedKey : public Outbox {
  protected:
    OutboxOfAnEndedKey() { CHECK(bus.catch_up("labour")); }

    void revoke_the_old_key() {
        auto registry = world().registry;
        auto& old = test::key_of(registry, world().id("labour"), keys::Use::sign);
        const auto validity = old.validity;
        old.revoked = true;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            old.revoked_from = state.log_size();
        });
        for (registry::Agency& agency : registry.agencies) {
            if (agency.id != world().id("labour")) continue;
            agency.keys.push_back(world().certify_signing_key("labour", next, validity));
        }
        ASSERT_TRUE(bus.adopt("police", world().registry_document(registry, 2)).has_value());
    }
    void start_with_the_next_key() {
        bus.set_keys([this](const std::string& slug, NodeKeys& keys) {
            if (slug == "labour") keys.sign = next.signer();
        });
        ASSERT_TRUE(bus.start_node("labour"));
    }
    State state_of(const std::string& key) {
        return bus.try_submit("labour", {keyed(key)}, seconds{1})->front().state;
    }

    keys::PrivateKey next = keys::PrivateKey::generate(keys::Algorithm::p256).value();
};

TEST_F(OutboxOfAnEndedKey, ALostReceiptIsGivenAgainAndNothingIsSaidTwice) {
    bus.set_tamper([](wire::Command& answer, Bytes&) {
        if (auto* receipt = std::get_if<message::Receipt>(&answer.body)) receipt->stream += 1;
    });
    EXPECT_EQ(state_of("a"), State::waiting) << "accepted, and its receipt did not come";
    ASSERT_EQ(logged(proof::EntryKind::message), 1U);
    revoke_the_old_key();
    bus.set_tamper({});
    EXPECT_EQ(bus.submit_one("labour", keyed("a")).state, State::accepted);
    start_with_the_next_key();
    EXPECT_EQ(bus.submit_one("labour", keyed("a")).state, State::accepted);
    EXPECT_EQ(bus.submit_one("labour", keyed("b")).state, State::accepted);
    EXPECT_EQ(logged(proof::EntryKind::message), 2U);
}

TEST_F(OutboxOfAnEndedKey, WhatWaitsIsNotRefusedAndGoesOutUnderTheNextKeyWithItsOldNumbers) {
    const Bytes labour = world().member("labour").curve.public_key().raw();
    bus.hub().cut(labour);
    const auto waiting = bus.try_submit("labour", {keyed("a"), keyed("b")}, seconds{1});
    ASSERT_TRUE(waiting.has_value());
    ASSERT_FALSE(waiting->front().id.is_none()) << "composed, and cut off";
    revoke_the_old_key();
    bus.hub().heal(labour);
    ASSERT_TRUE(bus.step_until([&] { return bus.has_alarm("labour", "batch_not_taken"); }));
    EXPECT_TRUE(bus.has_alarm("labour", "batch_not_taken code=revoked_key"));
    const auto told = bus.try_submit("labour", {keyed("a")}, seconds{1})->front();
    EXPECT_EQ(told.state, State::waiting);
    EXPECT_EQ(told.waits_for, Code::revoked_key);
    EXPECT_EQ(logged(proof::EntryKind::message), 0U);
    start_with_the_next_key();
    const auto outcomes = bus.submit("labour", {keyed("a"), keyed("b")});
    ASSERT_EQ(outcomes.size(), 2U);
    EXPECT_EQ(outcomes[0].state, State::accepted);
    EXPECT_EQ(outcomes[0].id, waiting->at(0).id);
    EXPECT_EQ(outcomes[1].id, waiting->at(1).id);
    EXPECT_EQ(logged(proof::EntryKind::message), 2U);
}

TEST_F(Outbox, ARestoredOneTakesNewStreamsAndSaysNothingTwice) {
    ASSERT_EQ(bus.submit_one("labour", keyed("a")).state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    const auto backup = test::copy_of_tables(bus.node_disk_shared("labour"), kTableNames.size());
    const Outcome second = bus.submit_one("labour", keyed("b"));
    ASSERT_EQ(second.state, State::accepted);
    bus.put_node_disk("labour", backup);
    ASSERT_TRUE(bus.start_node("labour"));
    const Outcome third = bus.submit_one("labour", keyed("c"));
    ASSERT_EQ(third.state, State::accepted);
    EXPECT_NE(third.id.stream, second.id.stream);
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.inbox("labour").size(), 3U) << "its own entries came back";
    EXPECT_TRUE(bus.status("labour").alarms.empty());
}

TEST_F(Outbox, ANodeWithMoreStreamsThanAWelcomeNamesConnects) {
    SmallBus small({.nodes = {}});
    test::add_streams(small, "labour", 1, wire::kStreamsMax + 1, 1);
    ASSERT_TRUE(small.start_node("labour"));
    EXPECT_EQ(small.submit_one("labour", keyed("a")).state, State::accepted);
    EXPECT_TRUE(small.status("labour").alarms.empty());
}

TEST_F(Outbox, ARestoredOneUsesNoStreamThatAFullWelcomeDoesNotName) {
    const Outcome first = bus.submit_one("labour", keyed("a"));
    ASSERT_EQ(first.state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    const auto backup = test::copy_of_tables(bus.node_disk_shared("labour"), kTableNames.size());
    const Outcome second = bus.submit_one("labour", keyed("b"));
    ASSERT_EQ(second.id.stream, first.id.stream);
    test::add_streams(bus, "labour", 1, wire::kStreamsMax, 1000);
    bus.put_node_disk("labour", backup);
    ASSERT_TRUE(bus.start_node("labour"));
    const Outcome third = bus.submit_one("labour", keyed("c"));
    ASSERT_EQ(third.state, State::accepted);
    EXPECT_NE(third.id.stream, first.id.stream);
    EXPECT_TRUE(bus.status("labour").alarms.empty());
}

TEST_F(Outbox, ARestoredOneDoesNotSendAgainWhatLeftAfterTheBackup) {
    bus.crash_broker();
    bus.steps(2);
    ASSERT_TRUE(bus.try_submit("labour",
                               {keyed("a"), keyed("b", Kind::province_summary)},
                               std::chrono::milliseconds{200})
                    .has_value());
    const auto backup = test::copy_of_tables(bus.node_disk_shared("labour"), kTableNames.size());
    ASSERT_TRUE(bus.start_broker());
    ASSERT_TRUE(bus.step_until([&] { return bus.status("labour").outbox == 0; }));
    ASSERT_EQ(logged(proof::EntryKind::message), 2U);
    bus.put_node_disk("labour", backup);
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(bus.step_until([&] { return bus.status("labour").outbox == 0; }));
    EXPECT_EQ(logged(proof::EntryKind::message), 2U);
    EXPECT_EQ(bus.submit_one("labour", keyed("a")).state, State::accepted);
    EXPECT_EQ(logged(proof::EntryKind::message), 2U) << "the key still names it";
}

}  // namespace
}  // namespace lienthong::node
