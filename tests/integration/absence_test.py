# SPDX-License-Identifier: Apache-2.0
"""Nodes and brokers that are away, or there and silent."""
import os
import shutil
import signal
import unittest

from bus_case import BusCase, figure, line


class Absence(BusCase):
    nodes = ("labour", "police", "womens-union")

    def test_a_node_that_was_offline_catches_up(self):
        self.bus.stop_node("labour")
        sent = self.accepted(self.publish("police", "".join(
            line(f"offline-{i}", figure(low=i)) for i in range(50))))
        self.bus.start_nodes(["labour"])
        wanted = {row["id"] for row in sent}

        def all_there():
            return wanted <= {message["id"] for message in self.bus.consume("labour")}
        self.eventually(all_there)
        positions = [message["position"] for message in self.bus.consume("labour")]
        self.assertEqual(positions, sorted(positions))
        self.assertEqual(self.status("labour")["alarms"], [])

    def test_a_consumer_that_stops_reading_stalls_nobody(self):
        labour = self.bus.nodes["labour"].child
        os.kill(labour.pid, signal.SIGSTOP)
        try:
            for number in range(20):
                self.accepted(self.publish("police", "".join(
                    line(f"stopped-{number}-{i}", figure(low=i, note="x" * 1000))
                    for i in range(50))))
            self.assertEqual(len(self.accepted(
                self.publish("womens-union", line("beside", figure())))), 1)
        finally:
            os.kill(labour.pid, signal.SIGCONT)
        own = {message["id"] for message in self.own("police")}
        self.eventually(lambda: own <= {m["id"] for m in self.bus.consume("labour")})

    def test_without_a_broker_the_outbox_keeps_and_sends_later(self):
        self.bus.broker.stop()
        answer = self.publish("police", line("later", figure()), "--wait", 1)
        self.assertEqual(answer.exit, 6)
        self.assertEqual(answer.data["waiting"], 1)
        self.assertEqual(self.status("police")["outbox"], 1)
        self.bus.start_broker()
        self.eventually(lambda: self.status("police")["outbox"] == 0)
        again = self.accepted(self.publish("police", line("later", figure())))
        self.assertIn(again[0]["id"], {message["id"] for message in self.own("police")})


class RolledBackBroker(BusCase):
    def test_a_broker_with_an_old_copy_of_its_log_is_noticed(self):
        self.accepted(self.publish("police", line("before", figure())))
        self.bus.broker.stop()
        data = self.bus.broker_home / "data"
        old = self.place / "old"
        shutil.copytree(data, old)
        self.bus.start_broker()
        self.accepted(self.publish("police", line("after", figure())))
        self.eventually(lambda: self.status("labour")["inbox"] >= 2)
        self.bus.broker.stop()
        shutil.rmtree(data)
        shutil.copytree(old, data)
        self.bus.start_broker()
        self.eventually(lambda: [alarm for alarm in self.status("labour")["alarms"]
                                 if "log_shorter" in alarm or "head_conflict" in alarm])


if __name__ == "__main__":
    unittest.main()
