# SPDX-License-Identifier: Apache-2.0
"""What the example asserts while it runs: each check names what was expected and what was seen."""
import sys


class Checks:
    def __init__(self):
        self.rows = []

    def same(self, name, expected, actual):
        ok = expected == actual
        self.rows.append({"id": name, "expected": expected, "actual": actual, "ok": ok})
        if not ok:
            say(f"  ✗ {name}: expected {expected!r}, found {actual!r}")
        return ok

    def skipped(self, name, expected, reason):
        """What cannot be judged here. It does not fail the run, and does not pass in silence: the
        row names the reason, and the last line counts it."""
        self.rows.append({"id": name, "expected": expected, "actual": None, "ok": True,
                          "skipped": reason})
        say(f"  – {name}: skipped: {reason}")

    @property
    def ok(self):
        return all(row["ok"] for row in self.rows)

    def failed(self):
        return [row for row in self.rows if not row["ok"]]

    def not_judged(self):
        return [row for row in self.rows if "skipped" in row]


def say(text):
    print(text, file=sys.stderr, flush=True)
