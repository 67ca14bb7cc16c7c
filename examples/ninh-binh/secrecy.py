# SPDX-License-Identifier: Apache-2.0
"""Looks for the invented persons where they must not be: in what the broker keeps, logs and holds in
its memory."""
import json
import mmap
import os
import re
import shutil
import subprocess
import tempfile
import unicodedata
from pathlib import Path

# Fields of a story that name, describe or locate a person.
TELLING = {"full", "other", "number", "relative", "relative_phone", "caller_phone", "call_name",
           "holder_name", "recruiter", "recruitment", "statement", "account", "given_by",
           "belongings", "room", "injury", "health", "name", "indications", "route"}
SHORTEST = 7
GCORE_SECONDS = 120


def telling(value, field="", inside=""):
    """Every text of a story that must not leave the sealed sections."""
    if isinstance(value, dict):
        for name, content in value.items():
            yield from telling(content, name, field)
    elif isinstance(value, list):
        for content in value:
            yield from telling(content, field, inside)
    elif isinstance(value, str) and len(value) >= SHORTEST:
        address = field == "text" and inside in ("permanent_address", "last_address", "address",
                                                 "where_now", "answers")
        if field in TELLING or address:
            yield value


def needles(paths):
    """{bytes: text}: each text in UTF-8 composed and decomposed, UTF-16, and without accents."""
    found = {}
    for path in paths:
        for text in telling(json.loads(path.read_text(encoding="utf-8"))):
            composed = unicodedata.normalize("NFC", text)
            decomposed = unicodedata.normalize("NFD", text)
            bare = "".join(c for c in decomposed if not unicodedata.combining(c))
            for form in {composed, decomposed, composed.upper(), composed.lower(),
                         bare.replace("đ", "d").replace("Đ", "D")}:
                found[form.encode()] = text
                found[form.encode("utf-16-le")] = text
    return found


class Search:
    def __init__(self, wanted):
        ordered = sorted(wanted, key=len, reverse=True)
        self.pattern = re.compile(b"|".join(re.escape(one) for one in ordered))
        self.wanted = wanted

    def in_bytes(self, data):
        return sorted({self.wanted[match.group()] for match in self.pattern.finditer(data)})

    def in_file(self, path):
        size = path.stat().st_size
        if size == 0:
            return []
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return self.in_bytes(data)

    def in_directory(self, directory):
        """{file: how many texts were found}; the texts themselves are not repeated."""
        found = {}
        for path in sorted(Path(directory).rglob("*")):
            if path.is_file() and not path.is_symlink():
                texts = self.in_file(path)
                if texts:
                    found[str(path.relative_to(directory))] = len(texts)
        return found


def why_no_memory_image(binary):
    if os.geteuid() != 0:
        return "not root"
    if shutil.which("gcore") is None:
        return "gcore (package gdb) is not there"
    if b"__asan_init" in Path(binary).read_bytes() or b"__tsan_init" in Path(binary).read_bytes():
        return "a program with sanitizers keeps too much memory for an image"
    return None


def check_secrecy(bus, paths, checks):
    wanted = needles(paths)
    search = Search(wanted)
    # The search itself must be able to find: each form, planted, is found.
    planted = b"\0".join(wanted)
    checks.same("secrecy-search-finds-what-is-there", sorted(set(wanted.values())),
                search.in_bytes(planted))
    checks.same("secrecy-broker-data-files", {}, search.in_directory(bus.broker_home))
    checks.same("secrecy-log-output", {}, search.in_directory(bus.directory / "logs"))
    reason = why_no_memory_image(bus.binary)
    if reason:
        checks.skipped("secrecy-broker-memory", [], reason)
        return
    with tempfile.TemporaryDirectory(dir=bus.directory) as place:
        prefix = Path(place) / "image"
        try:
            done = subprocess.run(["gcore", "-o", str(prefix), str(bus.broker.pid)],
                                  capture_output=True, text=True, timeout=GCORE_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            checks.skipped("secrecy-broker-memory", [], "gcore took too long")
            return
        image = prefix.with_name(f"image.{bus.broker.pid}")
        if done.returncode != 0 or not image.exists():
            checks.skipped("secrecy-broker-memory", [], f"gcore failed: {done.stderr.strip()[-200:]}")
            return
        checks.same("secrecy-broker-memory", [], search.in_file(image))
        # An image that held nothing at all would pass: this one knows its bus.
        known = Search({str(bus.broker_home).encode(): "home", b"ninh-binh": "bus"})
        checks.same("secrecy-memory-image-is-one", True, bool(known.in_file(image)))
