# SPDX-License-Identifier: Apache-2.0
"""The story of the example: invented persons, from the border post to the shelter. Each step is one
message by one agency; after each, police asks where the case stands."""
import json
import secrets

from bus import Failure
from checks import say

PURPOSE = "verification"
OFFICERS = {"police": "o-cat-01", "labour": "o-ld-01", "border-guard": "o-bp-01",
            "peoples-committee": "o-xa-01", "social-protection-centre": "o-bt-01",
            "fatherland-front": "o-mt-01", "information": "o-tt-01", "womens-union": "o-pn-01"}
OUTSIDERS = ("fatherland-front", "information")
# Nobody is called one before the result.
VICTIM_WORDS = ("nạn nhân", "victim")


def document(cells):
    number, symbol, date, signer, title = cells
    return {"number": number, "symbol": symbol, "date": date, "signer": signer,
            "signer_title": title, "urgency": "urgent"}


def sections_of(step, parts):
    sections = {"document": document(step["document"])}
    for name, content in step["sections"].items():
        shared = isinstance(content, str) and content.startswith("@")
        sections[name] = parts[content[1:]] if shared else content
    return json.dumps({"sections": sections}, ensure_ascii=False)


def name_of(step):
    return step.get("name", step["do"])


class Case:
    """One case of a story file, sent step by step."""

    def __init__(self, bus, path, checks):
        self.bus = bus
        self.checks = checks
        self.told = json.loads(path.read_text(encoding="utf-8"))
        self.label = path.stem
        self.id = None
        self.messages = {}

    def send(self, step, *more, key=None):
        words = ["case", step["do"]] + ([] if step["do"] == "open" else [self.id])
        key = key or name_of(step)
        return self.bus.at(step["at"], *words, "--data", "-", "--key", f"{self.label}-{key}",
                           *step.get("options", []), *more,
                           text_in=sections_of(step, self.told.get("parts", {})), remember=True)

    def play(self, step):
        answer = self.send(step).need()
        self.id = answer["case"]
        self.messages[name_of(step)] = answer
        return answer

    def status(self, slug, purpose=PURPOSE, **options):
        return self.bus.at(slug, "case", "status", self.id, "--officer", OFFICERS[slug],
                           "--purpose", purpose, remember=True, **options)

    def check_state(self, step):
        """Police sees the state; holder as the step says, if it says so."""
        seen = self.status("police")
        state = seen.data.get("state") if seen.exit == 0 else seen.out.strip()
        self.checks.same(f"story-{self.label}-{name_of(step)}", step["state"], state)
        options = step.get("options", [])
        if "--holder" in options and seen.exit == 0:
            holder = options[options.index("--holder") + 1]
            self.checks.same(f"story-{self.label}-{name_of(step)}-holder", holder,
                             seen.data.get("holder"))


def play_verification(bus, path, checks, capacity):
    case = Case(bus, path, checks)
    bus.printed.clear()
    for step in case.told["steps"]:
        say(f"  {step['tells']}")
        if name_of(step) == "accept":
            check_too_many(case, step, checks, capacity)
        if name_of(step) == "result":
            check_words(case, checks)
        if name_of(step) == "refer-limited":
            check_unseen(case, checks, "womens-union", "before-the-limited-view")
        case.play(step)
        case.check_state(step)
        if step["state"] not in ("confirmed", "certified"):
            for lang in ("vi", "en"):
                case.status("police", json_out=False, lang=lang)
    check_outsiders(case, checks)
    check_limited_view(case, checks)
    check_outcome_for_shelter(case, checks)
    return case


def check_words(case, checks):
    """Everything that people have seen of the case up to here, in both languages."""
    for slug in ("police", "labour", "border-guard"):
        for lang in ("vi", "en"):
            for what in ("status", "timeline"):
                case.bus.at(slug, "case", what, case.id, "--officer", OFFICERS[slug], "--purpose",
                            PURPOSE, json_out=False, lang=lang, remember=True)
            case.bus.at(slug, "case", "list", "--officer", OFFICERS[slug], "--purpose", PURPOSE,
                        json_out=False, lang=lang, remember=True)
    for message in case.messages.values():
        for lang in ("vi", "en"):
            case.bus.at("police", "message", "show", message["id"], json_out=False, lang=lang,
                        remember=True)
    said = [" ".join(words[:3]) for words, text in case.bus.printed
            if any(word in text.lower() for word in VICTIM_WORDS)]
    checks.same("story-never-called-a-victim-before-the-result",
                {"texts_that_do": []}, {"texts_that_do": said})
    checks.same("story-texts-searched-for-that", True, len(case.bus.printed) > 20)


def check_outsiders(case, checks):
    """Who is no party gets the same bytes for this case and for one that is not there."""
    absent = secrets.token_hex(16)
    for slug in OUTSIDERS:
        for what in ("status", "timeline"):
            answers = []
            for case_id in (case.id, absent):
                for lang, as_json in (("vi", True), ("en", True), ("vi", False)):
                    answer = case.bus.at(slug, "case", what, case_id, "--officer", OFFICERS[slug],
                                         "--purpose", PURPOSE, lang=lang, json_out=as_json)
                    answers.append((answer.exit, answer.out, answer.err, answer.code))
            same = answers[:3] == answers[3:]
            checks.same(f"story-{slug}-{what}-identical",
                        {"identical": True, "exit": 4, "code": "forbidden"},
                        {"identical": same, "exit": answers[0][0], "code": answers[0][3]})
            quiet = all(case.id not in out + err for _, out, err, _ in answers)
            checks.same(f"story-{slug}-{what}-echoes-no-case", True, quiet)


