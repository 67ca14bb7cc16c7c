// SPDX-License-Identifier: Apache-2.0
// SessionAgent: the sockets' owner. It reads frames, binds each to the agency whose CURVE key
// opened the connection, refuses what cannot be read, hands work on and sends answers. Thread: its
// own. Invariant: at most kInFlightMax requests are inside the broker, and at most
// kInFlightPerPeerMax of one peer; their frames hold no more bytes than the options say.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "bus/base/clock.hpp"
#include "bus/broker/counters.hpp"
#include "bus/broker/exchange.hpp"

namespace lienthong::broker {

// Command and data of the largest request.
inline constexpr std::size_t kFrameBytesMax = wire::kControlBytesMax + wire::kDataBytesMax;

struct SessionOptions {
    BusId bus;
    std::size_t frames_per_cycle_max = 256;
    // What no honest node sends: unreadable frames, batches whose signature or proof does not hold.
    // A CURVE key with more of them in the window is not served for a while, over any connection.
    std::uint32_t offences_max = 16;
    std::chrono::milliseconds offences_window{600'000};
    std::chrono::milliseconds shut_out{300'000};
    // Bytes of requests inside the broker, until they are answered. Each holds at least the largest
    // frames; what is beyond is overloaded.
    std::size_t in_flight_bytes_max = std::size_t{256} * 1024 * 1024;
    std::size_t in_flight_bytes_per_peer_max = kFrameBytesMax;
    // For a peer that does not read.
    std::size_t answers_waiting_max = 64;
    std::size_t answers_waiting_bytes_max = std::size_t{16} * 1024 * 1024;
};

class SessionAgent {
  public:
    SessionAgent(SessionOptions options,
                 wire::ServerLink& link,
                 const LatestPublished& published,
                 std::vector<WorkQueue*> to_verify,  // one for each worker
                 WorkQueue& to_commit,
                 OutgoingQueue& outgoing,
                 const Clock& clock,
                 Counters& counters);

    // Frames and answers handled; never waits.
    int do_work();

  private:
    struct Answer {
        std::uint64_t request = 0;
        Bytes command;
        Bytes data;
        std::size_t size() const { return command.size() + data.size(); }
    };
    enum class Sent : std::uint8_t { done, gone, later };
    struct Peer {
        AgencyId agency;
        Bytes curve_key;
        std::size_t worker = 0;
        std::size_t in_flight = 0;
        std::size_t in_flight_bytes = 0;
        std::multimap<std::uint64_t, std::size_t> held;  // request → bytes, until its answer
        std::deque<Answer> waiting;                      // what the peer has not taken
        std::size_t waiting_bytes = 0;
    };

    struct Offender {
        std::uint32_t offences = 0;
        Clock::Monotonic since{};
        Clock::Monotonic shut_out_until{};
    };

    bool read_one();
    bool is_shut_out(BytesView curve_key) const;
    // True if the key is no longer served because of this one.
    bool count_offence(const Peer& peer, Code code);
    // May this key speak now? Counts why not; a peer hears nothing of it.
    bool admits(const registry::Registry& registry, BytesView curve_key);
    void handle(const wire::Incoming& incoming, Peer& peer);
    void hand_on(const wire::Incoming& incoming,
                 Peer& peer,
                 const core::Session& session,
                 wire::Command command);
    // Why this request cannot be taken in now: number and bytes of what is inside the broker.
    std::optional<Error> full_for(const Peer& peer, std::size_t bytes) const;
    void hold(Peer& peer, std::uint64_t request, std::size_t bytes);
    void release(Peer& peer, std::uint64_t request);
    void offend(const wire::PeerId& id, Peer& peer, std::uint64_t request, const Error& error);
    void answer(
        const wire::PeerId& id, Peer& peer, std::uint64_t request, wire::Body body, BytesView data);
    Sent try_send(const wire::PeerId& id, const Answer& answer);
    // Null, after an answer, if the agency has as many connections as it may.
    Peer* maybe_peer(const wire::PeerId& id,
                     const registry::Registry& registry,
                     const AgencyId& agency);
    std::size_t connections_of(const AgencyId& agency) const;
    int flush_waiting();

    const SessionOptions options_;
    wire::ServerLink& link_;
    const LatestPublished& published_;
    const std::vector<WorkQueue*> to_verify_;
    WorkQueue& to_commit_;
    OutgoingQueue& outgoing_;
    const Clock& clock_;
    Counters& counters_;
    std::map<wire::PeerId, Peer> peers_;
    std::map<Bytes, Offender> offenders_;  // by CURVE key
    std::size_t in_flight_ = 0;
    std::size_t in_flight_bytes_ = 0;
    std::size_t next_worker_ = 0;
};

}  // namespace lienthong::broker
