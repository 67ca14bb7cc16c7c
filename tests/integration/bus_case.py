# SPDX-License-Identifier: Apache-2.0
"""A bus for one class of tests: made in a temporary directory, with the nodes that it names."""
import json
import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "ninh-binh"
sys.path.insert(0, str(EXAMPLE))

from bus import Bus, find_binary  # noqa: E402  (the path must be known first)


def figure(activity="leaflet", low=1, **more):
    return {"activity": activity, "low": low, "high": low, "qualifier": "exact",
            "stock_or_flow": "flow",
            "period": {"from": "2021-01-01", "to": "2021-12-31", "kind": "calendar_year"}, **more}


def line(key, *figures):
    return json.dumps({"key": key, "sections": {"report": {"figures": list(figures)}}},
                      ensure_ascii=False) + "\n"


class BusCase(unittest.TestCase):
    nodes = ("labour", "police")

    @classmethod
    def setUpClass(cls):
        cls.place = Path(tempfile.mkdtemp(prefix="lienthong-"))
        cls.addClassCleanup(shutil.rmtree, cls.place, True)
        cls.bus = Bus(cls.place / "bus", find_binary(ROOT), EXAMPLE)
        cls.bus.init()
        cls.addClassCleanup(cls.bus.stop)
        cls.bus.start_broker()
        cls.bus.start_nodes(cls.nodes)

    def publish(self, slug, text, *options, kind="outreach-report"):
        return self.bus.at(slug, "publish", "--kind", kind, "-", *options, text_in=text)

    def accepted(self, answer):
        self.assertEqual(answer.exit, 0, answer.out + answer.err)
        self.assertEqual(answer.data["refused"], [])
        return answer.data["accepted"]

    def own(self, slug, kind="outreach-report"):
        """What the agency itself has sent, as it stands in the log."""
        return [message for message in self.bus.consume(slug)
                if message["agency"]["slug"] == slug and message["kind"] == kind]

    def status(self, slug):
        return self.bus.at(slug, "status").need()

    def eventually(self, condition, seconds=60):
        found = self.bus.wait_for(condition, seconds)
        self.assertTrue(found)
        return found


def with_sanitizers():
    return b"__asan_init" in Path(os.environ["LIENTHONG_BIN"]).read_bytes()
