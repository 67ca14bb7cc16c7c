#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that a compiler does not know: includes, sizes, names, forbidden words.

  tidy.py [ROOT]     prints `file:line: rule: what to do` for each fault; exit code 1 if there is one

A file over its limit, or a function, may say `tidy: long because <reason>`: the file in its first
15 lines, the function on the line above it or on its first ones.
"""
import json
import pathlib
import re
import sys
from typing import NamedTuple

import cpp_text
import layers

FILE_LINES_MAX = 500
FAILPOINTS = "bus/base/failpoint.hpp"
FAILPOINT = re.compile(r"\b(?:FAILPOINT|FAILPOINT_OR_FAIL|FAILS_AT)\((\w+), (\w+)\)")
FUNCTION_LINES_MAX = 70

CPP = {".cpp", ".hpp"}
WITH_SPDX = CPP | {".fbs", ".py", ".sh", ".cmake", ".toml"}
SKIPPED_FOLDERS = {".git", ".cache", "build", "__pycache__"}
FORBIDDEN_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "managers"}

LONG = re.compile(r"tidy: long because \w+")
SPDX = re.compile(r"^(?://|#) SPDX-License-Identifier: Apache-2\.0$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]')
# The journal's own test may say which flags it looks for in an open environment.
LMDB_FLAGS_NAMED = ("tests/unit/bus/journal/", re.compile(r"^\s*const unsigned forbidden = "))
LMDB_FLAGS = re.compile(r"\bMDB_(?:NOSYNC|NOMETASYNC|WRITEMAP|MAPASYNC)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}*/-])/(?:work|root|home|Users)/[\w.]")
OWNED_AT_ONCE = re.compile(r"unique_ptr<[^;{}]*\(\s*$")

IN_TESTS = (
    (re.compile(r"\bDISABLED_"), "disabled-test", "repair the test or delete it"),
    (re.compile(r"\bGTEST_SKIP\b"), "skipped-test", "make what it needs, or move it to a suite "
     "that has it"),
    (re.compile(r"\bsleep_(?:for|until)\b|\busleep\s*\(|\bnanosleep\s*\("), "sleep",
     "wait for the event, or move a ManualClock"),
    (re.compile(r"\b(?:EXPECT|ASSERT)_(?:TRUE\(\s*true|FALSE\(\s*false)\s*\)"), "empty-assertion",
     "assert something that can fail"),
)


class Fault(NamedTuple):
    path: str
    line: int
    rule: str
    what: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.what}"


class Source:
    """A text file of the project, with what the rules ask about it."""

    def __init__(self, root, path):
        self.path = path
        self.file = root / path
        self.suffix = self.file.suffix
        self.text = self.file.read_text(encoding="utf-8", errors="replace")
        self.lines = self.text.splitlines()
        self.is_test = path.startswith("tests/")
        self.is_tidy = path.startswith("tests/tidy/")
        self.module = layers.module_of(path)
        self.code = cpp_text.blank(self.text) if self.suffix in CPP | {".fbs"} else self.text
        self.includes = list(self._includes()) if self.suffix in CPP else []

    def _includes(self):
        for number, (line, code) in enumerate(zip(self.lines, self.code.splitlines()), 1):
            match = INCLUDE.match(line)
            if match and code.lstrip().startswith("#"):
                yield number, match.group(1) == "<", match.group(2)

    def is_script(self):
        return self.suffix in {".py", ".sh"} or (not self.suffix and self.text.startswith("#!"))

    def wants_spdx(self):
        return (self.suffix in WITH_SPDX or self.file.name == "CMakeLists.txt" or self.is_script())

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def fault(self, line, rule, what):
        return Fault(self.path, line, rule, what)


def check_names(path):
    for part in pathlib.PurePosixPath(path).parts:
        if FORBIDDEN_NAMES & set(re.split(r"[._-]", part.lower())):
            yield Fault(path, 1, "name", f"call {part} after what it is about")


def check_spdx(source):
    if not source.wants_spdx():
        return
    first = 1 if source.text.startswith("#!") else 0
    if len(source.lines) <= first or not SPDX.match(source.lines[first]):
        yield source.fault(first + 1, "spdx", "begin with SPDX-License-Identifier: Apache-2.0")


def check_length(source):
    if not (source.wants_spdx() and len(source.lines) > FILE_LINES_MAX):
        return
    if not any(LONG.search(line) for line in source.lines[:15]):
        yield source.fault(FILE_LINES_MAX + 1, "file-length",
                           f"{len(source.lines)} lines: split the file by what it does, or say "
                           "near its top `tidy: long because …`")


def check_functions(source):
    if source.suffix not in CPP:
        return
    for function in cpp_text.functions(source.code):
        length = function.last_line - function.first_line + 1
        around = source.lines[max(0, function.first_line - 3):function.first_line + 3]
        if length > FUNCTION_LINES_MAX and not any(LONG.search(line) for line in around):
            yield source.fault(function.first_line, "function-length",
                               f"{function.name} has {length} lines: split it, or say above it "
                               "`tidy: long because …`")


def check_own_include(source, line, name, root):
    target = layers.module_of(name)
    if target is None:
        yield source.fault(line, "include", f'write "{name}" from the root of the repository')
        return
    if target == "schemas":
        if source.suffix == ".hpp":
            yield source.fault(line, "include", "generated headers stand in .cpp files only")
    elif not (root / name).exists():
        yield source.fault(line, "include", f"there is no {name}")
    if source.module in layers.ANYTHING or target == source.module:
        return
    if target not in layers.MODULES[source.module]:
        yield source.fault(line, "layer", f"{source.module} may not include {target}: turn the "
                           "dependency round, or pass an interface in")
    allowed = layers.INTERFACES.get((source.module, target))
    if allowed is not None and name not in allowed:
        yield source.fault(line, "layer", f"{source.module} may include {sorted(allowed)} of "
                           f"{target} only")


def check_third_party_include(source, line, name):
    head = layers.third_party_of(name)
    if head is None or source.is_test:  # tests look at libraries from outside
        return
    if head not in layers.THIRD_PARTY:
        yield source.fault(line, "third-party", f"<{name}> has no owner: add it to "
                           "tests/tidy/layers.py with the module that owns it, or do without")
        return
    owners = layers.THIRD_PARTY[head]
    if owners is not None and source.module not in owners:
        yield source.fault(line, "third-party", f"<{name}> belongs to {', '.join(sorted(owners))}: "
                           "use their interface")


def check_includes(source, root):
    for line, angled, name in source.includes:
        if source.module is None:
            yield source.fault(line, "layer", "a module that tests/tidy/layers.py does not know")
            return
        if angled:
            yield from check_third_party_include(source, line, name)
        else:
            yield from check_own_include(source, line, name, root)


def check_lmdb_flags(source):
    folder, named = LMDB_FLAGS_NAMED
    for number, line in enumerate(source.lines, 1):
        if source.is_tidy or (source.path.startswith(folder) and named.match(line)):
            continue
        for match in LMDB_FLAGS.finditer(line):
            yield source.fault(number, "lmdb-flag",
                               f"{match.group()} loses acknowledged messages: leave it out")


def check_words(source):
    if not source.is_tidy:
        for match in MACHINE_PATH.finditer(source.text):
            yield source.fault(source.line_of(match.start()), "machine-path",
                               "take the path from an argument, an option or the build")
    # The programs of tests/bench are no tests: they measure, and a consumer that polls waits a moment.
    if source.suffix in CPP and source.is_test and not source.path.startswith("tests/bench/"):
        for pattern, rule, what in IN_TESTS:
            for match in pattern.finditer(source.code):
                yield source.fault(source.line_of(match.start()), rule, what)


def check_new_and_delete(source):
    if source.suffix not in CPP:
        return
    code = cpp_text.blank_directives(source.code)
    # `operator new` and `operator delete` are calls of an allocator, and say so.
    for match in re.finditer(r"(?<!operator )\bnew\b(?=\s*[\w:(])", code):
        # For private constructors: owned by a unique_ptr in the same expression.
        if not OWNED_AT_ONCE.search(code[max(0, match.start() - 200):match.start()]):
            yield source.fault(source.line_of(match.start()), "raw-new",
                               "use make_unique, or a value")
    for match in re.finditer(r"(=\s*|operator\s*)?\bdelete\b", code):
        if not match.group(1):
            yield source.fault(source.line_of(match.start()), "raw-delete",
                               "let a unique_ptr own it")


def check_schema(source):
    if source.suffix != ".fbs":
        return
    for match in re.finditer(r"nested_flatbuffer", source.code):
        yield source.fault(source.line_of(match.start()), "nested-flatbuffer",
                           "use [ubyte] and verify the inner bytes on their own")
    for table in re.finditer(r"\btable\s+(\w+)[^{;]*\{([^}]*)\}", source.code):
        for field in re.finditer(r"(\w+)\s*:[^;]*;", table.group(2)):
            if not re.search(r"[(,]\s*id\s*:\s*\d+", field.group()):
                yield source.fault(source.line_of(table.start(2) + field.start()), "field-id",
                                   f"give {table.group(1)}.{field.group(1)} an `id:`")


def check_failpoints(sources):
    """Each place of the table is passed before and after its step; nothing else names places."""
    table = sources.get(FAILPOINTS)
    if table is None:
        return
    places = re.search(r"kPlaces\{(.*?)\};", table.text, re.S)
    names = re.findall(r'"(\w+)"', places.group(1)) if places else []
    used = set()
    for source in sources.values():
        if source.suffix not in CPP or source.path == FAILPOINTS:
            continue
        for match in FAILPOINT.finditer(source.code):
            used.add(match.groups())
            if source.is_test or source.suffix == ".hpp":
                yield source.fault(source.line_of(match.start()), "failpoint",
                                   "places stand in sources of the product only")
    for name in names:
        for when in ("before", "after"):
            if (name, when) not in used:
                yield table.fault(1, "failpoint", f"nothing passes {name}, {when}")
    presets = sources.get("CMakePresets.json")
    for preset in json.loads(presets.text)["configurePresets"] if presets else []:
        variables = preset.get("cacheVariables", {})
        if variables.get("CMAKE_BUILD_TYPE") == "Release" and "LT_FAILPOINTS" in variables:
            yield presets.fault(1, "failpoint", "a release has no failpoints")


def exposed(header, sources, known):
    """Third-party names that this header shows to whoever includes it, through our headers too."""
    if header in known:
        return known[header]
    known[header] = set()  # ends circles
    source = sources.get(header)
    if source is None or header in layers.OPEN_HEADERS:
        return known[header]
    shown = set()
    for _, angled, name in source.includes:
        if angled:
            head = layers.third_party_of(name)
            shown |= {head} if head and head != "fmt" else set()
        else:
            shown |= exposed(name, sources, known)
    known[header] = shown
    return shown


def check_exposure(sources):
    """A header with a third-party header in it is private to those who own that library."""
    known = {}
    for source in sources.values():
        if source.is_test:
            continue
        for line, angled, name in source.includes:
            if angled:
                continue
            for head in sorted(exposed(name, sources, known)):
                owners = layers.THIRD_PARTY.get(head)
                if owners and source.module not in owners:
                    yield source.fault(line, "exposed", f"{name} shows <{head}…> to "
                                       f"{source.module}: keep its types out of the header")


def files_of(root):
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root)
        if file.is_file() and not SKIPPED_FOLDERS & set(path.parts):
            yield path.as_posix()


def is_text(root, path):
    return b"\0" not in (root / path).read_bytes()[:4096]


def check_all(root):
    sources = {path: Source(root, path) for path in files_of(root) if is_text(root, path)}
    for path, source in sources.items():
        yield from check_names(path)
        yield from check_spdx(source)
        yield from check_length(source)
        yield from check_functions(source)
        yield from check_includes(source, root)
        yield from check_lmdb_flags(source)
        yield from check_words(source)
        yield from check_new_and_delete(source)
        yield from check_schema(source)
    yield from check_exposure(sources)
    yield from check_failpoints(sources)


def main(arguments):
    default = pathlib.Path(__file__).resolve().parents[2]
    root = pathlib.Path(arguments[0]).resolve() if arguments else default
    faults = sorted(check_all(root))
    for fault in faults:
        print(fault)
    print(f"tidy: {len(faults)} faults", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
