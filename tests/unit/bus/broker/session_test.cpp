// SPDX-License-Identifier: Apache-2.0
// Sessions: who is heard, how much of each, and what a peer learns of its faults.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/support/raw_client.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::broker {
namespace {

using test::RawClient;
using test::SmallBus;
using test::world;

class Sessions : public testing::Test {
  protected:
    static wire::Hello hello() { return {{wire::kProtocolVersion}, world().bus, "test", 0}; }
    static wire::Fetch fetch(Position from) { return {"node", from, 1u << 20, 100}; }
    std::uint64_t refusals(Code code) {
        return bus.broker().counters.refusals_by_code[static_cast<std::size_t>(code)];
    }
    // The world's registry with one change, adopted by way of a peer.
    void adopt(const registry::RegistryData& registry, std::uint32_t version) {
        RawClient admin(bus, "labour");
        const auto answer = admin.ask(wire::Adopt{2}, world().registry_document(registry, version));
        ASSERT_TRUE(answer && std::holds_alternative<wire::Adopted>(*answer));
    }

    SmallBus bus{{.nodes = {}}};
};

TEST_F(Sessions, AHelloIsWelcomedAsTheAgencyOfItsKey) {
    RawClient peer(bus, "police");
    const auto answer = peer.ask(hello());
    ASSERT_TRUE(answer.has_value());
    const auto* welcome = std::get_if<wire::Welcome>(&*answer);
    ASSERT_NE(welcome, nullptr);
    EXPECT_EQ(welcome->agency, world().id("police"));
    EXPECT_EQ(welcome->node, world().member("police").node);
    EXPECT_EQ(welcome->version, wire::kProtocolVersion);
    EXPECT_EQ(welcome->registry_version, 1U);
    EXPECT_FALSE(welcome->head.empty());
}

TEST_F(Sessions, WithoutACommonVersionItIsUnknownVersion) {
    RawClient peer(bus, "police");
    wire::Hello strange = hello();
    strange.versions = {999};
    EXPECT_EQ(peer.refusal(strange), Code::unknown_version);
}

TEST_F(Sessions, AnotherBusIsWrongBus) {
    RawClient peer(bus, "police");
    wire::Hello strange = hello();
    strange.bus = BusId::of("another-bus");
    EXPECT_EQ(peer.refusal(strange), Code::wrong_bus);
}

TEST_F(Sessions, AKeyOfNobodyIsNotAnswered) {
    RawClient stranger(bus, Bytes(32, 9));
    EXPECT_EQ(stranger.ask(hello()), std::nullopt);
    EXPECT_EQ(refusals(Code::unknown_key), 1U);
    RawClient broker_itself(bus, world().broker_curve.public_key().raw());
    EXPECT_EQ(broker_itself.ask(hello()), std::nullopt);
}

TEST_F(Sessions, AKeyPastItsValidityIsNotAnswered) {
    auto registry = world().registry;
    test::key_of(registry, world().id("police"), keys::Use::curve).validity.until =
        bus.clock().wall() + 10'000;
    adopt(registry, 2);
    RawClient peer(bus, "police");
    EXPECT_TRUE(peer.ask(hello()).has_value());
    bus.clock().advance(std::chrono::seconds{10});
    EXPECT_EQ(peer.ask(hello()), std::nullopt);
    EXPECT_GE(refusals(Code::expired_key), 1U);
}

TEST_F(Sessions, AKeyRevokedDuringItsSessionIsNeitherHeardNorAnswered) {
    RawClient peer(bus, "police");
    ASSERT_TRUE(peer.ask(hello()).has_value());
    // A fetch that waits: its answer would come with the registry that revokes its key.
    const std::uint64_t waiting = peer.send(fetch(bus.broker().journal->confirmed()));
    bus.steps(3);
    auto registry = world().registry;
    auto& key = test::key_of(registry, world().id("police"), keys::Use::curve);
    key.revoked = true;
    key.revoked_from = 4;
    adopt(registry, 2);
    bus.steps(10);
    EXPECT_EQ(peer.maybe_answer(waiting), std::nullopt);
    EXPECT_EQ(peer.ask(hello()), std::nullopt);
    EXPECT_GE(refusals(Code::revoked_key), 1U);
}

TEST_F(Sessions, AFrameThatCannotBeReadIsAnsweredWithItsCode) {
    RawClient peer(bus, "police");
    peer.send_bytes(wire::Channel::control, Bytes(50, 7));
    bus.steps(2);
    const auto answer = peer.maybe_answer(0);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(std::get<wire::Failure>(answer->body).code, Code::malformed_frame);
    EXPECT_TRUE(peer.ask(hello()).has_value()) << "the session goes on";
}

TEST_F(Sessions, AnAnswerSentAsARequestIsUnknownOperation) {
    RawClient peer(bus, "police");
    EXPECT_EQ(peer.refusal(wire::Done{}), Code::unknown_operation);
}

TEST_F(Sessions, AFrameAtTheLimitOfItsChannelIsRead) {
    RawClient peer(bus, "police");
    Bytes large = wire::encode({1, hello()});
    large.resize(wire::kControlBytesMax);
    peer.send_bytes(wire::Channel::control, large);
    bus.steps(2);
    ASSERT_TRUE(peer.maybe_answer(1).has_value() || peer.maybe_answer(0).has_value());
}

class Offences : public Sessions {
  protected:
    void rubbish(RawClient& peer, std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            peer.send_bytes(wire::Channel::control, Bytes(50, 7));
            bus.step();
        }
    }
    static constexpr std::uint32_t kMax = SessionOptions{}.offences_max;

