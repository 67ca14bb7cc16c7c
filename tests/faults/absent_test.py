# SPDX-License-Identifier: Apache-2.0
"""What a release holds of the failpoints: nothing. LT_EXAMPLE_BIN names one, if it has been built."""
import os
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def places():
    text = (ROOT / "bus/base/failpoint.hpp").read_text()
    return re.findall(r'"(\w+)"', re.search(r"kPlaces\{(.*?)\};", text, re.S).group(1))


def traces(path):
    data = Path(path).read_bytes()
    names = [*(name for name in places() if "_" in name), "LT_FAILPOINT", "failpoint reached"]
    return [name for name in names if name.encode() in data]


class Release(unittest.TestCase):
    def test_a_source_compiled_without_the_option_has_no_trace_of_them(self):
        self.assertIn("LT_FAILPOINT", traces(os.environ["LT_WITH"]))
        self.assertEqual(traces(os.environ["LT_WITHOUT"]), [])

    def test_the_release_has_no_trace_of_them(self):
        release = os.environ.get("LT_EXAMPLE_BIN")
        if release is None:
            self.skipTest("LT_EXAMPLE_BIN names no release")
        self.assertEqual(traces(release), [])


if __name__ == "__main__":
    unittest.main()
