# SPDX-License-Identifier: Apache-2.0
"""The example as a user starts it: with the province's file, with a file made by chance, twice in
one directory, and with files that it must refuse."""
import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unicodedata
import unittest
from pathlib import Path

from bus_case import EXAMPLE, ROOT

from bus import find_binary

# tests/run gives a release here: in a build with sanitizers the broker's memory is not searched.
if os.environ.get("LT_EXAMPLE_BIN"):
    os.environ["LIENTHONG_BIN"] = os.environ["LT_EXAMPLE_BIN"]

SECONDS = 420
SEED = 20210730
COLUMNS = ("key figure message reporter unit activity activity_vi low high qualifier measure "
           "participants participants_qualifier participants_kind stock_or_flow integrated lead "
           "implementers funder territory period as_of joint_activity").split()
ACTIVITIES = ("leaflet", "news-item", "web-news-item", "radio-broadcast", "mobile-publicity",
              "training-conference", "outreach-session", "banner", "material-set",
              "social-facebook", "cadre-dispatch", "poem-competition", "news")
REPORTERS = ("labour", "police", "womens-union", "fatherland-front", "information", "border-guard")
PERIODS = ("2021", "2021-01-01/2021-12-31", "2021-H1", "2021-H2", "2021-Q1", "2021-Q4", "2021-03",
           "2021-12", "2021-02-10/2021-03-09", "admin-2021", "admin-2022", "2020", "2020-Q4",
           "2022-01", "2020-07-01/2021-06-30", "")


def run(*words):
    return subprocess.run([str(EXAMPLE / "run"), *map(str, words)], capture_output=True, text=True,
                          timeout=SECONDS, check=False)


def blank(**cells):
    return {**dict.fromkeys(COLUMNS, ""), "message": "outreach.report", **cells}


def number_by_chance(chance, row):
    low = chance.randrange(5000)
    qualifier = chance.choice(["exact"] * 5 + ["at-least", "nearly", "about", "range",
                                               "not-stated", ""])
    row["qualifier"] = qualifier
    if qualifier != "not-stated":
        row["low"] = f"{low:,}".replace(",", chance.choice(". "))
        row["high"] = low + chance.randrange(1, 50) if qualifier == "range" else low
    if chance.random() < 0.4:
        row.update(participants=chance.randrange(1, 900),
                   participants_qualifier=chance.choice(["exact", "at-least", ""]),
                   participants_kind=chance.choice(["delegate", "attendance", "person"]))
        if chance.random() < 0.3:
            row.update(participants="", participants_qualifier="not-stated")


def row_by_chance(chance, number, reporter):
    row = blank(figure=number, reporter=reporter, activity=chance.choice(ACTIVITIES),
                activity_vi=f"Hoạt động số {number}", measure="lượt",
                integrated=chance.choice(["yes", "no"]), stock_or_flow="flow",
                territory="tỉnh Ninh Bình", period=chance.choice(PERIODS))
    number_by_chance(chance, row)
    if not row["period"] or chance.random() < 0.2:
        row["as_of"] = f"2021-{chance.randrange(1, 13):02}-15"
    if row["activity"] == "social-facebook":
        row["stock_or_flow"] = "stock"
    if chance.random() < 0.3:
        row["unit"] = chance.choice(["Đơn vị 1", unicodedata.normalize("NFD", "Đơn vị 1")])
    if chance.random() < 0.5 and reporter == "labour":
        row.update(lead="labour", implementers=chance.choice(["womens-union;trade-union", "police",
                                                              "labour;broadcaster",
                                                              "Công an tỉnh Ninh Bình"]))
    return row


def part_by_chance(chance, whole):
    """Of the same report as the whole: its own activity, extended."""
    part = dict(whole, activity=whole["activity"] + "-item", lead="", implementers="",
                activity_vi=whole["activity_vi"] + ", trong đó", low="", high="", participants="",
                participants_qualifier="", participants_kind="")
    number_by_chance(chance, part)
    return part


