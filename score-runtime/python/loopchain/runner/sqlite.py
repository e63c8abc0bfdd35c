"""sqlite3 databases of a SCORE: real connections whose transactions are the runner's.

A block is one sqlite transaction and each SCORE transaction a savepoint in it, so that the
contract's own `commit` and `rollback` act inside its transaction only. The private table
`_loopchain` carries the block's height and outcome: from it the runner's store is completed after
a crash between the two commits.
"""

import datetime
import os
import sqlite3
import urllib.parse

from . import current, guard

_SCHEMA = ("CREATE TABLE IF NOT EXISTS _loopchain "
           "(one INTEGER PRIMARY KEY CHECK (one = 1), height INTEGER, outcome BLOB)")
_NAME_BYTES_MAX = 200
# Virtual machine steps between two looks at the clock.
_STEPS_BETWEEN_CHECKS = 100_000
_READING_PRAGMAS = {
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo",
    "foreign_key_list", "foreign_keys", "user_version", "encoding", "query_only",
}
_NO_CHANGE = ("SELECT", "VALUES", "EXPLAIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN",
              "COMMIT", "--")
_TABLE_ACTIONS = {
    sqlite3.SQLITE_READ, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE,
    sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_ALTER_TABLE,
}

_folder = None
_databases = {}
_statements = []
_in_transaction = False
_own = False


class Cursor(sqlite3.Cursor):
    """Turns the statements BEGIN, COMMIT and ROLLBACK into the connection's methods."""

    def execute(self, sql, *parameters):
        word = sql.strip().rstrip(";").upper().split(None, 1)
        word = word[0] if word else ""
        if word == "BEGIN":
            return self
        if word in ("COMMIT", "END"):
            self.connection.commit()
            return self
        if word == "ROLLBACK" and " TO " not in f" {sql.upper()} ":
            self.connection.rollback()
            return self
        return super().execute(sql, *parameters)

    def executescript(self, script):
        statement = ""
        for part in script.split(";"):
            statement += part + ";"
            if sqlite3.complete_statement(statement):
                if statement.strip(" \t\r\n;"):
                    self.execute(statement)
                statement = ""
        if statement.strip(" \t\r\n;"):
            self.execute(statement)
        return self


class Connection(sqlite3.Connection):
    """Commits and rolls back within the SCORE transaction; the runner does the rest."""

    isolation_level = property(lambda self: "", lambda self, value: None)

    def cursor(self, factory=Cursor):
        return super().cursor(factory)

    def executescript(self, script):
        return self.cursor().executescript(script)

    def commit(self):
        if _in_transaction and self.in_transaction:
            _run(self, "RELEASE _loopchain_commit")
            _run(self, "SAVEPOINT _loopchain_commit")

    def rollback(self):
        if _in_transaction and self.in_transaction:
            _run(self, "ROLLBACK TO _loopchain_commit")

    def close(self):
        """The runner keeps it open: the next transaction may ask for it again."""

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.commit()
        else:
            self.rollback()
        return False


def recover(folder, height):
    """Compares the files with the store at `height`: ("fine" | "redo" | "wipe", outcome)."""
    found = set()
    outcome = None
    for path in _files(folder):
        connection = sqlite3.connect(path)
        try:
            row = connection.execute("SELECT height, outcome FROM _loopchain").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                return "wipe", None
            row = None
        except sqlite3.DatabaseError:
            return "wipe", None
        finally:
            connection.close()
        if row is None:
            # Made by a block that was never committed.
            _remove(path)
            continue
        found.add(row[0])
        outcome = row[1]
    if found <= {height}:
        return "fine", None
    return ("redo", outcome) if found == {height + 1} and outcome else ("wipe", None)


def start(folder):
    """Opens what is there: every file must carry the height of every block."""
    global _folder
    _folder = folder
    os.makedirs(folder, exist_ok=True)
    sqlite3.register_adapter(datetime.date, lambda value: value.isoformat())
    sqlite3.register_adapter(datetime.datetime, lambda value: value.isoformat(" "))
    for path in _files(folder):
        name = urllib.parse.unquote(os.path.basename(path)[:-len(".db")])
        _databases[name] = _connect(path)


