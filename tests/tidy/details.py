#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an error says beside its code must be there in both languages, wherever people meet it: in
what they type, in files that they write, in what a node answers them.

  details.py [ROOT]     names each English detail that the command line has no Vietnamese words for
"""
import pathlib
import re
import sys

# Where people's own words and files are judged. The rest is about bytes: a fault there is a matter
# for who looks after the machine, and its words stay technical ones.
FOR_PEOPLE = (
    "adapters/cli/*.cpp", "adapters/codec/*.cpp", "bus/message/*_rules.cpp",
    "bus/audit/audit.cpp", "bus/message/checker.cpp", "bus/message/section.cpp", "bus/message/facts*.cpp",
    "bus/outreach/*.cpp", "bus/base/text.cpp", "bus/base/ids.*", "bus/base/file.cpp",
    "bus/node/agent*.cpp", "bus/node/compose.cpp", "bus/node/make_section.cpp",
    "bus/node/node.cpp", "security/keys/private_key.cpp", "security/proof/bundle.cpp",
    "security/registry/toml_tree.cpp",
    "security/registry/compile_registry.cpp", "security/registry/rules.cpp",
    "security/registry/document.cpp", "security/registry/office_hours.cpp",
    "security/policy/compile_policy.cpp", "security/policy/rules.cpp",
    "security/policy/document_set.cpp",
)
TABLE = "adapters/cli/detail_words.cpp"

TEXT = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
PLACES = tuple(re.compile(pattern, re.S) for pattern in (
    rf"\bfail\(\s*Code::\w+,\s*{TEXT}\s*[,)]",
    rf"\bError\{{\s*Code::\w+,\s*{TEXT}\s*,",
    rf"\b(?:bad|usage|bad_header|broken|malformed|refuse)\(\s*{TEXT}\s*[,)]",
    rf'\b(?:bad|bad_header|at|fail)\(\s*(?:"[\w.]*"|\w+),\s*{TEXT}\s*[,)]',
    rf'\.require\([^;]*?,\s*{TEXT}\s*\);',
    rf'\brefuse\([^;]*?,\s*{TEXT}\s*\)',
))
# fail(Code::a, missing ? "is missing" : "is empty"), and the same in Error{…}.
CHOICE = re.compile(rf"\b(?:fail\(|Error\{{)\s*Code::\w+,[^;\"]*\?\s*{TEXT}\s*:\s*{TEXT}", re.S)


def joined(literal):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal))


def said_in(text):
    """The details of a source: texts of several words; a single word is the name of a field."""
    for place in (*PLACES, CHOICE):
        for match in place.finditer(text):
            for detail in map(joined, match.groups()):
                if " " in detail.strip():
                    yield detail


def missing(root):
    known = {joined(found) for found in
             re.findall(rf'\{{\s*{TEXT}\s*,', (root / TABLE).read_text(encoding="utf-8"))}
    for pattern in FOR_PEOPLE:
        for path in sorted(root.glob(pattern)):
            if path.as_posix().endswith(TABLE):
                continue
            for detail in sorted(set(said_in(path.read_text(encoding="utf-8"))) - known):
                yield path.relative_to(root), detail


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(missing(root))
    for path, detail in found:
        print(f"{path}: no Vietnamese words in {TABLE} for: {detail}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
