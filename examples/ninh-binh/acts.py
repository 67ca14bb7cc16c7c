# SPDX-License-Identifier: Apache-2.0
"""What administrators do while the bus runs: a change of policy, a key rotated, a key revoked. Each
shows its effect, and leaves the bus as it was but for the new keys."""
import json
import re

from bus import Failure
from checks import say

PROBE = {"activity": "probe-of-the-example", "low": 1, "high": 1, "qualifier": "exact",
         "stock_or_flow": "flow", "period": {"from": "1999-01-01", "to": "1999-12-31",
                                             "kind": "calendar_year"}}


# What nodes show in their status because of these acts: alarms are kept for good.
ALARMS = {"broadcaster": ["batch_not_taken code=revoked_key"]}


def publish_probe(bus, slug, key, *options):
    """A figure of 1999, so that no report of the year changes."""
    line = json.dumps({"key": key, "sections": {"report": {"figures": [PROBE]}}})
    return bus.at(slug, "publish", "--kind", "outreach-report", "-", *options,
                  text_in=line + "\n")


def verdict(answer):
    data = answer.data or {}
    if data.get("accepted"):
        return "accepted"
    if data.get("refused"):
        return data["refused"][0]["code"]
    return answer.code or f"exit {answer.exit}"


def grant_of(toml, grant_id):
    """The text of one [[grant]] table."""
    for table in re.split(r"(?m)^(?=\[\[grant\]\])", toml):
        if re.search(rf'(?m)^id = "{re.escape(grant_id)}"', table):
            return table
    raise Failure(f"the policy has no grant {grant_id}")


def explain(bus, slug, asked):
    answer = bus.at(slug, "policy", "explain", "--agency", asked, "--action", "publish",
                    "--kind", "website-review").need()
    return {"decision": answer["decision"], "policy_version": answer["policy_version"]}


def wait_version(bus, slug, document, version):
    def reached():
        status = bus.at(slug, "status").data or {}
        return status.get(f"{document}_version", 0) >= version
    if not bus.wait_for(reached, 30):
        raise Failure(f"{slug} has not got version {version} of the {document}")


def adopt_policy(bus, toml, name):
    path = bus.directory / "input" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(toml, encoding="utf-8")
    adopted = bus.admin("policy", "adopt", str(path)).need()
    for slug in ("information", "labour"):
        wait_version(bus, slug, "policy", adopted["version"])
    return adopted["version"]


def change_policy(bus, checks, row):
    """`row`: a line of JSON that the information department may publish as a website review."""
    say("  a policy change: the grant for website reviews is taken away, and given back")
    policy = bus.admin("policy", "show").need()["toml"]
    before = explain(bus, "labour", "information")
    without = policy.replace(grant_of(policy, "website-review-publish"), "")
    shown = bus.admin("policy", "diff", "-", text_in=without).need()
    checks.same("policy-diff-names-what-is-lost", ["information"],
                sorted({right["agency"] for right in shown["lost"]
                        if right["kind"] == "website-review" and right["action"] == "publish"}))
    version = adopt_policy(bus, without, "policy-without.toml")
    checks.same("policy-without-the-grant", {"decision": "deny", "policy_version": version},
                explain(bus, "labour", "information"))
    refused = bus.at("information", "publish", "--kind", "website-review", "-",
                     text_in=row("policy-without") + "\n")
    checks.same("policy-without-the-grant-publish", "forbidden", verdict(refused))
    version = adopt_policy(bus, policy, "policy-again.toml")
    checks.same("policy-with-the-grant", {"decision": before["decision"],
                                          "policy_version": version},
                explain(bus, "labour", "information"))
    accepted = bus.at("information", "publish", "--kind", "website-review", "-",
                      text_in=row("policy-again") + "\n")
    checks.same("policy-with-the-grant-publish", "accepted", verdict(accepted))


def sign_keys(bus, slug):
    keys = bus.admin("key", "list", "--agency", slug).need()["keys"]
    return [key for key in keys if key["use"] == "sign"]


def new_sign_key(bus, slug, act, *options):
    """A request by the node, an act of the administrators, a restart of the node: the new key."""
    request = bus.directory / "input" / f"{slug}-{act}.request"
    request.parent.mkdir(exist_ok=True)
    request.unlink(missing_ok=True)
    before = {key["id"] for key in sign_keys(bus, slug)}
    bus.at(slug, "key", "request", "--use", "sign", "--out", str(request)).need()
    adopted = bus.admin("key", act, str(request), *options).need()
    wait_version(bus, slug, "registry", adopted["version"])
    wait_version(bus, "labour", "registry", adopted["version"])
    bus.restart_node(slug)
    after = {key["id"] for key in sign_keys(bus, slug)}
    return sorted(after - before)


def verified_by(bus, reader, message):
    """What a reader's node finds of a message; waits until it has arrived."""
    def shown():
        answer = bus.at(reader, "message", "show", message)
        return answer.data if answer.exit == 0 else None
    found = bus.wait_for(shown, 20)
    return found["verified"] if found else None


def all_true(verified):
    return bool(verified) and all(verified.values())


def rotate_key(bus, checks, old_message):
    say("  a key rotation: the information department signs with a new key")
    fresh = new_sign_key(bus, "information", "rotate", "--overlap", "0")
    checks.same("key-rotated", 1, len(fresh))
    answer = publish_probe(bus, "information", "after-rotation")
    checks.same("key-rotated-publish", "accepted", verdict(answer))
    new_message = answer.data["accepted"][0]["id"] if answer.exit == 0 else ""
    verified = verified_by(bus, "labour", new_message)
    checks.same("key-rotated-verifies", True, all_true(verified))
    if old_message:
        verified = verified_by(bus, "labour", old_message)
        checks.same("key-rotated-old-messages-verify", True, all_true(verified))


def revoke_key(bus, checks, old_message):
    say("  a revocation: what the broadcaster's key signs from now on is not taken, and waits")
    slug = "broadcaster"
    revoked = [key["id"] for key in sign_keys(bus, slug) if not key.get("revoked")]
    for key in revoked:
        adopted = bus.admin("key", "revoke", key).need()
        wait_version(bus, "labour", "registry", adopted["version"])
    answer = publish_probe(bus, slug, "after-revocation", "--wait", "3")
    alarms = bus.at(slug, "status").need()["alarms"]
    checks.same("key-revoked-publish",
                {"exit": 4, "code": "revoked_key", "alarms": ALARMS[slug]},
                {"exit": answer.exit, "code": verdict(answer), "alarms": alarms})
    if old_message:
        verified = verified_by(bus, "labour", old_message)
        checks.same("key-revoked-old-messages-verify", True, all_true(verified))
    fresh = new_sign_key(bus, slug, "issue")
    checks.same("key-issued-anew", 1, len(fresh))
    answer = publish_probe(bus, slug, "after-revocation")
    checks.same("key-issued-anew-what-waited", "accepted", verdict(answer))
    answer = publish_probe(bus, slug, "after-new-key")
    checks.same("key-issued-anew-publish", "accepted", verdict(answer))