def joint_by_chance(chance, number):
    """One activity, told by its lead and its partners; some leads have not reported, some reports
    come twice, some partners have counted otherwise."""
    told = row_by_chance(chance, number, "labour")
    told.update(activity=chance.choice(["training-conference", "outreach-session", "leaflet"]),
                stock_or_flow="flow", lead="labour", implementers="womens-union;police",
                joint_activity=f"joint-{number}", as_of="")
    told["period"] = told["period"] or "2021-Q2"
    rows = [told] if chance.random() < 0.75 else []
    for partner in ("womens-union", "police"):
        rows.append(dict(told, reporter=partner))
        if chance.random() < 0.5:
            number_by_chance(chance, blanked(rows[-1]))
    if chance.random() < 0.4:
        rows.append(dict(rows[0], activity_vi=told["activity_vi"] + ", báo lại"))
    return rows


def blanked(row):
    for name in ("low", "high", "participants", "participants_qualifier", "participants_kind"):
        row[name] = ""
    return row


def rows_by_chance(seed):
    chance = random.Random(seed)
    rows = []
    for number in range(1, 61):
        rows.append(row_by_chance(chance, number, chance.choice(REPORTERS)))
        if chance.random() < 0.15:
            rows.append(part_by_chance(chance, rows[-1]))
    for number in range(101, 109):
        rows += joint_by_chance(chance, number)
    for month in ("03", "06", "09"):  # one stock, looked at again and again
        rows.append(blank(reporter="womens-union", activity="social-zalo", low=month, high=month,
                          qualifier="exact", stock_or_flow="stock", as_of=f"2021-{month}-30"))
    summary = [blank(message="province.summary", reporter="labour", activity=activity, low=7,
                     high=7, qualifier="exact", stock_or_flow="flow", period="2021")
               for activity in ("leaflet", "victim-detected")]
    shelter = blank(message="shelter.capacity", reporter="social-protection-centre",
                    activity="shelter-capacity", low="9", high="13", qualifier="range",
                    stock_or_flow="stock", period="2021-01-01/2021-12-31")
    return [*rows, *summary, shelter]


