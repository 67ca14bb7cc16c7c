# SPDX-License-Identifier: Apache-2.0
"""Processes that end or stand still at random moments, under load."""
import json
import os
import random
import signal
import time

from campaign import Campaign
from network import join
from world import READER, need


class Kills(Campaign):
    """kill -9 of the broker, of a node, or of several at one moment. A copy of the broker's data is
    taken between its death and its restart: what was acknowledged must be in it."""

    name = "kill"
    smoke = 20
    documented = 2000
    runs_per_world = 20

    def victims(self, draw):
        return draw.choice((["broker"], ["broker"], [READER], ["police"], ["broker", "police"],
                            ["broker", READER, "police"], [READER, "police"]))

    def run(self, case, seed, draw):
        world = self.world
        acknowledged = world.acknowledged()
        publishers = world.load(seed, files=3)
        time.sleep(draw.random() * 0.6)
        victims = self.victims(draw)
        before = max((p for a in world.accounts.values() for p in a.acknowledged.values()),
                     default=-1)
        world.kill(*victims)
        self.count_up("killed", len(victims))
        copy = world.copy_data() if "broker" in victims else None
        for name in draw.sample(victims, len(victims)):
            world.start_one(name)
        join(publishers)
        if copy is not None:
            data = world.audit(copy)
            need(data["entries"] > before, "the copy lacks what had been acknowledged", lost=1)
        world.check()
        self.figures["acknowledged"] = self.figures.get("acknowledged", 0) + (
            world.acknowledged() - acknowledged)


class Pauses(Campaign):
    """SIGSTOP of broker and nodes for up to some seconds, then SIGCONT."""

    name = "pause"
    smoke = 3
    documented = 200
    runs_per_world = 20

    def run(self, case, seed, draw):
        world = self.world
        publishers = world.load(seed, files=3)
        for _ in range(2):
            time.sleep(draw.random() * 0.3)
            names = draw.sample(["broker", *world.slugs], draw.choice((1, 1, 2)))
            for name in names:
                os.kill(world.process(name).pid, signal.SIGSTOP)
            time.sleep(draw.choice((0.05, 0.3, 1.0, 1.0, 6.0 if seed % 10 == 0 else 0.5)))
            for name in names:
                os.kill(world.process(name).pid, signal.SIGCONT)
        join(publishers)
        world.check()


def large_sections(size, seed):
    """Sections of an intake record that travels in chunks of 256 KiB."""
    draw = random.Random(seed)
    persons = [{"legal_class": "undergoing_identification", "name": {"full": "Lê Thị Thử"}}]
    while size > 0:
        note = " ".join(f"{draw.getrandbits(64):x} lời khai" for _ in range(600))
        persons.append({"legal_class": "accompanying_minor", "note": note})
        size -= len(note.encode())
    return {"document": {"number": "1", "symbol": "BC", "date": "2021-09-06", "signer": "Lâm",
                         "signer_title": "Đồn trưởng", "urgency": "normal"},
            "identity": {"persons": persons},
            "circumstances": {"entry_channel": "self_report"}}


class Uploads(Campaign):
    """Broker and nodes are killed and started again while chunks of a large section travel."""

    name = "upload"
    smoke = 1
    documented = 100
    runs_per_world = 10

    def make_world(self):
        self.cases_made = 0
        return self.context.world(slugs=("border-guard", "police", READER)).start()

    def open_case(self, world, sections, *options):
        return world.at("border-guard", "case", "open", "--to", "police", "--data", "-", *options,
                        text_in=json.dumps({"sections": sections}, ensure_ascii=False))

    def records(self, slug):
        return [m for m in self.world.consume(slug) if m["kind"] == "intake-record"]

    def run(self, case, seed, draw):
        world = self.world
        sections = large_sections(draw.randrange(300_000, 1_500_000), seed)
        waiting = self.open_case(world, sections, "--wait", 0)
        need(waiting.exit in (0, 6), f"case open: exit {waiting.exit}: {waiting.out[:300]}")
        self.cases_made += 1
        world.other_messages = lambda: self.cases_made
        for _ in range(3):
            time.sleep(draw.random() * 0.3)
            names = draw.choice((["broker"], ["broker"], ["border-guard"], ["police"],
                                 ["broker", "border-guard"]))
            world.kill(*names)
            for name in names:
                world.start_one(name)
        world.until_calm("border-guard")
        found = world.wait_for(lambda: len(self.records("police")) >= self.cases_made, 120)
        need(found, f"{self.cases_made} cases opened, {len(self.records('police'))} arrived",
             lost=1)
        records = self.records("police")
        need(len({m["id"] for m in records}) == len(records) == self.cases_made,
             "a case was opened twice", doubled=1)
        newest = records[-1]["id"]
        need(world.wait_for(lambda: self.plain(newest).exit == 0, 120), "chunks do not arrive")
        need(self.plain(newest).data == sections["identity"], "the section is not what was sent")
        shown = world.at("police", "message", "show", newest).need()
        need(all(shown["verified"].values()), "the record does not verify")
        world.check(verify_messages=0)

    def plain(self, message):
        return self.world.at("police", "message", "section", message, "identity", "--plain")
