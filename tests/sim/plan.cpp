// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/plan.hpp"

namespace lienthong::sim {
namespace {

constexpr std::uint64_t kOneLieIn = 8;  // runs
constexpr std::uint64_t kLies = 7;

}  // namespace

const char* name(Lie lie) {
    switch (lie) {
        case Lie::drops:
            return "drops";
        case Lie::withholds:
            return "withholds";
        case Lie::reorders:
            return "reorders";
        case Lie::forks:
            return "forks";
        case Lie::rewrites:
            return "rewrites";
        case Lie::rolls_back:
            return "rolls_back";
        case Lie::stale_policy:
            return "stale_policy";
        case Lie::none:
            break;
    }
    return "none";
}

Plan::Plan(std::uint64_t seed) {
    SeededRandom random(seed * 0x9e3779b97f4a7c15 + 11);
    const auto below = [&](std::uint64_t count) {
        return static_cast<std::uint32_t>(random.next() % count);
    };
    const auto half = [&] { return random.next() % 2 == 0; };
    const auto maybe = [&](std::uint32_t most) { return half() ? 1 + below(most) : 0; };
    if (seed % kOneLieIn == kOneLieIn - 1) lie = static_cast<Lie>(1 + seed / kOneLieIn % kLies);
    const bool honest = lie == Lie::none;
    steps = 150 + below(250);
    links.lose_permille = maybe(honest ? 300 : 50);
    links.repeat_permille = maybe(honest ? 500 : 100);
    links.delay_permille = maybe(300);
    links.delay_steps_max = 1 + below(12);
    links.reorder_permille = maybe(200);
    pause = maybe(300);
    large = below(12) == 0;
    if (!honest) return;
    cut = maybe(12);
    disk_fault = maybe(40);
    crash = maybe(12);
    clock_step = maybe(10);
    restore = maybe(8);
    change = maybe(30);
    drifting = half();
    nights = half();
    weeks_away = nights && half();
}

}  // namespace lienthong::sim
