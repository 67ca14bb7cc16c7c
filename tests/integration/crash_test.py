# SPDX-License-Identifier: Apache-2.0
"""A broker that is killed again and again while agencies publish."""
import signal
import threading
import unittest

from bus_case import BusCase, figure, line

KILLS = 10
LINES = 40


class Publisher(threading.Thread):
    """Publishes file after file at one node and notes what was acknowledged."""

    def __init__(self, bus, slug):
        super().__init__(daemon=True)
        self.bus, self.slug = bus, slug
        self.ending = threading.Event()
        self.acknowledged = {}
        self.files = []

    def text(self, number):
        return "".join(line(f"{self.slug}-{number}-{i}", figure(low=i)) for i in range(LINES))

    def run(self):
        while not self.ending.is_set():
            text = self.text(len(self.files))
            self.files.append(text)
            answer = self.bus.at(self.slug, "publish", "--kind", "outreach-report", "-",
                                 "--wait", 2, text_in=text)
            for row in (answer.data or {}).get("accepted", []):
                self.acknowledged[row["id"]] = row["position"]


class KilledBroker(BusCase):
    def test_loses_nothing_acknowledged_and_applies_nothing_twice(self):
        publishers = [Publisher(self.bus, slug) for slug in self.nodes]
        for publisher in publishers:
            publisher.start()
        for kill in range(1, KILLS + 1):
            # Not before something new was acknowledged, so that each kill meets a working broker.
            before = sum(len(publisher.acknowledged) for publisher in publishers)
            self.eventually(lambda b=before: sum(len(p.acknowledged) for p in publishers) > b)
            self.bus.broker.stop(signal.SIGKILL)
            self.bus.start_broker()
        for publisher in publishers:
            publisher.ending.set()
        for publisher in publishers:
            publisher.join(120)
        for publisher in publishers:
            slug = publisher.slug
            self.eventually(lambda s=slug: self.status(s)["outbox"] == 0, 120)
            # Every file again: all lines are there under one id each.
            ids = {}
            for text in publisher.files:
                for row in self.accepted(self.publish(slug, text, "--wait", 60)):
                    ids[row["id"]] = row["position"]
            self.assertEqual(len(ids), LINES * len(publisher.files))
            for message, position in publisher.acknowledged.items():
                self.assertEqual(ids.get(message), position)
            log = self.own(slug)
            self.assertEqual(sorted((row["id"], row["position"]) for row in log),
                             sorted(ids.items()))
            self.assertEqual(self.status(slug)["alarms"], [])


if __name__ == "__main__":
    unittest.main()
