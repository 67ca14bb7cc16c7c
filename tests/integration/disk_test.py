# SPDX-License-Identifier: Apache-2.0
"""A broker whose disk is nearly full: publishing is refused, reading goes on."""
import re
import unittest

from bus_case import BusCase, figure, line

LIMIT = 64 * 1024 * 1024
FIGURES = 180
NOTE = "x" * 2000


class NearlyFull(BusCase):
    nodes = ("labour", "police")

    def test_publishing_is_refused_and_reading_goes_on(self):
        self.bus.broker.stop()
        path = self.bus.broker_home / "broker.toml"
        path.write_text(re.sub(r"used_bytes_max = \d+", f"used_bytes_max = {LIMIT}",
                               path.read_text()))
        self.bus.start_broker()
        accepted = {}
        for number in range(60):
            text = "".join(line(f"full-{number}-{i}", *(figure(low=j, note=NOTE)
                                                        for j in range(FIGURES)))
                           for i in range(6))
            answer = self.publish("police", text, "--wait", 5)
            accepted.update((row["id"], row["position"])
                            for row in (answer.data or {}).get("accepted", []))
            if answer.exit != 0:
                break
        self.assertEqual(answer.exit, 6, answer.out[:500])
        self.assertEqual(answer.data["error"]["code"], "disk_full", answer.out[:500])
        self.assertGreater(len(accepted), 6)
        self.assertGreater(self.status("police")["outbox"], 0)
        metrics = self.bus.broker.ready
        self.assertTrue(self.bus.broker.alive(), metrics)
        # Reading goes on: what was accepted arrives at the reader, and a case is asked for.
        self.eventually(lambda: set(accepted) <= {
            message["id"] for message in self.bus.at("labour", "inbox", "--max", 1000)
            .need()["messages"]}, 120)
        asked = self.bus.at("police", "case", "list", "--officer", "o-cat-01", "--purpose",
                            "verification")
        self.assertEqual(asked.exit, 0, asked.out)
        # With room again, the outbox goes out by itself.
        self.bus.broker.stop()
        path.write_text(re.sub(r"used_bytes_max = \d+", f"used_bytes_max = {LIMIT * 16}",
                               path.read_text()))
        self.bus.start_broker()
        self.eventually(lambda: self.status("police")["outbox"] == 0, 120)


if __name__ == "__main__":
    unittest.main()
