# SPDX-License-Identifier: Apache-2.0
"""Looks for the invented persons where they must not be: in what the broker keeps, logs and holds
in its memory. Every text of the stories is personal, but for the fields that are listed here."""
import json
import mmap
import os
import re
import shutil
import signal
import subprocess
import tempfile
import tomllib
import unicodedata
from pathlib import Path

# Fields whose text is public: words of a list of the schema ...
CODES = {"gender", "nationality", "country", "legal_class", "kind", "marital_status",
         "entry_channel", "exploitation", "control", "conclusion", "persons_class", "ground",
         "decided_by", "outcome", "scope", "read_to", "language",
         "safe_to_call", "pregnant", "treatment_needed", "danger"}
# ... and the dates of documents and acts. Births, papers and what befell a person are not here.
DATES = {"recorded_on", "received_on", "examined_on", "handed_over_on", "checked_on", "answer_by",
         "answer_by_before", "decided_on", "issued_on", "given_on", "date", "stay_until"}
PUBLIC = CODES | DATES
# What the stories say of agencies and places that the registry names too: the broker holds those.
OF_THE_REGISTRY = {"huyện Kim Sơn", "tỉnh Ninh Bình", "UBND xã Kim Đông"}
SHORTEST = 7
DIGITS_LEAST = 8
GCORE_SECONDS = 120
PAGE = 4096
ZEROS = bytes(PAGE)
ENDING = 8


def texts_of(value, field=""):
    """Texts and large numbers that must not leave the sealed sections."""
    if isinstance(value, dict):
        for name, content in value.items():
            yield from texts_of(content, name)
    elif isinstance(value, list):
        for content in value:
            yield from texts_of(content, field)
    elif field in PUBLIC or isinstance(value, bool):
        return
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int) and value >= 10 ** (DIGITS_LEAST - 1):
        yield value


def told(story):
    """What a story puts into messages; the rest of it are words for the command line."""
    yield from texts_of([*story.get("parts", {}).values(), story.get("tip", {}),
                         story.get("outcome", {})])
    for step in [*story.get("steps", []), story.get("accept", {}), story]:
        # Number, symbol and date of a document are codes; who signed it is not.
        yield from step.get("document", [])[3:]
        yield from texts_of([content for content in step.get("sections", {}).values()
                             if not isinstance(content, str)])