def write_csv(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


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
        self.memory_was_searched(result)
        return result

    def memory_was_searched(self, result):
        """Wherever it can be: tests/run gives this test a build without sanitizers."""
        rows = {check["id"]: check for check in result["checks"]}
        if "secrecy-broker-memory" not in rows:  # the story was told in this directory before
            return
        code = find_binary(ROOT).read_bytes()
        can = os.geteuid() == 0 and shutil.which("gcore") and b"__asan_init" not in code and \
            b"__tsan_init" not in code
        for name in ("secrecy-broker-memory", "secrecy-memory-image-is-one"):
            self.assertEqual("skipped" in rows[name], not can, rows[name])

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
        self.promised(first)

    def promised(self, result):
        """Each check that docs/promises.md names is one that was made."""
        made = [check["id"] for check in result["checks"]]
        text = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
        section = text.split("\n## The example\n")[1].split("\n## ")[0]
        named = re.findall(r"`((?!integration_)[a-z0-9]+(?:-[a-z0-9]+)*(?:-…)?)`", section)
        self.assertGreater(len(named), 50)
        for name in named:
            begin = name.removesuffix("…")
            self.assertTrue(any(one.startswith(begin) if name != begin else one == begin
                                for one in made), name)

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
        rows = rows_by_chance(SEED)
        write_csv(path, rows)
        result = self.played(run("--once", "--json", "--dir", self.place / "bus", "--data", path))
        self.assertEqual(result["figures"], len(rows))


class Refusals(unittest.TestCase):
    """What is no file of figures ends the example before a bus is made."""

    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="lienthong-")
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def refused(self, done, code):
        error = json.loads(done.stdout)["error"]
        self.assertEqual(set(error), {"code", "what", "where", "do", "grant_missing"})
        self.assertEqual(error["code"], code)
        self.assertTrue(error["do"])
        self.assertFalse((self.place / "bus").exists())
        return error

    def with_data(self, text):
        path = self.place / "given.csv"
        path.write_text(text, encoding="utf-8")
        return run("--once", "--json", "--dir", self.place / "bus", "--data", path)

    def test_an_unknown_reporter_is_named_with_its_line(self):
        done = self.with_data("message,reporter,activity,low,period\n"
                              "outreach.report,the-moon,leaflet,1,2021\n")
        self.assertEqual(done.returncode, 3)
        error = self.refused(done, "malformed_input")
        self.assertIn("line 2, column reporter", error["where"])
        self.assertIn("the-moon", error["what"])

    def test_malformed_figures_are_named_with_line_and_column(self):
        for column, cells in (
                ("low", "leaflet,1.5,2021,,"), ("period", "leaflet,1,2021-Q5,,"),
                ("period", "leaflet,1,,,"), ("as_of", "leaflet,1,,2021-02-30,"),
                ("low", "leaflet,1,2021,,not-stated"), ("low", "leaflet,1,2021,,range"),
                ("qualifier", "leaflet,1,2021,,many"), ("activity", "Leaflet,1,2021,,")):
            done = self.with_data("message,reporter,activity,low,period,as_of,qualifier\n"
                                  f"outreach.report,labour,{cells}\n")
            self.assertEqual(done.returncode, 3, cells)
            error = self.refused(done, "malformed_input")
            self.assertIn(f"line 2, column {column}", error["where"], cells)

    def test_a_file_that_is_not_there_is_named(self):
        done = run("--once", "--json", "--dir", self.place / "bus", "--data",
                   self.place / "absent.csv")
        self.assertEqual(done.returncode, 2)
        self.assertIn("absent.csv", self.refused(done, "no_such_file")["where"])

    def test_a_wrong_option_is_a_matter_of_usage(self):
        done = run("--once", "--json", "--figures", "x")
        self.assertEqual(done.returncode, 2)
        self.refused(done, "bad_argument")

    def test_help_and_a_wrong_call_are_answered_before_anything_is_installed_or_built(self):
        # A copy that has nothing to install or build with.
        copy = self.place / "examples" / "ninh-binh"
        shutil.copytree(EXAMPLE, copy)
        surroundings = {name: value for name, value in os.environ.items() if name != "LIENTHONG_BIN"}
        for words, code, said in ((["--help"], 0, "usage: examples/ninh-binh/run"),
                                  (["--dir", "x", "-h"], 0, "usage: examples/ninh-binh/run"),
                                  (["--json", "--figures"], 2, '"bad_argument"'),
                                  (["--json", "--data", "absent.csv"], 2, '"no_such_file"'),
                                  (["--json", "--data", "run"], 3, '"malformed_input"')):
            done = subprocess.run([str(copy / "run"), *words], cwd=copy, env=surroundings,
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, code, (words, done.stderr))
            self.assertIn(said, done.stdout)
        done = subprocess.run([str(copy / "run")], env=surroundings, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertIn("tests/install", done.stderr)
        self.assertFalse((self.place / "build").exists())


class Entries(unittest.TestCase):
    def test_each_test_of_this_file_is_an_entry_of_ctest(self):
        """A test that nobody lists would not be run."""
        listed = (Path(__file__).parent / "CMakeLists.txt").read_text(encoding="utf-8")
        named = set(re.findall(r"^lt_example\(\w+ (\S+)", listed, re.MULTILINE))
        suites = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
        here = {test.id().split(".", 1)[1] for suite in suites for test in suite}
        whole = {name for name in named if "." not in name}
        self.assertEqual({name for name in here if name.split(".")[0] not in whole},
                         {name for name in named if "." in name})


if __name__ == "__main__":
    unittest.main()
