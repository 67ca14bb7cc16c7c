# SPDX-License-Identifier: Apache-2.0
"""The n-th allocation, write, sync or open of a process fails, over a set of scenarios. A counting
run lists the n at which a call comes from a place (a stack of callers) that was not seen before;
each of these fails once in a run of its own. A process may go on, or end with an error."""
import os
import shutil
import signal
import subprocess
from fnmatch import fnmatch

from campaign import Campaign
from network import join
from world import Failure, need, set_endpoints

CLASSES = ("open", "sync", "write", "alloc")
# A process that has no memory may end by abort(), after it said so; never by a wild access.
ENDS = (0, -signal.SIGABRT)


class NthCall(Campaign):
    name = "nth-call"
    smoke = 6
    documented = 100000  # all: each place of each scenario
    runs_per_world = 25

    def skip_reason(self):
        if self.context.preload is None:
            return "the library of tests/faults/nth_call.cpp is not built"
        if self.context.plain is None:
            return "needs a program without sanitizers (--plain, or LT_EXAMPLE_BIN)"
        return None

    def make_world(self):
        return self.context.world().start()

    def scenarios(self):
        return {"broker": self.broker, "sender": self.sender, "reader": self.reader,
                "export": self.export, "carry": self.carry, "import": self.import_,
                "request": self.request, "issue": self.issue, "adopt": self.adopt,
                "init": self.init}

    def cases(self, count, seed):
        """Few runs are spread over the first places of some scenarios; many go through all."""
        number = 0
        names = list(self.scenarios())
        if self.only_case:
            names = [name for name in names if fnmatch(name, self.only_case.split("/")[0])]
        elif count < 100:
            names = [names[(seed + i) % len(names)] for i in range(min(2, count))]
        for name in names:
            places = self.places(name, seed)
            if count < 100 and not self.only_case:
                share = max(1, count // len(names))
                places = [one for one in places if not one.startswith("alloc")]
                places = places[::max(1, len(places) // share)][:share]
            if self.only_case:
                places = [one for one in places if fnmatch(f"{name}/{one}", self.only_case)]
            for place in places:
                if number >= count:
                    return
                number += 1
                yield f"{name}/{place}", seed

    def places(self, name, seed):
        """"class:n" of each place of a scenario, found by a run in which nothing fails."""
        world = self.world or self.fresh()
        counts = world.directory / "counts"
        counts.unlink(missing_ok=True)
        self.scenarios()[name]({"LD_PRELOAD": str(self.context.preload),
                                "LT_NTH_COUNT": str(counts)}, seed)
        found = [":".join(line.split()) for line in counts.read_text().splitlines()]
        found.sort(key=lambda one: (CLASSES.index(one.split(":")[0]), int(one.split(":")[1])))
        for kind in CLASSES:
            self.count_up(f"{kind} places", sum(one.startswith(kind) for one in found))
        return found

    def run(self, case, seed, draw):
        name, place = case.split("/")
        self.scenarios()[name]({"LD_PRELOAD": str(self.context.preload), "LT_NTH_CALL": place},
                               seed + self.runs)
        self.world.check(verify_messages=1)

    # Processes

    def ended_well(self, code, said, what):
        need(code in ENDS or code > 0, f"{what} ended by signal {-code}: {said[-400:]}")
        if code:
            self.count_up("ended by abort" if code < 0 else "ended with an error")

    def daemon(self, name, env, act):
        """A process with the failing call from its first instruction on, until `act` is over."""
        world = self.world
        process = world.process(name)
        process.stop()
        log = world.log("broker" if name == "broker" else f"node-{name}")
        begin = log.stat().st_size
        try:
            world.start_broker(env=env) if name == "broker" else world.start_nodes([name], env=env)
        except Failure:
            self.count_up("does not start")
        act()
        process = world.process(name)
        code = process.stop()
        said = log.read_text(errors="replace")[begin:]
        self.ended_well(code, said, name)
        if "LT_NTH_CALL" in env and " fails" in said:
            self.count_up("failed")
        world.start_one(name)

    def command(self, env, *words):
        done = subprocess.run([str(self.world.binary), *map(str, words), "--json"],
                              capture_output=True, text=True, timeout=120, check=False,
                              env={**os.environ, **env})
        self.ended_well(done.returncode, done.stderr, " ".join(map(str, words[:2])))
        if "nth_call" in done.stderr:
            self.count_up("failed")
        return done

    def again(self, *words):
        done = self.world.run(*words)
        need(done.exit == 0, f"{words[0]} {words[1]} after it: exit {done.exit}: {done.out[:300]}")
        return done

    # Scenarios

    def broker(self, env, seed):
        self.daemon("broker", env, lambda: join(self.world.load(seed, files=1)))

    def sender(self, env, seed):
        self.daemon("police", env, lambda: join(self.world.load(seed, files=1)))

    def reader(self, env, seed):
        def act():
            join(self.world.load(seed, files=1))
            self.world.at("labour", "consume", "--max", 1000, "--wait", 5)
        self.daemon("labour", env, act)

    def stick(self, seed):
        """Police without a network, with figures in its outbox."""
        world = self.world
        world.stop_node("police")
        set_endpoints(world.node_home("police") / "node.toml", "tcp://127.0.0.1:9",
                      "tcp://127.0.0.1:9")
        join(world.load(seed, files=1))
        paths = world.directory / "stick", world.directory / "reply"
        for path in paths:
            path.unlink(missing_ok=True)
        return paths

    def plug_in(self):
        world = self.world
        set_endpoints(world.node_home("police") / "node.toml", world.control, world.data)
        world.start_nodes(["police"])

    def bundle(self, env, seed, armed):
        world = self.world
        out, reply = self.stick(seed)
        home = ("--home", world.node_home("police"))
        steps = {"export": ("bundle", "export", "--out", out, *home),
                 "carry": ("bundle", "import", out, "--out", reply, "--home", world.broker_home),
                 "import": ("bundle", "import", reply, *home)}
        made = {"export": out, "carry": reply}
        for step, words in steps.items():
            if step == armed:
                if self.command(env, *words).returncode == 0:
                    continue
                # What a failed command leaves must not look like its result.
                left = made.get(step)
                need(left is None or not left.exists(), f"{step} failed and left a file")
            self.again(*words)
        self.plug_in()

    def export(self, env, seed):
        self.bundle(env, seed, "export")

    def carry(self, env, seed):
        self.bundle(env, seed, "carry")

    def import_(self, env, seed):
        self.bundle(env, seed, "import")

    def key_request(self, env):
        world = self.world
        request = world.directory / "request"
        request.unlink(missing_ok=True)
        words = ("key", "request", "--use", "sign", "--out", request, "--home",
                 world.node_home("police"))
        world.stop_node("police")
        if not env or self.command(env, *words).returncode != 0:
            need(not request.exists(), "key request failed and left a file")
            self.again(*words)
        world.start_nodes(["police"])
        return request

    def rotate(self, env, request):
        words = ("key", "rotate", request, "--overlap", 1, "--home", self.world.admin_home)
        before = self.world.admin("status").need()["registry_version"]
        if env:
            self.command(env, *words)
        after = self.world.admin("status").need()["registry_version"]
        need(after in (before, before + 1), "one rotation made several versions", doubled=1)
        if after == before:
            self.again(*words)
        # The new key is installed at the node's next start.
        self.world.restart_node("police")

    def request(self, env, seed):
        self.rotate({}, self.key_request(env))

    def issue(self, env, seed):
        self.rotate(env, self.key_request({}))

    def adopt(self, env, seed):
        world = self.world
        words = ("policy", "adopt", world.admin_home / "policy.toml", "--home", world.admin_home)
        before = world.admin("status").need()["policy_version"]
        self.command(env, *words)
        after = world.admin("status").need()["policy_version"]
        need(after in (before, before + 1), "one adoption made several versions", doubled=1)
        self.again(*words)

    def init(self, env, seed):
        place = self.world.directory / "made"
        words = ("init", "--setup", self.world.setup, "--home", place)
        done = self.command(env, *words)
        if done.returncode != 0:
            shutil.rmtree(place, ignore_errors=True)
            self.again(*words)
        whole = self.context.template()
        need(sorted(p.relative_to(place) for p in place.rglob("*")) ==
             sorted(p.relative_to(whole) for p in whole.rglob("*")), "init made other files")
        shutil.rmtree(place)
