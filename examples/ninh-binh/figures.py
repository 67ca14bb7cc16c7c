# SPDX-License-Identifier: Apache-2.0
"""A second, independent reading of a file of figures: what each row says. What becomes of the rows
is in judging.py. Neither shares code with the product; every number comes from the file."""
import calendar
import csv
import re
import tomllib
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

CELLS = ("", "true_zero", "suppressed", "rounded", "not_reported")
QUALIFIERS = ("exact", "at_least", "nearly", "about", "range", "not_stated")
STATED = ("exact", "at_least", "nearly", "about")
PARTICIPANT_KINDS = ("delegate", "attendance", "person")
# Kinds of message that a spreadsheet can fill.
KINDS = ("outreach-report", "province-summary", "crime-statistic", "website-review",
         "plan-published", "shelter-capacity", "hotline-statistic")
COLUMNS = frozenset(
    "figure key message reporter unit activity activity_vi activity_en low high qualifier measure "
    "measure_unit participants participants_qualifier participants_kind stock_or_flow integrated "
    "lead implementers funder partners audience_vi territory period as_of campaign channels topics "
    "document_number joint_activity note cell".split())
YEAR = "(?:19|20|21)[0-9]{2}"
BLANK = " \t\r\n"


class BadFile(Exception):
    """The file of figures cannot be used: what is wrong, where, and what to do about it."""

    def __init__(self, what, where, do="correct the file and call again", code="malformed_input"):
        super().__init__(f"{where}: {what}")
        self.what, self.where, self.do, self.code = what, where, do, code


def parse_count(text):
    """'17.121' and '17 121' are 17,121 and '02' is 2, as Vietnamese reports write; None for
    nothing."""
    text = text.strip(BLANK)
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,3}([. ][0-9]{3})+", text):
        text = text.replace(".", "").replace(" ", "")
    if not re.fullmatch("[0-9]+", text):
        raise ValueError(f"{text!r} is no whole number, as 17121 or 17.121")
    return int(text)


def parse_date(text):
    """yyyy-mm-dd; None for nothing."""
    if not text:
        return None
    if not re.fullmatch(f"{YEAR}-[0-9]{{2}}-[0-9]{{2}}", text):
        raise ValueError(f"{text!r} is no date, as 2021-12-14")
    return date.fromisoformat(text)


def months(year, first, last):
    return date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1])


def parse_period(text):
    """(first day, last day) of 2021, 2021-H1, 2021-Q1, 2021-03, of these behind admin- (a month from
    the 15th of the one before to its 14th; since 12 March 2019) or of 2021-01-01/2021-12-31; None for
    nothing."""
    if not text:
        return None
    if "/" in text:
        first, last = (parse_date(part) for part in text.split("/", 1))
        if None in (first, last) or last < first:
            raise ValueError(f"{text!r} ends before it begins, or has one end only")
        return first, last
    if found := re.fullmatch(f"admin-({YEAR}(?:-[HQ0-9]{{2}})?)", text):
        first, last = parse_period(found[1])
        first = (first - timedelta(1)).replace(day=15)
        last = last.replace(day=14)
        if last >= date(2019, 3, 12):
            return first, last
        raise ValueError(f"{text!r} is before the rule that closes reports on the 14th")
    if found := re.fullmatch(f"({YEAR})(?:-(?:H([12])|Q([1-4])|(0[1-9]|1[0-2])))?", text):
        year = int(found[1])
        half, quarter, month = (part and int(part) for part in found.groups()[1:])
        if half:
            return months(year, 6 * half - 5, 6 * half)
        if quarter:
            return months(year, 3 * quarter - 2, 3 * quarter)
        return months(year, month or 1, month or 12)
    raise ValueError(f"{text!r} is no period, as 2021, 2021-H1, 2021-Q1, 2021-03, admin-2021 or "
                     "2021-01-01/2021-12-31")


