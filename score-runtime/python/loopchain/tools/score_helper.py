"""`ScoreHelper`, in both forms that packages were written for.

First form: `load_database` gives a leveldb or an sqlite3 database to keep. Second form: `Get`,
`Put`, `Delete` and `Query` name the database in every call. Both reach the same data.
"""

import logging
from enum import Enum, IntEnum

import leveldb
from loopchain.runner import current, sqlite

_logger = logging.getLogger("score")


class ScoreDatabaseType(Enum):
    sqlite3 = 'sqlite3'
    leveldb = 'leveldb'


class LogLevel(IntEnum):
    ERROR = 0
    WARNING = 1
    INFO = 2
    DEBUG = 3


_LEVELS = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
}


class ScoreHelper:
    """A singleton: `ScoreHelper()` is always the same object."""

    _only = None

    def __new__(cls):
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    @property
    def peer_id(self):
        return current.host.peer_id()

    def load_database(self, score_id, database_type=ScoreDatabaseType.sqlite3):
        _check_name(score_id)
        if database_type is ScoreDatabaseType.leveldb:
            return leveldb.open_database(score_id)
        if database_type is ScoreDatabaseType.sqlite3:
            return sqlite.open_database(score_id)
        raise TypeError(
            f"database_type is {database_type!r}; ScoreDatabaseType.sqlite3 or "
            "ScoreDatabaseType.leveldb is expected")

    def load_query_database(self, db_name):
        """The database for reading, as `query` sees it."""
        _check_name(db_name)
        return leveldb.open_database(db_name)

    def Get(self, db_name, key):
        _check_name(db_name)
        _check_bytes("key", key)
        value = current.host.get(db_name, key)
        if value is None:
            raise KeyError(key)
        return value

    def Query(self, db_name, key):
        """The committed value, whatever the running block has written."""
        _check_name(db_name)
        _check_bytes("key", key)
        value = current.host.get_committed(db_name, key)
        if value is None:
            raise KeyError(key)
        return value

    def Put(self, db_name, key, value):
        _check_name(db_name)
        _check_bytes("key", key)
        _check_bytes("value", value)
        current.host.put(db_name, key, value)

    def Delete(self, db_name, key):
        self.Get(db_name, key)
        current.host.delete(db_name, key)

    def log(self, channel, msg, log_level=LogLevel.DEBUG):
        _logger.log(_LEVELS.get(log_level, logging.INFO), "channel %s: %s", channel, msg)


def _check_name(name):
    if not isinstance(name, str):
        raise TypeError(f"a database's name must be str, not {type(name).__name__}")


def _check_bytes(what, value):
    if not isinstance(value, bytes):
        raise TypeError(f"{what} must be bytes, not {type(value).__name__}")