def refusal(answer):
    return answer.code if answer.exit != 0 else "accepted"


def opened_by(message):
    """Sections but the facts (states, counts and dates, no names), which go with any other one."""
    return sorted(set(message["sections"]) - {"facts"})


def of_case(bus, slug, case_id):
    return [message for message in bus.consume(slug) if message["case"] == case_id]


def check_unseen(case, checks, slug, when):
    seen = [message["kind"] for message in of_case(case.bus, slug, case.id)
            if message["agency"]["slug"] != slug]
    checks.same(f"story-{slug}-sees-nothing-{when}", [], seen)


def check_limited_view(case, checks):
    """The Women's Union sees one message of the case, and of that one the limited view."""
    sent = case.messages["refer-limited"]["id"]
    seen = case.bus.wait_for(lambda: of_case(case.bus, "womens-union", case.id), 10)
    checks.same("story-womens-union-sees-the-limited-view-only",
                [{"id": sent, "kind": "support-referral", "sections": ["limited-view"]}],
                [{"id": message["id"], "kind": message["kind"],
                  "sections": opened_by(message)} for message in seen])
    told = next(step for step in case.told["steps"] if name_of(step) == "refer-limited")
    wanted = told["sections"]["limited-view"]["call_name"]
    opened = seen[0]["sections"].get("limited-view", {}) if seen else {}
    checks.same("story-womens-union-reads-what-labour-wrote", True,
                opened.get("call_name") == wanted)


def check_outcome_for_shelter(case, checks):
    kinds = {"victim-certificate": ["outcome"]}
    seen = {message["kind"]: opened_by(message)
            for message in of_case(case.bus, "social-protection-centre", case.id)
            if message["kind"] in kinds}
    checks.same("story-shelter-gets-the-outcome-of-the-certificate-alone", kinds, seen)


# ---- capacity ----

def check_too_many(case, step, checks, capacity):
    """More than the most is refused even with the centre's explicit yes."""
    if capacity is None:
        checks.skipped("story-over-capacity", "over_capacity", "the file states no capacity")
        return
    too_many = dict(step, options=["--persons", str(capacity[1] + 1), "--yes"])
    answer = case.send(too_many, key="accept-too-many")
    checks.same("story-over-capacity", "over_capacity", refusal(answer))


def play_group(bus, path, checks, capacity, taken):
    """Above the normal capacity the centre takes a group in only with its explicit yes."""
    if capacity is None or capacity[1] <= capacity[0] or capacity[0] < taken:
        checks.skipped("story-capacity-with-yes", "in-support", "the capacity leaves no such room")
        return None
    case = Case(bus, path, checks)
    say("  a large group, to try the shelter's capacity")
    for step in case.told["steps"]:
        case.play(step)
    case.check_state(case.told["steps"][-1])
    accept = case.told["accept"]
    above = str(capacity[0] - taken + 1)
    answer = case.send(accept, "--persons", above, key="accept-plain")
    checks.same("story-above-normal-capacity-without-yes", "over_capacity", refusal(answer))
    beyond = str(capacity[1] - taken + 1)
    answer = case.send(accept, "--persons", beyond, "--yes", key="accept-beyond")
    checks.same("story-above-all-capacity-with-yes", "over_capacity", refusal(answer))
    answer = case.send(accept, "--persons", above, "--yes", key="accept-yes")
    checks.same("story-above-normal-capacity-with-yes", 0, answer.exit)
    seen = case.status("police")
    checks.same("story-capacity-with-yes", "in-support", (seen.data or {}).get("state"))
    return case


# ---- the hotline ----

def play_tip(bus, path, checks):
    told = json.loads(path.read_text(encoding="utf-8"))
    say("  hotline 111 passes on a tip; 111 gets the outcome code alone")
    line = {"key": told["tip"]["reference"],
            "sections": {"document": document(told["document"]), "tip": told["tip"]}}
    sent = bus.at("hotline-111", "publish", "--kind", "hotline-tip", "-",
                  text_in=json.dumps(line, ensure_ascii=False) + "\n").need()
    if len(sent["accepted"]) != 1:
        raise Failure(f"the tip was not accepted: {sent['refused']}")
    tip = sent["accepted"][0]["id"]

    def arrived():
        return [message for message in bus.consume("police") if message["id"] == tip]
    seen = bus.wait_for(arrived, 10)
    checks.same("story-tip-reaches-police", [["document", "tip"]],
                [sorted(message["sections"]) for message in seen])
    checks.same("story-tip-is-read-by-police", True, bool(seen) and
                seen[0]["sections"]["tip"].get("account") == told["tip"]["account"])
    line = {"key": told["tip"]["reference"], "refers_to": tip,
            "sections": {"outcome-code": told["outcome"]}}
    sent = bus.at("police", "publish", "--kind", "hotline-outcome", "-",
                  text_in=json.dumps(line) + "\n").need()
    outcome = sent["accepted"][0]["id"] if sent["accepted"] else str(sent["refused"])

    def back():
        return [message for message in bus.consume("hotline-111") if message["id"] == outcome]
    seen = bus.wait_for(back, 10)
    checks.same("story-111-gets-the-outcome-code-alone",
                [{"case": None, "sections": {"outcome-code": told["outcome"]}}],
                [{"case": message["case"], "sections": message["sections"]} for message in seen])
    others = {slug for slug in bus.agencies() if slug not in ("police", "hotline-111")
              and any(message["id"] == outcome for message in bus.consume(slug))}
    checks.same("story-nobody-else-gets-the-outcome", [], sorted(others))
