# SPDX-License-Identifier: Apache-2.0
"""What a campaign is: a number of runs, each with a seed, each ended by the check of world.py."""
import os
import random
import resource
import shutil
import subprocess
import time
import traceback
from fnmatch import fnmatch
from pathlib import Path

from world import EXAMPLE, Bus, Failure, Fault, World


class Context:
    """Where campaigns work, and with which programs. `binary` has failpoints if it was built with
    them; `plain` has no sanitizers, or is None."""

    def __init__(self, binary, plain, preload, place, say):
        self.binary, self.plain, self.preload = binary, plain, preload
        self.place, self.say = Path(place), say
        self.fast = plain or binary
        self._template = None
        self._worlds = 0

    def template(self):
        """A bus that was made but never ran; making one takes seconds, copying it does not."""
        if self._template is None:
            self._template = self.place / "template"
            Bus(self._template, self.fast, EXAMPLE).init()
        return self._template

    def world(self, binary=None, place=None, **options):
        self._worlds += 1
        directory = Path(place or self.place) / f"w{self._worlds}"
        return World(self.template(), binary or self.fast, directory, **options)

    def directory(self, name):
        path = self.place / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path


class Campaign:
    """One kind of fault. A bus serves `runs_per_world` runs, then a new one is made."""

    name = ""
    smoke = 1          # runs in CI
    documented = 100   # runs of the figures in docs/reliability.md
    runs_per_world = 10

    def __init__(self, context):
        self.context = context
        self.world = None
        self.runs = self.lost = self.doubled = 0
        self.failures, self.figures = [], {}
        self._served = 0

    # What a campaign says of itself

    def skip_reason(self):
        return None

    def cases(self, count, seed):
        """(case, seed) of each run; a case names what is done when seeds do not choose it."""
        for number in range(count):
            yield None, seed + number

    def make_world(self):
        return self.context.world().start()

    def run(self, case, seed, draw):
        raise NotImplementedError

    # How it is carried out

    def count_up(self, figure, by=1):
        self.figures[figure] = self.figures.get(figure, 0) + by

    def fresh(self):
        if self.world is not None:
            self.world.destroy()
        self.world = self.make_world()
        self._served = 0
        return self.world

    def execute(self, count, seed, only_case=None):
        begun, cpu = time.monotonic(), cpu_seconds()
        reason = self.skip_reason()
        self.only_case = only_case
        if reason is None:
            try:
                for case, one in self.chosen(count, seed):
                    self._one(case, one)
            finally:
                self.close()
            if self.runs == 0:
                self._failed(only_case, seed, Fault("nothing was run"))
        else:
            self.context.say(f"{self.name}: skipped: {reason}")
        result = {"name": self.name, "runs": self.runs, "lost": self.lost,
                  "doubled": self.doubled, "failures": self.failures, "skipped": reason,
                  "seconds": round(time.monotonic() - begun, 1),
                  "cpu_seconds": round(cpu_seconds() - cpu, 1)}
        return {**result, "figures": self.figures} if self.figures else result

    def chosen(self, count, seed):
        """A case by its whole name is run whether or not it is among the first `count`."""
        if self.only_case is not None and not set(self.only_case) & set("*?["):
            return [(self.only_case, seed + number) for number in range(count)]
        return ((case, one) for case, one in self.cases(count, seed)
                if self.only_case is None or fnmatch(case or "", self.only_case))

    def close(self):
        if self.world is not None:
            self.world.destroy()
            self.world = None

    def _one(self, case, seed):
        from_then = time.monotonic()
        self.runs += 1
        try:
            if self.runs_per_world and (self.world is None or self._served >= self.runs_per_world):
                self.fresh()
            self._served += 1
            self.run(case, seed, random.Random(f"{self.name} {case} {seed}"))
            end = "ok"
        except (Fault, Failure, subprocess.TimeoutExpired, OSError) as fault:
            end = f"FAILED: {fault}"
            self._failed(case, seed, fault)
        except Exception as bug:  # a bug of the campaign: it counts as a failure and stops nothing
            end = f"FAILED: {traceback.format_exc()}"
            self._failed(case, seed, bug)
        what = f" {case}" if case else ""
        self.context.say(f"{self.name} {self.runs}{what} seed={seed} "
                         f"{time.monotonic() - from_then:.1f}s {end}")

    def _failed(self, case, seed, fault):
        self.lost += getattr(fault, "lost", 0)
        self.doubled += getattr(fault, "doubled", 0)
        command = f"tests/faults/run --only {self.name} --count 1 --seed {seed}"
        if case:
            command += f" --case {case}"
        self.failures.append({"seed": seed, "command": command + " --out FILE",
                              "what": str(fault)[:2000]})
        if self.world is not None:
            keep = os.environ.get("LT_FAULTS_KEEP")
            if keep:
                shutil.copytree(self.world.directory, Path(keep) / f"{self.name}-{self.runs}",
                                ignore=shutil.ignore_patterns("*.sock"), dirs_exist_ok=True)
            self.world.destroy()
            self.world = None


def cpu_seconds():
    """Of this process and of all processes that it started and that have ended."""
    return sum(sum(resource.getrusage(who)[:2])
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def is_root():
    return os.geteuid() == 0


def has(program):
    return shutil.which(program) is not None

