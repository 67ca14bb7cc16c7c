# SPDX-License-Identifier: Apache-2.0
"""What can be proven afterwards: the copied log, single messages, sealed sections."""
import json
import mmap
import shutil
import subprocess
import unittest

from bus_case import BusCase, figure, line

PAGE = 4096
NAME = "Trịnh Thị Bích Ngà"
SECTIONS = {
    "document": {"number": "1", "symbol": "BC", "date": "2021-09-06", "signer": "Lâm",
                 "signer_title": "Đồn trưởng", "urgency": "normal"},
    "identity": {"persons": [{"legal_class": "undergoing_identification",
                              "name": {"full": NAME}}]},
    "circumstances": {"entry_channel": "self_report"},
}


class Audit(BusCase):
    def copy(self):
        """The broker's data directory as it stands when the broker has ended."""
        self.bus.broker.stop()
        copy = self.place / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.bus.broker_home / "data", copy)
        self.bus.start_broker()
        return copy

    def verify(self, copy):
        """Against the list that a node believes in."""
        return self.bus.run("audit", "verify", str(copy), "--administrators",
                            str(self.bus.broker_home / "genesis" / "administrators.doc"))

    def test_a_copied_log_is_whole_and_a_flipped_byte_is_found(self):
        sent = self.accepted(self.publish("police", "".join(
            line(f"audit-{i}", figure("probe-of-the-audit", i)) for i in range(100))))
        copy = self.copy()
        whole = self.verify(copy)
        self.assertEqual(whole.exit, 0, whole.out)
        self.assertTrue(whole.data["ok"])
        self.assertIsNone(whole.data["first_fault"])
        self.assertGreater(whole.data["entries"], sent[-1]["position"])
        self.assertRegex(whole.data["root"], "^[0-9a-f]{64}$")
        self.assertEqual(whole.data["anchor"], "given")
        alone = self.bus.run("audit", "verify", str(copy))
        self.assertEqual((alone.exit, alone.data["anchor"]), (0, "from_the_copy"))
        other = self.bus.run("audit", "verify", str(copy), "--administrators-sha256", "0" * 64)
        self.assertEqual(other.exit, 7, other.out)
        self.assertEqual(other.data["first_fault"]["code"], "threshold_not_met")
        self.assertGreater(self.flip(copy / "data.mdb", b"probe-of-the-audit"), 0)
        faulty = self.verify(copy)
        self.assertEqual(faulty.exit, 7, faulty.out)
        self.assertFalse(faulty.data["ok"])
        self.assertIsNotNone(faulty.data["first_fault"]["position"])
        self.assertTrue(faulty.data["first_fault"]["code"])

    def flip(self, path, known):
        """One byte in each page that holds a known text: one of them is in use."""
        pages = set()
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
            at = data.find(known)
            while at >= 0:
                if at // PAGE not in pages:
                    pages.add(at // PAGE)
                    data[at] ^= 1
                at = data.find(known, at + 1)
        return len(pages)

    def test_a_cut_file_is_corrupt(self):
        self.accepted(self.publish("police", line("cut", figure())))
        copy = self.copy()
        path = copy / "data.mdb"
        with open(path, "r+b") as file:
            file.truncate(path.stat().st_size // 2)
        self.assertEqual(self.verify(copy).exit, 7)


class Message(BusCase):
    nodes = ("border-guard", "police", "labour", "information")

    def setUp(self):
        if not hasattr(Message, "intake"):
            Message.intake = self.bus.at("border-guard", "case", "open", "--to", "police",
                                         "--data", "-",
                                         text_in=json.dumps({"sections": SECTIONS})).need()
            self.eventually(lambda: self.bus.at("police", "message", "show",
                                                self.intake["id"]).exit == 0)

    def test_everything_about_a_message_is_verified_by_its_reader(self):
        shown = self.bus.at("police", "message", "show", self.intake["id"]).need()
        self.assertEqual(shown["verified"], {"signature": True, "receipt": True,
                                             "consistency": True, "commitments": True})
        granted = {row["name"] for row in shown["sections"] if row["granted"]}
        self.assertIn("identity", granted)

    def test_openssl_opens_a_sealed_section_with_the_agencys_key(self):
        home = self.bus.node_home("police")
        sealed = self.place / "identity.cms"
        self.bus.at("police", "message", "section", self.intake["id"], "identity", "--out",
                    str(sealed)).need()
        self.assertNotIn(NAME.encode(), sealed.read_bytes())
        done = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-binary",
                               "-in", str(sealed), "-inkey", str(home / "keys/seal-1.pem"),
                               "-recip", str(home / "keys/seal-1.crt"),
                               "-passin", f"file:{home / 'passphrase'}"],
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn(NAME.encode(), done.stdout)

    def test_another_agencys_key_opens_nothing(self):
        home = self.bus.node_home("information")
        sealed = self.place / "identity-2.cms"
        self.bus.at("police", "message", "section", self.intake["id"], "identity", "--out",
                    str(sealed)).need()
        done = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-binary",
                               "-in", str(sealed), "-inkey", str(home / "keys/seal-1.pem"),
                               "-recip", str(home / "keys/seal-1.crt"),
                               "-passin", f"file:{home / 'passphrase'}"],
                              capture_output=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)

    def test_who_is_no_party_has_neither_message_nor_case(self):
        answer = self.bus.at("information", "message", "show", self.intake["id"], "--wait", 2)
        self.assertEqual(answer.exit, 4)
        self.assertEqual(answer.out, self.bus.at("information", "message", "show",
                                                 "0123456789abcdef-1", "--wait", 2).out)
        texts = [json.dumps(message) for message in self.bus.consume("information")]
        self.assertFalse([text for text in texts if self.intake["case"] in text])

    def test_an_output_file_that_exists_is_left_alone(self):
        there = self.place / "there"
        there.write_text("mine")
        answer = self.bus.at("police", "message", "section", self.intake["id"], "identity",
                             "--out", str(there))
        self.assertEqual(answer.code, "already_exists")
        self.assertEqual(there.read_text(), "mine")


if __name__ == "__main__":
    unittest.main()
