// SPDX-License-Identifier: Apache-2.0
// The way in and the rest of the interface: sections, queries, verification, status, connection.
#include <gtest/gtest.h>

#include "tests/support/raw_client.hpp"
#include "tests/support/small_bus.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::node {
namespace {

using message::Kind;
using test::case_draft;
using test::SmallBus;
using test::world;
using State = Outcome::State;
using std::chrono::seconds;

class NodeApi : public testing::Test {
  protected:
    Outcome open_case() {
        const Outcome opened = bus.submit_one("border-guard", test::opening({"police", "labour"}));
        EXPECT_EQ(opened.state, State::accepted);
        return opened;
    }
    Result<message::QueryAnswer> query(const std::string& slug, const message::Query& query) {
        std::optional<Result<message::QueryAnswer>> answer;
        bus.node(slug).query(query, bus.clock().monotonic() + seconds{60}, [&](auto result) {
            answer = std::move(result);
        });
        bus.step_until([&] { return answer.has_value(); }, 3000);
        EXPECT_TRUE(answer.has_value());
        return answer ? std::move(*answer) : fail(Code::timeout);
    }
    static message::Query status_of(const CaseId& case_id, std::string_view officer) {
        message::Query made;
        made.kind = message::QueryKind::case_status;
        made.case_id = case_id;
        made.officer = OfficerId::of(officer);
        made.purpose = Purpose::of("verification");
        return made;
    }

    SmallBus bus{{.nodes = {"labour", "police", "border-guard", "information"}}};
};

TEST_F(NodeApi, AGrantedSectionOpensToWhatWasSent) {
    const Outcome opened = open_case();
    ASSERT_TRUE(bus.catch_up("police"));
    const auto identity = bus.node("police").section(opened.id, "identity");
    ASSERT_TRUE(identity.has_value());
    EXPECT_TRUE(equal(identity->view(), test::sample_section("lienthong.fb.Identity")));
    EXPECT_TRUE(bus.node("border-guard").section(opened.id, "identity").has_value())
        << "its own, come back";
    const auto sealed = bus.node("police").section_as_sent(opened.id, "identity");
    ASSERT_TRUE(sealed.has_value());
    EXPECT_FALSE(equal(*sealed, identity->view()));
}

// Police with a program of its own tells the broker that consent was withdrawn, and labour, sealed,
// that it was given.
TEST_F(NodeApi, ASectionThatContradictsTheFactsIsShownAndRaisesAnAlarm) {
    const Outcome opened = open_case();
    message::CaseFacts facts;
    facts.consent = message::ConsentState::given;
    facts.consent_for = {AgencyId::of("womens-union")};
    Draft lie = case_draft(Kind::consent, opened.case_id, facts);
    lie.facts->consent = message::ConsentState::withdrawn;
    test::SmallLog composer;  // the same documents
    Scene scene{world().bus,
                world().member("police").id,
                *composer.documents().registry,
                *composer.documents().policy,
                bus.clock().wall(),
                {},
                {}};
    bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
        const auto record = state.maybe_case(opened.case_id).value().value();
        scene.knowledge = {
            {record.epoch, record.position, record.leaf}, record.parties, record.consented};
    });
    const MessageId id{composer.new_stream(), 1};
    test::RawClient police(bus, "police");
    const auto answer = police.ask(wire::Publish{id.stream, 1, 1},
                                   composer.sign("police", {composer.compose(lie, scene, id)}));
    ASSERT_TRUE(answer && std::holds_alternative<wire::Receipt>(*answer));
    ASSERT_FALSE(std::get<wire::Receipt>(*answer).verdicts.at(0).refused.has_value());
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_TRUE(bus.node("labour").section(id, "document").has_value());
    EXPECT_FALSE(bus.has_alarm("labour", "facts_contradicted"));
    EXPECT_TRUE(bus.node("labour").section(id, "consent").has_value());
    bus.steps(2);
    EXPECT_TRUE(bus.has_alarm("labour", "facts_contradicted message=" + id.text()));
}

