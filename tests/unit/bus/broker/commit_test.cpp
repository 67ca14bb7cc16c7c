// SPDX-License-Identifier: Apache-2.0
// The committer: groups what waits, answers after the sync, refuses publishing when the disk fills,
// and ends after a commit that failed.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/raw_client.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::broker {
namespace {

using message::Kind;
using test::RawClient;
using test::SmallBus;
using test::SmallBusOptions;
using test::world;

class Commits : public testing::Test {
  protected:
    // A batch of one outreach report, for its own stream.
    struct Made {
        wire::Publish command;
        Bytes frame;
    };
    Made report(std::string_view slug = "labour") {
        const std::uint64_t stream = composer.new_stream();
        auto envelope =
            composer.compose(slug, test::draft(Kind::outreach_report), MessageId{stream, 1});
        return {{stream, 1, 1}, composer.sign(slug, {std::move(envelope)})};
    }
    static bool is_receipt(const std::optional<wire::Body>& body) {
        return body && std::holds_alternative<wire::Receipt>(*body);
    }
    static wire::Fetch fetch(Position from) { return {"node", from, 1u << 20, 100}; }

    SmallBus bus{{.nodes = {}}};
    test::SmallLog composer;  // the same documents
    RawClient peer{bus, "labour"};
};

TEST_F(Commits, EverythingThatWaitsGoesIntoOneGroup) {
    std::vector<std::uint64_t> requests;
    for (int i = 0; i < 10; ++i) {
        const Made made = report();
        requests.push_back(peer.send(made.command, made.frame));
    }
    const std::uint64_t before = bus.broker().counters.commits;
    bus.steps(2);
    EXPECT_EQ(bus.broker().counters.commits, before + 1);
    std::set<std::string> heads;
    for (const std::uint64_t request : requests) {
        const auto answer = peer.maybe_answer(request);
        ASSERT_TRUE(answer.has_value());
        heads.insert(std::get<wire::Receipt>(answer->body).head);
    }
    EXPECT_EQ(heads.size(), 1U) << "one head for the group";
    EXPECT_EQ(bus.broker().counters.messages_accepted, 10U);
}

TEST_F(Commits, AGroupIsLimited) {
    SmallBus small({.nodes = {}, .commit = {.group_max = 4, .reserve_bytes = 0}});
    RawClient one(small, "labour");
    for (int i = 0; i < 9; ++i) {
        const Made made = report();
        one.send(made.command, made.frame);
    }
    const std::uint64_t before = small.broker().counters.commits;
    small.steps(4);
    EXPECT_EQ(small.broker().counters.commits, before + 3);
    one.take_all();
    EXPECT_EQ(one.answers(), 9U);
}

TEST_F(Commits, AnIdleBrokerCommitsNothing) {
    const std::uint64_t before = bus.broker().counters.commits;
    bus.steps(50);
    EXPECT_EQ(bus.broker().counters.commits, before);
}

TEST_F(Commits, AFetchWaitsForWhatComesAndIsAnsweredEmptyWhenItIsDue) {
    const Position end = bus.broker().journal->confirmed();
    const std::uint64_t request = peer.send(fetch(end));
    bus.steps(10);
    EXPECT_EQ(peer.maybe_answer(request), std::nullopt);
    const Made made = report();
    ASSERT_TRUE(is_receipt(peer.ask(made.command, made.frame)));
    const auto came = peer.maybe_answer(request);
    ASSERT_TRUE(came.has_value());
    EXPECT_EQ(std::get<wire::Delivery>(came->body).entries.size(), 1U);

    const std::uint64_t idle = peer.send(fetch(end + 1));
    bus.steps(10);
    EXPECT_EQ(peer.maybe_answer(idle), std::nullopt);
    bus.clock().advance(CommitOptions{}.fetch_wait);
    bus.steps(2);
    const auto empty = peer.maybe_answer(idle);
    ASSERT_TRUE(empty.has_value());
    EXPECT_TRUE(std::get<wire::Delivery>(empty->body).entries.empty());
}

TEST(CommitBudget, OfAGroupsDeliveriesIsBoundedAndTheNextFetchComesAgain) {
    SmallBus bus{{.nodes = {}, .commit = {.delivered_bytes_max = 1, .reserve_bytes = 0}}};
    RawClient first(bus, "labour");
    RawClient second(bus, "police");
    const wire::Fetch all{"node", 0, 1u << 20, 100};
    const std::uint64_t one = first.send(all);
    const std::uint64_t two = second.send(all);
    bus.steps(3);
    const auto given = first.maybe_answer(one);
    const auto later = second.maybe_answer(two);
    ASSERT_TRUE(given && later);
    EXPECT_TRUE(std::holds_alternative<wire::Delivery>(given->body));
    ASSERT_TRUE(std::holds_alternative<wire::Failure>(later->body));
    EXPECT_EQ(std::get<wire::Failure>(later->body).code, Code::overloaded);
    const auto again = second.ask(all);
    EXPECT_TRUE(again && std::holds_alternative<wire::Delivery>(*again));
}

TEST_F(Commits, NewsForOthersDoesNotWakeAFetch) {
    RawClient information(bus, "information");
    const std::uint64_t request = information.send(fetch(bus.broker().journal->confirmed()));
    bus.steps(3);
    const Made made = report();
    ASSERT_TRUE(is_receipt(peer.ask(made.command, made.frame)));
    EXPECT_EQ(information.maybe_answer(request), std::nullopt);
}

TEST_F(Commits, ABatchThatIsRefusedAsAWholeIsOnTheRecordWithItsAgencyAndCode) {
    const Made accepted = report();
    ASSERT_TRUE(is_receipt(peer.ask(accepted.command, accepted.frame)));
    const Made theirs = report("police");
    const Made other = report();
    const auto refused_thrice = [&] {
        Bytes garbage(100, 7);
        EXPECT_EQ(peer.refusal(accepted.command, std::move(garbage)), Code::malformed_frame);
        EXPECT_EQ(peer.refusal(theirs.command, theirs.frame), Code::wrong_sender);
        wire::Publish same_numbers = other.command;
        same_numbers.stream = accepted.command.stream;
        EXPECT_EQ(peer.refusal(same_numbers, other.frame), Code::id_conflict);
    };
    refused_thrice();
    bus.clock().advance(std::chrono::minutes{1});
    refused_thrice();  // the minute before is written with what comes after it
    std::set<std::string> rules;
    bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
        for (Position position = 0; position < state.log_size(); ++position) {
            const auto entry = state.entry(position).value();
            if (entry.kind != proof::EntryKind::denied) continue;
            const auto denied = core::parse_denied(entry.content).value();
            EXPECT_EQ(denied.agency, world().id("labour"));
            EXPECT_EQ(denied.count, 1U) << denied.rule;
            rules.insert(denied.rule);
        }
    });
    EXPECT_EQ(rules, (std::set<std::string>{"id_conflict", "malformed_frame", "wrong_sender"}));
}

