# SPDX-License-Identifier: Apache-2.0
"""The example's own judges, judged: the second reading of a file of figures, and the search for
what must not be found. No bus is started."""
import os
import tempfile
import types
import unicodedata
import unittest
from datetime import date
from pathlib import Path
from unittest import mock

from bus_case import EXAMPLE

import figures
import judging
import play
import secrecy
from checks import Checks

HEADER = ("key,message,reporter,unit,activity,low,high,qualifier,participants,"
          "participants_qualifier,participants_kind,stock_or_flow,lead,implementers,period,as_of,"
          "joint_activity,territory,cell")


def line(reporter="labour", activity="leaflet", low="1", period="2021", **more):
    cells = {"message": "outreach.report", "reporter": reporter, "activity": activity, "low": low,
             "period": period, **{name: str(value) for name, value in more.items()}}
    return ",".join(cells.get(name, "") for name in HEADER.split(","))


class SecondReading(unittest.TestCase):
    """What the product is judged against, judged by the rules of docs and schema."""
    CELLS = ("suppressed", "not_reported", "rounded")

    def setUp(self):
        self.agencies = figures.Agencies(EXAMPLE)

    def read(self, *lines):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".csv") as file:
            file.write("\n".join([HEADER, *lines]) + "\n")
            file.flush()
            return figures.read_rows(Path(file.name), self.agencies)[1]

    def judged(self, *lines, year=2021):
        return judging.judge(self.read(*lines), year, self.agencies)

    def standings(self, *lines):
        return [row.standing for row in self.judged(*lines)]

    def totals(self, *lines):
        return judging.totals(self.judged(*lines), self.agencies)

    def value(self, measure, *lines):
        return self.totals(*lines)[measure]["value"]

    def test_qualifiers_add_up_as_the_rules_say(self):
        for given, expected in (
                ([(1, 1, "exact"), (2, 2, "exact")], "exact"),
                ([(1, 1, "exact"), (2, 2, "at_least")], "at_least"),
                ([(1, 1, "exact"), (2, 2, "nearly")], "nearly"),
                ([(1, 1, "at_least"), (2, 2, "nearly")], "about"),
                ([(1, 1, "nearly"), (None, None, "not_stated")], "at_least"),
                ([(None, None, "not_stated")], "not_stated"),
                ([(18, 24, "range")], "range")):
            total = judging.Sum()
            for one in given:
                total.add(figures.Quantity(*one))
            self.assertEqual(total.as_total(0)["qualifier"], expected, given)

    def test_vietnamese_numbers_are_read(self):
        self.assertEqual(figures.parse_count("17.121"), 17121)
        self.assertEqual(figures.parse_count("17 121"), 17121)
        self.assertEqual(figures.parse_count("02"), 2)
        self.assertIsNone(figures.parse_count(""))
        for text in ("1.5", "1,5", "-1", "٣"):
            with self.assertRaises(ValueError):
                figures.parse_count(text)

    def test_every_name_of_a_period_is_read(self):
        for text, first, last in (
                ("2019", (2019, 1, 1), (2019, 12, 31)), ("2019-H1", (2019, 1, 1), (2019, 6, 30)),
                ("2019-H2", (2019, 7, 1), (2019, 12, 31)), ("2019-Q1", (2019, 1, 1), (2019, 3, 31)),
                ("2019-Q4", (2019, 10, 1), (2019, 12, 31)),
                ("2019-03", (2019, 3, 1), (2019, 3, 31)),
                ("2020-02", (2020, 2, 1), (2020, 2, 29)),
                ("admin-2019", (2018, 12, 15), (2019, 12, 14)),
                ("admin-2021-Q1", (2020, 12, 15), (2021, 3, 14)),
                ("admin-2021-08", (2021, 7, 15), (2021, 8, 14)),
                ("2019-02-03/2019-04-05", (2019, 2, 3), (2019, 4, 5))):
            self.assertEqual(figures.parse_period(text), (date(*first), date(*last)), text)
        for text in ("2019-Q5", "2019-H3", "2019-13", "admin-19", "admin-2018", "admin-admin-2019", "1899", "19", "2019-1",
                     "2019-04-05/2019-02-03", "2019-02-30/2019-03-01", "2019-01-01/"):
            with self.assertRaises(ValueError, msg=text):
                figures.parse_period(text)

    def test_the_year_of_a_file_is_the_one_that_most_rows_end_in(self):
        rows = self.read(line(period="2019-Q1"), line(period="admin-2019"), line(period="2019-03"),
                         line(period="2018"), line(period="2017-H2"))
        self.assertEqual(figures.common_year(rows), 2019)

    def test_a_period_that_reaches_beyond_the_year_is_shown_and_not_counted(self):
        self.assertEqual(self.standings(line(period="2021-Q3"), line(period="admin-2021"),
                                        line(period="2020-H2"), line(period="", as_of="2021-05-01"),
                                        line(period="", as_of="2020-12-31")),
                         ["counted", "beyond_period", "counted"])

    def test_participants_not_stated_are_missing_and_blank_ones_are_not_reported(self):
        found = self.totals(line(activity="training-class", participants=5,
                                 participants_kind="delegate"),
                            line(activity="training-class", participants_kind="delegate",
                                 participants_qualifier="not-stated"),
                            line(activity="training-class"))
        self.assertEqual({name: found["delegates/flow"][name]
                          for name in found["delegates/flow"] if name not in self.CELLS},
                         {"value": 5, "low": 5, "high": 5, "qualifier": "at_least",
                          "not_stated": 1, "overlap_max": 0})

    def test_a_joint_activity_counts_once_with_the_figure_of_its_lead(self):
        lines = (line("womens-union", low="9", lead="labour", joint_activity="j-1"),
                 line("labour", low="7", lead="labour", joint_activity="j-1"),
                 line("police", low="7", lead="labour", joint_activity="j-1"))
        self.assertEqual(self.value("leaflets/flow", *lines), 7)
        self.assertEqual([(row.standing, row.differs) for row in self.judged(*lines)],
                         [("joint_partner", True), ("counted", False), ("joint_partner", False)])

    def test_without_its_lead_the_first_partner_counts(self):
        rows = self.judged(line("womens-union", low="9", lead="labour", joint_activity="j-1"),
                           line("police", low="7", lead="labour", joint_activity="j-1"))
        self.assertEqual([(row.standing, row.lead_missing) for row in rows],
                         [("counted", True), ("joint_partner", True)])

    def test_two_that_say_they_lead_one_activity_keep_their_figures(self):
        self.assertEqual(self.standings(line("labour", low="7", lead="labour", joint_activity="j-1"),
                                        line("police", low="8", lead="police", joint_activity="j-1"),
                                        line("womens-union", lead="police", joint_activity="j-1")),
                         ["counted", "counted", "joint_partner"])

    def test_a_joint_activity_that_its_lead_tells_again_counts_as_told_last(self):
        self.assertEqual(self.standings(line(low="7", lead="labour", joint_activity="j-1"),
                                        line(low="8", lead="labour", joint_activity="j-1")),
                         ["joint_repeated", "counted"])

    def test_an_overlap_is_what_another_reporter_may_have_counted_too(self):
        union = line("womens-union", "outreach-session", "351")
        alone = line(activity="training-class", low="8", implementers="womens-union")
        self.assertEqual(self.totals(union, alone)["meetings/flow"]["overlap_max"], 8)
        joint = line(activity="training-class", low="8", lead="labour", joint_activity="j-1",
                     implementers="womens-union")
        told = line("womens-union", "training-class", "8", lead="labour", joint_activity="j-1")
        self.assertEqual(self.totals(union, joint)["meetings/flow"]["overlap_max"], 8)
        self.assertEqual(self.totals(union, joint, told)["meetings/flow"]["overlap_max"], 0)

    def test_a_part_is_never_added_to_its_whole(self):
        lines = (line(activity="shelter-staff", low="4"),
                 line(activity="shelter-staff-medical", low="1", period="2021-01-01/2021-12-31",
                      participants=3, participants_kind="person"))
        found = self.totals(*lines)
        self.assertEqual(found["shelter-staff/flow"]["value"], 4)
        self.assertEqual(found["shelter-staff-medical/flow"]["value"], 1)
        self.assertEqual(found["persons/flow"]["value"], 3)  # the whole states none
        whole = line(activity="shelter-staff", low="4", participants=4, participants_kind="person")
        self.assertEqual(self.value("persons/flow", whole, lines[1]), 4)
        self.assertEqual(self.value("banners-slogans/flow", line(activity="banner"),
                                    line(activity="banner-slogan", low="2")), 2)

    def test_of_a_stock_the_newest_look_counts(self):
        self.assertEqual(self.standings(
            line(activity="social-zalo", stock_or_flow="stock", period="2021-Q1"),
            line(activity="social-zalo", stock_or_flow="stock", period="", as_of="2021-09-30")),
            ["older_stock", "counted"])

    def test_a_joint_stock_is_one_under_whatever_ids_it_was_reported(self):
        def look(reporter, low, day, joint):
            return line(reporter, "social-zalo", low, "", stock_or_flow="stock", as_of=day,
                        lead="labour", joint_activity=joint)
        lines = (look("labour", "10", "2021-03-31", "j-1"),
                 look("labour", "14", "2021-06-30", "j-2"),
                 look("womens-union", "15", "2021-09-30", "j-3"))
        self.assertEqual(self.standings(*lines), ["older_stock", "counted", "joint_partner"])
        self.assertEqual(self.value("zalo-groups/stock", *lines), 14)
        partners = (look("police", "10", "2021-03-31", "j-1"),
                    look("womens-union", "12", "2021-06-30", "j-2"),
                    look("police", "14", "2021-06-30", "j-3"))
        self.assertEqual(self.standings(*partners), ["older_stock", "counted", "joint_partner"])

    def test_cells_of_disclosure_control_never_mix(self):
        found = self.totals(line(activity="victim-detected", low="", cell="suppressed"),
                            line("police", "victim-detected", low="12"))
        total = found["victims-detected/flow"]
        self.assertEqual((total["value"], total["qualifier"], total["suppressed"],
                          total["not_stated"]), (12, "at_least", 1, 0))
        self.assertEqual(self.judged(line(low="0"))[0].disclosed, "true_zero")
        for wrong in (line(low="20", cell="rounded"), line(low="7", cell="suppressed"),
                      line(low="1", cell="true-zero"), line(cell="hidden")):
            with self.assertRaises(figures.BadFile):
                self.read(wrong)

    def test_a_summary_gives_way_to_the_figures_of_agencies(self):
        self.assertEqual(self.standings(line(message="province.summary", low="9"), line("police")),
                         ["summarised", "counted"])

    def test_the_same_key_again_is_the_same_row(self):
        self.assertEqual(len(self.read(line(key="a"), line(key="a"), line(key="b"))), 2)
        with self.assertRaises(figures.BadFile):
            self.read(line(key="a"), line(key="a", low="2"))


