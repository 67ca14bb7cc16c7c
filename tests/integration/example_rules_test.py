# SPDX-License-Identifier: Apache-2.0
"""The example's own judges, judged: the second reading of a file of figures, and the search for
what must not be found. No bus is started."""
import tempfile
import unittest
from datetime import date
from pathlib import Path

from bus_case import EXAMPLE

import figures
import judging

HEADER = ("key,message,reporter,unit,activity,low,high,qualifier,participants,"
          "participants_qualifier,participants_kind,stock_or_flow,lead,implementers,period,as_of,"
          "joint_activity,territory")


def line(reporter="labour", activity="leaflet", low="1", period="2021", **more):
    cells = {"message": "outreach.report", "reporter": reporter, "activity": activity, "low": low,
             "period": period, **{name: str(value) for name, value in more.items()}}
    return ",".join(cells.get(name, "") for name in HEADER.split(","))


class SecondReading(unittest.TestCase):
    """What the product is judged against, judged by the rules of docs and schema."""

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
                ("2019-02-03/2019-04-05", (2019, 2, 3), (2019, 4, 5))):
            self.assertEqual(figures.parse_period(text), (date(*first), date(*last)), text)
        for text in ("2019-Q5", "2019-H3", "2019-13", "admin-19", "1899", "19", "2019-1",
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
        self.assertEqual(found["delegates/flow"],
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
        self.assertNotIn("persons/flow", found)
        self.assertEqual(self.value("banners-slogans/flow", line(activity="banner"),
                                    line(activity="banner-slogan", low="2")), 2)

    def test_of_a_stock_the_newest_look_counts(self):
        self.assertEqual(self.standings(
            line(activity="social-zalo", stock_or_flow="stock", period="2021-Q1"),
            line(activity="social-zalo", stock_or_flow="stock", period="", as_of="2021-09-30")),
            ["older_stock", "counted"])

    def test_a_summary_gives_way_to_the_figures_of_agencies(self):
        self.assertEqual(self.standings(line(message="province.summary", low="9"), line("police")),
                         ["summarised", "counted"])

    def test_the_same_key_again_is_the_same_row(self):
        self.assertEqual(len(self.read(line(key="a"), line(key="a"), line(key="b"))), 2)
        with self.assertRaises(figures.BadFile):
            self.read(line(key="a"), line(key="a", low="2"))


if __name__ == "__main__":
    unittest.main()
