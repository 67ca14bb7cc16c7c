# SPDX-License-Identifier: Apache-2.0
"""A small bus of real processes that faults are done to, a load on it, and the check that nothing
acknowledged was lost and nothing came twice."""
import json
import os
import random
import re
import shutil
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "ninh-binh"
sys.path.insert(0, str(EXAMPLE))
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from bus import Bus, Failure  # noqa: E402  (the path must be known first)
from bus_case import figure, line  # noqa: E402

KIND = "outreach-report"
READER = "labour"  # by policy it gets every outreach report
RESTART_SECONDS = 60
SETTLE_SECONDS = 120
CALM_EXITS = (0, 6)  # accepted, or: it waits in the outbox


class Fault(Exception):
    """A promise that did not hold, with the numbers of messages lost and doubled."""

    def __init__(self, what, lost=0, doubled=0):
        super().__init__(what)
        self.lost, self.doubled = lost, doubled


def need(condition, what, **counts):
    if not condition:
        raise Fault(what, **counts)


def free_ports(count):
    """Below the range that the kernel takes by itself, so that a restart finds them free."""
    ports = []
    draw = random.Random(os.getpid() ^ time.monotonic_ns())
    while len(ports) < count:
        port = draw.randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def set_endpoints(config, control, data):
    text = config.read_text()
    text = re.sub(r'(?m)^control_endpoint = .*$', f'control_endpoint = "{control}"', text)
    text = re.sub(r'(?m)^data_endpoint = .*$', f'data_endpoint = "{data}"', text)
    config.write_text(text)


@dataclass
class Account:
    """What was handed to a node, and what it acknowledged."""

    files: list = field(default_factory=list)         # texts, in order
    acknowledged: dict = field(default_factory=dict)  # id -> position
    settled: dict = field(default_factory=dict)       # every line handed in: id -> position


class Publisher(threading.Thread):
    """Hands files to one node. A call may end with its node: then the outcome is open, and the
    check asks for it again under the same keys."""

    def __init__(self, world, slug, seed, files, pause=0.0):
        super().__init__(daemon=True)
        self.world, self.slug, self.files, self.pause = world, slug, files, pause
        self.draw = random.Random(seed)
        self.tag = f"{slug}-{seed:x}-{world.loads}"  # a key of its own in each load
        self.fault = None  # what the thread ended with; the check raises it

    def text(self, number):
        lines = self.draw.choice((1, 1, 2, 5, 20))
        note = "x" * self.draw.choice((0, 10, 400, 3000))
        return "".join(line(f"{self.tag}-{number}-{i}", figure(low=i, note=note) if note
                            else figure(low=i)) for i in range(lines))

    def run(self):
        try:
            self.publish_all()
        except Exception as fault:
            self.fault = fault

    def publish_all(self):
        account = self.world.accounts[self.slug]
        for number in range(self.files):
            text = self.text(number)
            account.files.append(text)
            answer = self.world.publish(self.slug, text, "--wait", 3)
            self.world.note(self.slug, answer)
            if self.pause:
                time.sleep(self.pause)


