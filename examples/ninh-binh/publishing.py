# SPDX-License-Identifier: Apache-2.0
"""Each agency publishes its own part of the file; partners confirm the joint activities that name
them; the people's committee publishes its plan."""
import csv
import json
from dataclasses import replace

import judging
from bus import Failure
from checks import say

# Reference matter: a plan that is published for others to follow is no figure of its publisher.
PLAN = {"number": "45", "symbol": "KH-UBND", "date": "2021-03-30",
        "title": "Kế hoạch số 45/KH-UBND của UBND tỉnh", "issuer": {"text": "UBND tỉnh Ninh Bình"}}


def split(bus, columns, rows):
    """{(reporter, kind): path}: one file for each reporter and kind of message, cells unchanged."""
    parts = {}
    for row in rows:
        parts.setdefault((row.reporter, row.kind), []).append(row)
    place = bus.directory / "input"
    place.mkdir(exist_ok=True)
    paths = {}
    for (reporter, kind), part in parts.items():
        path = place / f"{reporter}-{kind}.csv"
        write_csv(path, columns, [row.cells for row in part])
        paths[reporter, kind] = (path, part)
    return paths


def write_csv(path, columns, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def publish_all(bus, columns, rows, checks):
    """{reporter/kind: accepted}; every row of the file is published once, by its reporter."""
    accepted = {}
    refused = []
    for (reporter, kind), (path, part) in sorted(split(bus, columns, rows).items()):
        answer = bus.at(reporter, "publish", "--kind", kind, str(path))
        if not isinstance(answer.data, dict) or "accepted" not in answer.data:
            answer.need()
            raise Failure(f"{reporter}: {answer.out}")
        accepted[f"{reporter}/{kind}"] = answer.data["accepted"]
        # Who reported first is a matter of the log, not of the file.
        for row, sent in zip(part, answer.data["accepted"]):
            row.position = sent["position"]
        refused += [f"{path.name} {row['line']}: {row['code']} {row['what']}"
                    for row in answer.data["refused"]]
        say(f"  {reporter}: {len(answer.data['accepted'])} of {len(part)} × {kind}")
    checks.same("figures-refused", [], refused)
    for slug in sorted({row.reporter for row in rows}):
        count = sum(len(ids) for place, ids in accepted.items() if place.startswith(slug + "/"))
        checks.same(f"figures-of-{slug}", sum(row.reporter == slug for row in rows), count)
    checks.same("figures", len(rows), sum(map(len, accepted.values())))
    return accepted


def publish_again(bus, columns, rows, first, checks):
    """The same files again: the same ids and positions, and nothing new in the log."""
    again = {}
    for (reporter, kind), (path, _) in sorted(split(bus, columns, rows).items()):
        answer = bus.at(reporter, "publish", "--kind", kind, str(path)).need()
        again[f"{reporter}/{kind}"] = answer["accepted"]
    checks.same("same-file-again-same-ids-and-positions", True, again == first)


def confirm_joint(bus, columns, rows, agencies, checks):
    """Partners with no figure of their own read the lead's report through their own node and send
    their own, with the id of the joint activity. Gives {partner: accepted} and their rows."""
    confirmed, said = {}, []
    for partner, named in sorted(judging.confirmers(rows, agencies).items()):
        found = bus.wait_for(lambda n=named, p=partner: find_joint(bus, p, n), 20) or []
        checks.same(f"joint-activities-read-by-{partner}", len(named), len(found))
        cells = [dict(row.cells, reporter=partner, figure="", key="", unit="",
                      joint_activity=joint, note="") for row, joint in found]
        path = bus.directory / "input" / f"{partner}-joint.csv"
        write_csv(path, [*(name for name in columns if name != "joint_activity"),
                         "joint_activity"], cells)
        answer = bus.at(partner, "publish", "--kind", "outreach-report", str(path)).need()
        checks.same(f"joint-activities-confirmed-by-{partner}", len(named),
                    len(answer["accepted"]))
        confirmed[partner] = answer["accepted"]
        said += [replace(row, reporter=partner, cells=cell, position=sent["position"])
                 for (row, _), cell, sent in zip(found, cells, answer["accepted"])]
        say(f"  {partner} confirms {len(answer['accepted'])} joint activities")
    return confirmed, said


def find_joint(bus, partner, wanted):
    """[(row, id of its joint activity)] once all have arrived. Rows that say the same are paired in
    the order of the log."""
    arrived = {}
    for message in bus.consume(partner):
        for figure in message["sections"].get("report", {}).get("figures", []):
            if figure.get("joint_activity"):
                arrived.setdefault(told(message, figure), []).append(figure["joint_activity"])
    found = []
    for row in sorted(wanted, key=lambda row: row.position):
        joint = arrived.get(asked(row))
        if not joint:
            return None
        found.append((row, joint.pop(0)))
    return found


def told(message, figure):
    period = figure.get("period")
    return (message["agency"]["slug"], figure.get("reporting_unit", ""), figure.get("activity"),
            figure.get("activity_vi", ""),
            (period["from"], period["to"]) if period else None, figure.get("as_of"))


def asked(row):
    return (row.reporter, row.unit, row.activity, row.cell("activity_vi"),
            tuple(day.isoformat() for day in row.span) if row.span else None,
            row.as_of.isoformat() if row.as_of else None)


def publish_plan(bus, checks):
    """The committee's plan reaches who is to follow it, and changes no count of the file."""
    line = json.dumps({"key": "plan-45-kh-ubnd", "sections": {"report": {"plans": [PLAN]}}},
                      ensure_ascii=False)
    answer = bus.at("peoples-committee", "publish", "--kind", "plan-published", "-",
                    text_in=line + "\n").need()
    plan = answer["accepted"][0]["id"]
    for slug in ("labour", "broadcaster"):
        def arrived(slug=slug):
            return next((message["sections"]["report"].get("plans")
                         for message in bus.consume(slug) if message["id"] == plan), None)
        checks.same(f"plan-45-reaches-{slug}", [PLAN], bus.wait_for(arrived, 20))
    return plan
