# SPDX-License-Identifier: Apache-2.0
"""The scripts around the programs that measure: what they make of a record is right."""

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import flame  # noqa: E402
import plan  # noqa: E402

SCRIPT = """broker 12 1.5: 1 cycles:
\t  55d0 lienthong::proof::root(std::span<lienthong::Hash const>)+0x12 (/bin/b)
\t  55d1 lienthong::core::Group::publish(lienthong::core::VerifiedBatch const&)+0x9 (/bin/b)

broker 12 1.6: 1 cycles:
\t  55d1 lienthong::core::Group::publish(lienthong::core::VerifiedBatch const&)+0x9 (/bin/b)

"""


def row(name, point, rate, repetition, **others):
    return {"row": name, "point": point.name, "marked": "", "load_before": 1.0,
            "messages_per_second": rate, "ack_p50_us": 10, "ack_p99_us": 20, "ack_p999_us": 30,
            "server_cpu_seconds_per_100k": 2.0, "client_cpu_seconds_per_100k": 1.0,
            "server_rss_anon_kib": 2048, "repetition": repetition, **others}


def record(rows):
    return {"quick": True, "begun": "now", "rows": rows, "growth": [], "versions": {"peer": "1"},
            "machine": {"processor": "p", "cores": 2, "virtual": True, "memory": "m", "disk": "d",
                        "system": "s", "kernel": "k", "commit": "c"}}


class Report(unittest.TestCase):
    def report(self, rows, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "f.json"
            path.write_text(json.dumps(record(rows)), encoding="utf-8")
            done = subprocess.run([HERE / "report", path, *options], capture_output=True, text=True,
                                  check=True)
            return done.stdout

    def test_ratio_is_of_medians_and_an_aim_is_met_at_its_bound(self):
        rows = [row("lienthong", plan.MAIN, rate, i) for i, rate in enumerate((900, 250, 100))]
        rows += [row("postgresql", plan.MAIN, rate, i) for i, rate in enumerate((1, 200, 999))]
        text = self.report(rows)
        self.assertIn("| rate over PostgreSQL, unsigned | ≥ 1.25 | 1.25 | met |", text)
        self.assertIn("| postgresql | 1.25 | 1.00 | 1.00 | – |", text)

    def test_a_missed_aim_says_so_and_so_does_one_that_was_not_measured(self):
        rows = [row("lienthong", plan.MAIN, 249, 0), row("postgresql", plan.MAIN, 200, 0)]
        text = self.report(rows)
        self.assertIn("**missed**", text)
        self.assertIn("| rate over Redis Streams, unsigned | ≥ 2.5 | – | not measured |", text)

    def test_what_failed_is_named_and_counts_for_nothing(self):
        rows = [row("lienthong", plan.MAIN, 100, 0), row("lienthong", plan.MAIN, 1, 1, failed="why")]
        text = self.report(rows)
        self.assertIn("FAILED lienthong", text)
        self.assertIn("| lienthong | 100 |", text)

    def test_plots_are_svg(self):
        with tempfile.TemporaryDirectory() as folder:
            self.report([row("lienthong", plan.MAIN, 100, 0)], "--svg", folder)
            root = xml.etree.ElementTree.parse(pathlib.Path(folder) / "rate.svg").getroot()
        self.assertTrue(root.tag.endswith("svg"))
        self.assertIn("lienthong", "".join(root.itertext()))


class Flame(unittest.TestCase):
    def test_frames_are_added_up_from_the_root(self):
        root = flame.tree_of(SCRIPT.splitlines(keepends=True))
        self.assertEqual(root.count, 2)
        publish = root.children["broker"].children["core::Group::publish"]
        self.assertEqual(publish.count, 2)
        self.assertEqual(publish.children["proof::root"].count, 1)

    def test_is_svg_with_the_share_of_each_frame(self):
        root = flame.tree_of(SCRIPT.splitlines(keepends=True))
        text = "\n".join(flame.draw(root, "all"))
        xml.etree.ElementTree.fromstring(text)
        self.assertIn("proof::root: 50.0 %", text)

    def test_names_what_is_hottest_itself(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            flame.hottest(flame.tree_of(SCRIPT.splitlines(keepends=True)), out)
        self.assertIn(" 50.0 %  proof::root", out.getvalue())


class Plan(unittest.TestCase):
    def test_every_system_is_measured_where_aims_are_stated(self):
        for system in plan.SYSTEMS:
            self.assertIn(plan.ONE, plan.points_of(system))
            if system.name not in plan.SINGLE:
                self.assertIn(plan.MAIN, plan.points_of(system))

    def test_points_cover_every_value_that_was_asked_for(self):
        self.assertEqual({point.size for point in plan.POINTS}, {256, 1024})
        self.assertEqual({point.in_flight for point in plan.POINTS}, {1, 100, 1000})
        self.assertEqual({point.publishers for point in plan.POINTS}, {1, 10, 50})
        self.assertEqual({point.consumers for point in plan.POINTS}, {1, 10})

    def test_who_acknowledges_before_it_syncs_is_marked(self):
        marked = {system.name for system in plan.SYSTEMS if system.marked == plan.EARLY}
        self.assertEqual(marked, {"nats-jetstream", "nats-signed", "mosquitto-qos1"})


if __name__ == "__main__":
    unittest.main()
