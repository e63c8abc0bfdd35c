"""sqlite3 databases of a SCORE: real connections whose transactions are the runner's.

A block is one sqlite transaction and each SCORE transaction a savepoint in it, so that the
contract's own `commit` and `rollback` act inside its transaction only. The private table
`_loopchain` carries the block's height and outcome: from it the runner's store is completed after
a crash between the two commits.
"""

import datetime
import hashlib
import os
import re
import sqlite3
import urllib.parse
import weakref

from . import current, guard, plain_connections, sql_functions

_SCHEMA = ("CREATE TABLE IF NOT EXISTS _loopchain "
           "(one INTEGER PRIMARY KEY CHECK (one = 1), height INTEGER, outcome BLOB)")
_NAME_BYTES_MAX = 200
# What one transaction may add to a database, and the longest value, bytes.
_ADDED_BYTES_MAX = 64 << 20
TOO_MUCH = f"a transaction may add at most {_ADDED_BYTES_MAX} bytes to a database"
# All that a block came to, as the runner keeps it beside the rows.
_OUTCOME_BYTES_MAX = 1_000_000_000
# What one statement may write before it is stopped, bytes; to be far above.
_WRITTEN_BYTES_MAX = 1 << 30
# Statements that change something between two looks at the size.
_STATEMENTS_BETWEEN_LOOKS = 16
# Virtual machine steps between two looks at the clock.
_STEPS_BETWEEN_CHECKS = 100_000
_READING_PRAGMAS = {
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo",
    "foreign_key_list", "foreign_keys", "user_version", "encoding", "query_only",
}
_FOREIGN_KEYS = re.compile(r"\s*PRAGMA\s+foreign_keys\s*=\s*(\w+)\s*;?\s*", re.IGNORECASE)
# Python begins a transaction before such statements.
_BEGIN = {"INSERT", "UPDATE", "DELETE", "REPLACE"}
_NO_CHANGE = ("SELECT", "VALUES", "EXPLAIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN",
              "COMMIT")
# Databases that a package may have.
_DATABASES_MAX = 64
# What a contract may set on a connection, and would find in the next call.
_KEPT_SETTINGS = ("row_factory", "text_factory", "isolation_level")
_TABLE_ACTIONS = {
    sqlite3.SQLITE_READ, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE,
    sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_ALTER_TABLE,
}

# The interpreter's own class: packages find another one under its name.
_RealConnection = sqlite3.Connection

_folder = None
_databases = {}
_cursors = weakref.WeakSet()
_statements = None
_in_transaction = False
_own = False


class Undone(Exception):
    """sqlite has undone the whole block because a statement of this transaction was stopped; the
    argument is why: "late" or "overgrown". The block has to be executed anew without it."""


class Cursor(sqlite3.Cursor):
    """Turns the statements BEGIN, COMMIT and ROLLBACK into the connection's methods."""

    def execute(self, sql, *parameters):
        words = _FOREIGN_KEYS.fullmatch(sql)
        if words and current.phase == current.LOADING:
            # sqlite heeds it between transactions only, and a load is one.
            self.connection.foreign_keys = words[1].upper() in ("1", "ON", "TRUE", "YES")
            return self
        word = sql.strip().rstrip(";").upper().split(None, 1)
        word = word[0] if word else ""
        if word == "BEGIN":
            # What was done before is done: a rollback goes back to here.
            self.connection.commit()
            self.connection.in_transaction = True
            return self
        if word in _BEGIN:
            self.connection.begin()
            self.connection.look_at_size()
        if word in ("COMMIT", "END"):
            self.connection.commit()
            return self
        if word == "ROLLBACK" and " TO " not in f" {sql.upper()} ":
            self.connection.rollback()
            return self
        if parameters and word not in _NO_CHANGE:
            _note_parameters(parameters[0])
        return super().execute(sql, *parameters)

    def executemany(self, sql, rows):
        self.connection.begin()
        return super().executemany(sql, self.connection.each(rows))

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


