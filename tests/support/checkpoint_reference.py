#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks a signed checkpoint and its co-signature as an outsider would: by the texts of C2SP
signed-note, tlog-checkpoint and tlog-cosignature, with Python's library and the command openssl.

  checkpoint_reference.py DRIVER OPENSSL

DRIVER prints, in JSON, a checkpoint with one co-signature appended, the two names, the two public
keys, and what the checkpoint should say.
"""
import base64
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410, before the 32 bytes of the key


def key_hash(name, signature_type, key):
    return hashlib.sha256(name.encode() + b"\n" + bytes([signature_type]) + key).digest()[:4]


def openssl_verifies(openssl, key, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        files = {"key": ED25519_SPKI + key, "message": message, "signature": signature}
        for name, content in files.items():
            pathlib.Path(folder, name).write_bytes(content)
        run = subprocess.run([
            openssl, "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
            "-inkey", f"{folder}/key", "-in", f"{folder}/message",
            "-sigfile", f"{folder}/signature"
        ], capture_output=True, check=False)
        return run.returncode == 0


def check(condition, what):
    if not condition:
        raise SystemExit(f"failed: {what}")


def main(driver, openssl):
    told = json.loads(subprocess.run([driver], capture_output=True, check=True).stdout)
    text, signatures = told["note"].rsplit("\n\n", 1)
    body = (text + "\n").encode()

    lines = text.split("\n")
    check(lines[0] == told["origin"], "the first line is the origin")
    check(lines[1] == str(told["size"]), "the second line is the size")
    check(base64.b64decode(lines[2], validate=True).hex() == told["root"], "then the root")
    check(all(lines[3:]), "no extension line is empty")

    by_log, by_witness = signatures.splitlines()
    dash, name, encoded = by_log.split(" ")
    signature = base64.b64decode(encoded, validate=True)
    log_key = bytes.fromhex(told["log_key"])
    check((dash, name) == ("\u2014", told["origin"]), "the log signs under its origin")
    check(signature[:4] == key_hash(name, 0x01, log_key), "key hash of the log")
    check(len(signature) == 68, "length of the log's signature")
    check(openssl_verifies(openssl, log_key, body, signature[4:]), "openssl takes the log's signature")
    check(not openssl_verifies(openssl, log_key, body + b"\n", signature[4:]),
          "openssl refuses it over another text")

    dash, name, encoded = by_witness.split(" ")
    signature = base64.b64decode(encoded, validate=True)
    witness_key = bytes.fromhex(told["witness_key"])
    check((dash, name) == ("\u2014", told["witness"]), "the witness signs under its name")
    check(signature[:4] == key_hash(name, 0x04, witness_key), "key hash of the witness")
    check(len(signature) == 76, "length of the co-signature")
    seconds = int.from_bytes(signature[4:12], "big")
    check(seconds == told["witness_seconds"], "time of the co-signature")
    message = f"cosignature/v1\ntime {seconds}\n".encode() + body
    check(openssl_verifies(openssl, witness_key, message, signature[12:]),
          "openssl takes the co-signature")
    print("checkpoint and co-signature verified")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(sys.argv[1], sys.argv[2])