TEST_F(Commits, AFullDiskRefusesPublishingWhileReadingGoesOn) {
    const Made first = report();
    ASSERT_TRUE(is_receipt(peer.ask(first.command, first.frame)));
    SmallBus full({.nodes = {}, .commit = {.reserve_bytes = 64 * 1024}});
    RawClient one(full, "labour");
    const Made before = report();
    ASSERT_TRUE(is_receipt(one.ask(before.command, before.frame)));
    const auto used = full.broker().journal->bytes_used_and_max()->first;
    journal::limit_bytes(full.broker_disk(), used + 1000);
    const Made refused = report();
    EXPECT_EQ(one.refusal(refused.command, refused.frame), Code::disk_full);
    const auto delivery = one.ask(fetch(0));
    ASSERT_TRUE(delivery && std::holds_alternative<wire::Delivery>(*delivery));
    EXPECT_EQ(std::get<wire::Delivery>(*delivery).entries.size(), 4U);
    journal::limit_bytes(full.broker_disk(), used + 10 * 1024 * 1024);
    EXPECT_TRUE(is_receipt(one.ask(refused.command, refused.frame))) << "its number was not used";
}

// A broker at the limit of its store, after a report and a case that labour is a party of.
class FullStore : public testing::Test {
  protected:
    static SmallBusOptions options(std::uint64_t reserve_bytes) {
        return {.nodes = {"labour", "border-guard"}, .commit = {.reserve_bytes = reserve_bytes}};
    }
    void fill(SmallBus& bus, std::uint64_t left) {
        using State = node::Outcome::State;
        ASSERT_EQ(bus.submit_one("labour", test::draft(Kind::outreach_report)).state,
                  State::accepted);
        const auto opened = bus.submit_one("border-guard", test::opening({"labour", "police"}));
        ASSERT_EQ(opened.state, State::accepted);
        case_id = opened.case_id;
        opened_at = opened.position;
        for (const char* slug : {"labour", "border-guard"}) bus.crash_node(slug);
        bus.steps(5);
        const auto used = bus.broker().journal->bytes_used_and_max()->first;
        journal::limit_bytes(bus.broker_disk(), used + left);
    }
    static void make_room(SmallBus& bus) {
        const auto used = bus.broker().journal->bytes_used_and_max()->first;
        journal::limit_bytes(bus.broker_disk(), used + 10 * 1024 * 1024);
    }
    message::Query status() const {
        message::Query query;
        query.kind = message::QueryKind::case_status;
        query.case_id = case_id;
        query.officer = OfficerId::of("o-cat-01");
        query.purpose = Purpose::of("verification");
        return query;
    }
    static wire::Fetch fetch(Position from) { return {"node", from, 1u << 20, 100}; }

