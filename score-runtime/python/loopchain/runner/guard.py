"""Refuses contract code the outside world: sockets, processes, threads, other files.

An audit hook of the interpreter sees these wherever they are called from. It is a clear error for
honest packages, not a prison for hostile ones.
"""

import _thread
import os
import sys
import sysconfig
import threading

from . import current


class NotAllowed(RuntimeError):
    """Contract code asked for something that other peers could answer differently."""


_OUTSIDE = {
    "subprocess.Popen": "start a program", "os.system": "start a program",
    "os.exec": "start a program", "os.posix_spawn": "start a program",
    "os.spawn": "start a program", "os.fork": "start a process",
    "os.forkpty": "start a process", "pty.spawn": "start a program",
    "_thread.start_new_thread": "start a thread", "os.kill": "send a signal",
    "os.putenv": "change the environment", "os.unsetenv": "change the environment",
}
_CHANGES = {
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr",
}
_LISTS = {"os.listdir", "os.scandir"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_readable = ()
_own = False


def install(package_folder):
    """From now on, whatever runs while `current.phase` is not idle is watched."""
    global _readable
    folders = [package_folder, *sysconfig.get_paths().values(), *sys.path, sys.pycache_prefix]
    _readable = tuple(sorted({os.path.realpath(f).rstrip("/") + "/" for f in folders if f}))
    os._exit = _refuse_exit
    # Not every interpreter audits the start of a thread.
    _thread.start_new_thread = _thread.start_new = _start_thread
    threading._start_new_thread = _start_thread
    sys.addaudithook(_watch)


class for_runner:
    """Lets the runner's own code do what contract code may not."""

    def __enter__(self):
        global _own
        self._before = _own
        _own = True

    def __exit__(self, *_):
        global _own
        _own = self._before


def _watch(event, details):
    if current.phase == current.IDLE or _own:
        return
    if event == "open":
        _check_open(*details)
    elif event in _OUTSIDE:
        raise NotAllowed(f"a SCORE may not {_OUTSIDE[event]}")
    elif event.startswith("socket."):
        raise NotAllowed("a SCORE may not use the network")
    elif event in _CHANGES:
        raise NotAllowed(f"a SCORE may not change files ({event}); keep data in its databases")
    elif event in _LISTS:
        _check_readable(details[0] if details[0] is not None else ".")
    elif event == "sqlite3.connect" and details[0] != ":memory:":
        raise NotAllowed(
            "a SCORE may not open files as databases; use ScoreHelper().load_database(name)")


def _check_open(path, mode, flags):
    writes = any(c in mode for c in "wax+") if mode else bool((flags or 0) & _WRITING)
    if writes:
        raise NotAllowed(f"a SCORE may not write files ({path!r}); keep data in its databases")
    _check_readable(path)


def _check_readable(path):
    if not isinstance(path, int):
        folder = os.path.realpath(os.fsdecode(path)) + "/"
        if folder.startswith(_readable):
            return
    raise NotAllowed(f"a SCORE may read files of its own package only, not {path!r}")


_real_exit = os._exit
_real_start_thread = _thread.start_new_thread


def _refuse_exit(code):
    if current.phase != current.IDLE:
        raise NotAllowed("a SCORE may not end the process")
    _real_exit(code)


def _start_thread(*values):
    if current.phase != current.IDLE:
        raise NotAllowed("a SCORE may not start a thread")
    return _real_start_thread(*values)
