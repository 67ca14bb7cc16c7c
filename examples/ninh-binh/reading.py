# SPDX-License-Identifier: Apache-2.0
"""What the agencies read through their own nodes, compared with the second reading of the file."""
from collections import Counter

import judging


def report(bus, slug, year, *options):
    return bus.at(slug, "report", "outreach", "--year", year, *options).need()


def check_totals(bus, judged, year, agencies, checks):
    expected = judging.totals(judged, agencies)
    body = report(bus, "labour", year)
    seen = {f"{total['measure']}/{total['stock_or_flow']}":
            {name: total[name] for name in
             ("value", "low", "high", "qualifier", "not_stated", "overlap_max",
              "suppressed", "not_reported", "rounded")}
            for total in body["totals"]}
    for name in sorted(set(expected) | set(seen)):
        checks.same(f"total-{name}", expected.get(name), seen.get(name))
    check_rows(body, judged, checks)
    return body


def of_file(row):
    people = row.people and (row.people.low, row.people.qualifier, row.people_kind)
    return (row.reporter, row.unit or None, row.activity, row.measure, row.quantity.low,
            row.quantity.high, row.quantity.qualifier, row.disclosed or None, people,
            row.stock_or_flow,
            "/".join(day.isoformat() for day in row.span) if row.span else None,
            row.as_of.isoformat() if row.as_of else None, row.standing, row.part_of,
            row.lead_missing, row.differs)


def of_report(row):
    people, quantity = row["participants"], row["quantity"]
    return (row["agency"], row["unit"], row["activity_id"], row["measure"], quantity["low"],
            quantity["high"], quantity["qualifier"], row["cell"],
            people and (people["value"], people["qualifier"], people["kind"]),
            row["stock_or_flow"], row["period"], row["as_of"], row["standing"],
            row.get("part_of", ""), row.get("lead_missing", False), row.get("differs", False))


def check_rows(body, judged, checks):
    """Row by row: what the file says is what the report shows, nothing more and nothing less."""
    seen = Counter(of_report(row) for row in body["rows"])
    expected = Counter(of_file(row) for row in judged)
    checks.same("rows-as-in-the-file", {"rows": expected.total(), "missing": [], "foreign": []},
                {"rows": seen.total(),
                 "missing": sorted((expected - seen).elements(), key=repr),
                 "foreign": sorted((seen - expected).elements(), key=repr)})


def check_partners(body, judged, checks):
    """A partner's figure of a joint activity is shown and not added, with the lead's or without."""
    def partners(rows):
        return sorted(rows, key=repr)
    expected = [(row.reporter, row.activity, row.lead_missing, row.differs) for row in judged
                if row.standing == "joint_partner"]
    shown = [(row["agency"], row["activity_id"], row.get("lead_missing", False),
              row.get("differs", False)) for row in body["rows"]
             if row["standing"] == "joint_partner"]
    checks.same("joint-activities-shown-and-not-added", partners(expected), partners(shown))


def check_own(bus, judged, year, checks):
    """Each agency's own figures through its own node."""
    for slug in bus.agencies():
        body = report(bus, slug, year, "--agency", slug)
        expected = sum(row.reporter == slug for row in judged)
        checks.same(f"own-report-of-{slug}", expected, len(body["rows"]))


def check_completeness(bus, judged, year, agencies, checks):
    reported = {row.reporter for row in judged if row.kind == "outreach-report"}
    body = bus.at("labour", "report", "completeness", "--period", year).need()
    checks.same("completeness-names-who-has-not-reported",
                sorted(agencies.reporters - reported), sorted(body["missing"]))


def check_verified(bus, accepted, checks):
    """Signature, receipt, consistency and commitments of every figure, as labour's node sees it."""
    wrong = []
    ids = [row["id"] for rows in accepted.values() for row in rows]
    for message in ids:
        answer = bus.at("labour", "message", "show", message)
        verified = (answer.data or {}).get("verified", {})
        if answer.exit != 0 or len(verified) < 4 or not all(verified.values()):
            wrong.append({"id": message, "verified": verified or answer.code})
    checks.same("every-figure-verified-by-labour", {"messages": len(ids), "not_verified": []},
                {"messages": len(ids), "not_verified": wrong})


def check_processes(bus, agencies, checks):
    pids = {process.pid for process in bus.nodes.values() if process.alive()}
    checks.same("agencies-one-process-each", len(agencies.all), len(pids))
    checks.same("broker-is-a-process-of-its-own", True,
                bus.broker.alive() and bus.broker.pid not in pids)


def check_standing(bus, checks, alarms):
    """At the end nothing waits and nobody has raised an alarm but those expected, by agency."""
    size = bus.run("status", home=bus.broker_home).need()["log_size"]
    for slug in bus.agencies():
        status = bus.at(slug, "status").need()
        checks.same(f"standing-of-{slug}",
                    {"outbox": 0, "broker_reachable": True, "alarms": alarms.get(slug, [])},
                    {name: status[name] for name in ("outbox", "broker_reachable", "alarms")})
    return size


def count_messages(bus):
    """Messages in the log: each is in the inbox of its sender at least."""
    return len({message["id"] for slug in bus.agencies() for message in bus.consume(slug)})