class SecrecySearch(unittest.TestCase):
    """What is searched for: everything that the stories say and is not listed as public."""

    def setUp(self):
        self.texts, self.short, self.public = secrecy.choose(play.STORIES, EXAMPLE)

    def test_names_births_places_and_signers_are_searched_for(self):
        for text in ("Trịnh Thị Bích Ngà", "Hoàng Trịnh Gia Bảo Minh", "1996-04-17", "2015-09-21",
                     "xã Bãi Sậy Trong", "trụ sở UBND xã Kim Đông", "Phạm Quý Trường Lâm",
                     "Mai Đức Thịnh Phong", "Vũ Đắc Kiên Cường", "Chu Thị Vân Khánh", "0915630478",
                     "037196008452", "HS-77/2021", "03/GXN-2021-5519", "Giàng Thị Súa Mai",
                     "công nhân may", "2021-09-04", 1633140000000):
            self.assertIn(text, self.texts)

    def test_only_what_the_registry_names_is_left_out(self):
        self.assertEqual(self.public, secrecy.OF_THE_REGISTRY)
        self.assertEqual(self.short, set())

    def test_a_field_that_nobody_listed_is_personal(self):
        story = {"steps": [{"document": ["1", "BC-X", "2021-01-01", "Người Ký Lạ", "Chức vụ"],
                            "sections": {"new-section": {"unheard_of": ["Điều bí mật"],
                                                         "kind": "shelter"}, "identity": "@x"}}]}
        self.assertEqual(list(secrecy.told(story)), ["Người Ký Lạ", "Chức vụ", "Điều bí mật"])

    def test_every_form_is_found(self):
        search = secrecy.Search(secrecy.needles(self.texts))
        for text in ("Trịnh Thị Bích Ngà", "hứa việc làm lương cao qua Zalo 0964771283"):
            for data in (unicodedata.normalize("NFC", text).encode(),
                         unicodedata.normalize("NFD", text).encode(),
                         text.encode("utf-16-le"), text.upper().encode()):
                self.assertEqual(search.in_bytes(b"\xff\0x" + data + b"x"), [text])
        self.assertEqual(search.in_bytes(b"+84964771283 0964771283"),
                         ["hứa việc làm lương cao qua Zalo 0964771283"])
        self.assertEqual(search.in_bytes(b"19960417"), ["1996-04-17"])
        self.assertEqual(search.in_bytes((1633140000000).to_bytes(8, "little")), [1633140000000])
        self.assertEqual(search.in_bytes(b"2021-09-06 Kinh"), [])

    def test_pages_of_zeros_hide_nothing_at_their_edges(self):
        search = secrecy.Search(secrecy.needles(self.texts))
        for text, form in (("1996-04-17", b"1996-04-17"),
                           ("1996-04-17", "1996-04-17".encode("utf-16-le"))):
            for at in (0, 1, 4086, 4090, 4096, 8192 - len(form), 8193 - len(form)):
                data = bytearray(5 * 4096 + 7)
                data[at:at + len(form)] = form
                self.assertEqual(search.in_bytes(data), [text], at)
        self.assertEqual(search.in_bytes(bytes(3 * 4096 + 1)), [])


