# SPDX-License-Identifier: Apache-2.0
"""A second, independent reading of a file of figures: what the bus must say of it. It shares no code
with the product; every number comes from the file."""
import csv
import re
import tomllib
from collections import Counter
from dataclasses import dataclass

MEASURES = {
    "leaflet": "leaflets",
    "news-item": "news-items", "web-news-item": "news-items", "news-report-item": "news-items",
    "radio-broadcast": "broadcasts", "tv-report": "television-reports",
    "mobile-publicity": "mobile-rounds",
    "training-conference": "meetings", "communication-conference": "meetings",
    "integrated-conference": "meetings", "training-class": "meetings",
    "outreach-session": "meetings",
    "banner": "banners", "banner-slogan": "banners-slogans",
    "banner-panel-slogan": "panels-banners-slogans", "panel-slogan": "panels-slogans",
    "cadre-dispatch": "cadres-sent", "material-set": "document-sets",
    "website-review": "websites-reviewed", "website-violation": "websites-violating",
    "social-facebook": "facebook-pages", "social-zalo": "zalo-groups",
    "plan-issued": "plans", "victim-detected": "victims-detected",
    "trafficking-case": "trafficking-cases",
}
PEOPLE = {"delegate": "delegates", "attendance": "attendances"}
QUALIFIERS = ("exact", "at_least", "nearly", "about", "range", "not_stated")


class BadFile(Exception):
    """The file of figures cannot be used; the text says where and why."""


def parse_count(text):
    """'17.121' is 17,121 and '02' is 2, as Vietnamese reports write; nothing is None."""
    text = text.strip()
    if not text:
        return None
    if re.fullmatch(r"\d{1,3}(\.\d{3})+", text):
        text = text.replace(".", "")
    if not text.isascii() or not text.isdigit():
        raise ValueError(text)
    return int(text)


def parts_of(cell):
    return [part.strip() for part in cell.split(";") if part.strip()]


@dataclass
class Row:
    line: int
    cells: dict
    kind: str
    reporter: str
    low: int | None
    high: int | None
    qualifier: str
    participants: int | None
    standing: str = "counted"
    part_of: str = ""

    def cell(self, name):
        return (self.cells.get(name) or "").strip()

    @property
    def activity(self):
        return self.cell("activity")

    @property
    def measure(self):
        return MEASURES.get(self.activity, self.activity)

    @property
    def stock_or_flow(self):
        return self.cell("stock_or_flow") or "flow"

    @property
    def span(self):
        """(from, to) of the period, as text that sorts; None if the row names none."""
        period = self.cell("period")
        if "/" in period:
            return tuple(period.split("/", 1))
        if re.fullmatch(r"\d{4}", period):
            return (f"{period}-01-01", f"{period}-12-31")
        return None

    def year(self):
        return (self.cell("period") or self.cell("as_of"))[:4]


class Agencies:
    """Who the setup knows: slugs, and the names by which a spreadsheet may call an agency."""

    def __init__(self, setup):
        with open(setup / "bus.toml", "rb") as file:
            data = tomllib.load(file)
        self.by_name = {}
        self.reporters = set()
        self.all = []
        for agency in data["agency"]:
            if agency["id"] in ("bus", "administrators"):
                continue
            slug = agency["slug"]
            self.all.append(slug)
            if any(role["role"] == "outreach-reporter" for role in agency.get("role", [])):
                self.reporters.add(slug)
            for name in [slug, *(text for names in agency["names"] for text in names.values())]:
                self.by_name[name] = slug

    def slug(self, name):
        return self.by_name.get(name)


def read_rows(path, agencies):
    rows = []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = reader.fieldnames or []
            missing = {"message", "reporter", "activity"} - set(columns)
            if missing:
                raise BadFile(f"{path}: no column {', '.join(sorted(missing))}")
            for cells in reader:
                rows.append(read_row(path, reader.line_num, cells, agencies))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path}: {error}") from error
    return columns, rows


def read_row(path, line, cells, agencies):
    where = f"{path}, line {line}"
    if None in cells or None in cells.values():
        raise BadFile(f"{where}: as many cells as the header row has")
    reporter = agencies.slug(cells["reporter"].strip())
    if reporter is None:
        known = ", ".join(agencies.all)
        raise BadFile(f"{where}: the reporter {cells['reporter']!r} is no agency of this bus; "
                      f"known are {known}")
    try:
        low, high = parse_count(cells.get("low", "")), parse_count(cells.get("high", ""))
        participants = parse_count(cells.get("participants", ""))
    except ValueError as error:
        raise BadFile(f"{where}: {error} is no count") from error
    qualifier = cells.get("qualifier", "").strip().replace("-", "_")
    if not qualifier:
        stated = low is not None or high is not None
        qualifier = "not_stated" if not stated else "range" if None not in (low, high) and \
            low != high else "exact"
    if qualifier not in QUALIFIERS:
        raise BadFile(f"{where}: {qualifier} is no qualifier")
    if high is None and qualifier != "range":
        high = low
    kind = cells["message"].strip().replace(".", "-")
    return Row(line, cells, kind, reporter, low, high, qualifier, participants)