TEST_F(NodeApi, SectionsThatAreNotThereSayWhy) {
    const Outcome opened = open_case();
    ASSERT_TRUE(bus.catch_up("police"));
    NodeAgent& police = bus.node("police");
    EXPECT_EQ(police.section(opened.id, "no-such").error().code, Code::not_found);
    EXPECT_EQ(police.section(opened.id, "medical").error().code, Code::forbidden);
    EXPECT_EQ(police.section({1, 1}, "identity").error().code, Code::not_found);
    EXPECT_EQ(police.message({1, 1}).error().code, Code::not_found);
    const auto entry = police.message(opened.id);
    ASSERT_TRUE(entry.has_value());
    ASSERT_EQ(entry->sections.size(), 6U);
    EXPECT_EQ(entry->sections[5].name, "medical");
    EXPECT_FALSE(entry->sections[5].granted);
    EXPECT_TRUE(entry->sections[2].granted);
}

TEST_F(NodeApi, WhoIsNoRecipientKnowsNothingOfTheMessage) {
    const Outcome opened = open_case();
    ASSERT_TRUE(bus.catch_up("information"));
    EXPECT_TRUE(bus.inbox("information").empty());
    EXPECT_EQ(bus.node("information").message(opened.id).error().code, Code::not_found);
}

TEST_F(NodeApi, EverythingOfAMessageVerifies) {
    const Outcome opened = open_case();
    for (const std::string slug : {"police", "border-guard"}) {
        ASSERT_TRUE(bus.catch_up(slug));
        std::optional<Result<Verification>> answer;
        bus.node(slug).verify(opened.id, bus.clock().monotonic() + seconds{10}, [&](auto result) {
            answer = result;
        });
        ASSERT_TRUE(bus.step_until([&] { return answer.has_value(); }));
        ASSERT_TRUE(answer->has_value());
        EXPECT_TRUE((*answer)->signature);
        EXPECT_TRUE((*answer)->receipt);
        EXPECT_TRUE((*answer)->consistency);
        EXPECT_TRUE((*answer)->commitments);
    }
}

TEST_F(NodeApi, AQueryIsAnsweredOrRefusedByTheBroker) {
    const Outcome opened = open_case();
    const auto known = query("police", status_of(opened.case_id, "o-cat-01"));
    ASSERT_TRUE(known.has_value());
    EXPECT_EQ(known->cases.at(0).state, "received");
    const auto stranger = query("information", status_of(opened.case_id, "o-tt-01"));
    ASSERT_FALSE(stranger.has_value());
    EXPECT_EQ(stranger.error().code, Code::forbidden);
}

TEST_F(NodeApi, ACaseMovesBetweenTheNodes) {
    const Outcome opened =
        bus.submit_one("border-guard", test::opening({"police", "labour", "peoples-committee"}));
    ASSERT_EQ(opened.state, State::accepted);
    ASSERT_TRUE(bus.start_node("peoples-committee"));
    EXPECT_EQ(
        bus.submit_one("peoples-committee", case_draft(Kind::commune_notice, opened.case_id)).state,
        State::accepted);
    EXPECT_EQ(bus.submit_one("labour", case_draft(Kind::initial_check, opened.case_id)).state,
              State::accepted);
    const auto status = query("police", status_of(opened.case_id, "o-cat-01"));
    ASSERT_TRUE(status.has_value());
    EXPECT_EQ(status->cases.at(0).state, "initial-check");
}