class MemoryImage(unittest.TestCase):
    """The search of the broker's memory is done or has failed; it is skipped only where it cannot
    be done. Stands in for gcore: a script of the test's own."""

    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="lienthong-")
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)
        self.binary = self.place / "program"
        self.binary.write_bytes(b"plain")
        self.search = secrecy.Search({b"secret name": "secret name"})

    def row(self, gcore, root=True):
        """What check_memory says with this body of gcore; None: there is no gcore."""
        tools = self.place / "tools"
        tools.mkdir()
        if gcore is not None:
            script = tools / "gcore"
            script.write_text(f'#!/bin/sh\nout=$2.$3\n{gcore}\n')
            script.chmod(0o755)
        bus = types.SimpleNamespace(binary=self.binary, directory=self.place,
                                    broker_home=self.place / "broker",
                                    broker=types.SimpleNamespace(pid=4242))
        checks = Checks()
        path = f"{tools}:/usr/bin:/bin" if gcore is not None else str(tools)
        with mock.patch.dict(os.environ, PATH=path), \
                mock.patch("os.geteuid", return_value=0 if root else 1000), \
                mock.patch("secrecy.GCORE_SECONDS", 0.5 if gcore == "sleep 60" else 60):
            secrecy.check_memory(bus, self.search, checks)
        self.rows = checks.rows
        return checks.rows[0]

    def test_a_clean_image_passes_and_is_known_to_be_one(self):
        row = self.row('echo "ninh-binh" >"$out"')
        self.assertTrue(row["ok"])
        self.assertNotIn("skipped", row)
        self.assertTrue(self.rows[1]["ok"])

    def test_an_image_of_nothing_fails(self):
        self.row('echo "zeros" >"$out"')
        self.assertFalse(self.rows[1]["ok"])

    def test_a_name_in_the_image_fails(self):
        self.assertFalse(self.row('echo "ninh-binh secret name" >"$out"')["ok"])

    def test_a_gcore_that_fails_makes_no_image_or_takes_too_long_fails(self):
        for gcore in ("exit 1", "exit 0", "sleep 60"):
            with self.subTest(gcore):
                self.place = self.place / "next"
                self.place.mkdir()
                row = self.row(gcore)
                self.assertFalse(row["ok"])
                self.assertNotIn("skipped", row)

    def test_who_is_not_root_skips_and_says_so(self):
        row = self.row("exit 1", root=False)
        self.assertTrue(row["ok"])
        self.assertEqual(row["skipped"], "not root")

    def test_without_gdb_it_is_skipped_and_says_so(self):
        self.assertIn("gdb", self.row(None)["skipped"])

    def test_a_sanitizer_build_skips_and_says_so(self):
        self.binary.write_bytes(b"\0__asan_init\0")
        self.assertIn("sanitizers", self.row("exit 1")["skipped"])


if __name__ == "__main__":
    unittest.main()
