// SPDX-License-Identifier: Apache-2.0
// What goes wrong, and how it ends.
#include <fmt/format.h>

#include <utility>

#include "bus/node/tables.hpp"
#include "tests/sim/province.hpp"

namespace lienthong::sim {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::kNow;
using test::world;

namespace {

constexpr std::size_t kDiskStepsMax = 400;  // until an armed fault strikes
constexpr std::size_t kCommitsMax = 4;
constexpr milliseconds kHeldFrom{30'000};  // a larger step of the broker's wall clock is held
constexpr milliseconds kSlack{5'000};

Bytes curve_of(const std::string& slug) { return world().member(slug).curve.public_key().raw(); }

}  // namespace

void Province::break_something() {
    if (chance(plan_.crash)) {
        if (chance(300)) {
            crash_broker();
        } else {
            crash_node(any_node());
        }
    }
    if (chance(plan_.disk_fault)) {
        DiskFaults& disk = disks_[chance(400) ? std::string() : any_node()];
        const bool commit = chance(600);
        disk.arm(commit ? DiskFaults::Which::commit : DiskFaults::Which::any_step,
                 commit ? below(kCommitsMax) : below(kDiskStepsMax),
                 chance(500) ? DiskFaults::Then::works_again : DiskFaults::Then::is_dead,
                 chance(500));
    }
    if (chance(plan_.cut)) {
        const bool all = chance(200);  // the broker is alone
        const std::size_t until = steps_ + 5 + below(60);
        for (const std::string& slug : kSlugs) {
            if (!all && chance(700)) continue;
            bus_->hub().cut(curve_of(slug));
            cut_until_[slug] = until;
            count("partitions");
        }
    }
    for (const std::string& slug : kSlugs) {
        const auto found = cut_until_.find(slug);
        if (found == cut_until_.end() || found->second > steps_) continue;
        bus_->hub().heal(curve_of(slug));
        cut_until_.erase(found);
    }
    if (chance(plan_.clock_step)) step_clocks();
    if (plan_.restore != 0) copy_or_restore();
}

void Province::step_clocks() {
    const bool of_broker = chance(300);
    const std::string slug = of_broker ? std::string() : any_node();
    const milliseconds small{static_cast<std::int64_t>(below(40'000)) - 20'000};
    const milliseconds large{static_cast<std::int64_t>(below(14'400'000)) - 7'200'000};
    const bool is_small = chance(500);
    clocks_.at(slug).step_wall(is_small ? small : large);
    // Small ones are followed one after the other, each at most by what is not held.
    if (of_broker && is_small) ++broker_steps_;
    clock_stepped_.insert(slug);
    count(of_broker ? "steps of the broker's clock" : "steps of a node's clock");
}

// A copy of a node's disk is made now and then, and later put back: an older outbox and inbox.
void Province::copy_or_restore() {
    if (chance(30)) {
        const std::string& slug = any_node();
        if (not_restorable_.contains(slug)) return;
        Copy copy{test::copy_of_tables(bus_->node_disk_shared(slug), node::kTableNames.size()),
                  submitted_.size(),
                  {}};
        for (std::size_t i = 0; i < submitted_.size(); ++i) {
            if (submitted_[i].slug == slug && submitted_[i].taken) copy.taken.insert(i);
        }
        copies_[slug].push_back(std::move(copy));
        return;
    }
    if (!chance(plan_.restore)) return;
    const std::string& slug = any_node();
    if (copies_[slug].empty() || not_restorable_.contains(slug)) return;
    check_alarms();
    const Copy& copy = copies_[slug][below(copies_[slug].size())];
    crash_node(slug);
    // The copy may be put back more than once.
    bus_->put_node_disk(slug, test::copy_of_tables(copy.disk, node::kTableNames.size()));
    disks_[slug].disarm();
    for (std::size_t i = 0; i < submitted_.size(); ++i) {
        Submitted& one = submitted_[i];
        if (one.slug != slug || one.is_final() || copy.taken.contains(i)) continue;
        if (!one.offered) continue;  // its node never had it
        one.abandoned = true;
        one.abandoned_in = steps_;
        model_.abandon(one.tag);
    }
    count("nodes restored from an older copy");
}

// All nodes are switched off. Nobody asks the broker anything, so time may pass at once.
void Province::night() {
    for (const std::string& slug : kSlugs) {
        if (bus_->maybe_node(slug) != nullptr) bus_->crash_node(slug);
        forget_questions(slug);
    }
    const hours length = plan_.weeks_away ? hours{24 + below(72)} : hours{6 + below(18)};
    pass(length);
    if (bus_->maybe_broker() != nullptr && !bus_->work_broker()) crash_broker();
    follow();
    count("nights");
    if (plan_.weeks_away && !been_away_) {
        been_away_ = true;
        away_since_ = true_time_;
        away_.insert(any_node());
        count("nodes away for weeks");
    } else if (true_time_ - away_since_ > hours{24 * 15}) {
        away_.clear();
    }
}

// The broker's clock: steps of more than 30 s are held and shown; entries keep their own time.
void Province::check_clock() {
    const DriftingClock& clock = clocks_.at("");
    Millis newest = 0;
    bus_->look([&](const core::ReadState& state, const journal::ReadTxn&) {
        newest = state.last_time().value_or(0);
    });
    const bool just_started = std::exchange(broker_restarted_, false);
    const auto passed =
        std::chrono::duration_cast<milliseconds>(clock.monotonic() - broker_moment_);
    const milliseconds moved{newest - broker_time_};
    if (!just_started && moved > passed + kHeldFrom * (1 + broker_steps_)) {
        model_.fail(fmt::format("entries followed a step of the wall clock by {} ms",
                                (moved - passed).count()));
    }
    broker_steps_ = 0;
    broker_time_ = newest;
    broker_moment_ = clock.monotonic();
    const milliseconds ahead{clock.wall() - newest};
    const test::BrokerProcess* broker = bus_->maybe_broker();
    if (just_started || broker == nullptr || broker->committer->broken()) return;
    if (std::chrono::abs(ahead) > kHeldFrom + kSlack && broker->counters.clock_held == 0) {
        model_.fail(fmt::format("a clock that is {} ms off is not shown", ahead.count()));
    }
}

// Links, disks and clocks are well again, and everybody is there.
void Province::end_faults() {
    phase_of_faults_ = false;
    bus_->hub().set_faults({});
    cut_until_.clear();
    away_.clear();
    for (const std::string& slug : kSlugs) bus_->hub().heal(curve_of(slug));
    for (auto& [slug, disk] : disks_) disk.disarm();
    for (auto& [slug, clock] : clocks_) {
        clock.set_drift(0);
        clock.step_wall(milliseconds{kNow} + true_time_ - milliseconds{clock.wall()});
    }
    // As an operator does after a clock was held.
    if (!clock_stepped_.empty() || plan_.drifting) crash_broker();
    for (const auto& [slug, disk] : disks_) {
        if (slug.empty() && bus_->maybe_broker() != nullptr && disk.dead) crash_broker();
        if (!slug.empty() && disk.dead) crash_node(slug);
    }
    start_the_stopped(1000);
}

}  // namespace lienthong::sim
