# SPDX-License-Identifier: Apache-2.0
"""The example as a user starts it: with the province's file, with a file made by chance, twice in one
directory, and with files that it must refuse."""
import csv
import json
import random
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from bus_case import EXAMPLE

import figures

SECONDS = 800
SEED = 20210730
COLUMNS = ("figure message reporter unit activity activity_vi low high qualifier measure "
           "participants participants_qualifier participants_kind stock_or_flow integrated lead "
           "implementers funder territory period as_of").split()
ACTIVITIES = ("leaflet", "news-item", "web-news-item", "radio-broadcast", "mobile-publicity",
              "training-conference", "outreach-session", "banner", "material-set",
              "social-facebook", "cadre-dispatch", "poem-competition")


def run(*words):
    return subprocess.run([str(EXAMPLE / "run"), *map(str, words)], capture_output=True, text=True,
                          timeout=SECONDS, check=False)


def row_by_chance(chance, number, reporter):
    low = chance.randrange(5000)
    qualifier = chance.choice(["exact"] * 5 + ["at-least", "nearly", "range", "not-stated"])
    row = dict.fromkeys(COLUMNS, "")
    row.update(figure=number, message="outreach.report", reporter=reporter,
               activity=chance.choice(ACTIVITIES), activity_vi=f"Hoạt động số {number}",
               qualifier=qualifier, measure="lượt", integrated=chance.choice(["yes", "no"]),
               stock_or_flow="flow", territory="tỉnh Ninh Bình", period="2021-01-01/2021-12-31")
    if row["activity"] == "social-facebook":
        row["stock_or_flow"] = "stock"
        row["unit"] = f"Đơn vị {number}"
    if qualifier != "not-stated":
        row["low"] = f"{low:,}".replace(",", ".")
        row["high"] = low + chance.randrange(1, 50) if qualifier == "range" else low
    if chance.random() < 0.3:
        row.update(participants=chance.randrange(1, 900),
                   participants_qualifier=chance.choice(["exact", "at-least"]),
                   participants_kind=chance.choice(["delegate", "attendance"]))
    if chance.random() < 0.15 and reporter == "labour":
        row.update(lead="labour", implementers=chance.choice(["womens-union;trade-union",
                                                              "labour;broadcaster", "police"]))
    if chance.random() < 0.1:
        row["period"] = "2020-01-01/2020-12-31"
    return row


def write_by_chance(path, seed):
    chance = random.Random(seed)
    reporters = ("labour", "police", "womens-union", "fatherland-front", "information",
                 "border-guard")
    rows = [row_by_chance(chance, number, chance.choice(reporters)) for number in range(1, 61)]
    rows.append({**dict.fromkeys(COLUMNS, ""), "message": "shelter.capacity",
                 "reporter": "social-protection-centre", "activity": "shelter-capacity",
                 "low": "9", "high": "13", "qualifier": "range", "stock_or_flow": "stock",
                 "period": "2021-01-01/2021-12-31"})
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return rows


class Example(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="lienthong-")
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def played(self, done):
        self.assertTrue(done.stdout, done.stderr[-3000:])
        result = json.loads(done.stdout)
        wrong = [check for check in result.get("checks", []) if not check["ok"]]
        self.assertEqual(wrong, [], done.stderr[-3000:])
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        self.assertTrue(result["ok"])
        return result

    def test_the_province_of_2021_adds_up_twice_in_one_directory(self):
        place = self.place / "bus"
        first = self.played(run("--once", "--json", "--dir", place))
        with open(EXAMPLE / "data" / "ninh-binh-2021.csv", encoding="utf-8", newline="") as file:
            self.assertEqual(first["figures"], len(list(csv.DictReader(file))))
        self.assertEqual(first["agencies"], 11)
        self.assertGreater(first["messages"], first["figures"])
        self.assertGreaterEqual(first["log"]["size"], first["messages"])
        self.assertRegex(first["log"]["root"], "^[0-9a-f]{64}$")
        self.assertTrue((place / "broker").is_dir())
        self.assertTrue((place / "nodes" / "police").is_dir())
        again = self.played(run("--once", "--json", "--dir", place))
        self.assertEqual(again["messages"], first["messages"])
        self.assertEqual(again["story"], first["story"])

    def test_it_stays_up_until_it_is_interrupted_and_leaves_no_process(self):
        command = [str(EXAMPLE / "run"), "--serve-only", "--json", "--dir", str(self.place / "bus")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as example:
            ready = json.loads(example.stdout.readline())
            self.assertTrue(ready["ready"])
            broker = json.loads((self.place / "bus/broker/run.json").read_text())["pid"]
            self.assertTrue(Path(f"/proc/{broker}").exists())
            example.send_signal(signal.SIGINT)
            self.assertEqual(example.wait(120), 0)
        self.assertFalse(Path(f"/proc/{broker}").exists())

    def test_a_file_made_by_chance_adds_up(self):
        path = self.place / "by-chance.csv"
        rows = write_by_chance(path, SEED)
        result = self.played(run("--once", "--json", "--dir", self.place / "bus", "--data", path))
        self.assertEqual(result["figures"], len(rows))

    def test_an_unknown_reporter_is_named_with_its_line(self):
        path = self.place / "unknown.csv"
        path.write_text("message,reporter,activity,low,period\n"
                        "outreach.report,the-moon,leaflet,1,2021\n", encoding="utf-8")
        done = run("--once", "--json", "--dir", self.place / "bus", "--data", path)
        self.assertEqual(done.returncode, 2)
        error = json.loads(done.stdout)["error"]
        self.assertIn("line 2", error["what"])
        self.assertIn("the-moon", error["what"])

    def test_a_file_that_is_not_there_is_named(self):
        done = run("--once", "--json", "--data", self.place / "absent.csv")
        self.assertEqual(done.returncode, 2)


class SecondReading(unittest.TestCase):
    """The arithmetic against which the product is judged, judged by the rules of qualifiers."""

    def total(self, *given):
        total = figures.Sum()
        for low, high, qualifier in given:
            total.add(low, high, qualifier)
        return total.as_total(0)

    def test_qualifiers_add_up_as_the_rules_say(self):
        for given, expected in (
                ([(1, 1, "exact"), (2, 2, "exact")], "exact"),
                ([(1, 1, "exact"), (2, 2, "at_least")], "at_least"),
                ([(1, 1, "exact"), (2, 2, "nearly")], "nearly"),
                ([(1, 1, "at_least"), (2, 2, "nearly")], "about"),
                ([(1, 1, "nearly"), (None, None, "not_stated")], "at_least"),
                ([(None, None, "not_stated")], "not_stated"),
                ([(18, 24, "range")], "range")):
            self.assertEqual(self.total(*given)["qualifier"], expected, given)

    def test_vietnamese_numbers_are_read(self):
        self.assertEqual(figures.parse_count("17.121"), 17121)
        self.assertEqual(figures.parse_count("02"), 2)
        self.assertIsNone(figures.parse_count(""))
        with self.assertRaises(ValueError):
            figures.parse_count("1.5")


if __name__ == "__main__":
    unittest.main()
