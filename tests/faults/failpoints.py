# SPDX-License-Identifier: Apache-2.0
"""Ends, errors and pauses at the named places of the product (bus/base/failpoint.hpp)."""
import os
import re
import signal
import subprocess
import time

from reaching import ACTS
from campaign import Campaign
from world import ROOT, Failure, need

HEADER = ROOT / "bus/base/failpoint.hpp"
SOURCES = ("bus", "security", "adapters")
REACH_SECONDS = 45

# place: (who is armed, which act reaches it, at which times at most in one act). Who: a process, or
# "command" for the command that the act gives.
PLACES = {
    "file_create": ("broker", "start", 1), "file_write": ("broker", "start", 1),
    "file_rename": ("broker", "start", 1), "directory_sync": ("broker", "start", 1),
    "journal_open": ("broker", "start", 1), "journal_tables": ("broker", "first-start", 1),
    "journal_acquire": ("broker", "start", 1), "journal_append": ("broker", "load", 12),
    "journal_commit": ("police", "load", 6),
    "broker_start_commit": ("broker", "start", 1), "broker_socket": ("broker", "start", 1),
    "broker_receive": ("broker", "load", 12), "broker_verify": ("broker", "load", 3),
    "broker_decide": ("broker", "load", 3), "broker_document": ("broker", "adopt", 1),
    "broker_head": ("broker", "load", 4), "broker_group_commit": ("broker", "load", 12),
    "broker_answers_queued": ("broker", "load", 12), "broker_answer": ("broker", "load", 12),
    "broker_fetch": ("broker", "load", 6), "broker_statement": ("broker", "load", 3),
    "broker_cosignature": ("broker", "load", 1), "broker_chunk_taken": ("broker", "chunks", 2),
    "broker_chunk_given": ("broker", "chunks", 2), "broker_collect": ("broker", "wait", 1),
    "broker_bundle": ("broker", "bundle", 1),
    "node_open": ("police", "start", 1), "node_welcome": ("police", "start", 1),
    "node_send": ("police", "load", 8), "node_receive": ("police", "load", 8),
    "node_outbox_commit": ("police", "load", 3), "node_batch_store": ("police", "load", 3),
    "node_receipt_verify": ("police", "load", 3), "node_batch_close": ("police", "load", 3),
    "node_delivery_check": ("labour", "load", 3), "node_inbox_commit": ("labour", "load", 3),
    "node_document": ("labour", "adopt", 1), "node_chunks_sent": ("border-guard", "chunks", 1),
    "node_chunk_stored": ("police", "chunks", 2), "node_chunks_complete": ("police", "chunks", 1),
    "node_cosign": ("police", "load", 1), "node_witnessed": ("labour", "witness", 1),
    "node_restore": ("police", "restore", 1), "node_bundle_export": ("export", "bundle", 1),
    "node_bundle_answer": ("import", "bundle", 1), "node_bundle_delivery": ("import", "bundle", 1),
    "node_bundle_import": ("import", "bundle", 1),
    "init_broker": ("command", "init", 1), "init_node": ("command", "init", 9),
    "init_admin": ("command", "init", 1), "key_saved": ("request", "rotate", 1),
    "keys_installed": ("police", "rotate", 1), "document_offered": ("command", "adopt", 1),
    "document_kept": ("command", "adopt", 1), "output_written": ("request", "rotate", 1),
    "socket_open": ("police", "start", 1), "socket_answer": ("police", "load", 3),
    "daemon_ready": ("police", "start", 1),
}
SLOW = {"broker_collect", "node_witnessed"}  # more than a minute of waiting; not in CI


def places_of_the_header():
    table = re.search(r"kPlaces\{(.*?)\};", HEADER.read_text(), re.S).group(1)
    return re.findall(r'"(\w+)"', table)


def places_that_can_fail():
    found = set()
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*.cpp"):
            found |= set(re.findall(r"(?:FAILPOINT_OR_FAIL|FAILS_AT)\((\w+), (\w+)\)",
                                    path.read_text()))
    return found


