// SPDX-License-Identifier: Apache-2.0
// Province: one seeded run of a small bus. Agencies publish figures and take a case through its
// steps, and the policy changes once, while links lose, repeat, delay and reorder, and broker and
// nodes crash between and within their commits. Then the faults end, everything must settle, and
// everybody must have been told the same truth. All decisions come from the seed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/small_bus.hpp"

namespace lienthong::test {

class Province {
  public:
    explicit Province(std::uint64_t seed);

    void run_with_faults(std::size_t steps);
    // Without faults, until every draft has its outcome and every inbox holds the whole log.
    void settle();
    void check();
    // What the log says, without what differs from run to run (keys, signatures).
    std::string trace();
    std::size_t accepted() const { return accepted_; }

  private:
    // A draft under its key: submitted again after a crash, it is the same message.
    struct Submitted {
        std::string slug;
        node::Draft draft;
        std::optional<node::Outcome> outcome;
        bool asked = false;  // and not yet answered
    };

    bool chance(std::uint32_t permille) { return random_.next() % 1000 < permille; }
    std::size_t below(std::size_t count) { return random_.next() % count; }
    void publish_something();
    void submit_case_step();
    void change_policy();
    void break_something();
    void restart_the_broken();
    void ask(std::size_t index);
    void ask_all();
    void forget_questions(const std::string& slug);
    bool settled() const;
    void crash(const std::string& slug);

    void check_outcomes(const core::ReadState& state);
    void check_inboxes(const core::ReadState& state);
    void check_heads(const core::ReadState& state);
    void check_replay(const core::ReadState& state, const journal::ReadTxn& txn);
    void check_nodes();

    SeededRandom random_;  // of the schedule; the bus has its own
    SmallBus bus_;
    std::vector<Submitted> submitted_;
    std::size_t case_step_ = 0;
    std::optional<std::size_t> case_waits_;  // index in submitted_
    CaseId case_id_;
    Bytes new_policy_;
    std::size_t accepted_ = 0;
};

}  // namespace lienthong::test