    RawClient offender{bus, "police"};
};

TEST_F(Offences, OfARepeatedOffenderEndItsServiceAndNobodyElses) {
    RawClient honest(bus, "labour");
    rubbish(offender, kMax);
    EXPECT_TRUE(offender.ask(hello()).has_value()) << "at the limit it is still served";
    EXPECT_EQ(bus.broker().counters.peers_dropped, 0U);
    rubbish(offender, 1);
    EXPECT_EQ(bus.broker().counters.peers_dropped, 1U);
    EXPECT_EQ(offender.ask(hello()), std::nullopt);
    EXPECT_TRUE(honest.ask(hello()).has_value());
}

TEST_F(Offences, SurviveAReconnect) {
    rubbish(offender, kMax);
    RawClient again(bus, "police");
    rubbish(again, 1);
    EXPECT_EQ(again.ask(hello()), std::nullopt);
    EXPECT_EQ(RawClient(bus, "police").ask(hello()), std::nullopt);
}

TEST_F(Offences, AreForgottenAfterAWhile) {
    rubbish(offender, kMax + 1);
    bus.clock().advance(SessionOptions{}.shut_out);
    EXPECT_TRUE(offender.ask(hello()).has_value());
    rubbish(offender, kMax);
    bus.clock().advance(SessionOptions{}.offences_window);
    rubbish(offender, kMax);
    EXPECT_TRUE(offender.ask(hello()).has_value());
}

TEST_F(Offences, BatchesThatNobodySignedAreSome) {
    test::SmallLog composer;
    for (std::uint32_t i = 0; i <= kMax; ++i) {
        const std::uint64_t stream = composer.new_stream();
        auto batch = message::parse_batch(composer.sign(
            "police",
            {composer.compose(
                "police", test::draft(message::Kind::outreach_report), {stream, 1})}));
        ASSERT_TRUE(batch.has_value());
        auto proof = proof::parse_batch_proof(batch->proof).value();
        proof.signature.back() ^= 1;
        const Bytes frame = test::SmallLog::frame(proof, std::move(batch->envelopes));
        EXPECT_EQ(offender.refusal(wire::Publish{stream, 1, 1}, frame), Code::bad_signature);
    }
    EXPECT_EQ(offender.ask(hello()), std::nullopt);
}

