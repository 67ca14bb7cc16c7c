// SPDX-License-Identifier: Apache-2.0
#include "bus/wire/inproc_link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "bus/wire/command.hpp"

namespace lienthong::wire {
namespace {

const Bytes kAlice(32, 1);
const Bytes kBob(32, 2);

Frames frames(std::uint8_t number, Channel channel = Channel::data) {
    return {channel, {number}, {}};
}

// The numbers that arrive at the server in `steps` steps.
Bytes drain(InprocHub& hub, int steps = 10) {
    Bytes numbers;
    for (int i = 0; i < steps; ++i, hub.step()) {
        while (auto incoming = hub.server().maybe_receive()) {
            numbers.push_back(incoming->command.at(0));
        }
    }
    return numbers;
}

TEST(InprocHub, CarriesMessagesBothWaysWithTheKeyOfTheirSender) {
    InprocHub hub({});
    const auto alice = hub.connect(kAlice);
    ASSERT_TRUE(alice->send({Channel::control, {1, 2}, {3}}));
    const auto incoming = hub.server().maybe_receive();
    ASSERT_TRUE(incoming);
    EXPECT_EQ(incoming->peer.channel, Channel::control);
    EXPECT_EQ(incoming->curve_key, kAlice);
    EXPECT_EQ(incoming->command, (Bytes{1, 2}));
    EXPECT_EQ(incoming->data, Bytes{3});
    ASSERT_TRUE(hub.server().send(incoming->peer, Bytes{4}, Bytes{5}));
    const auto answer = alice->maybe_receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->channel, Channel::control);
    EXPECT_EQ(answer->command, Bytes{4});
    EXPECT_EQ(answer->data, Bytes{5});
    EXPECT_FALSE(alice->maybe_receive());
    EXPECT_TRUE(hub.idle());
}

TEST(InprocHub, ServesItsPeersInTurn) {
    InprocHub hub({});
    const auto alice = hub.connect(kAlice);
    const auto bob = hub.connect(kBob);
    for (std::uint8_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(alice->send(frames(i)));
        ASSERT_TRUE(bob->send(frames(static_cast<std::uint8_t>(10 + i))));
    }
    EXPECT_EQ(drain(hub), (Bytes{0, 10, 1, 11, 2, 12}));
}

TEST(InprocHub, AnswersAFullPipeWithOverloadedAndLosesNothing) {
    InprocOptions options;
    options.waiting_max = 3;
    InprocHub hub(std::move(options));
    const auto alice = hub.connect(kAlice);
    for (std::uint8_t i = 0; i < 3; ++i) ASSERT_TRUE(alice->send(frames(i)));
    const auto refused = alice->send(frames(3));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::overloaded);
    const auto incoming = hub.server().maybe_receive();
    ASSERT_TRUE(incoming);
    for (std::uint8_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(hub.server().send(incoming->peer, Bytes{i}, {}));
    }
    const auto full = hub.server().send(incoming->peer, Bytes{3}, {});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Code::overloaded);
    EXPECT_EQ(drain(hub), (Bytes{1, 2}));
    for (std::uint8_t i = 0; i < 3; ++i) EXPECT_EQ(alice->maybe_receive()->command.at(0), i);
}

TEST(InprocHub, RefusesFramesAboveTheLimitOfTheirChannel) {
    InprocHub hub({});
    const auto alice = hub.connect(kAlice);
    EXPECT_TRUE(alice->send({Channel::control, Bytes(kControlBytesMax), {}}));
    const auto sent = alice->send({Channel::control, Bytes(kControlBytesMax + 1), {}});
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, Code::oversized);
    const auto incoming = hub.server().maybe_receive();
    ASSERT_TRUE(incoming);
    const auto answered = hub.server().send(incoming->peer, Bytes(kControlBytesMax + 1), {});
    ASSERT_FALSE(answered);
    EXPECT_EQ(answered.error().code, Code::oversized);
}

TEST(InprocHub, GivesAKeyThatIsNotAdmittedNothingButSilence) {
    InprocOptions options;
    options.admit = [](BytesView key) { return equal(key, kAlice); };
    InprocHub hub(std::move(options));
    const auto bob = hub.connect(kBob);
    EXPECT_TRUE(bob->send(frames(1)));
    EXPECT_FALSE(hub.server().maybe_receive());
    EXPECT_EQ(hub.counts().refused, 1U);
}

TEST(InprocHub, SaysUnreachableOfAPeerThatReconnected) {
    InprocHub hub({});
    const auto alice = hub.connect(kAlice);
    ASSERT_TRUE(alice->send(frames(1)));
    const auto first = hub.server().maybe_receive();
    ASSERT_TRUE(first);
    ASSERT_TRUE(alice->reconnect());
    const auto gone = hub.server().send(first->peer, Bytes{9}, {});
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, Code::unreachable);
    ASSERT_TRUE(alice->send(frames(2)));
    const auto second = hub.server().maybe_receive();
    ASSERT_TRUE(second);
    EXPECT_NE(second->peer, first->peer);
    EXPECT_FALSE(alice->maybe_receive());
}