    CaseId case_id;
    Position opened_at = 0;
};

// The last quarter of the reserve.
TEST_F(FullStore, WithoutRoomForEntriesReadsThatNeedNoneGoOn) {
    SmallBus bus(options(64 * 1024));
    ASSERT_NO_FATAL_FAILURE(fill(bus, 500));
    RawClient labour(bus, "labour");
    const auto delivery = labour.ask(fetch(0));
    ASSERT_TRUE(delivery && std::holds_alternative<wire::Delivery>(*delivery));
    EXPECT_EQ(std::get<wire::Delivery>(*delivery).to, opened_at);
    EXPECT_EQ(std::get<wire::Delivery>(*delivery).entries.size(), 4U) << "documents and report";
    EXPECT_EQ(labour.refusal(fetch(opened_at)), Code::disk_full);
    EXPECT_EQ(labour.refusal(status()), Code::disk_full);
    EXPECT_EQ(labour.refusal(wire::Publish{1, 1, 1}, Bytes(50, 7)), Code::disk_full);
    EXPECT_EQ(labour.refusal(wire::FetchChunk{opened_at, "identity", 0}), Code::disk_full);
    message::Query parties = status();
    parties.kind = message::QueryKind::case_parties;
    const auto named = labour.ask(parties);
    EXPECT_TRUE(named && std::holds_alternative<message::QueryAnswer>(*named));
    parties.head_size = 1;
    EXPECT_EQ(labour.refusal(parties), Code::disk_full) << "with what proves them";
    EXPECT_FALSE(labour.refusal(wire::DocumentRequest{2, 1}));
    EXPECT_FALSE(labour.refusal(wire::InclusionRequest{0, 1}));
    const Position size = bus.broker().journal->confirmed();
    EXPECT_EQ(bus.broker().counters.groups_dropped, 0U);
    make_room(bus);
    const auto later = labour.ask(fetch(opened_at));
    ASSERT_TRUE(later && std::holds_alternative<wire::Delivery>(*later));
    EXPECT_EQ(std::get<wire::Delivery>(*later).entries.size(), 1U);
    EXPECT_EQ(bus.broker().journal->confirmed(), size + 1) << "now it is on the record";
}

TEST_F(FullStore, AGroupThatMeetsTheLimitIsRefusedAsAWholeAndTheBrokerGoesOn) {
    SmallBus bus(options(0));
    ASSERT_NO_FATAL_FAILURE(fill(bus, 100));
    RawClient police(bus, "police");
    RawClient labour(bus, "labour");
    const auto asked = police.send(status());
    const auto document = labour.send(wire::DocumentRequest{2, 1});
    const auto waiting = labour.send(fetch(bus.broker().journal->confirmed()));
    bus.steps(3);
    for (auto [peer, request] :
         {std::pair{&police, asked}, std::pair{&labour, document}, std::pair{&labour, waiting}}) {
        const auto answer = peer->maybe_answer(request);
        ASSERT_TRUE(answer && std::holds_alternative<wire::Failure>(answer->body));
        EXPECT_EQ(std::get<wire::Failure>(answer->body).code, Code::disk_full);
    }
    ASSERT_NE(bus.maybe_broker(), nullptr);
    EXPECT_EQ(bus.broker().counters.groups_dropped, 1U);
    EXPECT_FALSE(labour.refusal(wire::DocumentRequest{2, 1})) << "it needs no entry";
    EXPECT_EQ(police.refusal(status()), Code::disk_full);
    EXPECT_EQ(bus.broker().counters.groups_dropped, 1U) << "the limit is remembered for a while";
    make_room(bus);
    bus.clock().advance(CommitOptions{}.full_pause);
    const auto answer = police.ask(status());
    EXPECT_TRUE(answer && std::holds_alternative<message::QueryAnswer>(*answer));
}

