#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Merkle trees written from the text of RFC 9162 section 2.1 alone, to compare ours with.

Slow and recursive on purpose: each function is a sentence of the RFC, none knows our code. Two uses:

  merkle_reference.py print SEED COUNT          the cases of a seed and their answers, one a line
  merkle_reference.py compare DRIVER SEED COUNT runs DRIVER with the cases on its standard input and
                                                compares its answers; exit code 1 at a difference

A case is `tree-name size index first second from count`: leaves are the texts "tree-name/0" and so
on; the answer is root, inclusion path of `index`, consistency path from `first` to `second`, and the
subtrees left and right of [from, from + count), each a comma-separated list (or "-").
"""
import hashlib
import random
import subprocess
import sys


def sha256(data):
    return hashlib.sha256(data).digest()


def mth(leaves):
    """2.1.1: the hash of an empty list, of one entry, of n > 1 entries."""
    if len(leaves) == 0:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    k = largest_power_of_two_below(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def largest_power_of_two_below(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m, leaves):
    """2.1.3.1: PATH(m, D_n)."""
    if len(leaves) == 1:
        return []
    k = largest_power_of_two_below(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [mth(leaves[k:])]
    return path(m - k, leaves[k:]) + [mth(leaves[:k])]


def proof(m, leaves):
    """2.1.4.1: PROOF(m, D_n), for 0 < m < n; our convention: nothing for m = 0 and m = n."""
    if m == 0 or m == len(leaves):
        return []
    return subproof(m, leaves, True)


def subproof(m, leaves, known):
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = largest_power_of_two_below(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], known) + [mth(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [mth(leaves[:k])]


def maximal_complete_subtrees(start, end, leaves):
    """All complete subtrees inside [start, end) that no larger one inside it contains."""

    def inside(level, index):
        return start <= (index << level) and ((index + 1) << level) <= end

    found = []
    for level in range(end.bit_length() + 1):
        for index in range((end >> level) + 1):
            if inside(level, index) and not inside(level + 1, index // 2):
                found.append((index << level, level))
    return [mth(leaves[at:at + (1 << level)]) for at, level in sorted(found)]


def cases(seed, count):
    """Sizes of every magnitude up to 512, with what stands at their edges."""
    rng = random.Random(seed)
    for number in range(count):
        size = rng.randint(1, 2 ** rng.randint(0, 9))
        if rng.random() < 0.2:
            size = 2 ** rng.randint(0, 9)
        second = size
        first = rng.choice([0, 1, second, rng.randint(0, second)])
        start = rng.randint(0, size)
        length = rng.choice([0, 1, size - start, rng.randint(0, size - start)])
        length = min(length, size - start)
        yield f"{seed}-{number}", size, rng.randrange(size), first, second, start, length


def as_list(hashes):
    return ",".join(value.hex() for value in hashes) or "-"


def answer(name, size, index, first, second, start, length):
    leaves = [f"{name}/{i}".encode() for i in range(size)]
    return " ".join([
        mth(leaves).hex(),
        as_list(path(index, leaves)),
        as_list(proof(first, leaves[:second])),
        as_list(maximal_complete_subtrees(0, start, leaves)),
        as_list(maximal_complete_subtrees(start + length, size, leaves)),
    ])


def compare(driver, seed, count):
    lines = [" ".join(str(part) for part in case) for case in cases(seed, count)]
    run = subprocess.run([driver], input="\n".join(lines) + "\n", capture_output=True, text=True,
                         check=False)
    if run.returncode != 0:
        print(f"{driver} ended with {run.returncode}: {run.stderr}", file=sys.stderr)
        return 1
    answers = run.stdout.splitlines()
    if len(answers) != len(lines):
        print(f"{len(answers)} answers to {len(lines)} cases", file=sys.stderr)
        return 1
    differences = 0
    for case, line, ours in zip(cases(seed, count), lines, answers):
        expected = answer(*case)
        if ours != expected:
            differences += 1
            print(f"case {line}\n  expected {expected}\n  actual   {ours}", file=sys.stderr)
    print(f"{len(lines)} cases compared, {differences} differences")
    return 1 if differences else 0


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "print":
        for case in cases(arguments[1], int(arguments[2])):
            print(" ".join(str(part) for part in case), "=", answer(*case))
        return 0
    if len(arguments) == 4 and arguments[0] == "compare":
        return compare(arguments[1], arguments[2], int(arguments[3]))
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
