// SPDX-License-Identifier: Apache-2.0
// Bundles on a stick: a node whose network is cut publishes and receives by files, with the same
// checks and the same receipts, and nothing is said twice.
#include "tests/unit/bus/node/bundle_fixture.hpp"

namespace lienthong::node {
namespace {

TEST_F(Bundles, CarryAnOutboxThereAndReceiptsAndDeliveriesBack) {
    cut("labour");
    take("labour", {keyed("a"), keyed("b"), keyed("c")});
    ASSERT_EQ(bus.submit_one("police", keyed("p")).state, State::accepted);
    const ExportedBundle bundle = exported();
    EXPECT_EQ(bundle.number, 1U);
    EXPECT_EQ(bundle.batches, 1U);
    EXPECT_EQ(bundle.messages, 3U);
    EXPECT_EQ(bundle.waiting, 0U);
    EXPECT_EQ(bus.status("labour").outbox, 1U) << "it waits for its receipt";
    const broker::BundleReply reply = carried_out(bundle);
    EXPECT_EQ(reply.counts.receipts, 1U);
    EXPECT_EQ(reply.counts.accepted, 3U);
    EXPECT_EQ(reply.counts.refused, 0U);
    EXPECT_FALSE(reply.counts.more);
    const ImportedBundle taken = taken_in(reply.file);
    EXPECT_EQ(taken.number, 1U);
    EXPECT_EQ(taken.receipts, 1U);
    EXPECT_EQ(taken.accepted, 3U);
    EXPECT_EQ(taken.again, 0U);
    EXPECT_EQ(taken.entries, 4U) << "its own, and the police's";
    EXPECT_EQ(bus.status("labour").outbox, 0U);
    EXPECT_EQ(bus.inbox("labour").size(), 4U);
    EXPECT_EQ(messages_logged(), 4U);
    EXPECT_TRUE(alarms().empty());
    // The key still names what was accepted, after a restart too.
    ASSERT_TRUE(bus.start_node("labour"));
    EXPECT_EQ(take("labour", {keyed("a")}).front().state, State::accepted);
    EXPECT_EQ(exported().messages, 0U);
}

TEST_F(Bundles, WithAnEmptyOutboxAskForDeliveries) {
    cut("labour");
    ASSERT_EQ(bus.submit_one("police", keyed("p")).state, State::accepted);
    const ExportedBundle bundle = exported();
    EXPECT_EQ(bundle.batches, 0U);
    const ImportedBundle taken = taken_in(carried_out(bundle).file);
    EXPECT_EQ(taken.receipts, 0U);
    EXPECT_EQ(taken.entries, 1U);
    const ImportedBundle again = round_trip();
    EXPECT_EQ(again.entries, 0U) << "nothing more, and nobody waited for it";
    EXPECT_TRUE(alarms().empty());
}

TEST_F(Bundles, NeverWaitAtTheBrokerForSomethingToCome) {
    cut("labour");
    const auto before = bus.clock().monotonic();
    carried_out(exported());
    EXPECT_LT(bus.clock().monotonic() - before, seconds{2});
}

TEST_F(Bundles, CarriedOutTwiceGiveTheSameReceipts) {
    cut("labour");
    take("labour", {keyed("a"), keyed("b")});
    const ExportedBundle bundle = exported();
    const auto receipts = [](BytesView file) {
        std::vector<Bytes> all;
        const Bundle reply = proof::parse_bundle(file).value();
        for (const proof::BundleFrame& frame : reply.frames) {
            const auto command = wire::parse_command(frame.command, wire::kDataBytesMax).value();
            if (std::holds_alternative<wire::Receipt>(command.body)) all.push_back(frame.command);
        }
        return all;
    };
    const auto first = receipts(carried_out(bundle).file);
    const broker::BundleReply second = carried_out(bundle);
    EXPECT_EQ(first.size(), 1U);
    EXPECT_EQ(receipts(second.file), first);
    EXPECT_EQ(messages_logged(), 2U);
    EXPECT_EQ(taken_in(second.file).accepted, 2U);
}

TEST_F(Bundles, BroughtBackTwiceBringNothingNew) {
    cut("labour");
    take("labour", {keyed("a")});
    const broker::BundleReply reply = carried_out(exported());
    EXPECT_EQ(taken_in(reply.file).receipts, 1U);
    const ImportedBundle again = taken_in(reply.file);
    EXPECT_EQ(again.receipts, 0U);
    EXPECT_EQ(again.accepted, 0U);
    EXPECT_EQ(again.entries, 0U);
    EXPECT_EQ(bus.inbox("labour").size(), 1U);
    EXPECT_TRUE(alarms().empty());
}

TEST_F(Bundles, LostOnTheirWayAreSentAgainUnderTheSameIds) {
    cut("labour");
    take("labour", {keyed("a")});
    carried_out(exported());  // the reply is lost
    take("labour", {keyed("b")});
    const ExportedBundle second = exported();
    EXPECT_EQ(second.number, 2U);
    EXPECT_EQ(second.messages, 2U);
    const ImportedBundle taken = taken_in(carried_out(second).file);
    EXPECT_EQ(taken.accepted, 2U);
    EXPECT_EQ(messages_logged(), 2U);
    EXPECT_TRUE(alarms().empty());
}

TEST_F(Bundles, AndANetworkThatComesLaterSayNothingTwice) {
    cut("labour");
    take("labour", {keyed("a"), keyed("b")});
    const broker::BundleReply reply = carried_out(exported());
    heal("labour");
    ASSERT_TRUE(bus.step_until([&] { return bus.status("labour").outbox == 0; }));
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(messages_logged(), 2U);
    const ImportedBundle taken = taken_in(reply.file);
    EXPECT_EQ(taken.receipts, 0U);
    EXPECT_EQ(taken.entries, 0U);
    EXPECT_EQ(bus.submit_one("labour", keyed("c")).state, State::accepted);
    EXPECT_EQ(messages_logged(), 3U);
    EXPECT_TRUE(alarms().empty());
}

TEST_F(Bundles, AndANetworkAtTheSameTimeSayNothingTwice) {
    ASSERT_TRUE(bus.catch_up("labour"));
    // A slow line: the answers to batch and fetch come long after those of the bundle.
    bus.hub().set_faults({.delay_permille = 1000, .delay_steps_max = 90});
    std::optional<Result<std::vector<Outcome>>> outcomes;
    bus.node("labour").submit(
        {keyed("a")}, bus.clock().monotonic() + seconds{60}, [&](auto all) { outcomes = all; });
    bus.node("labour").do_work();
    EXPECT_EQ(round_trip().accepted, 1U) << "before the network's receipt";
    ASSERT_TRUE(bus.step_until([&] { return outcomes.has_value(); }));
    bus.steps(200);
    bus.hub().set_faults({});
    EXPECT_EQ(messages_logged(), 1U);
    EXPECT_EQ(bus.submit_one("labour", keyed("b")).state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.inbox("labour").size(), 2U);
    EXPECT_TRUE(alarms().empty());
}

TEST_F(Bundles, SealAnewWhatWasAddressedUnderOlderRules) {
    cut("labour");
    take("labour", {keyed("a"), keyed("b")});
    const ExportedBundle bundle = exported();
    ASSERT_TRUE(bus.adopt("police", policy_with_one_reader_more()).has_value());
    const broker::BundleReply reply = carried_out(bundle);
    EXPECT_EQ(reply.counts.accepted, 0U);
    const ImportedBundle taken = taken_in(reply.file);
    EXPECT_EQ(taken.again, 2U);
    EXPECT_EQ(taken.accepted, 0U);
    EXPECT_EQ(bus.status("labour").policy_version, 2U) << "the new rules came with the reply";
    const ImportedBundle second = round_trip();
    EXPECT_EQ(second.accepted, 2U);
    EXPECT_EQ(second.again, 0U);
    EXPECT_EQ(messages_logged(), 2U);
    EXPECT_TRUE(alarms().empty());
}

TEST_F(Bundles, RefuseForGoodWhatThePolicyOfTheBrokerForbids) {
    cut("labour");
    take("labour", {keyed("a")});
    const ExportedBundle bundle = exported();
    auto policy = world().policy;
    std::erase_if(policy.grants, [](const policy::Grant& grant) {
        return std::ranges::find(grant.actions, policy::Action::publish) != grant.actions.end() &&
               std::ranges::find(grant.kinds, Kind::outreach_report) != grant.kinds.end();
    });
    ASSERT_TRUE(bus.adopt("police", world().policy_document(policy, 2)).has_value());
    const broker::BundleReply reply = carried_out(bundle);
    EXPECT_EQ(reply.counts.refused, 1U);
    EXPECT_EQ(taken_in(reply.file).refused, 1U);
    EXPECT_EQ(bus.status("labour").outbox, 0U);
    EXPECT_TRUE(alarms().empty());
}

TEST_F(Bundles, TakeStepsOfACaseOneAfterTheOther) {
    cut("border-guard");
    const CaseId opened =
        take("border-guard", {test::opening({"police", "labour", "peoples-committee"})})
            .front()
            .case_id;
    take("border-guard", {test::case_draft(Kind::handover_record, opened)});
    const ExportedBundle first = exported("border-guard");
    EXPECT_EQ(first.messages, 1U) << "the next step names the version that the first one makes";
    EXPECT_EQ(first.waiting, 1U);
    const broker::BundleReply reply = carried_out(first);
    EXPECT_EQ(taken_in(reply.file, "border-guard").accepted, 1U);
    const ExportedBundle second = exported("border-guard");
    EXPECT_EQ(second.messages, 1U);
    EXPECT_EQ(second.waiting, 0U);
    EXPECT_EQ(taken_in(carried_out(second).file, "border-guard").accepted, 1U);
    EXPECT_TRUE(alarms("border-guard").empty());
}

TEST_F(Bundles, ComposeADraftOnceThoughTheBrokerIsBeingAskedAboutItsCase) {
    const Outcome opened =
        bus.submit_one("border-guard", test::opening({"police", "labour", "peoples-committee"}));
    ASSERT_EQ(opened.state, State::accepted);
    ASSERT_TRUE(bus.catch_up("border-guard"));
    std::optional<Result<std::vector<Outcome>>> outcomes;
    bus.node("border-guard")
        .submit({test::case_draft(Kind::handover_record, opened.case_id)},
                bus.clock().monotonic() + seconds{60},
                [&](auto all) { outcomes = all; });
    bus.node("border-guard").do_work();  // asks for the parties of the case
    EXPECT_EQ(exported("border-guard").messages, 1U);
    ASSERT_TRUE(bus.step_until([&] { return outcomes.has_value(); }));
    ASSERT_TRUE(outcomes->has_value());
    EXPECT_EQ((*outcomes)->front().state, State::accepted);
    bus.steps(50);
    EXPECT_EQ(messages_logged(), 2U);
    EXPECT_TRUE(alarms("border-guard").empty());
}

TEST_F(Bundles, SayWhenThereIsMoreAndBringItNextTime) {
    cut("labour");
    std::vector<Draft> many(1100, test::draft(Kind::outreach_report));
    ASSERT_EQ(bus.submit("police", std::move(many)).size(), 1100U);
    bus.reply_bytes_max = broker::BundleImport::kRoomBytes + 64 * 1024;
    const broker::BundleReply reply = carried_out(exported());
    EXPECT_EQ(reply.counts.entries, 1021U) << "and three documents";
    EXPECT_TRUE(reply.counts.more);
    const ImportedBundle first = taken_in(reply.file);
    EXPECT_TRUE(first.more);
    EXPECT_EQ(first.entries, 1021U);
    const ImportedBundle second = round_trip();
    EXPECT_FALSE(second.more);
    EXPECT_EQ(second.entries, 79U);
    EXPECT_TRUE(alarms().empty());
}

TEST_F(Bundles, LeaveWhatTravelsInChunksToAConnection) {
    cut("police");
    take("police", {test::large_opening({"labour"}, 2 * message::kChunkBytes), keyed("a")});
    const ExportedBundle bundle = exported("police");
    EXPECT_EQ(bundle.messages, 1U);
    EXPECT_EQ(bundle.waiting, 1U);
    EXPECT_EQ(taken_in(carried_out(bundle).file, "police").accepted, 1U);
    EXPECT_EQ(bus.status("police").outbox, 1U) << "it is not lost";
}

TEST_F(Bundles, SurviveABrokerThatIsRestartedInBetween) {
    cut("labour");
    take("labour", {keyed("a")});
    const Bytes reply = carried_out(exported()).file;
    ASSERT_TRUE(bus.start_broker());
    ASSERT_TRUE(bus.start_node("labour"));
    EXPECT_EQ(taken_in(reply).accepted, 1U);
    EXPECT_TRUE(alarms().empty());
}

}  // namespace
}  // namespace lienthong::node
