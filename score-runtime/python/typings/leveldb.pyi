from collections.abc import Iterator
from typing import Literal, overload

class LevelDBError(Exception): ...

class WriteBatch:
    def __init__(self) -> None: ...
    def Put(self, key: bytes, value: bytes) -> None: ...
    def Delete(self, key: bytes) -> None: ...

class LevelDB:
    """A database of the SCORE: `ScoreHelper().load_database(name, ScoreDatabaseType.leveldb)`."""

    def Get(
        self, key: bytes, verify_checksums: bool = ..., fill_cache: bool = ...
    ) -> bytearray:
        """The value at `key`; raises `KeyError` when there is none."""
    def Put(self, key: bytes, value: bytes, sync: bool = ...) -> None: ...
    def Delete(self, key: bytes, sync: bool = ...) -> None: ...
    def Write(self, batch: WriteBatch, sync: bool = ...) -> None: ...
    @overload
    def RangeIter(
        self,
        key_from: bytes | None = ...,
        key_to: bytes | None = ...,
        include_value: Literal[True] = ...,
        reverse: bool = ...,
        verify_checksums: bool = ...,
        fill_cache: bool = ...,
    ) -> Iterator[tuple[bytearray, bytearray]]: ...
    @overload
    def RangeIter(
        self,
        key_from: bytes | None = ...,
        key_to: bytes | None = ...,
        *,
        include_value: Literal[False],
        reverse: bool = ...,
        verify_checksums: bool = ...,
        fill_cache: bool = ...,
    ) -> Iterator[bytearray]: ...
    def GetStats(self) -> str: ...