TEST_F(FullStore, ADocumentOfADroppedGroupIsNotInForce) {
    SmallBus bus(options(0));
    ASSERT_NO_FATAL_FAILURE(fill(bus, 100));
    RawClient admin(bus, "labour");
    const auto registry_version = [&] {
        const auto welcome = admin.ask(wire::Hello{{1}, world().bus, "", 0});
        EXPECT_TRUE(welcome && std::holds_alternative<wire::Welcome>(*welcome));
        return std::get<wire::Welcome>(*welcome).registry_version;
    };
    const Bytes second = world().registry_document(world().registry, 2);
    EXPECT_EQ(admin.refusal(wire::Adopt{2}, second), Code::disk_full);
    EXPECT_EQ(registry_version(), 1U);
    make_room(bus);
    EXPECT_FALSE(admin.refusal(wire::Adopt{2}, second));
    EXPECT_EQ(registry_version(), 2U);
}

TEST_F(Commits, AfterACommitThatFailedNothingIsAnsweredAndTheProcessEnds) {
    for (const auto fault :
         {journal::CommitFault::before_durable, journal::CommitFault::after_durable}) {
        if (bus.maybe_broker() == nullptr) {
            ASSERT_TRUE(bus.start_broker());
        }
        const Made made = report();
        journal::fail_commit(bus.broker_disk(), 0, fault);
        EXPECT_EQ(peer.ask(made.command, made.frame), std::nullopt);
        EXPECT_EQ(bus.maybe_broker(), nullptr);
        ASSERT_TRUE(bus.start_broker());
        const auto answer = peer.ask(made.command, made.frame);
        ASSERT_TRUE(is_receipt(answer));
        EXPECT_EQ(std::get<wire::Receipt>(*answer).accepted_count, 1U);
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            EXPECT_EQ(state.maybe_position({made.command.stream, 1}).value(),
                      std::get<wire::Receipt>(*answer).first_position);
        });
    }
}

TEST_F(Commits, ABatchThatDidNotVerifyIsRefusedWithItsCodeAndCounted) {
    Made made = report();
    auto batch = message::parse_batch(made.frame).value();
    batch.envelopes.front().header.back() ^= 1;
    made.frame = message::encode_batch(batch);
    const auto code = peer.refusal(made.command, made.frame);
    ASSERT_TRUE(code.has_value());
    EXPECT_EQ(bus.broker().counters.refusals_by_code[static_cast<std::size_t>(*code)] > 0, true);
    EXPECT_EQ(bus.broker().counters.messages_accepted, 0U);
}

TEST_F(Commits, ProofsAreGivenForSizesThatThereAreOnly) {
    const std::uint64_t size = bus.broker().journal->confirmed();
    const auto proof = peer.ask(wire::ConsistencyRequest{1, size});
    EXPECT_TRUE(proof && std::holds_alternative<wire::ConsistencyProof>(*proof));
    EXPECT_EQ(peer.refusal(wire::ConsistencyRequest{1, size + 1}), Code::bad_argument);
    const auto path = peer.ask(wire::InclusionRequest{0, size});
    EXPECT_TRUE(path && std::holds_alternative<wire::InclusionProof>(*path));
    EXPECT_EQ(peer.refusal(wire::InclusionRequest{0, size + 1}), Code::bad_argument);
}

TEST_F(Commits, DocumentsAreGivenByVersion) {
    const auto newest = peer.ask(wire::DocumentRequest{3, 0});
    EXPECT_TRUE(newest && std::holds_alternative<wire::Done>(*newest));
    EXPECT_EQ(peer.refusal(wire::DocumentRequest{3, 9}), Code::not_found);
}

