# SPDX-License-Identifier: Apache-2.0
"""Each agency publishes its own part of the file; partners confirm the joint activities that name
them; the people's committee publishes its plan."""
import csv
import json

import figures
from bus import Failure
from checks import say

# A measure of its own: the plans that the file counts are other ones.
PLAN_ACTIVITY = "province-plan"
PLAN = {"activity": PLAN_ACTIVITY, "activity_vi": "Kế hoạch số 45/KH-UBND của UBND tỉnh",
        "document_number": "45/KH-UBND", "low": 1, "high": 1, "qualifier": "exact",
        "stock_or_flow": "flow", "territories": [{"text": "tỉnh Ninh Bình"}],
        "period": {"from": "2021-03-30", "to": "2021-03-30", "kind": "other"}}


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
    their own, with the id of the joint activity."""
    confirmed = {}
    for partner, named in sorted(figures.confirmers(rows, agencies).items()):
        wanted = {(row.reporter, row.activity, row.cell("activity_vi")): row for row in named}
        found = bus.wait_for(lambda w=wanted, p=partner: find_joint(bus, p, w), 20) or {}
        checks.same(f"joint-activities-read-by-{partner}", len(wanted), len(found))
        cells = [dict(row.cells, reporter=partner, figure="", unit="", joint_activity=joint,
                      note="") for row, joint in found.values()]
        path = bus.directory / "input" / f"{partner}-joint.csv"
        write_csv(path, [*(name for name in columns if name != "joint_activity"),
                         "joint_activity"], cells)
        answer = bus.at(partner, "publish", "--kind", "outreach-report", str(path)).need()
        checks.same(f"joint-activities-confirmed-by-{partner}", len(wanted),
                    len(answer["accepted"]))
        confirmed[partner] = answer["accepted"]
        say(f"  {partner} confirms {len(answer['accepted'])} joint activities")
    return confirmed


def find_joint(bus, partner, wanted):
    found = {}
    for message in bus.consume(partner):
        for figure in message["sections"].get("report", {}).get("figures", []):
            key = (message["agency"]["slug"], figure.get("activity"), figure.get("activity_vi", ""))
            if key in wanted and figure.get("joint_activity"):
                found[key] = (wanted[key], figure["joint_activity"])
    return found if len(found) == len(wanted) else None


def publish_plan(bus, checks):
    """The committee's plan reaches who is to follow it, and changes no count of the file."""
    line = json.dumps({"key": "plan-45-kh-ubnd", "sections": {"report": {"figures": [PLAN]}}},
                      ensure_ascii=False)
    answer = bus.at("peoples-committee", "publish", "--kind", "plan-published", "-",
                    text_in=line + "\n").need()
    plan = answer["accepted"][0]["id"]
    for slug in ("labour", "broadcaster"):
        def arrived(slug=slug):
            return any(message["id"] == plan for message in bus.consume(slug))
        checks.same(f"plan-45-reaches-{slug}", True, bool(bus.wait_for(arrived, 20)))
    return plan
