# SPDX-License-Identifier: Apache-2.0
"""What the failpoints are reached by: each act arms one process or command, does something that
passes the place, and does it again without. `run` is the campaign, `who` what is armed."""
import json
import shutil
import threading

from kills import large_sections
from network import join
from world import need, set_endpoints

NOWHERE = "tcp://127.0.0.1:9"
SEVEN = ("labour", "police", "border-guard", "womens-union", "trade-union", "broadcaster",
         "information")  # more than half of the agencies


def start(run, who, env, seed, draw):
    run.arm(who, env)
    publishers = run.world.load(seed, files=1)
    run.disarm(who)
    join(publishers)


def first_start(run, who, env, seed, draw):
    """With no data yet: a bus of its own that never ran."""
    run.world.destroy()
    run.world = run.context.world(slugs=("labour", "police", "border-guard"))
    run.records = 0
    run.world.other_messages = lambda: run.records
    run.arm("broker", env)
    run.disarm("broker")
    run.world.start_nodes(run.world.slugs)
    join(run.world.load(seed, files=1))


def load(run, who, env, seed, draw):
    run.arm(who, env)
    publishers = run.world.load(seed, files=3)
    run.disarm(who, lambda: not any(one.is_alive() for one in publishers))
    join(publishers)


def wait(run, who, env, seed, draw):
    run.arm(who, env)
    run.world.wait_for(lambda: run.look(who), 90)
    run.disarm(who)


def chunks(run, who, env, seed, draw):
    run.arm(who, env)
    sections = large_sections(600_000, seed)
    opened = run.world.at("border-guard", "case", "open", "--to", "police", "--data", "-",
                          "--wait", 0, text_in=json.dumps({"sections": sections}))
    run.records += 1

    def arrived():
        records = [m for m in run.world.consume("police") if m["kind"] == "intake-record"]
        if len(records) < run.records:
            return False
        shown = run.world.at("police", "message", "section", records[-1]["id"], "identity",
                             "--plain", "--wait", 1)
        return shown.exit == 0 and shown.data == sections["identity"]
    if opened.exit not in (0, 6):
        # The node ended before it answered: what it has is in its outbox or is not.
        need(who == "border-guard", f"case open: exit {opened.exit}: {opened.out[:300]}")
    run.disarm(who)
    need(run.world.wait_for(arrived, 120), "the large section does not arrive", lost=1)
    records = [m["id"] for m in run.world.consume("police") if m["kind"] == "intake-record"]
    need(len(records) == len(set(records)) == run.records, "a record came twice", doubled=1)


def adopt(run, who, env, seed, draw):
    """The same policy as the next version."""
    world = run.world
    policy = world.admin_home / "policy.toml"
    before = world.admin("status").need()["policy_version"]
    words = ("policy", "adopt", policy, "--home", world.admin_home)
    if who == "command":
        run.armed_command(env, *words)
    else:
        run.arm(who, env)
        first = threading.Thread(target=world.run, args=words, daemon=True)
        first.start()
        run.disarm(who)
        first.join(120)
    after = world.admin("status").need()["policy_version"]
    need(after in (before, before + 1), f"one adoption made {after - before} versions", doubled=1)
    done = world.run(*words, "--wait", 30)
    need(done.exit == 0, f"policy adopt after it: exit {done.exit}: {done.out[:300]}")
    need(world.admin("status").need()["policy_version"] == after + 1, "not the next version")


def rotate(run, who, env, seed, draw):
    """A new signing key for police: asked for, put into the registry, installed at a restart."""
    world = run.world
    home = world.node_home("police")
    request = world.directory / "request"
    request.unlink(missing_ok=True)
    world.stop_node("police")
    words = ("key", "request", "--use", "sign", "--out", request, "--home", home)
    if who == "request":
        done = run.armed_command(env, *words)
        if done.returncode != 0:
            request.unlink(missing_ok=True)
            again = world.run(*words)
            need(again.exit == 0, f"key request again: exit {again.exit}: {again.out[:300]}")
    else:
        world.run(*words).need()
    issued = world.run("key", "rotate", request, "--overlap", 0, "--home", world.admin_home,
                       "--wait", 30)
    need(issued.exit == 0, f"key rotate: exit {issued.exit}: {issued.out[:300]}")
    if who == "police":
        world.start_nodes(["police"])  # learns the registry
        position = issued.data["position"]
        world.at("police", "consume", "--until", position + 1, "--wait", 30)
        run.arm("police", env)
        run.disarm("police")
    else:
        world.start_nodes(["police"])
        world.restart_node("police")
    join(world.load(seed, files=1))