def common_year(rows):
    years = Counter(row.year() for row in rows if re.fullmatch(r"\d{4}", row.year()))
    return int(years.most_common(1)[0][0]) if years else None


class Sum:
    def __init__(self):
        self.low = self.high = self.stated = self.not_stated = 0
        self.qualifiers = set()

    def add(self, low, high, qualifier):
        if qualifier == "not_stated" or (low is None and high is None):
            self.not_stated += 1
            return
        self.stated += 1
        self.low += low if low is not None else high
        self.high += high if high is not None else low
        self.qualifiers.add(qualifier)

    @property
    def qualifier(self):
        """exact + at least = at least; exact + nearly = nearly; at least + nearly = about;
        anything + not stated = at least."""
        seen = self.qualifiers
        if not self.stated:
            return "not_stated"
        if self.not_stated:
            return "at_least"
        more, less = seen & {"at_least", "about"}, seen & {"nearly", "about"}
        if more and less:
            return "about"
        if more:
            return "at_least"
        if less:
            return "about" if "range" in seen else "nearly"
        return "range" if "range" in seen else "exact"

    def as_total(self, overlap):
        known = self.stated > 0
        value = self.low if known and (self.low == self.high or
                                       self.qualifier == "at_least") else None
        return {"value": value, "low": self.low if known else None,
                "high": self.high if known else None, "qualifier": self.qualifier,
                "not_stated": self.not_stated, "overlap_max": overlap}


def judge(rows, year):
    """Sets what becomes of each row; those of no concern to the year are left out."""
    first, last = f"{year}-01-01", f"{year}-12-31"
    kept = []
    for row in rows:
        span, as_of = row.span, row.cell("as_of")
        if span:
            if span[1] < first or span[0] > last:
                continue
            if span[0] < first or span[1] > last:
                row.standing = "beyond_period"
        elif not as_of:
            row.standing = "undated"
        elif not first <= as_of <= last:
            continue
        kept.append(row)
    reports = {}
    for row in kept:
        reports.setdefault(report_of(row), set()).add(row.activity)
    for row in kept:
        wholes = [name for name in reports[report_of(row)] if is_part(row.activity, name)]
        row.part_of = max(wholes, key=len, default="")
    judge_stocks(kept)
    reported = {(row.measure, row.stock_or_flow) for row in kept
                if row.standing == "counted" and row.kind != "province-summary"}
    for row in kept:
        if row.kind == "province-summary" and row.standing == "counted" and \
                (row.measure, row.stock_or_flow) in reported:
            row.standing = "summarised"
    return kept


def report_of(row):
    return (row.reporter, row.cell("unit"), row.kind, row.cell("period"), row.cell("as_of"))


def is_part(part, whole):
    if not part.startswith(whole + "-"):
        return False
    known = MEASURES.get(part), MEASURES.get(whole)
    return None in known or known[0] == known[1]


def judge_stocks(rows):
    newest = {}
    for row in rows:
        if row.standing != "counted" or row.stock_or_flow != "stock":
            continue
        key = (row.reporter, row.cell("unit"), row.activity,
               tuple(sorted(parts_of(row.cell("territory")))))
        newest.setdefault(key, []).append(row)
    for same in newest.values():
        last = max(looked_at(row) for row in same)
        for row in same:
            if looked_at(row) < last:
                row.standing = "older_stock"


def looked_at(row):
    return row.cell("as_of") or (row.span[1] if row.span else "")


def totals(rows, agencies):
    """{measure and stock or flow: total} of judged rows."""
    shares = {}
    for row in rows:
        if row.standing != "counted":
            continue
        measure = f"activity:{row.activity}" if row.part_of and \
            row.activity in MEASURES else row.measure
        shares.setdefault((measure, row.stock_or_flow), []).append(
            (row, row.low, row.high, row.qualifier))
        if row.participants is None or row.part_of:
            continue
        qualifier = row.cell("participants_qualifier").replace("-", "_") or "exact"
        people = PEOPLE.get(row.cell("participants_kind"), "persons")
        shares.setdefault((people, row.stock_or_flow), []).append(
            (row, row.participants, row.participants, qualifier))
    found = {}
    for (measure, stock_or_flow), given in shares.items():
        reporters = {row.reporter for row, *_ in given}
        total, overlap = Sum(), Sum()
        for row, *quantity in given:
            total.add(*quantity)
            others = {agencies.slug(name) for name in parts_of(row.cell("implementers"))}
            if (others - {row.reporter, None}) & reporters:
                overlap.add(*quantity)
        found[f"{measure}/{stock_or_flow}"] = total.as_total(overlap.high)
    return found


def confirmers(rows, agencies):
    """{agency: rows}: partners that have no figure of their own confirm the joint activities that
    name them. Who reports figures of its own may have counted the activity there already."""
    reporting = {row.reporter for row in rows}
    found = {}
    for row in rows:
        if row.kind != "outreach-report" or agencies.slug(row.cell("lead")) != row.reporter:
            continue
        for name in parts_of(row.cell("implementers")):
            partner = agencies.slug(name)
            if partner and partner not in reporting and partner in agencies.reporters:
                found.setdefault(partner, []).append(row)
    return found