def registry_words(setup):
    """Every text of the public registry, one a line."""
    def walk(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            return [text for content in value for text in walk(content)]
        return [value] if isinstance(value, str) else []
    with open(setup / "bus.toml", "rb") as file:
        return "\n".join(walk(tomllib.load(file)))


def forms(text):
    """The bytes that a text may stand in: UTF-8 composed and decomposed, UTF-16, without accents,
    and its digits alone; a number also as eight bytes."""
    if isinstance(text, int):
        yield text.to_bytes(8, "little")
        text = str(text)
    composed = unicodedata.normalize("NFC", text)
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    for form in {composed, decomposed, composed.upper(), composed.lower(),
                 bare.replace("đ", "d").replace("Đ", "D")}:
        yield form.encode()
        yield form.encode("utf-16-le")
    digits = re.sub("[^0-9]", "", text)
    for number in {digits, *re.findall("[0-9]+", text)}:
        if len(number) >= DIGITS_LEAST:
            yield number.encode()


def choose(paths, setup):
    """(texts to search for, those too short to be, those that the registry makes public). A short
    one that stands in a longer one, as a given name in a full one, goes with that."""
    every = {text for path in paths for text in told(json.loads(path.read_text(encoding="utf-8")))}
    words = registry_words(setup)
    public = {text for text in every if isinstance(text, str) and text in words}
    long = {text for text in every - public if isinstance(text, int) or len(text) >= SHORTEST}
    short = {text for text in every - public - long
             if not any(isinstance(other, str) and text in other for other in long)}
    return long, short, public


def needles(texts):
    """{bytes: text}; what two texts share, as a number, goes to the shorter one."""
    found = {}
    for text in sorted(texts, key=lambda text: (len(str(text)), str(text))):
        for form in forms(text):
            found.setdefault(form, text)
    return found


def as_pattern(wanted):
    """One expression that looks at each place of the data once, whatever the number of texts."""
    if len(wanted) == 1:
        return re.escape(wanted[0])
    branches = {}
    for one in wanted:
        if one:
            branches.setdefault(one[:1], []).append(one[1:])
    choices = [re.escape(first) + as_pattern(rest) for first, rest in sorted(branches.items())]
    body = choices[0] if len(choices) == 1 else b"(?:" + b"|".join(choices) + b")"
    return b"(?:" + body + b")?" if b"" in wanted else body


def filled(data):
    """(begin, end) of what is not all zeros, as nearly all of a memory image is. A bit of what
    follows belongs to it: a number or UTF-16 may end in zeros."""
    begin = None
    for at in range(0, len(data), PAGE):
        if data[at:at + PAGE] == ZEROS[:len(data) - at]:
            if begin is not None:
                yield begin, at + ENDING
            begin = None
        elif begin is None:
            begin = at
    if begin is not None:
        yield begin, len(data)


class Search:
    def __init__(self, wanted):
        self.pattern = re.compile(as_pattern(sorted(wanted)), re.DOTALL)
        self.wanted = wanted

    def in_bytes(self, data):
        found = set()
        for begin, end in filled(data):
            found |= {self.wanted[match.group()]
                      for match in self.pattern.finditer(data, begin, end)}
        return sorted(found, key=str)

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
    """The only reasons for which an image is not searched."""
    if os.geteuid() != 0:
        return "not root"
    if shutil.which("gcore") is None:
        return "gcore (package gdb) is not there"
    code = Path(binary).read_bytes()
    if b"__asan_init" in code or b"__tsan_init" in code:
        return "a program with sanitizers keeps too much memory for an image"
    return None


def check_secrecy(bus, paths, checks):
    texts, short, public = choose(paths, bus.setup)
    checks.same("secrecy-every-text-is-searched-for", 0, len(short))
    checks.same("secrecy-public-by-the-registry", sorted(OF_THE_REGISTRY), sorted(public))
    wanted = needles(texts)
    search = Search(wanted)
    # The search itself must be able to find: each form, planted, is found.
    planted = b"\0\0".join(wanted)
    checks.same("secrecy-search-finds-what-is-there", len(texts), len(search.in_bytes(planted)))
    checks.same("secrecy-broker-data-files", {}, search.in_directory(bus.broker_home))
    checks.same("secrecy-log-output", {}, search.in_directory(bus.directory / "logs"))
    check_memory(bus, search, checks)


def check_memory(bus, search, checks):
    reason = why_no_memory_image(bus.binary)
    if reason:
        checks.skipped("secrecy-broker-memory", [], reason)
        checks.skipped("secrecy-memory-image-is-one", True, reason)
        return
    with tempfile.TemporaryDirectory(dir=bus.directory) as place:
        image, fault = take_image(bus.broker.pid, Path(place) / "image")
        if fault:
            checks.same("secrecy-broker-memory", [], fault)
            return
        checks.same("secrecy-broker-memory", [], search.in_file(image))
        # An image that held nothing at all would pass: this one knows its bus.
        known = Search({str(bus.broker_home).encode(): "home", b"ninh-binh": "bus"})
        checks.same("secrecy-memory-image-is-one", True, bool(known.in_file(image)))


def take_image(pid, prefix):
    """(path of the image, None), or (None, why there is none)."""
    # A session of its own: gcore is a script, and what it started has to end with it.
    gcore = subprocess.Popen(["gcore", "-o", str(prefix), str(pid)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             start_new_session=True)
    try:
        _, said = gcore.communicate(timeout=GCORE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(gcore.pid, signal.SIGKILL)
        gcore.communicate()
        return None, f"gcore took more than {GCORE_SECONDS} s"
    image = prefix.with_name(f"{prefix.name}.{pid}")
    if gcore.returncode != 0 or not image.exists():
        return None, f"gcore failed: {said.strip()[-200:]}"
    return image, None
