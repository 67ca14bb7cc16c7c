# SPDX-License-Identifier: Apache-2.0
"""Clocks that step: broker or node see another time than the others, through libfaketime."""
import time
from pathlib import Path

from campaign import Campaign
from network import join
from world import need

LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
             "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
             "/usr/lib/faketime/libfaketimeMT.so.1")
# Forward and back, from a second to more than any message or office day lasts.
STEPS = ("+1", "-1", "+90", "-90", "+1h", "-1h", "+13h", "-13h", "+3d", "-3d")


def library():
    return next((path for path in LIBRARIES if Path(path).exists()), None)


class Clocks(Campaign):
    """The wall clock of one process steps while it works, and steps back at the end."""

    name = "clock"
    smoke = 2
    documented = 200
    runs_per_world = 10
    monotonic_is_real = True

    def skip_reason(self):
        if library() is None:
            return "libfaketime is not there (Debian: libfaketime)"
        if self.context.plain is None:
            return "needs a program without sanitizers (--plain, or LT_EXAMPLE_BIN)"
        return None

    def make_world(self):
        world = self.context.world()
        # A clock that is days ahead sees heads that are days old.
        world.alarms_expected = {"head_not_witnessed"}
        self.times = {}
        how = {}
        for name in ("broker", *world.slugs):
            self.times[name] = world.directory / f"time-{name}"
            self.times[name].write_text("+0")
            how[name] = {"env": {"LD_PRELOAD": library(), "FAKETIME_NO_CACHE": "1",
                                 "FAKETIME_TIMESTAMP_FILE": str(self.times[name])}}
            if self.monotonic_is_real:
                how[name]["env"]["DONT_FAKE_MONOTONIC"] = "1"
        world.start_broker(**how["broker"])
        for slug in world.slugs:
            world.start_nodes([slug], **how[slug])
        return world

    def step(self, name, offset):
        beside = self.times[name].with_suffix(".new")
        beside.write_text(offset)
        beside.replace(self.times[name])

    def cases(self, count, seed):
        for number in range(count):
            yield STEPS[(seed + number) % len(STEPS)], seed + number

    def run(self, case, seed, draw):
        world = self.world
        name = draw.choice(("broker", *world.slugs))
        publishers = world.load(seed, files=3)
        time.sleep(draw.random() * 0.3)
        self.step(name, case)
        time.sleep(draw.choice((0.2, 0.8)))
        if draw.random() < 0.5:
            answer = world.at(world.slugs[0], "status")
            need(answer.exit == 0, f"status while the clock of {name} is {case}: {answer.out}")
        self.step(name, "+0")
        join(publishers)
        world.check()


class FakedMonotonic(Clocks):
    """As above, and the monotonic clock steps too, which no kernel does: forward only, because
    after a step back every time-out is as much later."""

    name = "clock-monotonic"
    smoke = 1
    documented = 50
    monotonic_is_real = False

    def cases(self, count, seed):
        for number in range(count):
            yield ("+1", "+90", "+1h")[(seed + number) % 3], seed + number

    def run(self, case, seed, draw):
        world = self.world
        name = draw.choice(("broker", *world.slugs))
        publishers = world.load(seed, files=3)
        time.sleep(draw.random() * 0.3)
        self.step(name, case)
        join(publishers)
        world.check()
        self.fresh()  # a step back would be needed otherwise