TEST_F(Offences, AreNoneOfANodeWhoseKeyWasRevoked) {
    test::SmallLog composer;
    auto registry = world().registry;
    auto& key = test::key_of(registry, world().id("police"), keys::Use::sign);
    key.revoked = true;
    key.revoked_from = 4;
    adopt(registry, 2);
    for (std::uint32_t i = 0; i <= 2 * kMax; ++i) {
        const std::uint64_t stream = composer.new_stream();
        const Bytes frame = composer.sign(
            "police",
            {composer.compose("police", test::draft(message::Kind::outreach_report), {stream, 1})});
        EXPECT_EQ(offender.refusal(wire::Publish{stream, 1, 1}, frame), Code::revoked_key);
    }
    EXPECT_FALSE(offender.refusal(wire::DocumentRequest{2, 2})) << "it gets the new registry";
}

TEST_F(Sessions, RequestsOfOnePeerAreLimitedAndTheNextIsOverloaded) {
    RawClient peer(bus, "police");
    const Position end = bus.broker().journal->confirmed();
    for (std::size_t i = 0; i < kInFlightPerPeerMax; ++i) {
        // Consumers of their own: each waits.
        peer.send(wire::Fetch{"c-" + std::to_string(i), end, 1u << 20, 100});
        bus.step();
    }
    peer.take_all();
    EXPECT_EQ(peer.answers(), 0U);
    EXPECT_EQ(peer.refusal(wire::Fetch{"one-more", end, 1u << 20, 100}), Code::overloaded);
    RawClient other(bus, "labour");
    EXPECT_TRUE(other.ask(hello()).has_value());
}

class SessionBytes : public testing::Test {
  protected:
    static constexpr std::size_t kBytes = 100'000;  // of the data of one request
    static std::uint64_t send(RawClient& peer) {
        return peer.send(wire::Publish{1, 1, 1}, Bytes(kBytes, 7));
    }
    static std::optional<Code> code(RawClient& peer, std::uint64_t request) {
        const auto answer = peer.maybe_answer(request);
        if (!answer) return std::nullopt;
        const auto* failure = std::get_if<wire::Failure>(&answer->body);
        return failure == nullptr ? std::nullopt : std::optional(failure->code);
    }
    // What was sent is inside the broker, and nothing of it was worked on.
    static void arrive(SmallBus& bus) {
        for (int i = 0; i < 3; ++i) {
            bus.hub().step();
            bus.broker().session->do_work();
        }
    }
    static SmallBus make(std::size_t in_all, std::size_t per_peer) {
        SessionOptions session;
        session.in_flight_bytes_max = in_all;
        session.in_flight_bytes_per_peer_max = per_peer;
        return SmallBus({.nodes = {}, .session = std::move(session)});
    }
};

TEST_F(SessionBytes, InFlightOfOnePeerAreLimitedAndReleasedWithTheAnswer) {
    SmallBus bus = make(100 * kBytes, 2 * kBytes + 1000);
    RawClient peer(bus, "police");
    RawClient other(bus, "labour");
    const auto first = send(peer);
    const auto second = send(peer);
    const auto third = send(peer);
    const auto others = send(other);
    arrive(bus);
    EXPECT_GE(bus.broker().counters.in_flight_bytes, 3 * kBytes);
    bus.steps(3);
    EXPECT_EQ(code(peer, first), Code::malformed_frame);
    EXPECT_EQ(code(peer, second), Code::malformed_frame);
    EXPECT_EQ(code(peer, third), Code::overloaded);
    EXPECT_EQ(code(other, others), Code::malformed_frame);
    EXPECT_EQ(bus.broker().counters.in_flight_bytes, 0U);
    const auto again = send(peer);
    bus.steps(3);
    EXPECT_EQ(code(peer, again), Code::malformed_frame) << "there is room again";
}