def parts_of(cell):
    return [part.strip(BLANK) for part in cell.split(";") if part.strip(BLANK)]


@dataclass(frozen=True)
class Quantity:
    low: int | None
    high: int | None
    qualifier: str


@dataclass
class Row:
    line: int
    cells: dict
    kind: str
    reporter: str
    quantity: Quantity
    people: Quantity | None  # participants; None: not reported, which is not "not stated"
    people_kind: str
    span: tuple | None
    as_of: date | None
    joint: object = None  # id of the joint activity; one that the bus mints stands by its line
    position: int = 0     # in the log; until it is known, the order in the file
    # What judging.judge() finds.
    measure: str = ""
    standing: str = "counted"
    part_of: str = ""
    joint_lead: str = ""
    people_in_whole: bool = False
    lead_missing: bool = False
    differs: bool = False

    def cell(self, name):
        return tidy(self.cells.get(name))

    @property
    def activity(self):
        return self.cell("activity")

    @property
    def unit(self):
        return self.cell("unit")

    @property
    def stock_or_flow(self):
        return self.cell("stock_or_flow") or "flow"

    @property
    def territories(self):
        return parts_of(self.cell("territory"))

    @property
    def disclosed(self):
        """What disclosure control says of the number; an exact 0 is a true zero, said or not."""
        zero = self.quantity == Quantity(0, 0, "exact")
        return list_name(self.cell("cell")) or ("true_zero" if zero else "")

    def year(self):
        return (self.span[1] if self.span else self.as_of).year


def tidy(text):
    return unicodedata.normalize("NFC", text or "").strip(BLANK)