TEST_F(NodeApi, AMessageToACaseOfOthersIsForbidden) {
    const Outcome opened = open_case();
    message::CaseFacts facts;  // as the sample of the section says
    facts.consent = message::ConsentState::given;
    facts.consent_for = {AgencyId::of("womens-union")};
    const Outcome outcome =
        bus.submit_one("information", case_draft(Kind::consent, opened.case_id, facts));
    EXPECT_EQ(outcome.state, State::refused);
    ASSERT_TRUE(outcome.refusal.has_value());
    EXPECT_EQ(outcome.refusal->code, Code::forbidden);
    EXPECT_TRUE(outcome.refusal->grant_missing.empty());
}

TEST_F(NodeApi, AReferenceToWhatNeverArrivedIsNotFound) {
    Draft draft = test::draft(Kind::outreach_report);
    draft.refers_to = message::Reference{{4, 1}, Hash{}, message::Relation::answers};
    const Outcome outcome = bus.submit_one("labour", draft);
    EXPECT_EQ(outcome.state, State::refused);
    EXPECT_EQ(outcome.refusal->code, Code::not_found);
}

TEST_F(NodeApi, DocumentsReachEveryNodeAndCountAtOnce) {
    ASSERT_TRUE(bus.adopt("police", world().policy_document(world().policy, 2)).has_value());
    for (const std::string slug : {"labour", "information"}) {
        ASSERT_TRUE(bus.catch_up(slug));
        EXPECT_EQ(bus.status(slug).policy_version, 2U);
        ASSERT_TRUE(bus.start_node(slug));
        EXPECT_EQ(bus.status(slug).policy_version, 2U) << "after a restart";
    }
    const auto again = bus.adopt("police", world().policy_document(world().policy, 2));
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, Code::rollback);
    const auto garbage = bus.adopt("police", Bytes(20, 1));
    ASSERT_FALSE(garbage.has_value());
    EXPECT_EQ(garbage.error().code, Code::malformed_document);
}

TEST_F(NodeApi, WithoutABrokerQueriesAreUnreachableAndStatusSaysSo) {
    bus.crash_broker();
    for (const std::string slug : {"police"}) ASSERT_TRUE(bus.start_node(slug));
    const auto answer = query("police", status_of({}, "o-cat-01"));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Code::unreachable);
    EXPECT_FALSE(bus.status("police").broker_reachable);
}