TEST_F(Commits, ACoSignatureIsOnDiskBeforeItIsAnsweredAndItsFaultsHaveTheirCodes) {
    std::string head;
    bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
        head = state.newest_head().value().value();
    });
    const std::uint64_t size = proof::parse_head(head)->size;
    const auto& labour = world().member("labour");
    const auto signer = labour.witness.signer();
    const wire::Cosign cosign{
        proof::cosign_head(head, labour.node.text(), test::kNow, *signer).value(), size};
    const auto answer = peer.ask(cosign);
    ASSERT_TRUE(answer && std::holds_alternative<wire::Done>(*answer));
    bus.crash_broker();
    ASSERT_TRUE(bus.start_broker());
    bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
        EXPECT_EQ(state.cosignatures(size)->size(), 1U);
        EXPECT_EQ(state.cosigned_sizes().value(), std::vector{size});
    });
    EXPECT_EQ(peer.refusal(wire::Cosign{cosign.cosignature, size + 9}), Code::not_found);
    EXPECT_EQ(RawClient(bus, "police").refusal(cosign), Code::wrong_sender)
        << "the session of another node";
    const auto none = peer.ask(wire::WitnessRequest{0});
    ASSERT_TRUE(none && std::holds_alternative<wire::Witnessed>(*none));
    EXPECT_TRUE(std::get<wire::Witnessed>(*none).note.empty()) << "one is not more than half";
}

TEST_F(Commits, ANearlyFullDiskRefusesCoSignatures) {
    SmallBus full({.nodes = {}, .commit = {.reserve_bytes = UINT64_MAX}});
    const auto used = full.broker().journal->bytes_used_and_max()->first;
    journal::limit_bytes(full.broker_disk(), used + used / 16);
    RawClient one(full, "labour");
    EXPECT_EQ(one.refusal(wire::Cosign{"x", 1}), Code::disk_full);
    const auto answer = one.ask(wire::WitnessRequest{0});
    EXPECT_TRUE(answer && std::holds_alternative<wire::Witnessed>(*answer));
}

TEST_F(Commits, AWelcomeNamesTheStreamsInWhichTheNodeWasLastActive) {
    const auto streams = [&] {
        const auto welcome = peer.ask(wire::Hello{{1}, world().bus, "", 0});
        EXPECT_TRUE(welcome && std::holds_alternative<wire::Welcome>(*welcome));
        std::set<std::uint64_t> named;
        for (const auto& one : std::get<wire::Welcome>(*welcome).streams) named.insert(one.stream);
        return named;
    };
    test::add_streams(bus, "labour", 1, wire::kStreamsMax, 100);
    test::add_streams(bus, "police", 90'000, 3, 1);
    EXPECT_EQ(streams().size(), wire::kStreamsMax);
    test::add_streams(bus, "labour", 50'000, 1, 99);
    EXPECT_FALSE(streams().contains(50'000)) << "it is the one that was not used for longest";
    test::add_streams(bus, "labour", 60'000, 1, 10'000);
    const auto named = streams();
    EXPECT_EQ(named.size(), wire::kStreamsMax);
    EXPECT_TRUE(named.contains(60'000));
    EXPECT_FALSE(named.contains(1));
}

TEST_F(Commits, ARestartStartsAnEpochOnTheRecord) {
    bus.crash_broker();
    ASSERT_TRUE(bus.start_broker());
    bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
        const core::Entry entry = state.entry(state.log_size() - 1).value();
        EXPECT_EQ(entry.kind, proof::EntryKind::epoch);
        EXPECT_EQ(entry.epoch, 2U);
        EXPECT_TRUE(state.maybe_head(state.log_size()).value().has_value());
    });
}

TEST(CommitAgentStart, WithoutDocumentsItIsMalformedConfig) {
    ManualClock clock;
    SeededRandom random(1);
    test::BrokerProcess process(random);
    process.journal = journal::open_memory(journal::make_memory_disk());
    const Epoch epoch = process.journal->acquire().value();
    CommitAgent agent({},
                      process.machine,
                      *process.journal,
                      *process.log_key,
                      epoch,
                      process.to_commit,
                      process.outgoing,
                      process.published,
                      clock,
                      process.counters);
    const auto started = agent.start({});
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().code, Code::malformed_config);
}

}  // namespace
}  // namespace lienthong::broker