def list_name(text):
    """'at-least' as people write it is at_least in the schema."""
    return text.replace("-", "_")


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
    """(columns, rows); a row that says again what stands above under the same key is left out."""
    rows, keys = [], {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = [tidy(name) for name in reader.fieldnames or []]
            reader.fieldnames = columns
            check_columns(columns, f"{path}, line 1")
            for cells in reader:
                where = f"{path}, line {reader.line_num}"
                if None in cells or None in cells.values():
                    raise BadFile("the row must have as many cells as the header row", where)
                if not any(tidy(cell) for cell in cells.values()):
                    continue
                row = read_row(where, reader.line_num, cells, agencies)
                if is_said_already(row, keys, where):
                    continue
                row.position = len(rows)
                rows.append(row)
    except FileNotFoundError as error:
        raise BadFile("there is no such file", str(path), "name a file of figures",
                      "no_such_file") from error
    except OSError as error:
        raise BadFile(error.strerror, str(path), "name a file that can be read", "io") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(str(error), str(path), "save it as CSV in UTF-8") from error
    return columns, rows


def check_columns(columns, where):
    if missing := {"message", "reporter", "activity"} - set(columns):
        raise BadFile(f"no column {', '.join(sorted(missing))}", where)
    if unknown := set(columns) - COLUMNS:
        raise BadFile(f"unknown columns {sorted(unknown)}", where,
                      f"known are {', '.join(sorted(COLUMNS))}")
    if len(columns) != len(set(columns)):
        raise BadFile("a column stands twice", where)


def is_said_already(row, keys, where):
    key = row.cell("key")
    if not key:
        return False
    said = {name: tidy(cell) for name, cell in row.cells.items()}
    first = keys.setdefault((row.reporter, row.kind, key), said)
    if first != said:
        raise BadFile("the key stands above with other content", f"{where}, column key")
    return first is not said


def read_row(where, line, cells, agencies):
    def cell(name):
        return tidy(cells.get(name))

    def read(column, parse):
        try:
            return parse(cell(column))
        except ValueError as error:
            raise BadFile(str(error), f"{where}, column {column}") from error

    reporter = agencies.slug(cell("reporter"))
    if reporter is None:
        raise BadFile(f"the reporter {cell('reporter')!r} is no agency of this bus",
                      f"{where}, column reporter", f"known are {', '.join(agencies.all)}")
    kind = cell("message").replace(".", "-")
    if kind not in KINDS:
        raise BadFile(f"{cell('message')!r} is no kind of message with figures",
                      f"{where}, column message", f"known are {', '.join(KINDS)}")
    if not re.fullmatch("[a-z0-9-]{1,32}", cell("activity")):
        raise BadFile("an activity is named by 1 to 32 of a-z, 0-9 and -",
                      f"{where}, column activity")
    if cell("stock_or_flow") not in ("", "stock", "flow"):
        raise BadFile("stock or flow", f"{where}, column stock_or_flow")
    quantity = read_quantity(where, list_name(cell("qualifier")), read("low", parse_count),
                             read("high", parse_count))
    check_cell(where, list_name(cell("cell")), quantity)
    people = read_people(where, cell, read("participants", parse_count))
    span, as_of = read("period", parse_period), read("as_of", parse_date)
    if span is None and as_of is None:
        raise BadFile("a figure needs a period or an as-of date", f"{where}, column period")
    row = Row(line, cells, kind, reporter, quantity, people, cell("participants_kind"), span, as_of)
    row.joint = cell("joint_activity") or (f"line {line}" if leads_others(row, agencies) else None)
    return row


def read_quantity(where, qualifier, low, high):
    if not qualifier:
        qualifier = "not_stated" if low is None and high is None else \
            "range" if None not in (low, high) and low != high else "exact"
    if qualifier not in QUALIFIERS:
        raise BadFile(f"{qualifier!r} is no qualifier", f"{where}, column qualifier",
                      f"known are {', '.join(QUALIFIERS)}")
    if high is None and qualifier != "range":
        high = low
    if qualifier == "not_stated":
        if low is not None or high is not None:
            raise BadFile("a number that is not stated has no value", f"{where}, column low")
    elif low is None or high is None or low > high:
        raise BadFile("the number is not stated, or its ends are the wrong way round",
                      f"{where}, column low")
    elif qualifier != "range" and low != high:
        raise BadFile("only a range has another high value", f"{where}, column high")
    return Quantity(low, high, qualifier)


def check_cell(where, state, quantity):
    if state not in CELLS:
        raise BadFile(f"{state!r} is no state of a cell", f"{where}, column cell",
                      f"known are {', '.join(CELLS[1:])}")
    fits = {"true_zero": quantity == Quantity(0, 0, "exact"),
            "rounded": quantity.qualifier != "exact"}.get(
                state, not state or quantity.qualifier == "not_stated")
    if not fits:
        raise BadFile(f"the number does not fit a cell that is {state}", f"{where}, column cell")


def read_people(where, cell, count):
    """Participants: blank is not reported, unless the row says that they are not stated."""
    qualifier, kind = list_name(cell("participants_qualifier")), cell("participants_kind")
    if kind not in ("", *PARTICIPANT_KINDS):
        raise BadFile(f"{kind!r} is no kind of participants", f"{where}, column participants_kind")
    if count is None:
        if qualifier not in ("", "not_stated"):
            raise BadFile("the number must be stated", f"{where}, column participants")
        return Quantity(None, None, qualifier) if qualifier and kind else None
    qualifier = qualifier or "exact"
    if qualifier not in STATED:
        raise BadFile("must be the qualifier of a stated number",
                      f"{where}, column participants_qualifier")
    if not kind:
        raise BadFile("delegate, attendance or person", f"{where}, column participants_kind")
    return Quantity(count, count, qualifier)


def leads_others(row, agencies):
    """The bus mints an id for what its reporter leads and others carry out."""
    others = {agencies.slug(name) or name for name in parts_of(row.cell("implementers"))}
    return agencies.slug(row.cell("lead")) == row.reporter and bool(others - {row.reporter})


def common_year(rows):
    years = Counter(row.year() for row in rows)
    return years.most_common(1)[0][0] if years else None
