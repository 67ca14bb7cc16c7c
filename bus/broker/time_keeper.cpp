// SPDX-License-Identifier: Apache-2.0
#include "bus/broker/time_keeper.hpp"

#include <algorithm>
#include <cstdlib>

namespace lienthong::broker {

void TimeKeeper::start(Millis last_entry) {
    base_wall_ = std::max(clock_.wall(), last_entry);
    base_monotonic_ = clock_.monotonic();
    last_ = base_wall_;
    held_ = base_wall_ - clock_.wall() > kWallStepMax;
}

Millis TimeKeeper::now() {
    using namespace std::chrono;
    const auto passed = duration_cast<milliseconds>(clock_.monotonic() - base_monotonic_).count();
    const Millis time = base_wall_ + passed;
    const Millis ahead = clock_.wall() - time;
    held_ = std::abs(ahead) > kWallStepMax;
    if (!held_ && ahead != 0) base_wall_ += ahead;  // NTP slews: follow
    last_ = std::max(last_, base_wall_ + passed);
    return last_;
}

}  // namespace lienthong::broker
