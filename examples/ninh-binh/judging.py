# SPDX-License-Identifier: Apache-2.0
"""What the bus must say of the rows of a file: which of them count in a year, and what they add up
to. The rules are those of the reports (bus/outreach/summary.hpp), written down a second time."""
from collections import defaultdict
from dataclasses import replace
from datetime import date

from figures import parts_of

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
    # Measures under their own name.
    **{name: name for name in ("social-website", "political-education", "press-direction",
                               "shelter-capacity", "shelter-staff")},
}
PEOPLE = {"delegate": "delegates", "attendance": "attendances", "person": "persons"}
TAKEN = {*MEASURES.values(), *PEOPLE.values()}


class Sum:
    def __init__(self):
        self.low = self.high = self.stated = self.not_stated = 0
        self.cells = {"suppressed": 0, "not_reported": 0, "rounded": 0}
        self.qualifiers = set()

    def add(self, quantity, cell=""):
        if cell in self.cells:
            self.cells[cell] += 1
        if cell in ("suppressed", "not_reported"):
            return
        if quantity.qualifier == "not_stated":
            self.not_stated += 1
            return
        self.stated += 1
        self.low += quantity.low
        self.high += quantity.high
        self.qualifiers.add(quantity.qualifier)

    @property
    def qualifier(self):
        """exact + at least = at least; exact + nearly = nearly; at least + nearly = about;
        anything + not stated = at least. What is withheld or not reported is not stated either."""
        seen = self.qualifiers
        if not self.stated:
            return "not_stated"
        if self.not_stated + self.cells["suppressed"] + self.cells["not_reported"]:
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
                "not_stated": self.not_stated, "overlap_max": overlap,
                **self.cells}


def judge(rows, year, agencies):
    """Copies of the rows that concern the year, in the order of the log; each has its standing."""
    judged = [replace(row, measure=measure_of(row.activity), standing="counted", part_of="",
                      joint_lead="", people_in_whole=False, lead_missing=False, differs=False)
              for row in sorted(rows, key=lambda row: row.position)]
    find_parts(judged)
    judge_joint(judged, agencies)
    judged = judge_year(judged, date(year, 1, 1), date(year, 12, 31))
    judge_stocks(judged)
    judge_summaries(judged)
    return judged


def measure_of(activity):
    """Unknown activities are measures of their own, apart from the known ones."""
    known = MEASURES.get(activity)
    return known or (f"activity:{activity}" if activity in TAKEN else activity)


# ---- parts: never added to their whole ----

def find_parts(rows):
    def report(row):
        return row.reporter, row.unit, row.kind, row.span, row.as_of
    activities = defaultdict(lambda: defaultdict(set))
    for row in rows:
        stated = activities[report(row)][row.activity]
        if row.people is not None and row.people.low is not None:
            stated.add((row.people_kind, row.stock_or_flow))
    for row in rows:
        wholes = [name for name in activities[report(row)] if is_part(row.activity, name)]
        row.part_of = max(wholes, key=len, default="")
        row.people_in_whole = any((row.people_kind, row.stock_or_flow) in
                                  activities[report(row)][name] for name in wholes)
        if row.part_of and row.measure == measure_of(row.part_of):
            row.measure = f"activity:{row.activity}"


def is_part(part, whole):
    if not part.startswith(whole + "-") or part == whole + "-":
        return False
    known = MEASURES.get(part), MEASURES.get(whole)
    return None in known or known[0] == known[1]


# ---- joint activities: counted once, with the lead's figure ----

def judge_joint(rows, agencies):
    joint = defaultdict(list)
    for row in rows:
        if row.joint is not None:
            joint[row.joint].append(row)
    for same in joint.values():
        measures = defaultdict(list)
        for row, lead in by_lead(same, agencies):
            row.joint_lead = lead
            measures[lead, row.measure, row.stock_or_flow].append(row)
        for (lead, _, _), one in measures.items():
            judge_measure(one, lead)


def by_lead(rows, agencies):
    """Each row with the lead of its activity: several, if several agencies say that they lead."""
    leads = {row.reporter for row in rows if agencies.slug(row.cell("lead")) == row.reporter}
    for row in rows:
        named = agencies.slug(row.cell("lead"))
        yield row, (row.reporter if row.reporter in leads else
                    named if named in leads else lead_of(rows, agencies))


def lead_of(rows, agencies):
    """Who says so of itself first; else whom the first report names; else who reported first."""
    for row in rows:
        if agencies.slug(row.cell("lead")) == row.reporter:
            return row.reporter
    return agencies.slug(rows[0].cell("lead")) or rows[0].reporter


