#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The year 2021 of Ninh Bình on the bus: eleven agencies, their figures, a verification. Started by
./run, which installs and builds first."""
import argparse
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import acts
import figures
import judging
import publishing
import reading
import secrecy
import story
from bus import Bus, Failure, find_binary
from checks import Checks, say

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STORIES = [HERE / "story" / name for name in ("verification.json", "group.json", "tip.json")]
MEMORY = "example.json"


PROGRAM = "examples/ninh-binh/run"
# As the command line's own (docs/operations.md): 2 the call itself, 3 what the file says.
EXIT_FAILED, EXIT_USAGE, EXIT_MALFORMED = 1, 2, 3


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        sys.exit(refuse("--json" in sys.argv[1:], EXIT_USAGE, "bad_argument", message, None,
                        f"see {PROGRAM} --help"))


def read_arguments():
    parser = Parser(prog=PROGRAM, description=__doc__, allow_abbrev=False)
    parser.add_argument("--once", action="store_true", help="end after the checks")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--dir", type=Path, help="where the bus is, or is to be made")
    parser.add_argument("--data", type=Path, default=HERE / "data" / "ninh-binh-2021.csv",
                        help="file of figures, columns as in data/ninh-binh-2021.csv")
    parser.add_argument("--serve-only", action="store_true", help="stay up, without the story")
    return parser.parse_args()


def choose_directory(given):
    if given:
        return given.absolute()
    name = time.strftime("ninh-binh-%Y%m%d-%H%M%S")
    place = ROOT / "build"
    if not os.access(place if place.exists() else ROOT, os.W_OK):
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        place = Path(state) / "lienthong"
    return place / name


class Example:
    def __init__(self, options):
        self.options = options
        self.agencies = figures.Agencies(HERE)
        self.columns, self.rows = figures.read_rows(options.data, self.agencies)
        self.year = figures.common_year(self.rows)
        if self.year is None:
            raise figures.BadFile("the file has no row", str(options.data))
        self.checks = Checks()
        self.bus = Bus(choose_directory(options.dir), find_binary(ROOT), HERE)
        self.memory = {}
        self.accepted, self.confirmed, self.judged = {}, {}, []
        self.log = {"size": 0, "root": ""}
        self.messages = 0

    # ---- what has been done in this directory before ----

    def recall(self):
        path = self.bus.directory / MEMORY
        if path.exists():
            self.memory = json.loads(path.read_text(encoding="utf-8"))
        if self.memory.get("story") == "begun":
            raise Failure(f"{self.bus.directory}: the story was begun there and not ended; "
                          "choose another --dir")

    def keep(self, **what):
        self.memory.update(what)
        path = self.bus.directory / MEMORY
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(self.memory), encoding="utf-8")
        fresh.replace(path)

    # ---- the parts of the play ----

    def start(self):
        if self.bus.exists():
            self.recall()
            say(f"the bus in {self.bus.directory} is started again")
        else:
            say(f"a new bus in {self.bus.directory}: keys, registry, policy")
            self.bus.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.bus.init()
        say("one broker")
        self.bus.start_broker()
        say(f"a node for each of {len(self.bus.agencies())} agencies")
        self.bus.start_nodes()
        reading.check_processes(self.bus, self.agencies, self.checks)

    def publish(self):
        say(f"each agency publishes its part of {self.options.data.name}")
        self.accepted = publishing.publish_all(self.bus, self.columns, self.rows, self.checks)
        self.confirmed, said = publishing.confirm_joint(self.bus, self.columns, self.rows,
                                                        self.agencies, self.checks)
        self.judged = judging.judge([*self.rows, *said], self.year, self.agencies)
        publishing.publish_plan(self.bus, self.checks)
        publishing.publish_again(self.bus, self.columns, self.rows, self.accepted, self.checks)
        before = self.memory.get("accepted")
        if before is not None and self.memory.get("data") == str(self.options.data.absolute()):
            self.checks.same("same-file-as-last-time-same-ids", True, before == self.accepted)
        self.keep(accepted=self.accepted, data=str(self.options.data.absolute()))

    def read(self):
        say("the report, through each agency's own node")
        body = reading.check_totals(self.bus, self.judged, self.year, self.agencies, self.checks)
        reading.check_partners(body, self.judged, self.checks)
        reading.check_own(self.bus, self.judged, self.year, self.checks)
        reading.check_completeness(self.bus, self.judged, self.year, self.agencies, self.checks)
        reading.check_verified(self.bus, self.accepted, self.checks)

    def capacity(self):
        """(normal, most) places of the centre, as the file says."""
        found = [(row.quantity.low, row.quantity.high) for row in self.rows
                 if row.kind == "shelter-capacity" and row.activity == "shelter-capacity"]
        if not found or None in found[-1] or found[-1][0] < 2:
            return None
        return found[-1]

    def play(self):
        if self.memory.get("story") == "done":
            say("the story was told in this directory before")
            return
        self.keep(story="begun")
        say("the story: a verification, from the border post to the shelter (invented persons)")
        capacity = self.capacity()
        case = story.play_verification(self.bus, STORIES[0], self.checks, capacity)
        story.play_group(self.bus, STORIES[1], self.checks, capacity, case.told["persons"])
        story.play_tip(self.bus, STORIES[2], self.checks)
        say("looking for the invented persons where they must not be")
        secrecy.check_secrecy(self.bus, STORIES, self.checks)
        say("administrators act on the running bus")
        acts.change_policy(self.bus, self.checks, review_line)
        acts.rotate_key(self.bus, self.checks, self.first_id("information"))
        acts.revoke_key(self.bus, self.checks, self.first_id("broadcaster"))
        self.keep(story="done", case=case.id)

    def first_id(self, slug):
        own = [ids for place, ids in self.accepted.items() if place.startswith(slug + "/")]
        own += [self.confirmed.get(slug, [])]
        return next((ids[0]["id"] for ids in own if ids), None)

    def finish(self):
        reading.check_standing(self.bus, self.checks, acts.ALARMS)
        status = self.bus.at("labour", "status").need()
        self.log = {"size": status["log_size"], "root": status["root"]}
        self.messages = reading.count_messages(self.bus)

    def audit(self):
        """After the end: a copy of the log is judged without any key."""
        copy = self.bus.directory / "audited"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.bus.broker_home / "data", copy)
        answer = self.bus.run("audit", "verify", str(copy))
        shutil.rmtree(copy, ignore_errors=True)
        data = answer.data or {}
        self.checks.same("audit-verify", {"exit": 0, "ok": True, "first_fault": None},
                         {"exit": answer.exit, "ok": data.get("ok"),
                          "first_fault": data.get("first_fault")})
        self.checks.same("audit-covers-the-whole-log", True,
                         data.get("entries", -1) >= self.log["size"])
        if answer.exit == 0:
            self.log = {"size": data["entries"], "root": data["root"]}

    def result(self):
        return {"ok": self.checks.ok, "agencies": len(self.bus.agencies()),
                "figures": sum(map(len, self.accepted.values())), "messages": self.messages,
                "log": self.log, "story": {"case": self.memory.get("case")},
                "checks": self.checks.rows}

    # ---- what people see ----

    def show(self, out):
        body = self.bus.at("labour", "report", "outreach", "--year", self.year, json_out=False)
        print(f"\nlabour: report outreach --year {self.year}\n{body.out}", file=out)
        for slug in self.bus.agencies():
            if slug == "labour":
                continue
            body = self.bus.at(slug, "report", "outreach", "--year", self.year, json_out=False)
            print(f"{slug}: what this agency may read\n{body.out}", file=out)
        case = self.memory.get("case")
        if not case:
            return
        for slug, officer in story.OFFICERS.items():
            seen = self.bus.at(slug, "case", "timeline", case, "--officer", officer, "--purpose",
                               story.PURPOSE, json_out=False)
            print(f"{slug}: case timeline\n{seen.out}{seen.err}", file=out)
        out.flush()


def review_line(key):
    figure = dict(acts.PROBE, activity="website-review")
    return json.dumps({"key": key, "sections": {"report": {"figures": [figure]}}})


def wait_until_told():
    say("\nthe bus stays up; Ctrl-C ends it")
    while True:
        signal.pause()


def run(options):
    example = Example(options)
    out = sys.stderr if options.json else sys.stdout
    try:
        example.start()
        if options.serve_only:
            if options.json:
                print(json.dumps({"ready": True, "dir": str(example.bus.directory)}), flush=True)
            wait_until_told()
        example.publish()
        example.read()
        example.play()
        example.finish()
        example.show(out)
        if not options.once:
            report_result(example, options, out)
            wait_until_told()
    finally:
        codes = example.bus.stop()
    example.checks.same("every-process-ended-well", {}, codes)
    example.audit()
    report_result(example, options, out)
    return 0 if example.checks.ok else 1


def report_result(example, options, out):
    checks = example.checks
    lines = [f"{len(checks.rows)} checks, {len(checks.failed())} failed, "
             f"{len(checks.not_judged())} skipped"]
    lines += [f"  ✗ {row['id']}" for row in checks.failed()]
    lines += [f"  – {row['id']}: skipped: {row['skipped']}" for row in checks.not_judged()]
    print("\n".join(lines), file=out, flush=True)
    if options.json:
        print(json.dumps(example.result(), ensure_ascii=False), flush=True)


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    # ./run asks this before it installs and builds: whether the call and its file can be used.
    checked = sys.argv[1:2] == ["check"]
    if checked:
        del sys.argv[1]
    options = read_arguments()
    signal.signal(signal.SIGTERM, interrupted)
    try:
        if checked:
            figures.read_rows(options.data, figures.Agencies(HERE))
            return 0
        return run(options)
    except KeyboardInterrupt:
        return 0 if not options.once else 130
    except figures.BadFile as error:
        code = EXIT_MALFORMED if error.code == "malformed_input" else EXIT_USAGE
        return refuse(options.json, code, error.code, error.what, error.where, error.do)
    except Failure as error:
        return refuse(options.json, EXIT_FAILED, "failed", str(error),
                      str(options.dir) if options.dir else None,
                      "look into the logs of the directory that was named above")


def refuse(as_json, code, name, what, where, act):
    """The command line's own form of an error, on standard output with --json; gives the exit."""
    say(f"{PROGRAM}: " + (f"{where}: " if where else "") + f"{what}\n  → {act}")
    if as_json:
        print(json.dumps({"error": {"code": name, "what": what, "where": where, "do": act,
                                    "grant_missing": None}}, ensure_ascii=False))
    return code


if __name__ == "__main__":
    sys.exit(main())
