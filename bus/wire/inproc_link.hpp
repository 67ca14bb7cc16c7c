// SPDX-License-Identifier: Apache-2.0
// InprocHub: links without sockets for tests and the simulator. One thread, no clock: time moves
// when step() is called, and every fault comes from one seeded generator, so a run repeats exactly.
#pragma once

#include <cstdint>
#include <memory>

#include "bus/base/random.hpp"
#include "bus/wire/link.hpp"
#include "bus/wire/socket.hpp"

namespace lienthong::wire {

// What may happen to a message on its way, each with its own chance in a thousand, both ways.
struct LinkFaults {
    std::uint32_t lose_permille = 0;
    std::uint32_t repeat_permille = 0;  // arrives twice
    std::uint32_t delay_permille = 0;   // arrives 1 to delay_steps_max steps later
    std::uint32_t delay_steps_max = 4;
    std::uint32_t reorder_permille = 0;  // overtakes others that wait
};

struct InprocOptions {
    std::uint64_t seed = 1;
    std::size_t waiting_max = 64;  // messages that wait for one peer, each way; then `overloaded`
    Admission admit;               // none: every key
};

struct InprocCounts {
    std::uint64_t sent = 0;
    std::uint64_t lost = 0;
    std::uint64_t repeated = 0;
    std::uint64_t delayed = 0;
    std::uint64_t reordered = 0;
    std::uint64_t refused = 0;  // handshakes with a key that is not admitted
};

// Outlives the links that it gave.
class InprocHub {
  public:
    explicit InprocHub(InprocOptions options);
    ~InprocHub();
    InprocHub(const InprocHub&) = delete;
    InprocHub& operator=(const InprocHub&) = delete;

    // The broker's side; one for the life of the hub.
    ServerLink& server();
    // A node's side with this CURVE key. Two links may have one key. A key that is not admitted
    // sends into silence.
    std::unique_ptr<ClientLink> connect(BytesView curve_key);

    void step();
    std::uint64_t now() const;  // steps so far
    void set_faults(const LinkFaults& faults);
    // A partition: what travels from and to this key is lost, now and until heal().
    void cut(BytesView curve_key);
    void heal(BytesView curve_key);
    // The broker's process died: everything under way is lost and no connection stands. The next
    // message of a link makes a new one, as libzmq's reconnection does.
    void restart_server();

    bool idle() const;  // nothing waits or is under way
    const InprocCounts& counts() const;

    struct Impl;  // private to inproc_link.cpp

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace lienthong::wire
