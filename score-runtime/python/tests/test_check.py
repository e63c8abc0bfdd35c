"""What `score-runner check` finds; run by `python3 -m unittest` in the folder above."""

import os
import tempfile
import unittest

from loopchain.runner.check import check_package

CASES = [
    ("import time\ntime.time()", ["2: time.time: the clock answers"]),
    ("from datetime import datetime as d\nd.now()", ["2: datetime.datetime.now: the clock"]),
    ("import datetime as d\nd.datetime(2020, 1, 1)\nd.date.today()", ["3: datetime.date.today"]),
    ("import uuid\nx = lambda: uuid.uuid4()\nuuid.UUID('0')", ["2: uuid.uuid4: the identifier"]),
    ("import os\nos.path.join('a')\nos.urandom(2)", ["3: os.urandom: random numbers"]),
    ("import os.path\nos.environ['A']", ["2: os.environ: the environment differs"]),
    ("from random import *\nfrom random import choice as c\nc([1])", ["3: random.choice: random"]),
    ("import urllib.request\nurllib.request.urlopen('x')", ["2: urllib.request.urlopen: the net"]),
    ("import urllib.parse\nurllib.parse.quote('x')", []),
    ("class A:\n def __init__(self):\n  self.a = 1\n def f(self):\n  self.a = 2\n  x.a = 3",
     ["5: self.a is lost when the runner restarts"]),
    ("class A:\n a = {}\n B = 1", ["2: class-level mutable state 'a'"]),
    ("a = 1.5", ["1: 1.5: floating point"]),
    ("a = 1 / 2\nb = 1 // 2", ["1: '/' gives floating point"]),
    ("float('1')", ["1: float: floating point"]),
    ("a = []", ["1: module-level mutable state 'a'"]),
    ("import collections as c\na: dict = c.OrderedDict()", ["2: module-level mutable state 'a'"]),
    ("a = (1, 2)\n__all__ = ['a']\nB = frozenset([1])", []),
    ("def f():\n    global a\n    a = []", ["2: global a: state is lost"]),
    ("def f(id):\n    return id", []),
    ("def f(x):\n    return id(x)", ["2: id: addresses differ"]),
    ("open('x')", ["1: open: files outside"]),
    ("class A:\n    def time(self):\n        return self.time()", []),
    ("def f(:\n", ["1: cannot be parsed"]),
]


class CheckTest(unittest.TestCase):
    def test_findings(self):
        for source, expected in CASES:
            with self.subTest(source=source), tempfile.TemporaryDirectory() as folder:
                with open(os.path.join(folder, "score.py"), "w", encoding="utf-8") as file:
                    file.write(source)
                found = check_package(folder)
                self.assertEqual(len(found), len(expected), found)
                for line, beginning in zip(found, expected):
                    self.assertTrue(line.startswith("score.py:" + beginning), line)

    def test_other_folders_are_left_out(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in (".git", "target", "inner"):
                os.mkdir(os.path.join(folder, name))
                with open(os.path.join(folder, name, "a.py"), "w", encoding="utf-8") as file:
                    file.write("a = 0.5")
            found = check_package(folder)
            self.assertEqual([line.split(":")[0] for line in found], ["inner/a.py"])


if __name__ == "__main__":
    unittest.main()
