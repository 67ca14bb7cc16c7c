// SPDX-License-Identifier: Apache-2.0
// DriftingClock: the clock of one process of the simulator. True time is the simulator's; this one
// runs a little faster or slower, and its wall clock is set now and then.
#pragma once

#include "bus/base/clock.hpp"

namespace lienthong::sim {

class DriftingClock final : public Clock {
  public:
    explicit DriftingClock(Millis wall) : wall_(wall) {}

    Millis wall() const override {
        return wall_ +
               std::chrono::duration_cast<std::chrono::milliseconds>(monotonic_ - since_).count();
    }
    Monotonic monotonic() const override { return monotonic_; }

    void set_drift(std::int64_t parts_per_million) { drift_ = parts_per_million; }
    void advance(std::chrono::milliseconds true_time) {
        const Monotonic exact = true_time;
        monotonic_ += exact + Monotonic{exact.count() / 1'000'000 * drift_};
    }
    void step_wall(std::chrono::milliseconds by) {
        wall_ = wall() + by.count();
        since_ = monotonic_;
    }

  private:
    Millis wall_;
    Monotonic monotonic_{0};
    Monotonic since_{0};  // moment at which the wall clock showed wall_
    std::int64_t drift_ = 0;
};

}  // namespace lienthong::sim
