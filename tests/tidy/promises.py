#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A promise is shown by a test that exists: the tests that documents name, each with its suite.

  promises.py [ROOT]     names each test that a document speaks of and no source has
"""
import pathlib
import re
import sys

DECLARED = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")
PYTHON_CLASS = re.compile(r"^class (\w+)\(", re.M)
PYTHON_TEST = re.compile(r"^    def (test_\w+)\(", re.M)
CTEST = re.compile(r"\b(add_test|lt_test|lt_processes|lt_example|lt_faults)\(\s*(?:NAME\s+)?(\w+)")
CTEST_LOOP = re.compile(r"foreach\(name ([\w ]+)\)\s+(lt_\w+)\(")
CTEST_PREFIX = {"lt_processes": "integration_", "lt_example": "integration_example_",
                "lt_faults": "faults_"}

# `Suite.Name`, `Suite.Begin…`, `Suite.*`, `Suite.Begin*`; a file has an ending in small letters.
NAMED = re.compile(r"`([A-Z]\w+)\.((?:[A-Z]|test_)\w*)?(…\w*|\*)?`")
CTEST_NAMED = re.compile(r"\bctest (`\w+`(?:, `\w+`)*)")


def declared_in(root):
    """Suite -> names of its tests."""
    suites = {}
    for path in (*(root / "tests").rglob("*.cpp"), *(root / "tests").rglob("*.hpp")):
        for suite, name in DECLARED.findall(path.read_text(encoding="utf-8")):
            suites.setdefault(suite, set()).add(name)
    for path in (*(root / "tests").rglob("*.py"), *(root / "examples").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for suite in PYTHON_CLASS.findall(text):
            suites.setdefault(suite, set()).update(PYTHON_TEST.findall(text))
    return suites


def ctests_in(root):
    names = set()
    for path in (root / "tests").rglob("CMakeLists.txt"):
        text = path.read_text(encoding="utf-8")
        for call, name in CTEST.findall(text):
            names.add(CTEST_PREFIX.get(call, "") + name)
        for values, call in CTEST_LOOP.findall(text):
            names |= {CTEST_PREFIX.get(call, "") + name for name in values.split()}
    return names


def is_there(suites, suite, name, rest):
    names = suites.get(suite, set())
    if not names or not name:
        return bool(names)
    if rest is None:
        return name in names
    return any(one.startswith(name) and one.endswith(rest.lstrip("…*")) for one in names)


def missing(root):
    suites, ctests = declared_in(root), ctests_in(root)
    for path in sorted((*root.glob("*.md"), *(root / "docs").rglob("*.md"))):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            where = f"{path.relative_to(root)}:{number}"
            for suite, name, rest in NAMED.findall(line):
                if not is_there(suites, suite, name, rest or None):
                    yield f"{where}: no test {suite}.{name}{rest}"
            for group in CTEST_NAMED.findall(line):
                for name in re.findall(r"\w+", group):
                    if name not in ctests:
                        yield f"{where}: no ctest {name}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(missing(root))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
