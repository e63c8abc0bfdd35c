import sqlite3
from enum import Enum, IntEnum
from typing import Literal, overload

from leveldb import LevelDB

class ScoreDatabaseType(Enum):
    sqlite3 = "sqlite3"
    leveldb = "leveldb"

class LogLevel(IntEnum):
    ERROR = 0
    WARNING = 1
    INFO = 2
    DEBUG = 3

class ScoreHelper:
    """A singleton: `ScoreHelper()` is always the same object."""

    @property
    def peer_id(self) -> str: ...
    @overload
    def load_database(
        self, score_id: str, database_type: Literal[ScoreDatabaseType.sqlite3] = ...
    ) -> sqlite3.Connection: ...
    @overload
    def load_database(
        self, score_id: str, database_type: Literal[ScoreDatabaseType.leveldb]
    ) -> LevelDB: ...
    def load_query_database(self, db_name: str) -> LevelDB: ...
    def Get(self, db_name: str, key: bytes) -> bytes:
        """The value at `key`; raises `KeyError` when there is none."""
    def Query(self, db_name: str, key: bytes) -> bytes:
        """The committed value, whatever the running block has written."""
    def Put(self, db_name: str, key: bytes, value: bytes) -> None: ...
    def Delete(self, db_name: str, key: bytes) -> None: ...
    def log(self, channel: str, msg: str, log_level: LogLevel = ...) -> None: ...
