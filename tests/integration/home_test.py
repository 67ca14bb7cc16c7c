# SPDX-License-Identifier: Apache-2.0
"""Homes of nodes and brokers: modes of secrets, passphrases, configuration."""
import shutil
import subprocess
import unittest

from bus_case import BusCase


class Home(BusCase):
    nodes = ("labour",)

    def setUp(self):
        self.home = self.place / "home"
        shutil.copytree(self.bus.node_home("police"), self.home)
        self.addCleanup(shutil.rmtree, self.home)

    def start(self, home=None, role="node"):
        done = subprocess.run([str(self.bus.binary), role, "--home", str(home or self.home),
                               "--json"], capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    def change_config(self, change, name="node.toml", home=None):
        path = (home or self.home) / name
        path.write_text(change(path.read_text()))

    def test_a_looser_mode_of_a_secret_is_refused(self):
        for name in ("keys/sign.pem", "keys/seal-1.pem", "keys/curve.pem", "keys/master.key",
                     "passphrase"):
            path = self.home / name
            for mode in (0o640, 0o604, 0o644):
                path.chmod(mode)
                code, said = self.start()
                self.assertNotEqual(code, 0, name)
                self.assertIn("unsafe_mode", said, name)
            path.chmod(0o600)

    def test_a_wrong_passphrase_opens_nothing(self):
        path = self.home / "passphrase"
        path.write_bytes(b"0" * len(path.read_bytes()))
        code, said = self.start()
        self.assertEqual(code, 4, said)
        self.assertIn("passphrase", said)

    def test_an_unknown_configuration_key_is_an_error_with_its_name(self):
        self.change_config(lambda text: "colour = 1\n" + text)
        code, said = self.start()
        self.assertEqual(code, 2, said)
        self.assertIn("colour", said)

    def test_a_configuration_that_is_no_toml_is_an_error(self):
        self.change_config(lambda text: text + "\n= =\n")
        self.assertEqual(self.start()[0], 2)

    def test_a_broker_refuses_an_unknown_configuration_key(self):
        home = self.place / "broker-home"
        shutil.copytree(self.bus.broker_home, home, ignore=shutil.ignore_patterns("*.sock"))
        self.addCleanup(shutil.rmtree, home)
        self.change_config(lambda text: "colour = 1\n" + text, "broker.toml", home)
        code, said = self.start(home, "broker")
        self.assertEqual(code, 2, said)
        self.assertIn("colour", said)

    def test_a_second_process_on_one_home_is_refused(self):
        code, said = self.start(self.bus.node_home("labour"))
        self.assertNotEqual(code, 0)
        self.assertIn("already_running", said)

    def test_a_directory_that_is_no_home_is_named(self):
        code, said = self.start(self.place)
        self.assertEqual(code, 2, said)
        self.assertIn("bad_argument", said)

    def test_init_leaves_a_full_directory_alone(self):
        answer = self.bus.run("init", "--setup", str(self.bus.setup), "--home",
                              str(self.bus.directory))
        self.assertEqual(answer.code, "already_exists")

    def test_a_node_of_a_forged_list_of_administrators_does_not_start(self):
        self.change_config(lambda text: "".join(
            f'administrators = "{"0" * 64}"\n' if row.startswith("administrators") else row + "\n"
            for row in text.splitlines()))
        self.assertNotEqual(self.start()[0], 0)


if __name__ == "__main__":
    unittest.main()
