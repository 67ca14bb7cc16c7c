# SPDX-License-Identifier: Apache-2.0
"""C++ source as tidy reads it: without comments and strings, and cut into functions.

A heuristic, not a parser: it is right for code that clang-format has laid out as ours is.
"""
import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<line>//[^\n]*)
      | (?P<block>/\*.*?\*/)
      | (?P<raw>\b(?:u8|u|U|L)?R"(?P<delimiter>[^\s()\\]{0,16})\(.*?\)(?P=delimiter)")
      | (?P<text>"(?:\\.|[^"\\\n])*")
      | (?P<number>\b[0-9][0-9a-zA-Z_.']*)
      | (?P<char>'(?:\\.|[^'\\\n])+')
    """, re.VERBOSE | re.DOTALL)

_CONTROL = re.compile(r"^(?:}\s*)?(?:else\b|(?:if|for|while|switch|catch|do|try)\b(?!\w))")
_CONTAINER = re.compile(r"(?:^|[\s>])(?:namespace|class|struct|union|enum)\b[^()]*$|^extern\s*$")
_BEFORE_HEADER = re.compile(r"\s*(?:(?:public|protected|private)\s*:\s*)*")
_AFTER_PARAMETERS = re.compile(
    r"\)\s*(?:(?:const|noexcept|override|final|mutable|try|&&?|requires\b.*|->.*|:.*)\s*)*$",
    re.DOTALL)


class Function(NamedTuple):
    name: str
    first_line: int
    last_line: int


def blank(text):
    """The same text, line for line, with comments and the insides of strings as blanks."""

    def keep_lines(part):
        return re.sub(r"[^\n]", " ", part)

    def replace(match):
        if match.group("number"):
            return match.group()
        part = match.group()
        if match.group("text") or match.group("char"):
            return part[0] + keep_lines(part[1:-1]) + part[-1]
        return keep_lines(part)

    return _TOKEN.sub(replace, text)


def blank_directives(blanked):
    """Without preprocessor lines (and what they continue on)."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
                  lambda match: re.sub(r"[^\n]", " ", match.group()), blanked, flags=re.MULTILINE)


def _is_function(header):
    if _CONTROL.match(header) or _CONTAINER.search(header) or header.endswith("="):
        return False
    return _AFTER_PARAMETERS.search(header) is not None


def _name(header):
    if header.startswith("TEST"):
        return header.split("{")[0].strip()
    match = re.search(r"([\w:~]+|operator\W+)\s*\(", header)
    return match.group(1).strip() if match else "function"


def functions(blanked):
    """Outermost functions; a lambda or a class inside one is a part of it."""
    text = blank_directives(blanked)
    found = []
    stack = []  # of what each open brace is: "container", "function" or "other"
    current = None  # name and first line of the open function
    header_start = 0
    parentheses = 0
    for at, char in enumerate(text):
        if char == "(":
            parentheses += 1
        elif char == ")":
            parentheses -= 1
        elif char == "{":
            start = _BEFORE_HEADER.match(text, header_start, at).end()
            header = text[start:at].rstrip()
            kind = "other"
            if current is None and parentheses == 0:
                if _CONTAINER.search(header):
                    kind = "container"
                elif _is_function(header):
                    kind = "function"
                    current = (_name(header), text.count("\n", 0, start) + 1)
            stack.append(kind)
            if kind != "other":
                header_start = at + 1
        elif char == "}" and stack:
            kind = stack.pop()
            if kind == "function":
                found.append(Function(*current, text.count("\n", 0, at) + 1))
                current = None
            if kind != "other" or (current is None and parentheses == 0):
                header_start = at + 1
        elif char == ";" and parentheses == 0:
            header_start = at + 1
    return found
