# SPDX-License-Identifier: Apache-2.0
"""Witnesses: more than half of the agencies co-sign a head, and two notes can be compared by anybody."""
import unittest

from bus_case import BusCase, figure, line


class Witnesses(BusCase):
    nodes = ("labour", "police", "border-guard", "womens-union", "information", "broadcaster")

    def witnessed(self, slug):
        return self.status(slug)["witnessed"]

    def test_a_head_is_witnessed_and_compared_without_a_key(self):
        sent = self.accepted(self.publish("police", line("w", figure())))
        self.eventually(lambda: self.witnessed("labour")["size"] > sent[0]["position"], 90)
        one = self.witnessed("labour")
        self.assertEqual((one["agencies"], one["of"]), (6, 11))
        self.assertRegex(one["time"], "^20")
        self.assertIsNone(one["conflicting"])
        self.assertEqual(self.status("labour")["alarms"], [])
        registry = self.place / "registry.toml"
        registry.write_text(self.bus.at("labour", "registry", "show", json_out=False).out)
        note = self.place / "labour.note"
        note.write_text(one["note"])
        answer = self.bus.run("audit", "compare", str(note), str(note), "--registry", str(registry))
        self.assertEqual(answer.exit, 0, answer.out + answer.err)
        self.assertEqual(answer.data["verdict"], "same")
        self.assertTrue(answer.data["first"]["witnessed"])
        self.assertIn("police", answer.data["signed_both"])
        note.write_text(one["note"].replace("epoch 1", "epoch 2", 1))
        answer = self.bus.run("audit", "compare", str(note), str(note), "--registry", str(registry))
        self.assertEqual(answer.code, "bad_signature")


if __name__ == "__main__":
    unittest.main()
