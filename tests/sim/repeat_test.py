#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A seed takes the same course in every process, alone or after others.

    repeat_test.py PROGRAM
"""
import json
import subprocess
import sys
import unittest

SEEDS = (2, 7, 12)


def outcomes(seeds):
    done = subprocess.run([sys.argv[1], "--seeds", seeds], stdout=subprocess.PIPE, text=True, check=False)
    found = {}
    for line in done.stdout.splitlines():
        seed = json.loads(line)
        del seed["real_seconds"]
        found[seed["seed"]] = seed
    return found


class Seeds(unittest.TestCase):
    def test_a_seed_takes_the_same_course_alone_and_after_others(self):
        for seed in SEEDS:
            alone = outcomes(f"{seed}..{seed}")[seed]
            after = outcomes(f"{seed - 1}..{seed}")[seed]
            self.assertEqual(alone, after)
            self.assertGreater(alone["acknowledged"], 0)
            self.assertNotEqual(alone["trace"], outcomes(f"{seed - 1}..{seed}")[seed - 1]["trace"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
