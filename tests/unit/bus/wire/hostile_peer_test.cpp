// SPDX-License-Identifier: Apache-2.0
// Peers that keep none of our rules, against a server on loopback. Each test names a trap of libzmq
// 4.3.4 that it keeps closed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "bus/wire/command.hpp"
#include "tests/unit/bus/wire/loopback.hpp"
#include "tests/unit/bus/wire/raw_peer.hpp"

namespace lienthong::wire {
namespace {

class HostilePeer : public testing::Test {
  protected:
    std::unique_ptr<RawPeer> raw(const CurveKeyPair& keys,
                                 Channel channel = Channel::control,
                                 const Bytes& routing_id = {}) {
        return std::make_unique<RawPeer>(channel == Channel::control
                                             ? loopback.server->control_endpoint()
                                             : loopback.server->data_endpoint(),
                                         loopback.server_keys.public_key,
                                         keys,
                                         routing_id);
    }
    // An honest node is still served: the server lives.
    bool honest_node_is_served() {
        const auto bob = loopback.connect(loopback.bob_keys);
        return talks(*loopback.server, *bob, loopback.bob_keys, 42, Channel::control) &&
               talks(*loopback.server, *bob, loopback.bob_keys, 43, Channel::data);
    }
    // Looks for messages until so many were refused, five seconds at most; none may be served.
    bool refuses(std::uint64_t count) {
        for (int i = 0; i < 500 && loopback.server->messages_refused() < count; ++i) {
            if (loopback.server->maybe_receive()) return false;
            loopback.server->wait(10);
        }
        return loopback.server->messages_refused() == count;
    }

    Loopback loopback;
};

TEST_F(HostilePeer, WithAnUnknownKeyGetsNothing) {
    const CurveKeyPair stranger = make_curve_key_pair();
    const auto peer = raw(stranger);
    peer->send({{1}});
    EXPECT_TRUE(peer->await_refusal());
    EXPECT_FALSE(loopback.server->maybe_receive());
    EXPECT_GE(loopback.server->handshakes_refused(), 1U);
    EXPECT_TRUE(honest_node_is_served());
}

TEST_F(HostilePeer, FindsNoDoorOpenWhenTheHandlerIsMissing) {
    EXPECT_TRUE(admits_without_handler(false)) << "libzmq's own choice";
    EXPECT_FALSE(admits_without_handler(true)) << "what our servers set";
}

// The first numbers that sockets of ROUTER's family (a REP too) take in a process that seeds
// nothing: two draws of rand() each, the first being 6b8b4567.
std::vector<std::uint32_t> first_numbers_unseeded() {
    std::srand(1);  // NOLINT(cert-msc51-cpp): as every process begins
    std::vector<std::uint32_t> numbers;
    for (int i = 0; i < 4; ++i) {
        const auto low = static_cast<std::uint32_t>(std::rand());   // NOLINT(cert-msc50-cpp)
        const auto high = static_cast<std::uint32_t>(std::rand());  // NOLINT(cert-msc50-cpp)
        numbers.push_back(low | (high << 31));
    }
    std::srand(1);  // NOLINT(cert-msc51-cpp)
    return numbers;
}

TEST_F(HostilePeer, ThatSquatsOnTheDefaultRoutingIdsNeitherStopsNorMisleadsTheServer) {
    loopback.server.reset();
    const auto numbers = first_numbers_unseeded();
    loopback.server = loopback.open();
    std::vector<std::unique_ptr<RawPeer>> squatters;
    for (const std::uint32_t number : numbers) {
        for (std::uint32_t i = 0; i < 4; ++i) {
            const Bytes id = ByteWriter().u8(0).u32(number + i).take();
            for (const Channel channel : {Channel::control, Channel::data}) {
                squatters.push_back(raw(loopback.alice_keys, channel, id));
                squatters.back()->send({{static_cast<std::uint8_t>(100 + i)}});
            }
        }
    }
    for (const auto& squatter : squatters) ASSERT_TRUE(squatter->await_admission());
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(honest_node_is_served());
}

// The first number of a ROUTER is told by nobody, so the squatters here know it from a server's
// first answer, which is more than a real one can.
TEST_F(HostilePeer, ThatTakesARoutingIdInUseIsNotServedUnderIt) {
    const auto bob = loopback.connect(loopback.bob_keys);
    ASSERT_TRUE(bob->send({Channel::control, {1}, {}}));
    const auto incoming = await(*loopback.server);
    ASSERT_TRUE(incoming);
    const auto squatter = raw(loopback.alice_keys, Channel::control, incoming->peer.routing);
    squatter->send({{66}});
    ASSERT_TRUE(squatter->await_admission());
    ASSERT_TRUE(loopback.server->send(incoming->peer, Bytes{2}, {}));
    const auto answer = await(*bob);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->command, Bytes{2});
    EXPECT_TRUE(talks(*loopback.server, *bob, loopback.bob_keys, 3, Channel::control));
}

TEST_F(HostilePeer, ThatTakesTheRoutingIdOfOneWhoLeftMakesItUnreachable) {
    auto bob = loopback.connect(loopback.bob_keys);
    ASSERT_TRUE(bob->send({Channel::control, {1}, {}}));
    const auto incoming = await(*loopback.server);
    ASSERT_TRUE(incoming);
    bob.reset();
    // Until the server has heard of the end, the id is still taken: try again under it.
    bool refused = false;
    for (int i = 0; i < 50 && !refused; ++i) {
        const auto squatter = raw(loopback.alice_keys, Channel::control, incoming->peer.routing);
        squatter->send({{66}});
        for (int j = 0; j < 20 && !refused; ++j) {
            ASSERT_FALSE(loopback.server->maybe_receive());
            loopback.server->wait(10);
            refused = loopback.server->messages_refused() > 0;
        }
        if (!refused) continue;
        const auto sent = loopback.server->send(incoming->peer, Bytes{2}, {});
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().code, Code::unreachable);
    }
    EXPECT_TRUE(refused);
    EXPECT_TRUE(honest_node_is_served());
}