TEST_F(NodeApi, CatchingUpBeyondTheLogIsTimeout) {
    std::optional<Result<void>> answer;
    bus.node("labour").catch_up(
        100'000, bus.clock().monotonic() + seconds{5}, [&](auto result) { answer = result; });
    ASSERT_TRUE(bus.step_until([&] { return answer.has_value(); }));
    ASSERT_FALSE(answer->has_value());
    EXPECT_EQ(answer->error().code, Code::timeout);
}

TEST_F(NodeApi, CatchingUpToNowBringsWhatTheBrokerHadWhenItWasAsked) {
    bus.crash_node("labour");
    for (int i = 0; i < 30; ++i) bus.submit_one("police", test::draft(Kind::outreach_report));
    ASSERT_TRUE(bus.start_node("labour"));
    std::optional<Result<void>> answer;
    bus.node("labour").catch_up_to_now(bus.clock().monotonic() + seconds{60},
                                       [&](auto result) { answer = result; });
    ASSERT_TRUE(bus.step_until([&] { return answer.has_value(); }));
    EXPECT_TRUE(answer->has_value());
    EXPECT_EQ(bus.inbox("labour").size(), 30U);
}

TEST_F(NodeApi, CatchingUpToNowIsUnreachableAtOnceWhereTheBrokerIsKnownToBeGone) {
    ASSERT_TRUE(bus.catch_up("labour"));  // connected
    bus.crash_broker();
    const auto ask = [&](seconds patience) {
        std::optional<Result<void>> answer;
        bus.node("labour").catch_up_to_now(bus.clock().monotonic() + patience,
                                           [&](auto result) { answer = result; });
        EXPECT_TRUE(bus.step_until([&] { return answer.has_value(); }, 100'000));
        return answer->error().code;
    };
    EXPECT_EQ(ask(seconds{5}), Code::timeout) << "it has not noticed yet";
    ASSERT_TRUE(bus.step_until([&] { return !bus.status("labour").broker_reachable; }, 100'000));
    const auto before = bus.clock().monotonic();
    EXPECT_EQ(ask(seconds{60}), Code::unreachable);
    EXPECT_LT(bus.clock().monotonic() - before, seconds{1});
}

TEST_F(NodeApi, AnOfflineNodeGetsEverythingWhenItIsBack) {
    bus.crash_node("labour");
    for (int i = 0; i < 30; ++i) bus.submit_one("police", test::draft(Kind::outreach_report));
    ASSERT_TRUE(bus.start_node("labour"));
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.inbox("labour").size(), 30U);
    EXPECT_TRUE(bus.status("labour").alarms.empty());
}

TEST_F(NodeApi, AFailedCommitEndsTheNodeAndARestartLosesNothing) {
    for (const auto fault :
         {journal::CommitFault::before_durable, journal::CommitFault::after_durable}) {
        Draft draft = test::draft(Kind::outreach_report);
        draft.key = fault == journal::CommitFault::before_durable ? "one" : "two";
        std::optional<Result<std::vector<Outcome>>> answer;
        journal::fail_commit(bus.node_disk("police"), 0, fault);
        bus.node("police").submit(
            {draft}, bus.clock().monotonic() + seconds{5}, [&](auto result) { answer = result; });
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ(answer->error().code, Code::io);
        EXPECT_TRUE(bus.node("police").broken().has_value());
        ASSERT_TRUE(bus.start_node("police"));
        EXPECT_EQ(bus.submit_one("police", draft).state, State::accepted);
    }
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.inbox("labour").size(), 2U);
}

TEST(NodeStart, WithoutGenesisItIsMalformedConfig) {
    SmallBus bus(
        {.nodes = {}, .tweak_node = [](NodeOptions& options) { options.genesis.clear(); }});
    EXPECT_FALSE(bus.start_node("labour"));
}

TEST(NodeConnection, ComesBackWithGrowingPausesUpToALimit) {
    SmallBus bus({.nodes = {"labour"}, .tweak_node = [](NodeOptions& options) {
                      options.answer_timeout = seconds{1};
                      options.reconnect_max = seconds{5};
                  }});
    ASSERT_TRUE(bus.step_until([&] { return bus.status("labour").broker_reachable; }));
    bus.crash_broker();
    ASSERT_TRUE(bus.step_until([&] { return !bus.status("labour").broker_reachable; }))
        << "silence is noticed";
    const std::uint64_t before = bus.hub().counts().sent;
    bus.steps(20 * 60);  // a minute
    const std::uint64_t attempts = bus.hub().counts().sent - before;
    EXPECT_GE(attempts, 8U) << "at least every six seconds";
    EXPECT_LE(attempts, 16U) << "one second of waiting alone would make sixty";
    ASSERT_TRUE(bus.start_broker());
    EXPECT_TRUE(bus.step_until([&] { return bus.status("labour").broker_reachable; }, 20 * 7));
}

// Whoever asks for the status need not wait until a time-out has shown it.
TEST(NodeConnection, IsTriedWhenTheStatusIsAskedFor) {
    SmallBus bus({.nodes = {"labour"}});
    ASSERT_TRUE(bus.step_until([&] { return bus.status("labour").broker_reachable; }));
    const auto reachable = [&] {
        std::optional<bool> answer;
        bus.node("labour").status(bus.clock().monotonic() + seconds{30},
                                  [&](auto status) { answer = status->broker_reachable; });
        EXPECT_TRUE(bus.step_until([&] { return answer.has_value(); }, 60)) << "three seconds";
        return answer;
    };
    EXPECT_EQ(reachable(), true);
    bus.crash_broker();
    EXPECT_EQ(reachable(), false);
}

}  // namespace
}  // namespace lienthong::node
