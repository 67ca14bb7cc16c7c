# SPDX-License-Identifier: Apache-2.0
"""A whole bus on one machine, driven as its users would: one broker, a process for each node, and
the command line. Nothing here knows the product from inside."""
import ctypes
import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

READY_SECONDS = 60
STOP_SECONDS = 20
CALL_SECONDS = 120


class Failure(Exception):
    """The example cannot go on; the text says why."""


@dataclass
class Answer:
    """What one call of the command line gave."""

    words: list
    exit: int
    out: str
    err: str
    data: object = None

    @property
    def code(self):
        error = self.data.get("error") if isinstance(self.data, dict) else None
        return error["code"] if error else None

    def need(self):
        if self.exit != 0:
            raise Failure(f"lienthong {' '.join(self.words)}: exit {self.exit}: "
                          f"{self.out.strip()[:600]} {self.err.strip()[:600]}")
        return self.data


def _die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


class Process:
    """A daemon of the bus. Started when its ready line has come; its log goes to a file.
    `wrap`: words before the program's own; `env`: what its environment has besides."""

    def __init__(self, binary, role, home, log, wrap=(), env=None):
        self.name = f"{role} {home.name}"
        self.log = log
        self.ready = None
        self._said = threading.Event()
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab") as sink:
            self.child = subprocess.Popen([*wrap, str(binary), role, "--home", str(home)],
                                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                          stderr=sink, preexec_fn=_die_with_parent,
                                          env={**os.environ, **(env or {})})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self.child.pid

    def _read(self):
        with open(self.log, "ab") as sink, self.child.stdout as said:
            for line in said:
                sink.write(line)
                sink.flush()
                if self.ready is None and line.startswith(b"{"):
                    self.ready = json.loads(line)
                    self._said.set()
        self._said.set()

    def wait_ready(self):
        if not self._said.wait(READY_SECONDS) or self.ready is None or not self.ready.get("ready"):
            lines = self.log.read_text(errors="replace").splitlines()[-5:]
            raise Failure(f"{self.name} did not start: {' | '.join(lines)}")

    def alive(self):
        return self.child.poll() is None

    def stop(self, how=signal.SIGTERM):
        if self.alive():
            self.child.send_signal(how)
        try:
            self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        return self.child.returncode


@dataclass
class Bus:
    """The directory D of a bus and the processes that run on it."""

    directory: Path
    binary: Path
    setup: Path
    broker: Process = None
    nodes: dict = field(default_factory=dict)
    # Everything that the commands of people printed: (words, stdout and stderr).
    printed: list = field(default_factory=list)
    known: list = None

    @property
    def broker_home(self):
        return self.directory / "broker"

    @property
    def admin_home(self):
        return self.directory / "admin"

    def node_home(self, slug):
        return self.directory / "nodes" / slug

    def log(self, name):
        return self.directory / "logs" / f"{name}.log"

    def exists(self):
        return (self.broker_home / "broker.toml").exists()

    def agencies(self):
        """Slugs of the agencies that have a node; not the bus itself."""
        if self.known is None:
            homes = (self.directory / "nodes").iterdir()
            self.known = sorted(home.name for home in homes
                                if (home / "node.toml").exists() and home.name != "bus")
        return self.known

    def init(self):
        self.run("init", "--setup", str(self.setup), "--home", str(self.directory)).need()

    def start_broker(self, **how):
        self.broker = Process(self.binary, "broker", self.broker_home, self.log("broker"), **how)
        self.broker.wait_ready()

    def start_nodes(self, slugs=None, **how):
        started = {}
        for slug in slugs or self.agencies():
            home = self.node_home(slug)
            started[slug] = Process(self.binary, "node", home, self.log(f"node-{slug}"), **how)
        self.nodes.update(started)
        for process in started.values():
            process.wait_ready()

    def stop_node(self, slug):
        return self.nodes.pop(slug).stop()

    def restart_node(self, slug):
        self.stop_node(slug)
        self.start_nodes([slug])

    def stop(self):
        """Stops what this object started, the nodes first; gives the exit codes that are not 0."""
        processes = [*self.nodes.values(), *([self.broker] if self.broker else [])]
        for process in self.nodes.values():
            if process.alive():
                process.child.terminate()
        codes = {process.name: process.stop() for process in processes}
        self.nodes, self.broker = {}, None
        return {name: code for name, code in codes.items() if code != 0}

    def run(self, *words, home=None, json_out=True, lang=None, text_in=None, remember=False):
        """One call of the command line. `remember`: a person would have seen its output."""
        command = [str(word) for word in words]
        if home is not None:
            command += ["--home", str(home)]
        if json_out:
            command += ["--json"]
        if lang:
            command += ["--lang", lang]
        done = subprocess.run([str(self.binary), *command], input=text_in, capture_output=True,
                              text=True, timeout=CALL_SECONDS, check=False)
        answer = Answer(command, done.returncode, done.stdout, done.stderr)
        if json_out:
            answer.data = parse_output(done.stdout)
        if remember:
            self.printed.append((command, done.stdout + done.stderr))
        return answer

    def at(self, slug, *words, **options):
        return self.run(*words, home=self.node_home(slug), **options)

    def admin(self, *words, **options):
        return self.run(*words, home=self.admin_home, **options)

    def consume(self, slug, start=0):
        """Every message that has arrived at a node, in the order of the log."""
        messages = []
        while True:
            page = self.at(slug, "consume", "--from", start, "--max", 1000)
            if page.exit != 0:
                page.need()
            rows = [json.loads(line) for line in page.out.splitlines()]
            if not rows:
                return messages
            messages += rows
            start = rows[-1]["position"] + 1

    def wait_for(self, condition, seconds=30):
        """Polls until condition() gives something true; gives that, or what it gave last."""
        until = time.monotonic() + seconds
        while True:
            found = condition()
            if found or time.monotonic() >= until:
                return found
            time.sleep(0.05)


def parse_output(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def find_binary(root):
    given = os.environ.get("LIENTHONG_BIN")
    binary = Path(given) if given else root / "build" / "release" / "bin" / "lienthong"
    if not os.access(binary, os.X_OK):
        raise Failure(f"no program at {binary}")
    return binary
