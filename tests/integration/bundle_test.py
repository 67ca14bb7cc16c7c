# SPDX-License-Identifier: Apache-2.0
"""An agency whose network may not be joined takes part by stick; and the broker's own socket."""
import json
import os
import re
import shutil
import stat
import unittest

from bus_case import ROOT, BusCase, figure, line

SUMMARY = ROOT / "tests/unit/bus/message/samples/ProvinceSummary.json"

class Stick(BusCase):
    nodes = ("labour",)
    offline_slug = "police"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # This node can never connect: nothing listens where it would call.
        config = cls.bus.node_home(cls.offline_slug) / "node.toml"
        text = re.sub(r'(control|data)_endpoint = "[^"]*"',
                      r'\1_endpoint = "tcp://127.0.0.1:9"', config.read_text())
        config.write_text(text)

    def at_broker(self, *words):
        return self.bus.run(*words, home=self.bus.broker_home)

    def file(self, name):
        return self.place / name

    def export(self, name):
        return self.bus.at(self.offline_slug, "bundle", "export", "--out", self.file(name)).need()

    def carry_out(self, name, reply):
        return self.at_broker("bundle", "import", self.file(name), "--out", self.file(reply))

    def take_in(self, reply):
        return self.bus.at(self.offline_slug, "bundle", "import", self.file(reply))

    def summary(self, key):
        """What labour says to every agency."""
        report = json.loads(SUMMARY.read_text())
        report["document"].pop("attachments", None)  # their digests are bytes, not JSON of people
        text = json.dumps({"key": key, "sections": {"report": report}}) + "\n"
        return self.accepted(self.publish("labour", text, kind="province-summary"))

    def offline(self, text):
        """Drafts of the node without a network: in its outbox, durable."""
        answer = self.publish(self.offline_slug, text, "--wait", 0)
        self.assertEqual(answer.exit, 6, answer.out + answer.err)
        return answer.data["waiting"]

    def test_1_figures_go_by_stick_are_counted_and_deliveries_come_back(self):
        theirs = self.summary("summary-1")
        self.assertEqual(self.offline("".join(
            line(f"stick-{i}", figure(low=100 + i)) for i in range(3))), 3)
        exported = self.export("out-1")
        self.assertEqual((exported["batches"], exported["messages"], exported["number"]), (1, 3, 1))
        self.assertEqual(exported["bytes"], self.file("out-1").stat().st_size)
        self.assertEqual(stat.S_IMODE(self.file("out-1").stat().st_mode), 0o600)

        carried = self.carry_out("out-1", "reply-1").need()
        self.assertEqual((carried["receipts"], carried["accepted"], carried["refused"]), (1, 3, 0))
        self.assertGreaterEqual(carried["entries"], 4)
        self.assertFalse(carried["more"])

        taken = self.take_in("reply-1").need()
        self.assertEqual((taken["receipts"], taken["accepted"], taken["refused"], taken["entries"],
                          taken["more"]), (1, 3, 0, 4, False))
        status = self.bus.at(self.offline_slug, "status", "--wait", 0).need()
        self.assertEqual((status["outbox"], status["inbox"], status["alarms"]), (0, 4, []))
        self.assertFalse(status["broker_reachable"])
        self.assertEqual(status["log_size"], self.at_broker("status").need()["log_size"])

        # Another agency counts what came by stick; the offline one what came back to it.
        def counted(slug):
            totals = self.bus.at(slug, "report", "outreach", "--year", 2021, "--wait", 1).need()
            return {row["measure"]: row["value"] for row in totals["totals"]}
        want = 100 + 101 + 102
        self.eventually(lambda: want in counted("labour").values())
        self.assertIn(want, counted(self.offline_slug).values())
        shown = self.bus.at(self.offline_slug, "consume", "--wait", 0)
        ids = {json.loads(row)["id"] for row in shown.out.splitlines()}
        self.assertIn(theirs[0]["id"], ids)

    def test_2_the_same_files_again_are_harmless(self):
        before = self.at_broker("log", "show", "--max", 1000).need()["entries"]
        again = self.carry_out("out-1", "reply-1-again").need()
        self.assertEqual((again["receipts"], again["accepted"]), (1, 3))
        after = self.at_broker("log", "show", "--max", 1000).need()["entries"]
        sent = [row for row in after if row["kind"] == "message"]
        self.assertEqual(sent, [row for row in before if row["kind"] == "message"])
        for reply in ("reply-1", "reply-1-again"):
            taken = self.take_in(reply).need()
            self.assertEqual((taken["receipts"], taken["accepted"], taken["entries"]), (0, 0, 0))

    def test_3_an_empty_outbox_still_asks_and_old_replies_are_refused(self):
        self.summary("summary-2")
        self.assertEqual(self.export("out-2")["batches"], 0)
        self.carry_out("out-2", "reply-2").need()
        self.assertEqual(self.take_in("reply-2").need()["entries"], 1)
        old = self.take_in("reply-1")
        self.assertEqual((old.exit, old.code), (5, "rollback"))

    def test_4_strange_and_altered_files_are_refused_with_their_own_codes(self):
        other = self.bus.at("labour", "bundle", "import", self.file("reply-2"))
        self.assertEqual((other.exit, other.code), (4, "wrong_audience"))
        good = self.file("reply-2").read_bytes()
        for name, data in (("cut", good[:len(good) // 2]), ("empty", b""),
                           ("altered", good[:-40] + bytes([good[-40] ^ 1]) + good[-39:])):
            self.file(name).write_bytes(data)
            for answer in (self.take_in(name), self.carry_out(name, f"{name}-reply")):
                self.assertIn(answer.exit, (3, 4), name)
                self.assertIn(answer.code, ("malformed_frame", "bad_signature"), name)
            self.assertFalse(self.file(f"{name}-reply").exists())
        with open(self.file("large"), "wb") as large:
            large.truncate(64 * 1024 * 1024 + 1)
        self.assertEqual(self.take_in("large").code, "oversized")
        swapped = self.carry_out("reply-2", "nothing")
        self.assertEqual((swapped.exit, swapped.code), (3, "malformed_frame"))
        self.assertEqual(self.take_in("out-2").code, "malformed_frame")
        usage = self.at_broker("bundle", "import", self.file("out-2"))
        self.assertEqual((usage.exit, usage.code), (2, "bad_argument"))

    def test_5_a_broker_that_does_not_run_says_so_and_a_killed_one_loses_nothing(self):
        self.offline(line("stick-killed", figure(low=3)))
        self.export("out-5")
        self.bus.broker.stop()
        refused = self.carry_out("out-5", "reply-5")
        self.assertEqual((refused.exit, refused.code), (6, "unreachable"))
        self.assertIn("lienthong broker", json.dumps(refused.data))
        self.bus.start_broker()
        self.carry_out("out-5", "reply-5").need()
        self.bus.broker.stop(9)
        self.bus.start_broker()
        self.carry_out("out-5", "reply-5-again").need()
        self.assertEqual(self.take_in("reply-5-again").need()["accepted"], 1)

    def test_6_a_network_that_comes_later_says_nothing_twice(self):
        self.offline(line("stick-late", figure(low=5)))
        self.export("out-6")
        self.carry_out("out-6", "reply-6").need()
        config = self.bus.node_home(self.offline_slug) / "node.toml"
        offline = config.read_text()
        broker = self.bus.broker.ready
        config.write_text(re.sub(
            r'(control|data)_endpoint = "[^"]*"',
            lambda found: f'{found[1]}_endpoint = "{broker[found[1]]}"', offline))
        try:
            self.bus.start_nodes([self.offline_slug])
            self.eventually(lambda: self.status(self.offline_slug)["outbox"] == 0)
            taken = self.take_in("reply-6").need()
            self.assertEqual((taken["receipts"], taken["accepted"]), (0, 0))
            keys = [m["id"] for m in self.own(self.offline_slug)]
            self.assertEqual(len(keys), len(set(keys)))
            self.assertEqual(len(keys), 5)
            self.assertEqual(self.status(self.offline_slug)["alarms"], [])
        finally:
            self.bus.stop_node(self.offline_slug)
            config.write_text(offline)


class BrokerSocket(BusCase):
    nodes = ("police",)

    def test_status_and_log_of_a_running_broker_come_from_its_process(self):
        self.accepted(self.publish("police", "".join(
            line(f"row-{i}", figure(low=i)) for i in range(300))))
        home = self.bus.broker_home
        mode = stat.S_IMODE(os.stat(home / "broker.sock").st_mode)
        self.assertEqual(mode, 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(home).st_mode), 0o700)
        running = self.bus.run("status", home=home).need()
        self.assertTrue(running["broker_reachable"])
        self.assertGreater(running["log_size"], 300)
        self.assertRegex(running["root"], "^[0-9a-f]{64}$")
        self.assertEqual((running["registry_version"], running["policy_version"]), (1, 1))
        entries = self.bus.run("log", "show", "--max", 100000, home=home).need()["entries"]
        self.assertEqual([row["position"] for row in entries], list(range(len(entries))))
        self.assertGreaterEqual(len(entries), 300)
        self.assertFalse([name for name in os.listdir(home) if name.startswith("snapshot")])

        self.bus.stop_node("police")
        last = self.bus.run("status", home=home).need()
        self.bus.broker.stop()
        self.assertFalse((home / "broker.sock").exists())
        stopped = self.bus.run("status", home=home).need()
        self.assertEqual({**stopped, "broker_reachable": True}, last)
        self.assertFalse(stopped["broker_reachable"])
        copy = self.place / "copy"
        shutil.copytree(home, copy)
        self.assertEqual(self.bus.run("status", home=copy).need(), stopped)


if __name__ == "__main__":
    unittest.main()
