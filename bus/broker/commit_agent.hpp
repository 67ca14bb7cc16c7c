// SPDX-License-Identifier: Apache-2.0
// CommitAgent: decides, applies and commits; the only writer. Everything that waits when it comes
// round is one group: one transaction, one head, one sync; only then the answers go out. While the
// sync runs the next group gathers, so load makes groups larger and an idle bus adds no delay.
// Thread: its own. After a failed commit it is `broken`: the process ends and nothing is lost.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "bus/base/clock.hpp"
#include "bus/broker/counters.hpp"
#include "bus/broker/exchange.hpp"
#include "bus/broker/time_keeper.hpp"
#include "bus/core/machine.hpp"
#include "bus/journal/journal.hpp"

namespace lienthong::broker {

struct CommitOptions {
    std::size_t group_max = 1024;                  // requests in a group
    std::chrono::milliseconds fetch_wait{10'000};  // an empty answer comes after so long
    std::size_t fetches_waiting_max = 4096;
    // Of all deliveries of a group, before further fetches are told to come again.
    std::size_t delivered_bytes_max = std::size_t{64} * 1024 * 1024;
    // For reading when publishing is refused. Its last quarter is for documents and for a restart:
    // there, reads that need an entry are refused too.
    std::uint64_t reserve_bytes = 256u * 1024 * 1024;
    // So long after a group that met the limit of the store.
    std::chrono::milliseconds full_pause{10'000};
};

class CommitAgent {
  public:
    CommitAgent(CommitOptions options,
                core::Machine& machine,
                journal::Journal& journal,
                keys::Signer& log_key,
                Epoch epoch,
                WorkQueue& in,
                OutgoingQueue& out,
                LatestPublished& published,
                const Clock& clock,
                Counters& counters);

    // Loads the documents in force; adopts `genesis` if the log is empty; records the new epoch.
    Result<void> start(const std::vector<Bytes>& genesis);

    // Requests handled. Once broken() it does nothing.
    int do_work();
    const std::optional<Error>& broken() const { return broken_; }

  private:
    struct Waiting {
        wire::PeerId peer;
        std::uint64_t request = 0;
        core::Session session;
        core::FetchRequest fetch;
        Clock::Monotonic until{};
    };
    // An answer that waits for the group's head and sync.
    struct Pending {
        wire::PeerId peer;
        std::uint64_t request = 0;
        wire::Body body;
        Bytes data;
    };

    // Who waits for an answer of this group.
    struct Asked {
        wire::PeerId peer;
        std::uint64_t request = 0;
    };

    Result<void> run_group(std::vector<Work> works);
    Result<void> fill_group(core::Group& group, std::vector<Work>& works);
    // The store's limit was met before the commit: nothing of the group has happened, and all who
    // asked come again.
    Result<void> drop_group(const std::vector<Asked>& asked);
    std::vector<Asked> asked_in(const std::vector<Work>& works) const;
    Result<void> carry_out(core::Group& group, Work& work);
    Result<void> carry_out_body(core::Group& group, Work& work, const wire::Body& body);
    // commit_witness.cpp
    Result<void> take_cosignature(core::Group& group, const Work& work, const wire::Cosign& cosign);
    Result<void> answer_witnessed(const core::Group& group,
                                  const Work& work,
                                  const wire::WitnessRequest& request);
    Result<void> count_witnessed(const core::Group& group);
    Result<void> take_chunk(core::Group& group, const Work& work, RawChunk& chunk);
    Result<void> give_chunk(core::Group& group, const Work& work, const wire::FetchChunk& wanted);
    Result<void> collect(core::Group& group);
    void end_older_fetch(const Waiting& newer);
    Result<void> fetch(core::Group& group, Waiting waiting, bool answer_if_empty);
    Result<void> serve_waiting(core::Group& group);
    Result<void> finish(core::Group& group);
    Result<wire::Welcome> welcome(const core::Group& group, const core::Session& session) const;
    void answer(const Work& work, wire::Body body, Bytes data = {});
    Result<void> refuse_batch(core::Group& group, const Work& work, const Error& error);
    void refuse(const Work& work, const Error& error);
    void publish_state();
    void look_at_disk();
    void count_verdicts(const message::Receipt& receipt);

    const CommitOptions options_;
    core::Machine& machine_;
    journal::Journal& journal_;
    keys::Signer& log_key_;
    const Epoch epoch_;
    WorkQueue& in_;
    OutgoingQueue& out_;
    LatestPublished& published_;
    const Clock& clock_;
    Counters& counters_;
    TimeKeeper time_;
    Hash root_;  // of the head that was signed last
    std::deque<Waiting> waiting_;
    std::vector<Pending> pending_;
    std::size_t delivered_bytes_ = 0;  // in this group
    bool refuse_publishing_ = false;
    bool refuse_entries_ = false;  // of reading
    Clock::Monotonic full_until_{};
    std::size_t upload_bytes_ = 0;  // of chunks that this group has taken
    Clock::Monotonic collect_not_before_{};
    std::optional<Error> broken_;
};

}  // namespace lienthong::broker
