// SPDX-License-Identifier: Apache-2.0
// The way in beside the sockets: by turns, bounded, and nobody's answers get lost or mixed up.
#include "bus/broker/local_door.hpp"

#include <gtest/gtest.h>

#include "bus/wire/inproc_link.hpp"

namespace lienthong::broker {
namespace {

using wire::Channel;

class LocalDoorTest : public testing::Test {
  protected:
    static wire::Incoming visit(std::uint8_t byte, std::uint64_t number = 1) {
        return {LocalDoor::peer(Channel::data, number), Bytes(32, 9), Bytes{byte}, {}};
    }

    wire::InprocHub hub{{}};
    LocalDoor door{hub.server()};
    std::unique_ptr<wire::ClientLink> peer = hub.connect(Bytes(32, 7));
};

TEST_F(LocalDoorTest, TakesTurnsWithTheSockets) {
    for (std::uint8_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(door.try_put(visit(i)));
        ASSERT_TRUE(peer->send({Channel::data, Bytes{static_cast<std::uint8_t>(100 + i)}, {}}));
    }
    std::vector<std::uint8_t> order;
    while (auto incoming = door.maybe_receive()) order.push_back(incoming->command.front());
    EXPECT_EQ(order, (std::vector<std::uint8_t>{0, 100, 1, 101, 2, 102}));
    ASSERT_TRUE(door.try_put(visit(4)));
    ASSERT_TRUE(door.try_put(visit(5)));
    EXPECT_EQ(door.maybe_receive()->command, Bytes{4}) << "alone it waits for nobody";
    EXPECT_EQ(door.maybe_receive()->command, Bytes{5});
    EXPECT_FALSE(door.maybe_receive().has_value());
}

TEST_F(LocalDoorTest, GivesEachAnswerToWhoAsked) {
    ASSERT_TRUE(peer->send({Channel::data, Bytes{1}, {}}));
    const auto incoming = door.maybe_receive();
    ASSERT_TRUE(incoming.has_value());
    ASSERT_TRUE(door.send(incoming->peer, Bytes{2}, {}).has_value());
    ASSERT_TRUE(door.send(LocalDoor::peer(Channel::data, 8), Bytes{3}, Bytes{4}).has_value());
    EXPECT_EQ(peer->maybe_receive()->command, Bytes{2});
    const auto answer = door.maybe_take();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->peer, LocalDoor::peer(Channel::data, 8));
    EXPECT_NE(answer->peer, LocalDoor::peer(Channel::data, 9));
    EXPECT_EQ(answer->command, Bytes{3});
    EXPECT_EQ(answer->data, Bytes{4});
    EXPECT_FALSE(door.maybe_take().has_value());
}

TEST_F(LocalDoorTest, HoldsSoManyFramesEachWayAndNoMore) {
    for (std::size_t i = 0; i < LocalDoor::kWaitingMax; ++i) {
        ASSERT_TRUE(door.try_put(visit(1)));
        ASSERT_TRUE(door.send(LocalDoor::peer(Channel::data, 1), Bytes{1}, {}).has_value());
    }
    EXPECT_FALSE(door.try_put(visit(1)));
    const auto full = door.send(LocalDoor::peer(Channel::data, 1), Bytes{1}, {});
    ASSERT_FALSE(full.has_value());
    EXPECT_EQ(full.error().code, Code::overloaded);
}

}  // namespace
}  // namespace lienthong::broker
