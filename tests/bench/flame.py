#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A flame graph as SVG from `perf script`: flame.py [--title T] < SCRIPT > graph.svg

The x axis is the share of samples, sorted by name, not time; y is depth, roots below. A title element on
each frame gives its share when the pointer is over it. Frames under a quarter of a percent are left out.
"""

import argparse
import html
import re
import sys

WIDTH = 1200
ROW = 15
SHARE_LEAST = 0.0025
CHARACTER = 6.2  # of the font, about
FRAME = re.compile(r"^\s+[0-9a-f]+ (.+?)(?:\+0x[0-9a-f]+)? \((.*)\)$")


class Node:
    def __init__(self):
        self.count = 0
        self.children = {}


def short(name):
    """A C++ name without its arguments, templates and our namespace."""
    previous = None
    while previous != name:
        previous, name = name, re.sub(r"<[^<>]*>", "", name)
    name = re.sub(r"\(.*\)( const)?", "", name).replace("[abi:cxx11]", "")
    return name.replace("lienthong::", "")


def stacks(lines):
    """(thread, [root … leaf]) of each sample."""
    thread, frames = None, []
    for line in lines:
        if not line.strip():
            if thread:
                yield thread, frames[::-1]
            thread, frames = None, []
        elif not line[0].isspace():
            thread = line.split()[0]
        elif found := FRAME.match(line):
            frames.append(short(found.group(1)))
    if thread:
        yield thread, frames[::-1]


def tree_of(lines):
    root = Node()
    for thread, frames in stacks(lines):
        node = root
        node.count += 1
        for name in [thread, *frames]:
            node = node.children.setdefault(name, Node())
            node.count += 1
    return root


def colour(name):
    seed = sum(map(ord, name))
    return f"rgb({205 + seed % 50},{90 + seed * 7 % 110},{40 + seed * 3 % 40})"


def draw(root, title):
    boxes, deepest = [], 0

    def place(node, name, x, depth):
        nonlocal deepest
        width = WIDTH * node.count / root.count
        if node.count / root.count < SHARE_LEAST:
            return
        deepest = max(deepest, depth)
        boxes.append((name, x, width, depth, node.count))
        for child_name in sorted(node.children):
            child = node.children[child_name]
            place(child, child_name, x, depth + 1)
            x += WIDTH * child.count / root.count

    place(root, title, 0.0, 0)
    height = (deepest + 1) * ROW + 4
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
           f'font-family="monospace" font-size="10">')
    for name, x, width, depth, count in boxes:
        y = height - (depth + 1) * ROW
        room = int(width / CHARACTER) - 1
        text = html.escape(name if len(name) <= room else name[:max(0, room - 1)] + "…")
        yield (f'<g><title>{html.escape(name)}: {100 * count / root.count:.1f} %</title>'
               f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" '
               f'fill="{colour(name)}"/>'
               + (f'<text x="{x + 2:.1f}" y="{y + 10}">{text}</text>' if room > 2 else "") + "</g>")
    yield "</svg>"


def hottest(root, out, most=25):
    """Share of each function itself, and with what it calls."""
    own, whole = {}, {}

    def walk(node, name, above):
        inner = sum(child.count for child in node.children.values())
        own[name] = own.get(name, 0) + node.count - inner
        if name not in above:
            whole[name] = whole.get(name, 0) + node.count
        for child_name, child in node.children.items():
            walk(child, child_name, above | {name})

    for thread, node in root.children.items():
        walk(node, thread, frozenset())
    for label, counts in (("itself", own), ("with what it calls", whole)):
        print(f"-- {label}", file=out)
        for name, count in sorted(counts.items(), key=lambda item: -item[1])[:most]:
            print(f"{100 * count / root.count:5.1f} %  {name}", file=out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--title", default="all")
    parser.add_argument("--hottest", action="store_true", help="a list on standard error, too")
    arguments = parser.parse_args()
    sys.setrecursionlimit(10_000)
    root = tree_of(sys.stdin)
    if root.count == 0:
        sys.exit("no samples")
    print("\n".join(draw(root, arguments.title)))
    if arguments.hottest:
        hottest(root, sys.stderr)


if __name__ == "__main__":
    main()
