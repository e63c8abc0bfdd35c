"""SQL's own clock and random numbers, which answer like Python's."""

import datetime
import os
import sqlite3

from . import current


def replace(connection):
    """SQL's own clock and random numbers answer like Python's."""
    plain = sqlite3.connect(":memory:")

    def moment():
        instant = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=current.now_us())
        return instant.isoformat(" ", "milliseconds")

    def time_function(name):
        def answer(*values):
            values = [moment() if str(v).lower() == "now" else v for v in values]
            if len(values) == (1 if name == "strftime" else 0):
                values.append(moment())
            marks = ", ".join("?" * len(values))
            return plain.execute(f"SELECT {name}({marks})", values).fetchone()[0]
        return answer

    for name in ("date", "time", "datetime", "julianday", "unixepoch", "strftime"):
        connection.create_function(name, -1, time_function(name))
    for name, form in (("date", "date"), ("time", "time"), ("timestamp", "datetime")):
        connection.create_function("current_" + name, 0, time_function(form))
    connection.create_function(
        "random", 0, lambda: int.from_bytes(_random(8), "big", signed=True))
    connection.create_function("randomblob", 1, lambda count: _random(max(1, count)))


def _random(count):
    return current.random_bytes(count) if current.deterministic() else os.urandom(count)
