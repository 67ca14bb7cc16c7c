# SPDX-License-Identifier: Apache-2.0
"""A section of three MiB from the border post to the police: real processes, sockets and disks."""
import json
import random
import shutil
import signal
import subprocess
import unittest

from bus_case import BusCase

NAME = "Trịnh Thị Bích Ngà"
CHUNK = 256 * 1024
NOTE = 19_000


def text_of(bytes_wanted, seed):
    """Notes of a person each; no two alike, with letters of two and three bytes."""
    draw = random.Random(seed)
    persons = [{"legal_class": "undergoing_identification", "name": {"full": NAME}}]
    size = 0
    while size < bytes_wanted:
        note = " ".join(f"{draw.getrandbits(64):x} lời khai ngày {draw.randrange(28) + 1}"
                        for _ in range(NOTE // 40))
        persons.append({"legal_class": "accompanying_minor", "note": note})
        size += len(note.encode())
    return {"persons": persons}


def sections(identity):
    return {
        "document": {"number": "1", "symbol": "BC", "date": "2021-09-06", "signer": "Lâm",
                     "signer_title": "Đồn trưởng", "urgency": "normal"},
        "identity": identity,
        "circumstances": {"entry_channel": "self_report"},
    }


def der_objects(data):
    while data:
        length = data[1] & 0x7f
        size = 2 + length + int.from_bytes(data[2:2 + length], "big")
        yield data[:size]
        data = data[size:]


class Large(BusCase):
    nodes = ("border-guard", "police", "information")

    def open_case(self, identity, *options):
        return self.bus.at("border-guard", "case", "open", "--to", "police", "--data", "-",
                           *options, text_in=json.dumps({"sections": sections(identity)},
                                                        ensure_ascii=False))

    def plain(self, slug, message):
        return self.bus.at(slug, "message", "section", message, "identity", "--plain")

    def arrived(self, slug, message):
        return self.eventually(lambda: self.plain(slug, message).exit == 0)

    def test_three_mib_are_read_back_byte_for_byte_by_who_is_granted_them(self):
        identity = text_of(3 * 1024 * 1024, seed=1)
        sent = self.open_case(identity).need()
        self.arrived("police", sent["id"])
        read = self.plain("police", sent["id"]).need()
        self.assertEqual(read, identity)
        shown = self.bus.at("police", "message", "show", sent["id"])
        self.assertEqual(shown.exit, 0, shown.out)
        self.assertTrue(all(shown.data["verified"].values()))
        forms = {row["name"]: row["form"] for row in shown.data["sections"] if row["granted"]}
        self.assertEqual(forms["identity"], "chunked")
        self.assertEqual(forms["document"], "sealed")
        stranger = self.bus.at("information", "message", "show", sent["id"], "--wait", 2)
        self.assertEqual(stranger.exit, 4)
        self.assertEqual(self.status("police")["alarms"], [])
        self.assertEqual(self.status("border-guard")["outbox"], 0)

        self.chunks_open_with_openssl(sent["id"], NAME)
        self.the_broker_holds_no_word_of_it()

    def chunks_open_with_openssl(self, message, name):
        home = self.bus.node_home("police")
        whole = self.place / "identity.cms"
        self.bus.at("police", "message", "section", message, "identity", "--out",
                    str(whole)).need()
        chunks = list(der_objects(whole.read_bytes()))
        self.assertGreaterEqual(len(chunks), 3 * 1024 * 1024 // CHUNK)
        one = self.place / "chunk.cms"
        one.write_bytes(chunks[-1])  # FlatBuffers write from the back: the first person is last
        done = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-binary",
                               "-in", str(one), "-inkey", str(home / "keys/seal-1.pem"),
                               "-recip", str(home / "keys/seal-1.crt"),
                               "-passin", f"file:{home / 'passphrase'}"],
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn(name.encode(), done.stdout)

    def the_broker_holds_no_word_of_it(self):
        self.bus.broker.stop()
        copy = self.place / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.bus.broker_home / "data", copy)
        self.bus.start_broker()
        data = (copy / "data.mdb").read_bytes()
        self.assertGreater(len(data), 3 * 1024 * 1024)
        for word in (NAME, "lời khai ngày"):
            self.assertNotIn(word.encode(), data)
        verified = self.bus.run("audit", "verify", str(copy))
        self.assertEqual(verified.exit, 0, verified.out)

    def test_killed_on_the_way_it_goes_on_where_it_was(self):
        identity = text_of(3 * 1024 * 1024, seed=2)
        waiting = self.open_case(identity, "--wait", 0)
        self.assertEqual(waiting.exit, 6, waiting.out + waiting.err)
        self.bus.broker.stop(signal.SIGKILL)
        self.bus.nodes["border-guard"].stop(signal.SIGKILL)
        self.bus.start_broker()
        self.bus.start_nodes(["border-guard"])
        self.eventually(lambda: self.status("border-guard")["outbox"] == 0)
        entries = [one for one in self.bus.consume("police")
                   if one["sections"].get("document") and one["kind"] == "intake-record"]
        newest = entries[-1]["id"]
        self.bus.nodes["police"].stop(signal.SIGKILL)
        self.bus.start_nodes(["police"])
        self.arrived("police", newest)
        self.assertEqual(self.plain("police", newest).need(), identity)
        ids = [one["id"] for one in self.bus.consume("border-guard")]
        self.assertEqual(len(ids), len(set(ids)))

    def test_a_file_larger_than_the_command_takes_is_refused_and_the_node_goes_on(self):
        refused = self.open_case(text_of(4 * 1024 * 1024, seed=3))
        self.assertEqual(refused.exit, 3)
        self.assertEqual(refused.code, "oversized")
        self.assertEqual(self.status("border-guard")["outbox"], 0)


if __name__ == "__main__":
    unittest.main()
