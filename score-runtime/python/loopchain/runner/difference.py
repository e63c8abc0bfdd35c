"""In which rows the sqlite3 databases of two SCORE stores differ."""

import os
import sqlite3
import urllib.parse


def differences(first, second):
    """Lines: database, table, row, and what each of the folders has."""
    names = sorted({name for folder in (first, second) for name in _databases(folder)})
    for name in names:
        rows = [_rows(os.path.join(folder, name)) for folder in (first, second)]
        database = urllib.parse.unquote(name[:-len(".db")])
        for key in sorted(set(rows[0]) | set(rows[1]), key=repr):
            before, after = (found.get(key) for found in rows)
            if before != after:
                table, row = key
                yield f"{database}, table {table}, row {row}: {_shown(before)} | {_shown(after)}"


def _databases(folder):
    if not os.path.isdir(folder):
        return []
    return [name for name in os.listdir(folder) if name.endswith(".db")]


def _rows(path):
    """By table and row id, or the whole row where there is none; and each table's definition."""
    if not os.path.exists(path):
        return {}
    connection = sqlite3.connect(f"file:{urllib.parse.quote(path)}?mode=ro", uri=True)
    try:
        tables = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name <> '_loopchain'")
        found = {}
        for name, sql in tables.fetchall():
            found[name, "definition"] = sql
            quoted = '"' + name.replace('"', '""') + '"'
            try:
                for row in connection.execute(f"SELECT rowid, * FROM {quoted}"):
                    found[name, row[0]] = row[1:]
            except sqlite3.OperationalError:
                for row in connection.execute(f"SELECT * FROM {quoted}"):
                    found[name, row] = row
        return found
    finally:
        connection.close()


def _shown(value):
    return "nothing" if value is None else repr(value)
