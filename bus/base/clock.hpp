// SPDX-License-Identifier: Apache-2.0
// Clock: the only way to learn the time. Passed in, so that tests and the simulator set it.
#pragma once

#include <chrono>

#include "bus/base/ids.hpp"

namespace lienthong {

class Clock {
  public:
    using Monotonic = std::chrono::nanoseconds;  // since an arbitrary start; never goes back

    virtual ~Clock() = default;
    virtual Millis wall() const = 0;
    virtual Monotonic monotonic() const = 0;
};

class SystemClock final : public Clock {
  public:
    Millis wall() const override;
    Monotonic monotonic() const override;
};

// Stands still until it is told to move.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Millis wall = 1'609'459'200'000) : wall_(wall) {}  // 2021-01-01
    Millis wall() const override { return wall_; }
    Monotonic monotonic() const override { return monotonic_; }
    void advance(std::chrono::milliseconds by);
    void step_wall(std::chrono::milliseconds by);  // the operator or NTP set the wall clock

  private:
    Millis wall_;
    Monotonic monotonic_{0};
};

// "2021-12-14T07:30:00Z"
std::string format_utc(Millis time);

}  // namespace lienthong
