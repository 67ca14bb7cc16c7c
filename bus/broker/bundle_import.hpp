// SPDX-License-Identifier: Apache-2.0
// BundleImport: carries out a request bundle at the broker. The bundle is checked as a whole, then
// its frames go through the local door as if its node had sent them; then the node's deliveries are
// fetched up to the head, with the proofs that lead the node's own head there. All of it makes the
// reply. What was done stays done: the same bundle again gives the same receipts.
//
// Stepped by one thread. Bounded: so many frames are in the broker at once, never two of one
// stream.
#pragma once

#include <map>
#include <set>

#include "bus/base/clock.hpp"
#include "bus/broker/exchange.hpp"
#include "bus/broker/local_door.hpp"
#include "security/proof/bundle.hpp"

namespace lienthong::broker {

struct BundleCounts {
    std::size_t receipts = 0;
    std::size_t accepted = 0;  // messages
    std::size_t refused = 0;   // messages, for good
    std::size_t entries = 0;   // messages delivered
    bool more = false;         // what did not fit waits for the next bundle
};

struct BundleReply {
    Bytes file;
    AgencyId agency;
    NodeId node;
    std::uint64_t number = 0;
    BundleCounts counts;
};

class BundleImport {
  public:
    // Batches of so many fit into what one peer may hold inside the broker.
    static constexpr std::size_t kInFlightMax = 8;
    // Left for one more delivery, the proofs and the rest of the file.
    static constexpr std::size_t kRoomBytes = wire::kDataBytesMax + 2 * 1024 * 1024;

    // `visit` is another number each time. Before anything is done: size, structure, bus; a signing
    // key of that node, valid now, and its signature; a valid CURVE key of the node; each frame.
    // oversized, malformed_frame, too_deep, unknown_version, unknown_suite, wrong_bus, unknown_key,
    // wrong_sender, revoked_key, expired_key, bad_signature, unknown_operation.
    static Result<BundleImport> begin(BytesView file,
                                      const BusId& bus,
                                      const Published& published,
                                      Millis now,
                                      std::uint64_t visit,
                                      std::size_t reply_bytes_max = proof::kBundleBytesMax);

    // Frames handed in and answers taken; 0: nothing to do just now.
    int do_work(LocalDoor& door, Clock::Monotonic now);
    bool done() const { return phase_ == Phase::done; }
    // timeout, wrong_bus, unknown_version …: the import has ended, and there is no reply.
    const std::optional<Error>& failed() const { return failed_; }
    // Frames of the request that are done with, of all.
    std::pair<std::size_t, std::size_t> progress() const { return {next_, request_.frames.size()}; }

    // Once done().
    Result<BundleReply> reply(keys::Signer& log_key, Millis now);

  private:
    enum class Phase : std::uint8_t { frames, fetching, proving, done };
    struct Pending {
        Bytes command;  // as it was handed in
        wire::Body body;
        Clock::Monotonic until{};
    };

    BundleImport() = default;
    bool try_send(LocalDoor& door, Clock::Monotonic now);
    bool send_frame(LocalDoor& door, Clock::Monotonic now);
    bool fetch(LocalDoor& door, Clock::Monotonic now);
    bool prove(LocalDoor& door, Clock::Monotonic now);
    bool hand_in(LocalDoor& door,
                 Clock::Monotonic now,
                 wire::Channel channel,
                 std::uint64_t request,
                 wire::Body body,
                 Bytes command,
                 Bytes data);
    void take(LocalDoor::Answer answer);
    void take_receipt(const wire::Publish& asked, const wire::Receipt& receipt);
    void take_failure(const wire::Body& asked, const wire::Failure& failure);
    void take_delivery(const wire::Delivery& delivery);
    void note_proven(std::string_view note);
    void note_head(std::string_view note);
    bool has_room() const;

    proof::Bundle request_;
    std::vector<wire::Command> commands_;  // of its frames
    Bytes curve_key_;
    std::uint64_t visit_ = 0;
    std::size_t reply_bytes_max_ = 0;

    Phase phase_ = Phase::frames;
    std::size_t next_ = 0;  // frame to hand in
    std::uint64_t next_request_ = 1;
    std::map<std::uint64_t, Pending> pending_;
    std::set<std::uint64_t> busy_;     // streams with a batch in the broker
    std::set<std::uint64_t> stopped_;  // streams whose rest has to wait
    Position cursor_ = 0;
    std::uint64_t target_ = 0;          // deliveries go up to here
    std::vector<std::uint64_t> heads_;  // sizes that the node's head has to be led to, in order
    std::size_t proven_ = 0;
    std::vector<proof::BundleFrame> answers_;
    std::size_t answers_bytes_ = 0;
    BundleCounts counts_;
    std::optional<Error> failed_;
};

}  // namespace lienthong::broker
