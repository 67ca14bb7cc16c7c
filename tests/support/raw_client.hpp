// SPDX-License-Identifier: Apache-2.0
// RawClient: a peer of the broker that sends what it likes: no node would.
#pragma once

#include <map>

#include "tests/support/small_bus.hpp"

namespace lienthong::test {

class RawClient {
  public:
    RawClient(SmallBus& bus, BytesView curve_key)
        : bus_(bus), link_(bus.hub().connect(curve_key)) {}
    RawClient(SmallBus& bus, std::string_view slug)
        : RawClient(bus, world().member(slug).curve.public_key().raw()) {}

    // The request's number, for answer().
    std::uint64_t send(wire::Body body, Bytes data = {});
    void send_bytes(wire::Channel channel, Bytes command, Bytes data = {});
    // Takes what came; nothing if no answer to this request is there.
    std::optional<wire::Command> maybe_answer(std::uint64_t request);
    // Sends, steps the bus until the answer is there, and gives it; nothing if none came.
    std::optional<wire::Body> ask(wire::Body body, Bytes data = {}, std::size_t steps_max = 20);
    // The code of a Failure; nothing if the answer is none.
    std::optional<Code> refusal(wire::Body body, Bytes data = {});
    std::size_t answers() const { return answers_.size(); }
    void take_all();

  private:
    SmallBus& bus_;
    std::unique_ptr<wire::ClientLink> link_;
    std::uint64_t next_ = 1;
    std::multimap<std::uint64_t, wire::Command> answers_;
};

}  // namespace lienthong::test