def judge_measure(rows, lead):
    """Until the lead's figure is there, that of the partner who reported first counts."""
    missing = all(row.reporter != lead for row in rows)
    counted = rows[0].reporter if missing else lead
    counting = []
    for at, row in enumerate(rows):
        row.lead_missing = missing
        if row.reporter != counted:
            row.standing = "joint_partner"
        elif any(said(later) == said(row) for later in rows[at + 1:]):
            row.standing = "joint_repeated"
        else:
            counting.append(row)
    for row in rows:
        if row.standing != "counted":
            row.differs = not any(agree(row, other) for other in counting)


def said(row):
    """Of whom, what, when and where; the number apart."""
    return (row.reporter, row.unit, row.activity, row.stock_or_flow, row.span, row.as_of,
            row.territories)


def agree(left, right):
    if left.quantity != right.quantity:
        return False
    people = [(row.people, row.people_kind) for row in (left, right) if row.people is not None]
    return len(people) < 2 or people[0] == people[1]


# ---- the year, stocks, summaries ----

def judge_year(rows, first, last):
    kept = []
    for row in rows:
        from_day, to_day = row.span or (row.as_of, row.as_of)
        if to_day < first or from_day > last:
            continue
        if row.standing == "counted" and (from_day < first or to_day > last):
            row.standing = "beyond_period"
        kept.append(row)
    return kept


def judge_stocks(rows):
    judge_joint_stocks(rows)
    newest = defaultdict(list)
    for row in rows:
        if row.standing == "counted" and row.stock_or_flow == "stock":
            key = (row.reporter, row.unit, row.activity, row.joint is None,
                   tuple(sorted(row.territories)))
            newest[key].append(row)
    for same in newest.values():
        last = max(looked_at(row) for row in same)
        for row in same:
            if looked_at(row) < last:
                row.standing = "older_stock"


def judge_joint_stocks(rows):
    """One stock, whatever ids its looks have: its lead's looks count, else the partners' newest, of
    one day that of who reported first."""
    stocks = defaultdict(list)
    for row in rows:
        if row.standing == "counted" and row.stock_or_flow == "stock" and row.joint is not None:
            stocks[row.joint_lead, row.activity, tuple(sorted(row.territories))].append(row)
    for (lead, _, _), looks in stocks.items():
        newest = max(looks, key=looked_at)
        if any(row.reporter == lead for row in looks):
            for row in looks:
                if row.reporter != lead:
                    row.standing = "joint_partner"
            continue
        for row in looks:
            if looked_at(row) < looked_at(newest):
                row.standing = "older_stock"
            elif row.reporter != newest.reporter:
                row.standing = "joint_partner"


def looked_at(row):
    return row.as_of or row.span[1]


def judge_summaries(rows):
    def key(row):
        return row.measure, row.stock_or_flow
    counted = [row for row in rows if row.standing == "counted"]
    reported = {key(row) for row in counted if row.kind != "province-summary"}
    for row in counted:
        if row.kind == "province-summary" and key(row) in reported:
            row.standing = "summarised"


# ---- sums ----

def totals(rows, agencies):
    """{measure and stock or flow: total} of judged rows."""
    shares = defaultdict(list)
    for row in rows:
        if row.standing != "counted":
            continue
        shares[row.measure, row.stock_or_flow].append(
            (row, row.quantity, row.disclosed))
        # The participants of a part are among those that its whole states.
        if row.people is not None and not row.people_in_whole:
            shares[PEOPLE[row.people_kind], row.stock_or_flow].append((row, row.people, ""))
    confirmed = {(row.reporter, row.joint) for row in rows if row.joint is not None}
    found = {}
    for (measure, stock_or_flow), given in shares.items():
        reporters = {row.reporter for row, _, _ in given}
        total, overlap = Sum(), Sum()
        for row, quantity, cell in given:
            total.add(quantity, cell)
            if perhaps_twice(row, reporters, confirmed, agencies):
                overlap.add(quantity, cell)
        found[f"{measure}/{stock_or_flow}"] = total.as_total(overlap.high)
    return found


def perhaps_twice(row, reporters, confirmed, agencies):
    """Another agency carried it out, reports the measure too, and not under the same joint id."""
    others = {agencies.slug(name) for name in parts_of(row.cell("implementers"))}
    return any(other in reporters and (other, row.joint) not in confirmed
               for other in others - {row.reporter})


def confirmers(rows, agencies):
    """{agency: rows}: partners that have no figure of their own confirm the joint activities that
    name them. Who reports figures of its own may have counted the activity there already."""
    reporting = {row.reporter for row in rows}
    found = {}
    for row in rows:
        if row.kind != "outreach-report" or agencies.slug(row.cell("lead")) != row.reporter:
            continue
        for name in dict.fromkeys(agencies.slug(name) for name in
                                  parts_of(row.cell("implementers"))):
            if name and name not in reporting and name in agencies.reporters:
                found.setdefault(name, []).append(row)
    return found
