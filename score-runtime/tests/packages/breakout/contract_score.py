"""Tries to get out, to stay, or to break things; each transaction names what it tries."""

import builtins
import decimal
import faulthandler
import importlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time

from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreDatabaseType, ScoreHelper

try:
    import ctypes
except ImportError as error:
    NO_CTYPES = str(error)


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.pairs = ScoreHelper().load_database("pairs", ScoreDatabaseType.leveldb)
        self.rows = ScoreHelper().load_database("rows")
        self.rows.execute("CREATE TABLE IF NOT EXISTS rows (value BLOB)")

    def invoke(self, transaction, block):
        value = getattr(self, transaction.get_data_string())()
        if value == "kept":
            return None
        return {"code": 1, "message": str(value)}

    # Other copies of what answers for a module.

    def c_code(self):
        return NO_CTYPES

    def c_code_again(self):
        import _ctypes

    def second_module(self):
        del sys.modules["posix"]
        import posix

    def second_builtin(self):
        import _imp
        return _imp.create_builtin(importlib.machinery.ModuleSpec("time", None)).time()

    def reload(self):
        importlib.reload(random)

    def runner(self):
        import loopchain.runner.guard

    def fake_module(self):
        sys.modules["json"] = time

    def own_module(self):
        sys.modules["mine"] = time
        import mine
        return mine is time

    def real_module(self):
        import json as again
        return again.dumps([1])

    def second_interpreter(self):
        import _xxsubinterpreters

    def order_of_addresses(self):
        return list({(None, number) for number in range(2000)})[:3]

    # What would stay for the next transaction.

    def half_read(self):
        self.kept = self.rows.execute("INSERT INTO rows VALUES (1), (2) RETURNING value")
        return self.kept.fetchone()

    def row_shape(self):
        return self.rows.execute("SELECT count(*) FROM rows").fetchone()

    def patch_builtin(self):
        builtins.len = lambda value: 42
        builtins.surplus = 1
        return len([])

    def patch_builtin_by_key(self):
        vars(builtins)["sorted"] = lambda value: list(reversed(value))
        del vars(builtins)["abs"]
        vars(builtins)["surplus"] = 1
        return sorted(["a", "b"])

    def use_builtins(self):
        return [len([]), sorted([2, 1]), abs(-1), hasattr(builtins, "surplus")]

    def patch_module(self):
        json.dumps = lambda value: "forged"

    def remove_from_module(self):
        del json.dumps

    def patch_code(self):
        json.dumps.__code__ = (lambda value: "forged").__code__

    def decimal_context(self):
        before = decimal.getcontext().prec
        decimal.getcontext().prec = 3
        return before

    def recursion_limit(self):
        sys.setrecursionlimit(1 << 30)

    def recursion(self):
        return self.recursion()

    # The end of the process.

    def leave(self):
        os._exit(0)

    def leave_again(self):
        import posix
        posix._exit(0)

    def abort(self):
        os.abort()

    def kill(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def raise_signal(self):
        signal.raise_signal(signal.SIGSEGV)

    def alarm(self):
        signal.alarm(1)

    def close_socket(self):
        os.close(3)

    def speak_to_peer(self):
        for descriptor in range(3, 16):
            os.write(descriptor, b"\0\0\0\0")

    def crash(self):
        # The first one may meet a handler that looks for stack overflows.
        faulthandler._sigsegv()
        faulthandler._sigsegv()

    # Too much.

    def memory(self):
        return len(bytearray(3 << 30))

    def many_names(self):
        for number in range(100):
            ScoreHelper().load_database(f"rows{number}")

    def keep(self):
        self.pairs.Put(os.urandom(8), bytes(40 << 20))
        return "kept"

    def big_value(self):
        self.pairs.Put(b"big", bytes(100 << 20))

    def many_values(self):
        for number in range(100):
            self.pairs.Put(b"%d" % number, bytes(1 << 20))

    def big_row(self):
        self.rows.execute("INSERT INTO rows VALUES (zeroblob(?))", (100 << 20,))

    def many_rows(self):
        for _ in range(100):
            self.rows.execute("INSERT INTO rows VALUES (zeroblob(?))", (1 << 20,))

    def some_rows(self):
        for _ in range(20):
            self.rows.execute("INSERT INTO rows VALUES (zeroblob(?))", (1 << 20,))
        return self.count()

    def count(self):
        return self.rows.execute("SELECT COUNT(*) FROM rows").fetchone()[0]

    # Around the guard, by way of what the runner needs itself: then the system refuses.

    def _guard(self):
        return ScoreHelper.load_database.__globals__["sqlite"].guard.for_runner()

    def system_socket(self):
        with self._guard():
            socket.socket()

    def system_program(self):
        with self._guard():
            os.execv("/bin/true", ["true"])

    def system_fork(self):
        with self._guard():
            os.fork()

    def system_other_process(self):
        with self._guard():
            os.kill(os.getppid() if os.getppid() > 1 else 1, 0)

    def system_read(self):
        with self._guard():
            return open("/etc/passwd").read()

    def system_write(self):
        with self._guard():
            open("/tmp/left-by-a-score", "w")

    def system_environment(self):
        with self._guard():
            return open("/proc/self/environ").read()

    def query(self, params):
        getattr(self, params)()
        return "{}"

    def put(self):
        self.pairs.Put(b"key", b"value")

    def wipe(self):
        sqlite3.connect(":memory:").backup(self.rows)

    def shape(self):
        self.rows.row_factory = lambda cursor, row: "shaped"
        self.rows.text_factory = bytes
        self.kept = self.rows.execute("VALUES (1), (2)")
        self.kept.fetchone()

    def insert(self):
        self.rows.execute("INSERT INTO rows VALUES (1)")