class Connection(plain_connections.Plain):
    """Commits and rolls back within the SCORE transaction; the runner does the rest."""

    path = None
    # Of the file, when the transaction began.
    pages = 0
    changes = 0
    # The size of the log when the turn's transaction was first looked at.
    log = (None, 0)
    overgrown = False
    kept = {}
    # Whether the package asked for them to be heeded, when it was loaded.
    foreign_keys = False

    # None stands for "each statement by itself".
    isolation_level = ""
    # Whether something was changed since the contract's last commit.
    in_transaction = False

    def cursor(self, factory=Cursor):
        made = super().cursor(factory)
        _cursors.add(made)
        return made

    def begin(self):
        """A statement that changes something begins a transaction, in Python's way."""
        self.in_transaction = self.in_transaction or self.isolation_level is not None

    def look_at_size(self):
        """Raises when the transaction has added too much; now and then, as it costs something."""
        self.changes += 1
        if self.changes % _STATEMENTS_BETWEEN_LOOKS == 0 and self.has_overgrown():
            raise sqlite3.OperationalError(TOO_MUCH)

    def has_overgrown(self):
        added = _measure(self) - self.pages
        self.overgrown = self.overgrown or added > _ADDED_BYTES_MAX // _page_bytes(self)
        return self.overgrown

    def each(self, rows):
        for row in rows:
            self.look_at_size()
            _note_parameters(row)
            yield row

    def execute(self, sql, *parameters):
        return self.cursor().execute(sql, *parameters)

    def executemany(self, sql, rows):
        return self.cursor().executemany(sql, rows)

    def executescript(self, script):
        return self.cursor().executescript(script)

    def commit(self):
        self.in_transaction = False
        if _in_transaction and _is_open(self):
            _run(self, "RELEASE _loopchain_commit")
            _run(self, "SAVEPOINT _loopchain_commit")

    def rollback(self):
        self.in_transaction = False
        if _in_transaction and _is_open(self):
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
    plain_connections.install()
    for path in _files(folder):
        name = urllib.parse.unquote(os.path.basename(path)[:-len(".db")])
        _databases[name] = _connect(path)


def open_database(name):
    if name in _databases:
        return _databases[name]
    file_name = urllib.parse.quote(name, safe="") + ".db"
    if len(_databases) >= _DATABASES_MAX:
        raise ValueError(f"a package may have at most {_DATABASES_MAX} databases")
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
    global _in_transaction, _statements
    _in_transaction = True
    _statements = None
    for connection in _databases.values():
        _reset(connection)
        connection.in_transaction = False
        connection.changes = 0
        connection.overgrown = False
        _savepoint(connection)


def has_overgrown():
    """Whether the transaction has added more to a database than it may."""
    return _statements is not None and any(
        connection.has_overgrown() for connection in _databases.values() if _is_open(connection))


def end_transaction(keep):
    """Keeps or undoes what the transaction did; a digest of the statements that may have changed
    something."""
    global _in_transaction, _statements
    _in_transaction = False
    if not all(_is_open(connection) for connection in _databases.values()):
        overgrown = any(connection.overgrown for connection in _databases.values())
        raise Undone("overgrown" if overgrown else "late" if current.was_late else "")
    _finish_statements()
    for connection in _databases.values():
        if not keep:
            _run(connection, "ROLLBACK TO _loopchain_call")
        _run(connection, "RELEASE _loopchain_call")
    statements, _statements = _statements, None
    if statements is None or not keep:
        return b""
    for connection in _databases.values():
        connection.pages = _measure(connection)
    return statements.digest()


def commit_block(height, outcome):
    """Commits the block in every file, with what the store needs to follow."""
    for connection in _databases.values():
        _limit_values(connection, _OUTCOME_BYTES_MAX)
        _run(connection, "INSERT OR REPLACE INTO _loopchain VALUES (1, ?, ?)", (height, outcome))
        _limit_values(connection, _ADDED_BYTES_MAX)
        _run(connection, "COMMIT")


