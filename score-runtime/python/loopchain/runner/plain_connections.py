"""sqlite3 connections that a package opens itself, in memory: nothing of them reaches around the
runner into its own databases."""

import sqlite3

from . import current, guard


def _refused(name):
    def refuse(self, *values, **options):
        if current.phase > current.LOADING:
            raise guard.NotAllowed(f"a SCORE may not use {name} of a database")
        return getattr(super(Plain, self), name)(*values, **options)

    refuse.__name__ = name
    return refuse


class Plain(sqlite3.Connection):
    """What `sqlite3.connect(":memory:")` gives: nothing that reaches around the runner."""

    backup = _refused("backup")


for _name in ("deserialize", "blobopen", "set_authorizer", "set_trace_callback",
              "set_progress_handler", "enable_load_extension", "load_extension"):
    if hasattr(sqlite3.Connection, _name):
        setattr(Plain, _name, _refused(_name))


def install():
    real_connect = sqlite3.connect

    def connect(*values, **options):
        options.setdefault("factory", Plain)
        return real_connect(*values, **options)

    sqlite3.connect = sqlite3.dbapi2.connect = connect
    sqlite3.Connection = sqlite3.dbapi2.Connection = Plain