TEST_F(SessionBytes, InFlightInAllAreLimited) {
    SmallBus bus = make(2 * kBytes + 1000, 2 * kBytes);
    RawClient one(bus, "police");
    RawClient two(bus, "labour");
    RawClient three(bus, "information");
    const auto at_once = std::array{send(one), send(two), send(three)};
    arrive(bus);
    bus.steps(4);
    std::vector<std::optional<Code>> codes{
        code(one, at_once[0]), code(two, at_once[1]), code(three, at_once[2])};
    EXPECT_EQ(std::ranges::count(codes, Code::malformed_frame), 2);
    EXPECT_EQ(std::ranges::count(codes, Code::overloaded), 1);
    const auto again = send(three);
    bus.steps(4);
    EXPECT_EQ(code(three, again), Code::malformed_frame) << "there is room again";
}

TEST_F(SessionBytes, OfTwoRequestsWithOneNumberAreBothReleased) {
    SmallBus bus = make(100 * kBytes, 10 * kBytes);
    RawClient peer(bus, "police");
    for (const std::size_t size : {kBytes, 2 * kBytes}) {
        peer.send_bytes(wire::Channel::data,
                        wire::encode(wire::Command{7, wire::Publish{1, 1, 1}}),
                        Bytes(size, 7));
    }
    arrive(bus);
    EXPECT_GE(bus.broker().counters.in_flight_bytes, 3 * kBytes);
    bus.steps(4);
    EXPECT_EQ(bus.broker().counters.in_flight_bytes, 0U);
}

TEST_F(Sessions, ConnectionsOfOneAgencyAreCapped) {
    const std::uint32_t cap = world().registry.limits.connections_per_agency_max;
    const Position end = bus.broker().journal->confirmed();
    std::vector<std::unique_ptr<RawClient>> peers;
    for (std::uint32_t i = 0; i < cap; ++i) {
        peers.push_back(std::make_unique<RawClient>(bus, "police"));
        peers.back()->send(fetch(end));  // busy: its row cannot make room
        bus.step();
    }
    RawClient one_more(bus, "police");
    one_more.send(fetch(end));
    bus.steps(2);
    const auto answer = one_more.maybe_answer(0);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(std::get<wire::Failure>(answer->body).code, Code::overloaded);
    RawClient other(bus, "labour");
    EXPECT_TRUE(other.ask(hello()).has_value());
}

TEST_F(Sessions, ConnectionsThatHaveNothingToDoMakeRoom) {
    const std::uint32_t cap = world().registry.limits.connections_per_agency_max;
    for (std::uint32_t i = 0; i < 3 * cap; ++i) {
        RawClient peer(bus, "police");
        ASSERT_TRUE(peer.ask(hello()).has_value()) << i;
    }
}

// The control channel carries 1 MiB: a delivery that is larger must not stand before what comes
// after it.
TEST(SessionAnswers, ThatNoChannelCarriesAreRefusedAndTheNextOnesArrive) {
    SmallBus bus{{.nodes = {"police"}}};
    std::vector<node::Draft> drafts(800, test::draft(message::Kind::outreach_report));
    ASSERT_EQ(bus.submit("police", std::move(drafts)).size(), 800U);
    RawClient peer(bus, "labour");
    const auto request = wire::encode(wire::Command{1, wire::Fetch{"node", 0, 4u << 20, 1024}});
    peer.send_bytes(wire::Channel::control, request, {});
    std::optional<wire::Command> answer;
    ASSERT_TRUE(bus.step_until([&] { return (answer = peer.maybe_answer(1)).has_value(); }));
    const auto* failure = std::get_if<wire::Failure>(&answer->body);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->code, Code::oversized);
    EXPECT_TRUE(
        peer.ask(wire::Hello{{wire::kProtocolVersion}, world().bus, "test", 0}).has_value());
}

}  // namespace
}  // namespace lienthong::broker
