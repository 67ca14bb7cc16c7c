# SPDX-License-Identifier: Apache-2.0
"""Data that an earlier version wrote. Before 0.1.0 there is no earlier version: the fixture in
released/0.1.0 was written by this one, and every later one must read it and go on with it."""
import datetime
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

from campaign import Campaign
from clocks import library
from world import READER, ROOT, Failure, Fault, need, set_endpoints

RELEASED = Path(__file__).resolve().parent / "released"
ANEW = """
The fixture was written by {0}, which CMakeLists.txt still names as this version. If {0} has not
been released and its format was changed on purpose, write the fixture anew and commit it with the
change:
    tests/faults/run --write-fixture {0}
Once {0} has been released its fixture is never written again: then this is a bug."""


class Upgrade(Campaign):
    """The copied bus of each released version: its log is audited, its messages are read and
    compared with what was written down beside it, then broker and nodes start on it and the same
    files are published again: the same ids and positions come back, and new messages go on."""

    name = "upgrade"
    smoke = 1
    documented = 1
    runs_per_world = 0

    def cases(self, count, seed):
        for folder in sorted(RELEASED.iterdir()):
            yield folder.name, seed

    def run(self, case, seed, draw):
        try:
            self.read(case)
        except (Fault, Failure) as fault:
            if case != this_version():
                raise
            raise Fault(f"{fault}{ANEW.format(case)}", getattr(fault, "lost", 0),
                        getattr(fault, "doubled", 0)) from fault

    def read(self, case):
        folder = RELEASED / case
        told = json.loads((folder / "told.json").read_text())
        place = self.context.directory(f"upgrade-{case}")
        with tarfile.open(folder / "bus.tar.xz") as archive:
            archive.extractall(place, filter="data")
        bus = place / "bus"
        for path in bus.rglob("*"):  # git and tar may have forgotten; the program insists
            path.chmod(0o700 if path.is_dir() else 0o600)
        bus.chmod(0o700)
        audit = self.command("audit", "verify", bus / "broker/data")
        need(audit["ok"] and audit["root"] == told["root"] and
             audit["entries"] == told["entries"], f"audit of {case}: {audit}")
        self.count_up("entries of the fixture", told["entries"])
        if library() is None or self.context.plain is None:
            self.context.say("upgrade: read, not started: libfaketime or a plain program is missing")
            return
        self.live(bus, told)

    def command(self, *words):
        done = subprocess.run([str(self.context.binary), *map(str, words), "--json"],
                              capture_output=True, text=True, timeout=120, check=False)
        need(done.returncode == 0, f"{words[:2]}: exit {done.returncode}: {done.stdout[:300]}")
        return json.loads(done.stdout)

    def live(self, bus, told):
        """On the day after it was written: its keys and documents end in some years."""
        world = self.world = self.context.world()
        shutil.rmtree(world.directory)
        shutil.move(bus, world.directory)
        for home, name in [(world.broker_home, "broker.toml"),
                           *((world.node_home(s), "node.toml") for s in world.slugs)]:
            set_endpoints(home / name, world.control, world.data)
        day = told["written_ms"] // 1000 + 86400
        env = {"LD_PRELOAD": library(), "FAKETIME": f"@{day_text(day)}", "TZ": "UTC",
               "DONT_FAKE_MONOTONIC": "1"}
        world.alarms_expected = {"head_not_witnessed"}
        world.start(broker={"env": env}, nodes={"env": env})
        for slug, texts in told["files"].items():
            world.accounts[slug].files = list(texts)
            world.accounts[slug].acknowledged = dict(told["acknowledged"][slug])
        world.check()
        got = world.delivered(READER)
        need([list(row) for row in got] == told["delivered"], "the reader's messages differ")
        for publisher in world.load(99, files=2):
            publisher.join(120)
        world.check()
        world.audit_stopped()


def this_version():
    return re.search(r"project\(lienthong VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]


def day_text(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime(
        "%Y-%m-%d %H:%M:%S")


def write_fixture(context, version):
    """Once for a release: `tests/faults/run --write-fixture VERSION`."""
    world = context.world().start()
    try:
        for publisher in world.load(42, files=4):
            publisher.join(120)
        files = {slug: list(account.files) for slug, account in world.accounts.items()}
        world.check()
        delivered = world.delivered(READER)
        acknowledged = {slug: account.settled for slug, account in world.accounts.items()}
        for slug in world.slugs:
            world.stop_node(slug)
        audit = world.run("audit", "verify", str(world.broker_home / "data")).need() \
            if world.broker.stop() == 0 else None
        need(audit and audit["ok"], "the fixture's log is not whole")
        folder = RELEASED / version
        folder.mkdir(parents=True, exist_ok=True)
        told = {"version": version, "written_ms": int(time.time() * 1000), "files": files,
                "acknowledged": acknowledged, "delivered": delivered, "root": audit["root"],
                "entries": audit["entries"]}
        (folder / "told.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
        keep = {"broker", *(f"nodes/{slug}" for slug in world.slugs)}
        with tarfile.open(folder / "bus.tar.xz", "w:xz") as archive:
            for part in sorted(keep):
                for path in sorted((world.directory / part).rglob("*")):
                    if path.is_file() and path.name not in ("lock.mdb", "lock.owner", "run.json"):
                        archive.add(path, f"bus/{path.relative_to(world.directory)}")
        context.say(f"{folder}: {os.path.getsize(folder / 'bus.tar.xz')} bytes")
    finally:
        world.destroy()