class World(Bus):
    """A bus copied from a template, with ports of its own. Homes: broker, admin, nodes/<slug>."""

    def __init__(self, template, binary, directory, slugs=(READER, "police")):
        super().__init__(directory, binary, EXAMPLE)
        shutil.copytree(template, directory)
        self.slugs = tuple(slugs)
        self.accounts = {slug: Account() for slug in self.slugs}
        self.alarms_expected = set()
        self.loads, self.publishers = 0, []
        control, data = free_ports(2)
        self.control, self.data = f"tcp://127.0.0.1:{control}", f"tcp://127.0.0.1:{data}"
        for home, name in [(self.broker_home, "broker.toml"), (self.admin_home, "node.toml"),
                           *((self.node_home(s), "node.toml") for s in self.agencies())]:
            set_endpoints(home / name, self.control, self.data)

    # Processes

    def start(self, broker=None, nodes=None):
        self.start_broker(**(broker or {}))
        self.start_nodes(self.slugs, **(nodes or {}))
        return self

    def process(self, name):
        return self.broker if name == "broker" else self.nodes[name]

    def start_one(self, name, **how):
        """Again and again for a while: a command of somebody may have the home open just now."""
        until = time.monotonic() + RESTART_SECONDS
        while True:
            try:
                if name == "broker":
                    self.start_broker(**how)
                else:
                    self.start_nodes([name], **how)
                return
            except Failure as failure:
                self.process(name).stop(signal.SIGKILL)
                if "already_running" not in str(failure) or time.monotonic() > until:
                    raise Fault(f"{name} does not start again: {failure}") from failure
                time.sleep(0.1)

    def kill(self, *names):
        """All at one moment; every one of them has ended when this returns."""
        for name in names:
            if self.process(name).alive():
                self.process(name).child.send_signal(signal.SIGKILL)
        for name in names:
            self.process(name).stop(signal.SIGKILL)

    def ensure_running(self):
        for name in ("broker", *self.slugs):
            process = self.broker if name == "broker" else self.nodes.get(name)
            if process is None or not process.alive():
                self.start_one(name)

    def destroy(self):
        for process in [*self.nodes.values(), *([self.broker] if self.broker else [])]:
            if process.alive():
                process.child.send_signal(signal.SIGCONT)
                process.child.kill()
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    # Load

    def publish(self, slug, text, *options, kind=KIND):
        return self.at(slug, "publish", "--kind", kind, "-", *options, text_in=text)

    def note(self, slug, answer):
        """What an answer acknowledges; acknowledged twice under two positions is a fault."""
        account = self.accounts[slug]
        for row in (answer.data or {}).get("accepted", []):
            known = account.acknowledged.setdefault(row["id"], row["position"])
            if known != row["position"]:
                raise Fault(f"{row['id']} was acknowledged at {known} and at {row['position']}")

    def load(self, seed, files=3, pause=0.0):
        self.loads += 1
        self.publishers = publishers = [Publisher(self, slug, seed, files, pause)
                                        for slug in self.slugs]
        for publisher in publishers:
            publisher.start()
        return publishers

    def acknowledged(self):
        return sum(len(account.acknowledged) for account in self.accounts.values())

    # The check

    def settle(self):
        """Every file again, under its old keys: each line must come to one id, the acknowledged
        ones to those that were acknowledged."""
        for slug, account in self.accounts.items():
            self.until_calm(slug)
            for text in account.files:
                answer = self.publish(slug, text, "--wait", SETTLE_SECONDS)
                need(answer.exit == 0, f"a file at {slug} again: exit {answer.exit}: "
                     f"{answer.out[:300]} {answer.err[:300]}")
                rows = answer.data["accepted"]
                need(len(rows) == text.count("\n"), f"{len(rows)} outcomes for "
                     f"{text.count(chr(10))} lines at {slug}")
                for row in rows:
                    before = account.settled.setdefault(row["id"], row["position"])
                    need(before == row["position"], f"{row['id']} has two positions", doubled=1)
            account.files.clear()
            wrong = [one for one, position in account.acknowledged.items()
                     if account.settled.get(one) != position]
            need(not wrong, f"acknowledged at {slug} and not kept: {wrong[:3]}", lost=len(wrong))

    def until_calm(self, slug):
        def empty():
            answer = self.at(slug, "status", "--wait", 5)
            return answer.exit == 0 and answer.data["outbox"] == 0
        need(self.wait_for(empty, SETTLE_SECONDS), f"the outbox of {slug} does not get empty")

    def delivered(self, slug):
        return [(m["id"], m["position"]) for m in self.consume(slug) if m["kind"] == KIND]

    def check(self, verify_messages=1):
        """After a fault, with every process running again and every publisher at its end."""
        for publisher in self.publishers:
            need(not publisher.is_alive(), f"a publisher at {publisher.slug} is still at work")
            if publisher.fault is not None:
                raise publisher.fault
        self.ensure_running()
        self.settle()
        everything = {one: position for account in self.accounts.values()
                      for one, position in account.settled.items()}
        for slug in self.slugs:
            wanted = everything if slug == READER else self.accounts[slug].settled
            self.wait_for(lambda s=slug, w=wanted: len(self.delivered(s)) >= len(w), 60)
            got = self.delivered(slug)
            doubled = len(got) - len({one for one, _ in got})
            need(doubled == 0, f"{slug} was given {doubled} messages twice", doubled=doubled)
            lost = [one for one, position in wanted.items() if (one, position) not in set(got)]
            need(not lost, f"{slug} was not given "
                 f"{[(one, wanted[one], dict(got).get(one)) for one in lost[:3]]}"
                 " (id, acknowledged at, given at)", lost=len(lost))
            more = [one for one, _ in got if one not in wanted]
            need(not more, f"{slug} has messages that nobody sent: {more[:3]}",
                 doubled=len(more))
            for one, _ in got[-verify_messages:] if verify_messages else []:
                shown = self.at(slug, "message", "show", one, "--wait", 30)
                need(shown.exit == 0 and all(shown.data["verified"].values()),
                     f"{one} does not verify at {slug}: {shown.out[:300]}")
        self.check_log(len(everything))
        self.check_alarms()

    def check_log(self, messages):
        rows = self.run("log", "show", "--max", 100000, home=self.broker_home).need()["entries"]
        need([row["position"] for row in rows] == list(range(len(rows))), "the log has gaps")
        count = sum(1 for row in rows if row["kind"] == "message")
        expected = messages + self.other_messages()
        need(count == expected, f"{count} messages in the log, {expected} sent",
             lost=max(0, expected - count), doubled=max(0, count - expected))

    def other_messages(self):
        """Messages of the log that do not come from the publishers; campaigns that send such add
        them here."""
        return 0

    def check_alarms(self):
        for slug in self.slugs:
            alarms = [alarm for alarm in self.at(slug, "status").need()["alarms"]
                      if alarm.split()[0] not in self.alarms_expected]
            need(not alarms, f"alarms at an honest node {slug}: {alarms}")

    def copy_data(self, name="copy"):
        """The broker's data directory as it stands on the disk; only while it does not run."""
        copy = self.directory / name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.broker_home / "data", copy)
        return copy

    def audit(self, copy):
        """A copy must be whole and hold everything that had been acknowledged before it."""
        verified = self.run("audit", "verify", str(copy))
        need(verified.exit == 0 and verified.data["ok"],
             f"audit verify of a copy: exit {verified.exit}: {verified.out[:300]}")
        return verified.data

    def audit_stopped(self):
        self.broker.stop()
        data = self.audit(self.copy_data())
        newest = [p for a in self.accounts.values() for p in a.settled.values()]
        need(data["entries"] > max(newest, default=-1), "the copy is shorter than the log")


def json_of(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None