def open_database(name):
    if name in _databases:
        return _databases[name]
    file_name = urllib.parse.quote(name, safe="") + ".db"
    if not name or name.startswith(".") or len(file_name) > _NAME_BYTES_MAX:
        raise ValueError(f"{name!r} cannot name a database: 1 to 190 plain characters are expected")
    if current.phase == current.QUERYING:
        # Nothing was ever stored in it, and a query may not make it.
        return _connect(":memory:")
    with guard.for_runner():
        connection = _databases[name] = _connect(os.path.join(_folder, file_name))
    _run(connection, "BEGIN IMMEDIATE")
    if _in_transaction:
        _savepoint(connection)
    return connection


def begin_block():
    for connection in _databases.values():
        _run(connection, "BEGIN IMMEDIATE")


def begin_transaction():
    global _in_transaction
    _in_transaction = True
    _statements.clear()
    for connection in _databases.values():
        _savepoint(connection)


def end_transaction(keep):
    """Keeps or undoes what the transaction did; the statements that may have changed something."""
    global _in_transaction
    _in_transaction = False
    for connection in _databases.values():
        if not keep:
            _run(connection, "ROLLBACK TO _loopchain_call")
        _run(connection, "RELEASE _loopchain_call")
    statements = _statements[:] if keep else []
    _statements.clear()
    return statements


def commit_block(height, outcome):
    """Commits the block in every file, with what the store needs to follow."""
    for connection in _databases.values():
        _run(connection, "INSERT OR REPLACE INTO _loopchain VALUES (1, ?, ?)", (height, outcome))
        _run(connection, "COMMIT")


def end_load(keep):
    for connection in _databases.values():
        if connection.in_transaction:
            _run(connection, "COMMIT" if keep else "ROLLBACK")
    if not keep:
        for connection in _databases.values():
            _run(connection, _SCHEMA)


def count():
    return len(_databases)


def begin_query():
    for connection in _databases.values():
        _run(connection, "PRAGMA query_only = ON")


def end_query():
    for connection in _databases.values():
        if connection.in_transaction:
            _run(connection, "ROLLBACK")
        _run(connection, "PRAGMA query_only = OFF")


def _files(folder):
    if not os.path.isdir(folder):
        return []
    return sorted(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".db"))


def _remove(path):
    for suffix in ("", "-wal", "-shm", "-journal"):
        if os.path.exists(path + suffix):
            os.remove(path + suffix)


def _connect(path):
    connection = sqlite3.connect(path, factory=Connection, cached_statements=256)
    _run(connection, "PRAGMA journal_mode = WAL")
    _run(connection, "PRAGMA synchronous = NORMAL")
    _run(connection, _SCHEMA)
    _replace_functions(connection)
    connection.set_authorizer(_authorize)
    connection.set_trace_callback(_trace)
    connection.set_progress_handler(lambda: current.host.overdue(), _STEPS_BETWEEN_CHECKS)
    return connection


def _savepoint(connection):
    _run(connection, "SAVEPOINT _loopchain_call")
    _run(connection, "SAVEPOINT _loopchain_commit")


def _run(connection, sql, parameters=()):
    """A statement of the runner's own."""
    global _own
    _own = True
    try:
        sqlite3.Cursor(connection).execute(sql, parameters).close()
    finally:
        _own = False


def _authorize(action, first, second, database, trigger):
    if _own:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        reads = first.lower() in _READING_PRAGMAS and (
            second is None or first.lower().endswith(("_info", "_xinfo", "_list")))
        return sqlite3.SQLITE_OK if reads else sqlite3.SQLITE_IGNORE
    if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_TRANSACTION:
        querying = current.phase == current.QUERYING
        return sqlite3.SQLITE_OK if querying else sqlite3.SQLITE_DENY
    if action in _TABLE_ACTIONS and "_loopchain" in (first, second):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_SAVEPOINT and (second or "").startswith("_loopchain"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _trace(statement):
    if _in_transaction and not _own:
        if not statement.lstrip()[:9].upper().startswith(_NO_CHANGE):
            _statements.append(statement)


def _replace_functions(connection):
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
