// SPDX-License-Identifier: Apache-2.0
#include "bus/base/clock.hpp"

#include <fmt/chrono.h>

namespace lienthong {

Millis SystemClock::wall() const {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Clock::Monotonic SystemClock::monotonic() const {
    return std::chrono::steady_clock::now().time_since_epoch();
}

void ManualClock::advance(std::chrono::milliseconds by) {
    wall_ += by.count();
    monotonic_ += by;
}

void ManualClock::step_wall(std::chrono::milliseconds by) { wall_ += by.count(); }

std::string format_utc(Millis time) {
    const auto seconds = static_cast<std::time_t>(time >= 0 ? time / 1000 : (time - 999) / 1000);
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

}  // namespace lienthong