def end_load(keep):
    for connection in _databases.values():
        if _is_open(connection):
            _run(connection, "COMMIT" if keep else "ROLLBACK")
        _keep_settings(connection)
        _run(connection, f"PRAGMA foreign_keys = {int(connection.foreign_keys)}")
    if not keep:
        for connection in _databases.values():
            _run(connection, _SCHEMA)


def count():
    return len(_databases)


def begin_query():
    for connection in _databases.values():
        _reset(connection)
        _run(connection, "PRAGMA query_only = ON")


def end_query():
    _finish_statements()
    for connection in _databases.values():
        if _is_open(connection):
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
    _run(connection, "PRAGMA temp_store = MEMORY")
    _limit_values(connection, _ADDED_BYTES_MAX)
    _run(connection, _SCHEMA)
    connection.path = path
    _keep_settings(connection)
    connection.pages = _measure(connection)
    sql_functions.replace(connection)
    _RealConnection.set_authorizer(connection, _authorize)
    _RealConnection.set_trace_callback(connection, _trace)
    _RealConnection.set_progress_handler(
        connection, lambda: _must_stop(connection), _STEPS_BETWEEN_CHECKS)
    return connection


def _must_stop(connection):
    """Asked while a statement runs: whether it is over its time, or writes without end."""
    if current.host.overdue():
        return True
    try:
        written = os.stat(connection.path + "-wal").st_size
    except OSError:
        return False
    if connection.log[0] != current.turn:
        connection.log = (current.turn, written)
    connection.overgrown = written - connection.log[1] > _WRITTEN_BYTES_MAX
    return connection.overgrown


def _measure(connection):
    return _run(connection, "PRAGMA page_count").fetchone()[0]


def _page_bytes(connection):
    return _run(connection, "PRAGMA page_size").fetchone()[0]


def _limit_values(connection, bytes_max):
    """Older interpreters have no such limit."""
    if hasattr(connection, "setlimit"):
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, bytes_max)


def _keep_settings(connection):
    connection.kept = {name: getattr(connection, name) for name in _KEPT_SETTINGS}


def _reset(connection):
    """As it was when the package was loaded: a query must change nothing for a transaction."""
    for name, value in connection.kept.items():
        setattr(connection, name, value)


def _finish_statements():
    """Ends what was not read to its end: it would hold savepoints and tables."""
    for cursor in list(_cursors):
        try:
            sqlite3.Cursor.execute(cursor, "SELECT 1 WHERE 0")
        except sqlite3.Error:
            # It is closed.
            pass


def _note_parameters(parameters):
    """Of what is bound, exactly: what sqlite shows of a statement is cut and rounded."""
    if not _in_transaction or _own:
        return
    values = parameters.values() if isinstance(parameters, dict) else parameters
    if not isinstance(parameters, (tuple, list, dict)):
        return
    for value in values:
        if type(value) in (str, bytes, float, int):
            _note(value if type(value) is bytes else _encoded(repr(value)))


def _is_open(connection):
    """Whether sqlite itself is in a transaction."""
    return _RealConnection.in_transaction.__get__(connection)


def _savepoint(connection):
    _run(connection, "SAVEPOINT _loopchain_call")
    _run(connection, "SAVEPOINT _loopchain_commit")


def _run(connection, sql, parameters=()):
    """A statement of the runner's own; its cursor."""
    global _own
    _own = True
    try:
        return sqlite3.Cursor(connection).execute(sql, parameters)
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
            _note(_encoded(statement))


def _encoded(text):
    return text.encode("utf-8", "surrogatepass")


def _note(part):
    """What the transaction's digest covers, in order."""
    global _statements
    if _statements is None:
        _statements = hashlib.sha256()
    _statements.update(len(part).to_bytes(8, "little") + part)