TEST_F(HostilePeer, ThatChoosesAnIdOfItsOwnIsNotServed) {
    const auto named = raw(loopback.alice_keys, Channel::control, to_bytes(as_bytes("police")));
    named->send({{1}});
    EXPECT_TRUE(refuses(1));
    const auto five = raw(loopback.alice_keys, Channel::control, Bytes{1, 2, 3, 4, 5});
    five->send({{1}});
    EXPECT_TRUE(refuses(2));
    EXPECT_TRUE(honest_node_is_served());
}

TEST_F(HostilePeer, ThatSendsTooManyPartsOrNoneIsRefusedAndItsNextMessageIsServed) {
    const auto peer = raw(loopback.alice_keys, Channel::data);
    peer->send(std::vector<Bytes>(600, Bytes(1024)));
    EXPECT_TRUE(refuses(1));
    peer->send({{1}, {2}, {3}});
    EXPECT_TRUE(refuses(2));
    peer->send({{}});
    EXPECT_TRUE(refuses(3));
    peer->send({{}, {1}});
    EXPECT_TRUE(refuses(4));
    peer->send({{1}, {2}});
    const auto incoming = await(*loopback.server);
    ASSERT_TRUE(incoming);
    EXPECT_EQ(incoming->command, Bytes{1});
    EXPECT_EQ(incoming->data, Bytes{2});
}

TEST_F(HostilePeer, ThatSendsAnOversizedFrameLosesItsOwnConnectionOnly) {
    const auto bob = loopback.connect(loopback.bob_keys);
    EXPECT_TRUE(talks(*loopback.server, *bob, loopback.bob_keys, 1, Channel::control));
    const auto control = raw(loopback.alice_keys, Channel::control);
    control->send({Bytes(kControlBytesMax + 1)});
    EXPECT_TRUE(control->await_disconnect());
    const auto data = raw(loopback.alice_keys, Channel::data);
    data->send({{1}, Bytes(kDataBytesMax + 1)});
    EXPECT_TRUE(data->await_disconnect());
    EXPECT_FALSE(loopback.server->maybe_receive());
    EXPECT_TRUE(talks(*loopback.server, *bob, loopback.bob_keys, 2, Channel::control));
    EXPECT_TRUE(honest_node_is_served());
}

TEST_F(HostilePeer, CannotKeepTheServerFromItsAgentWithRefusedMessages) {
    const auto peer = raw(loopback.alice_keys, Channel::control);
    for (int i = 0; i < 300; ++i) peer->send({{1}, {2}, {3}});
    EXPECT_TRUE(refuses(300));
    EXPECT_TRUE(honest_node_is_served());
}

}  // namespace
}  // namespace lienthong::wire
