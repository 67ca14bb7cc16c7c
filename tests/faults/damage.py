# SPDX-License-Identifier: Apache-2.0
"""Data files of a stopped broker and a stopped node, damaged in every way: each damage is found, or
what is read is the same as without it. Nothing is served wrong, nothing is mended by leaving out."""
import json
import shutil
import subprocess

from campaign import Campaign
from kills import large_sections
from network import join
from world import READER, need

PAGE = 4096
KINDS = ("bit", "bits", "byte", "cut", "cut-page", "swap", "zero", "stale", "grow")
SECONDS = 60


def damage(data, old, kind, draw):
    """What is left of the bytes of a file. `old`: an earlier state of the same file."""
    data = bytearray(data)
    pages = len(data) // PAGE
    page = draw.randrange(pages) if draw.random() < 0.8 else draw.randrange(min(4, pages))
    if kind in ("bit", "bits"):
        for _ in range(1 if kind == "bit" else draw.randrange(2, 9)):
            at = page * PAGE + draw.randrange(PAGE)
            data[at] ^= 1 << draw.randrange(8)
    elif kind == "byte":
        data[page * PAGE + draw.randrange(PAGE)] = draw.randrange(256)
    elif kind == "cut":
        del data[draw.randrange(len(data)):]
    elif kind == "cut-page":
        del data[draw.randrange(pages) * PAGE:]
    elif kind == "swap":
        other = draw.randrange(pages)
        one, two = slice(page * PAGE, page * PAGE + PAGE), slice(other * PAGE, other * PAGE + PAGE)
        data[one], data[two] = data[two], data[one]
    elif kind == "zero":
        data[page * PAGE:(page + 1) * PAGE] = bytes(PAGE)
    elif kind == "stale":  # a write that the disk said it had done
        page = draw.randrange(min(pages, len(old) // PAGE))
        data[page * PAGE:(page + 1) * PAGE] = old[page * PAGE:(page + 1) * PAGE]
    elif kind == "grow":
        data += bytes(draw.randrange(256) for _ in range(draw.randrange(1, 3 * PAGE)))
    return bytes(data)


class Damage(Campaign):
    """`audit verify` of a copy, `log show` of the broker's home and `consume` of a node's home are
    asked; each says an error by name, or what it said before the damage. In every fifth run the broker
    itself is started on it, and a node that knows nothing reads all from it."""

    name = "damage"
    smoke = 18
    documented = 2000
    runs_per_world = 250

    def make_world(self):
        world = self.world = self.context.world(slugs=(READER, "police", "border-guard")).start()
        join(world.load(7, files=3))
        opened = world.at("border-guard", "case", "open", "--to", "police", "--data", "-",
                          text_in=json.dumps({"sections": large_sections(400_000, 1)}))
        opened.need()
        for slug in world.slugs:
            world.until_calm(slug)
        self.old = {}
        self.good = {}
        self.files = {"broker": world.broker_home / "data/data.mdb",
                      "node": world.node_home(READER) / "data/data.mdb"}
        self.stop()
        for name, path in self.files.items():
            self.old[name] = path.read_bytes()
        world.start()
        join(world.load(8, files=2))
        for slug in world.slugs:
            world.until_calm(slug)
        world.other_messages = lambda: 1
        world.check()
        self.stop()
        for name, path in self.files.items():
            self.good[name] = path.read_bytes()
        self.truth = {name: self.look(name) for name in ("audit", "log", "consume")}
        for name, (code, text) in self.truth.items():
            need(code == 0 and text, f"{name} of whole data: exit {code}")
        return world

    def stop(self):
        for slug in list(self.world.nodes):
            self.world.stop_node(slug)
        self.world.broker.stop()

    def command(self, *words):
        done = subprocess.run([str(self.world.binary), *map(str, words), "--json"], text=True,
                              capture_output=True, timeout=SECONDS, check=False)
        return done.returncode, done.stdout

    def look(self, name):
        world = self.world
        if name == "audit":
            return self.command("audit", "verify", world.broker_home / "data")
        if name == "log":
            return self.command("log", "show", "--max", 100000, "--home", world.broker_home)
        return self.command("consume", "--max", 1000, "--wait", 0, "--home",
                            world.node_home(READER))

    def cases(self, count, seed):
        for number in range(count):
            target = "node" if number % 3 == 2 else "broker"
            yield f"{target}-{KINDS[(number // 3) % len(KINDS)]}", seed + number

    def run(self, case, seed, draw):
        target, kind = case.split("-", 1)
        spoiled = damage(self.good[target], self.old[target], kind, draw)
        if spoiled == self.good[target]:
            self.count_up("no damage")
            return
        path = self.files[target]
        path.write_bytes(spoiled)
        try:
            looks = ("audit", "log") if target == "broker" else ("consume",)
            found = [self.judge(name) for name in looks]
            self.count_up("found" if any(found) else "harmless")
            if target == "broker" and draw.random() < 0.2:
                self.serve()
        finally:
            for name, file in self.files.items():
                file.write_bytes(self.good[name])

    def judge(self, name):
        """True: it was found. A process that crashes has found nothing."""
        code, text = self.look(name)
        if code == 0:
            need(text == self.truth[name][1], f"{name} says something else and exits 0", lost=1)
            return False
        need(code > 0, f"{name} ended by signal {-code}")
        answer = json.loads(text.splitlines()[-1])
        fault = answer.get("error") or answer.get("first_fault")
        need(fault and fault.get("code"), f"{name} names no fault: exit {code} {text[:200]}")
        self.count_up(f"{name} says {fault['code']}")
        return True

    def serve(self):
        """The broker on its damaged data, and a reader that has nothing yet."""
        world = self.world
        fresh = world.directory / "reader"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(world.node_home(READER), fresh, ignore=shutil.ignore_patterns("data"))
        (fresh / "data").mkdir(mode=0o700)
        child = subprocess.Popen([str(world.binary), "broker", "--home", str(world.broker_home)],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            ready = child.stdout.readline()
            if '"ready"' not in ready:
                child.wait(SECONDS)
                need(child.returncode > 0, f"the broker ended by signal {-child.returncode}")
                self.count_up("broker does not start")
                return
            code, text = self.command("consume", "--max", 1000, "--wait", 10, "--home", fresh)
            need(code == 0, f"a new reader's consume: exit {code}")
            got = [json.loads(line) for line in text.splitlines()]
            truth = [json.loads(line) for line in self.truth["consume"][1].splitlines()]
            need(got == truth[:len(got)], "a new reader was given something else", lost=1)
            status = self.command("status", "--wait", 0, "--home", fresh)
            alarms = json.loads(status[1]).get("alarms", []) if status[0] == 0 else []
            ended = child.poll() is not None
            if not ended and not alarms and len(got) < len(truth):
                need(False, f"a new reader was given {len(got)} of {len(truth)} messages, in "
                     "silence", lost=len(truth) - len(got))
            self.count_up("broker serves" if not ended else "broker ends")
        finally:
            child.terminate()
            child.wait(SECONDS)
            need(child.returncode >= 0 or child.returncode == -15,
                 f"the broker ended by signal {-child.returncode}")
            shutil.rmtree(world.broker_home / "run.json", ignore_errors=True)
            for lock in ("lock.mdb",):
                (world.broker_home / "data" / lock).unlink(missing_ok=True)
