// SPDX-License-Identifier: Apache-2.0
// Province: one seeded run of a broker and the nodes of six agencies. Agencies publish figures and
// take cases through their steps, administrators change documents and keys, and faults strike, all
// by the seed; the model is compared at each step. Then the faults end and everything must settle.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/clock.hpp"
#include "tests/sim/faulty_journal.hpp"
#include "tests/sim/liar.hpp"
#include "tests/sim/model.hpp"
#include "tests/sim/plan.hpp"
#include "tests/support/small_bus.hpp"

namespace lienthong::sim {

extern const std::vector<std::string> kSlugs;

class Province {
  public:
    explicit Province(std::uint64_t seed);
    ~Province();

    // Both phases. What does not hold is in failure().
    void run();
    const std::string& failure() const { return model_.failure(); }
    double simulated_seconds() const { return static_cast<double>(true_time_.count()) / 1000.0; }
    std::size_t acknowledged() const { return model_.acknowledged(); }
    FaultCounts faults() const;
    // What the log says, without what differs from run to run (keys, signatures).
    std::string trace();

  private:
    friend class Liar;

    // A draft under its key: submitted again after a crash, it is the same message.
    struct Submitted {
        Tag tag = 0;
        std::string slug;
        node::Draft draft;
        int case_number = -1;
        std::optional<node::Outcome> outcome;
        std::size_t abandoned_in = 0;  // step
        bool asked = false;            // and not yet answered
        bool offered = false;          // to a node, whatever became of it
        bool taken = false;            // the node has said, or will say, what became of it
        bool abandoned = false;        // and then its disk was replaced by an older copy
        bool is_final() const {
            return abandoned || (outcome && outcome->state != node::Outcome::State::waiting);
        }
    };
    struct CaseCourse {
        int number = 0;
        std::size_t step = 0;
        std::optional<std::size_t> waits;  // index in submitted_
        CaseId id;
    };
    struct Copy {
        std::shared_ptr<journal::MemoryDisk> disk;
        std::size_t submitted = 0;  // so many there were
        std::set<std::size_t> taken;
    };
    // An agency's keys beside those of the world, and what an administrator is about.
    struct Change {
        registry::DocumentKind kind = registry::DocumentKind::registry;
        Bytes document;
        std::function<void()> once_adopted;
        bool asked = false;
        std::string asked_at;  // node
    };

    test::SmallBusOptions bus_options(std::uint64_t seed);
    bool chance(std::uint32_t permille) { return random_.next() % 1000 < permille; }
    std::size_t below(std::size_t count) { return random_.next() % count; }
    const std::string& any_node() { return kSlugs[below(kSlugs.size())]; }
    void count(const char* fault) { ++counts_[fault]; }

    // province.cpp: steps, time, processes
    void step();
    void tick();
    void pass(std::chrono::milliseconds time);
    bool run_faults();
    bool settle();
    void follow();
    void crash_node(const std::string& slug);
    void crash_broker();
    void start_the_stopped(std::uint32_t permille);
    bool step_until(const std::function<bool()>& done, std::chrono::milliseconds most);

    // province_traffic.cpp
    void publish_figures();
    void go_on_with(CaseCourse& course);
    void submit(Submitted submitted);
    void ask(std::size_t index);
    void ask_all();
    void forget_questions(const std::string& slug);
    void consume(const std::string& slug);
    void ask_as_a_stranger();
    bool all_settled() const;
    node::Draft tagged(node::Draft draft, Tag tag) const;

    // province_faults.cpp
    void break_something();
    void step_clocks();
    void copy_or_restore();
    void night();
    void end_faults();
    void check_clock();

    // province_admin.cpp
    void administer();
    void start_change();
    void offer_change();
    void flip_reading();
    void flip_reporting();
    void rotate_signing_key(const std::string& slug);
    void revoke_old_key(const std::string& slug);
    void rotate_sealing_key(const std::string& slug);
    void propose_registry(std::function<void(Rules&)> effect, std::function<void()> once_adopted);

    // province_checks.cpp
    void check_alarms();
    void check_end();
    void check_replay(const core::ReadState& state, const journal::ReadTxn& txn);
    void check_messages();
    bool is_excused(const std::string& slug, std::string_view alarm) const;

    class WatchedLink;
    void received(const std::string& slug, const wire::Command& answer);

    const std::uint64_t seed_;
    const Plan plan_;
    SeededRandom random_;  // of the schedule; the bus has its own
    Model model_;
    FaultCounts counts_;
    std::chrono::milliseconds true_time_{0};
    std::chrono::milliseconds tick_{0};
    bool busy_ = false;
    bool phase_of_faults_ = true;
    std::map<std::string, DriftingClock> clocks_;  // "" is the broker's
    std::map<std::string, DiskFaults> disks_;
    std::map<std::string, std::vector<Copy>> copies_;
    std::map<std::string, Position> app_cursors_;
    std::map<std::string, std::size_t> cut_until_;  // step
    std::set<std::string> away_;
    std::size_t steps_ = 0;
    Millis broker_time_ = 0;  // of the newest entry, and the broker's monotonic clock then
    Clock::Monotonic broker_moment_{};
    bool broker_restarted_ = true;
    int broker_steps_ = 0;  // of its wall clock, since then
    bool been_away_ = false;
    std::chrono::milliseconds away_since_{0};
    std::set<std::string> clock_stepped_;
    std::vector<Submitted> submitted_;
    std::vector<CaseCourse> cases_;
    registry::RegistryData registry_;
    policy::PolicyData policy_;
    std::uint32_t registry_version_ = 1;
    std::uint32_t policy_version_ = 1;
    std::optional<Change> change_;
    struct Keys {
        std::optional<keys::PrivateKey> sign;
        std::vector<node::SealingKey> seal;
        std::optional<keys::KeyId> to_revoke;
    };
    std::map<std::string, Keys> keys_;
    std::set<std::string> not_restorable_;
    std::unique_ptr<Liar> liar_;
    std::unique_ptr<test::SmallBus> bus_;
};

}  // namespace lienthong::sim
