"""The part of py-leveldb's API that SCORE packages use, on the runner's own store."""

from loopchain.runner import current


class LevelDBError(Exception):
    """Raised for what a database refuses."""


class WriteBatch:
    """Writes to be made together by `LevelDB.Write`."""

    def __init__(self):
        self._writes = []

    def Put(self, key, value):
        self._writes.append((_as_bytes("key", key), _as_bytes("value", value)))

    def Delete(self, key):
        self._writes.append((_as_bytes("key", key), None))


class LevelDB:
    """A database of the SCORE. `ScoreHelper().load_database` gives one."""

    def __init__(self, path, **options):
        raise LevelDBError(
            "a SCORE keeps its data in the runner's store and opens no folder of its own: use "
            "ScoreHelper().load_database(name, ScoreDatabaseType.leveldb)")

    def Get(self, key, verify_checksums=False, fill_cache=True):
        value = current.host.get(self._name, _as_bytes("key", key))
        if value is None:
            raise KeyError(key)
        return bytearray(value)

    def Put(self, key, value, sync=False):
        current.host.put(self._name, _as_bytes("key", key), _as_bytes("value", value))

    def Delete(self, key, sync=False):
        current.host.delete(self._name, _as_bytes("key", key))

    def Write(self, batch, sync=False):
        if not isinstance(batch, WriteBatch):
            raise TypeError(f"a leveldb.WriteBatch is expected, not {type(batch).__name__}")
        for key, value in batch._writes:
            if value is None:
                current.host.delete(self._name, key)
            else:
                current.host.put(self._name, key, value)

    def RangeIter(self, key_from=None, key_to=None, include_value=True, reverse=False,
                  verify_checksums=False, fill_cache=True):
        """Keys from `key_from` to `key_to`, both included, as they are now."""
        first = None if key_from is None else _as_bytes("key_from", key_from)
        last = None if key_to is None else _as_bytes("key_to", key_to)
        entries = current.host.scan(self._name, first, last, reverse)
        if include_value:
            return ((bytearray(key), bytearray(value)) for key, value in entries)
        return (bytearray(key) for key, _ in entries)

    def GetStats(self):
        return ""


def open_database(name):
    """For `ScoreHelper`: the database `name`, made when first written to."""
    database = object.__new__(LevelDB)
    database._name = name
    return database


def _as_bytes(what, value):
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{what} must be bytes, not {type(value).__name__}")