TEST(InprocHub, LosesWhatIsUnderWayWhenTheServerRestarts) {
    InprocHub hub({});
    const auto alice = hub.connect(kAlice);
    ASSERT_TRUE(alice->send(frames(1)));
    hub.restart_server();
    EXPECT_FALSE(hub.server().maybe_receive());
    ASSERT_TRUE(alice->send(frames(2)));
    EXPECT_EQ(drain(hub), Bytes{2});
}

TEST(InprocHub, LosesEverythingOfAPeerThatIsCutOffUntilItHeals) {
    InprocHub hub({});
    const auto alice = hub.connect(kAlice);
    const auto bob = hub.connect(kBob);
    ASSERT_TRUE(alice->send(frames(1)));
    hub.cut(kAlice);
    ASSERT_TRUE(alice->send(frames(2)));
    ASSERT_TRUE(bob->send(frames(3)));
    EXPECT_EQ(drain(hub), Bytes{3});
    hub.heal(kAlice);
    ASSERT_TRUE(alice->send(frames(4)));
    EXPECT_EQ(drain(hub), Bytes{4});
    EXPECT_EQ(hub.counts().lost, 2U);
}

TEST(InprocHub, LosesEveryMessageAtAThousandPermille) {
    InprocHub hub({});
    hub.set_faults({.lose_permille = 1000});
    const auto alice = hub.connect(kAlice);
    ASSERT_TRUE(alice->send(frames(1)));
    EXPECT_EQ(drain(hub), Bytes{});
    EXPECT_EQ(hub.counts().lost, 1U);
}

TEST(InprocHub, RepeatsEveryMessageAtAThousandPermille) {
    InprocHub hub({});
    hub.set_faults({.repeat_permille = 1000});
    const auto alice = hub.connect(kAlice);
    ASSERT_TRUE(alice->send(frames(1)));
    EXPECT_EQ(drain(hub), (Bytes{1, 1}));
}

TEST(InprocHub, DelaysAMessageByStepsAndLetsOthersOvertakeIt) {
    InprocHub hub({});
    const auto alice = hub.connect(kAlice);
    hub.set_faults({.delay_permille = 1000, .delay_steps_max = 1});
    ASSERT_TRUE(alice->send(frames(1)));
    hub.set_faults({});
    ASSERT_TRUE(alice->send(frames(2)));
    EXPECT_EQ(hub.server().maybe_receive()->command, Bytes{2});
    EXPECT_FALSE(hub.server().maybe_receive());
    EXPECT_FALSE(hub.idle());
    hub.step();
    EXPECT_EQ(hub.server().maybe_receive()->command, Bytes{1});
}

// What arrives of 200 messages under all faults at once.
Bytes run(std::uint64_t seed, InprocCounts* counts = nullptr) {
    InprocOptions options;
    options.seed = seed;
    options.waiting_max = 256;
    InprocHub hub(std::move(options));
    hub.set_faults({.lose_permille = 100,
                    .repeat_permille = 100,
                    .delay_permille = 200,
                    .delay_steps_max = 5,
                    .reorder_permille = 200});
    const auto alice = hub.connect(kAlice);
    Bytes numbers;
    for (std::uint8_t i = 0; i < 200; ++i) {
        EXPECT_TRUE(alice->send(frames(i)));
        if (i % 7 == 0) {
            const Bytes some = drain(hub, 1);
            numbers.insert(numbers.end(), some.begin(), some.end());
        }
    }
    const Bytes rest = drain(hub, 10);
    numbers.insert(numbers.end(), rest.begin(), rest.end());
    EXPECT_TRUE(hub.idle());
    if (counts != nullptr) *counts = hub.counts();
    return numbers;
}

TEST(InprocHub, RepeatsARunExactlyFromItsSeed) {
    EXPECT_EQ(run(5), run(5));
    EXPECT_NE(run(5), run(6));
}

TEST(InprocHub, AccountsForEveryMessage) {
    InprocCounts counts;
    const Bytes numbers = run(5, &counts);
    EXPECT_EQ(counts.sent, 200U);
    EXPECT_EQ(numbers.size(), counts.sent - counts.lost + counts.repeated);
    EXPECT_GT(counts.lost, 0U);
    EXPECT_GT(counts.repeated, 0U);
    EXPECT_GT(counts.delayed, 0U);
    EXPECT_GT(counts.reordered, 0U);
    EXPECT_FALSE(std::ranges::is_sorted(numbers));
}

}  // namespace
}  // namespace lienthong::wire