def bundle(run, who, env, seed, draw):
    """Police without a network: figures out by stick, receipts and deliveries back."""
    world = run.world
    config = world.node_home("police") / "node.toml"
    world.stop_node("police")
    set_endpoints(config, NOWHERE, NOWHERE)
    out, reply = world.directory / "stick", world.directory / "reply"
    for file in (out, reply):
        file.unlink(missing_ok=True)

    def command(armed, words):
        """Once with the failpoint, if it is this command's, then until it has been done."""
        target = words[words.index("--out") + 1] if "--out" in words else None
        if armed:
            done = run.armed_command(env, *words)
            if done.returncode == 0:
                return
            if target is not None:
                target.unlink(missing_ok=True)
        again = world.run(*words)
        need(again.exit == 0, f"{words[:2]}: exit {again.exit}: {again.out[:300]}")
    home = ("--home", world.node_home("police"))
    thread = world.load(seed, files=1)
    join(thread)  # police keeps its files in the outbox
    command(who == "export", ["bundle", "export", "--out", out, *home])
    words = ["bundle", "import", out, "--out", reply, "--home", world.broker_home]
    if who == "broker":
        run.arm("broker", env)
        world.run(*words)
        run.disarm("broker", lambda: True)
        reply.unlink(missing_ok=True)
    command(False, words)
    command(who == "import", ["bundle", "import", reply, *home])
    set_endpoints(config, world.control, world.data)
    world.start_nodes(["police"])


def restore(run, who, env, seed, draw):
    """Police's data are put back to a copy from before its outbox went out."""
    world = run.world
    data = world.node_home("police") / "data"
    backup = world.directory / "backup"
    shutil.rmtree(backup, ignore_errors=True)
    world.until_calm("police")
    world.settle()
    world.broker.stop()
    join(world.load(seed, files=2))
    world.stop_node("police")
    shutil.copytree(data, backup)
    world.start_one("broker")
    world.start_nodes(["police"])
    world.until_calm("police")
    world.stop_node("police")
    shutil.rmtree(data)
    shutil.copytree(backup, data)
    run.arm("police", env)
    run.disarm("police")


def init(run, who, env, seed, draw):
    """A bus is made; what a broken attempt left is named, and goes with its directory."""
    place = run.world.directory / "made"
    words = ("init", "--setup", run.world.setup, "--home", place)
    done = run.armed_command(env, *words)
    if done.returncode != 0:
        if any(place.iterdir()):
            again = run.world.run(*words)
            need(again.exit != 0 and again.code == "already_exists",
                 f"init in what a broken one left: exit {again.exit}: {again.out[:300]}")
        shutil.rmtree(place)
        run.world.run(*words).need()
    made = sorted(path.relative_to(place) for path in place.rglob("*"))
    whole = run.context.template()
    need(made == sorted(path.relative_to(whole) for path in whole.rglob("*")),
         "init made other files than it does")
    shutil.rmtree(place)


def witness(run, who, env, seed, draw):
    """With more than half of the agencies there is a witnessed head, which each node keeps."""
    run.world.destroy()
    run.records = 0
    run.world = run.context.world(slugs=SEVEN)
    run.world.accounts = {slug: run.world.accounts[slug] for slug in ("labour", "police")}
    run.world.start_broker()
    run.world.start_nodes(run.world.slugs)
    run.arm(who, env)
    run.world.wait_for(lambda: run.look(who), 120)
    run.disarm(who)


ACTS = {"start": start, "first-start": first_start, "load": load, "wait": wait, "chunks": chunks,
        "adopt": adopt, "rotate": rotate, "bundle": bundle, "restore": restore, "init": init,
        "witness": witness}