class Failpoints(Campaign):
    """At each place, before and after: the process is killed there, and where it can, the step
    fails, or its thread stands still for a second. A place that is not reached is a failure."""

    name = "failpoint"
    smoke = 1        # of each place, before or after in turn; with more, both
    documented = 20
    runs_per_world = 12

    def skip_reason(self):
        if b"LT_FAILPOINT" not in self.context.binary.read_bytes():
            return "the program was built without LT_FAILPOINTS"
        return None

    def cases(self, count, seed):
        need(set(PLACES) == set(places_of_the_header()),
             "tests/faults/failpoints.py and bus/base/failpoint.hpp name other places")
        can_fail = places_that_can_fail()
        small = count == self.smoke and self.only_case is None
        for number in range(count):
            for index, place in enumerate(PLACES):
                if place in SLOW and small:
                    self.count_up("left out: slow")
                    continue
                for when in ("before", "after")[index % 2:][:1] if small else ("before", "after"):
                    actions = ["kill", "pause"]
                    if (place, when) in can_fail:
                        actions.insert(1, "fail")
                    yield f"{place}:{when}:{actions[number % len(actions)]}", seed + number

    def make_world(self):
        self.records = 0
        world = self.context.world(slugs=("labour", "police", "border-guard"))
        world.other_messages = lambda: self.records
        return world.start()

    def run(self, case, seed, draw):
        place, when, action = case.split(":")
        who, act, times = PLACES[place]
        at = 1 if seed == 1 else draw.randrange(1, times + 1)
        env = {"LT_FAILPOINT": f"{case}:{at}"}
        self.reached, self.first = False, at == 1
        ACTS[act](self, who, env, seed, draw)
        need(self.reached or at > 1, f"{case} was not reached")
        self.count_up(action if self.reached else "not reached at a later time")
        if self.world is not None:
            self.world.check()

    # For the acts

    def log_of(self, name):
        path = self.world.log("broker" if name == "broker" else f"node-{name}")
        return path.read_text(errors="replace") if path.exists() else ""

    def arm(self, name, env):
        """The process ends and starts again with the failpoint, with the program that has them;
        everything else runs the fast one. False: it did not get ready."""
        process = self.world.broker if name == "broker" else self.world.nodes.get(name)
        if process is not None:
            process.stop()
        self._log_begins = len(self.log_of(name))
        others, self.world.binary = self.world.binary, self.context.binary
        try:
            if name == "broker":
                self.world.start_broker(env=env)
            else:
                self.world.start_nodes([name], env=env)
            return True
        except Failure:
            self.look(name)
            need(self.reached, f"{name} does not start")
            return False
        finally:
            self.world.binary = others

    def look(self, name):
        if "failpoint reached" in self.log_of(name)[self._log_begins:]:
            self.reached = True
        return self.reached

    def disarm(self, name, condition=lambda: False):
        """Waits until the place was reached, then starts anew. That it is reached a first time is
        certain, later times are not: then it is enough that what may reach it is over."""
        self.world.wait_for(lambda: self.look(name) or (condition() and not self.first),
                            REACH_SECONDS)
        process = self.world.process(name)
        if self.reached:
            time.sleep(0.1)
        if process.alive():
            process.stop()
        need(process.child.returncode in (0, -signal.SIGKILL) or process.child.returncode > 0,
             f"{name} ended by signal {-process.child.returncode}")
        self.world.start_one(name)

    def armed_command(self, env, *words, text_in=None):
        """A command that the failpoint is in; its outcome is open."""
        done = subprocess.run([str(self.context.binary), *map(str, words), "--json"], text=True,
                              capture_output=True, input=text_in, timeout=120, check=False,
                              env={**os.environ, **env})
        if "failpoint reached" in done.stderr:
            self.reached = True
        need(done.returncode in (0, -signal.SIGKILL) or done.returncode > 0,
             f"{words[0]} ended by signal {-done.returncode}: {done.stderr[-300:]}")
        return done
