// SPDX-License-Identifier: Apache-2.0
// TimeKeeper: the time of entry. It starts at the wall clock, but not before the last entry, and
// advances with the monotonic clock. Small differences of the wall clock are followed; a step of
// more than 30 s is held: entries keep the monotonic time until an operator restarts the broker.
#pragma once

#include "bus/base/clock.hpp"

namespace lienthong::broker {

inline constexpr Millis kWallStepMax = 30'000;

class TimeKeeper {
  public:
    explicit TimeKeeper(const Clock& clock) : clock_(clock) {}

    void start(Millis last_entry);
    // Never before an earlier result.
    Millis now();
    // The wall clock and the time of entry differ by more than kWallStepMax.
    bool held() const { return held_; }

  private:
    const Clock& clock_;
    Millis base_wall_ = 0;
    Clock::Monotonic base_monotonic_{};
    Millis last_ = 0;
    bool held_ = false;
};

}  // namespace lienthong::broker
