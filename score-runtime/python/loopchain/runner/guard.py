"""Refuses contract code the outside world: sockets, processes, threads, other files.

An audit hook of the interpreter sees most of these wherever they are called from; functions that
it does not see are replaced, and modules cannot be changed by a call. It is a clear error for
honest packages, not a prison for hostile ones: that is the operating system's part, see
`confine.rs`.
"""

import _imp
import _locale
import _thread
import faulthandler
import importlib
import locale
import os
import posix
import signal
import sys
import sysconfig
import threading
import types

from . import current


class NotAllowed(RuntimeError):
    """Contract code asked for something that other peers could answer differently."""


_OUTSIDE = {
    "subprocess.Popen": "start a program", "os.system": "start a program",
    "os.exec": "start a program", "os.posix_spawn": "start a program",
    "os.spawn": "start a program", "os.fork": "start a process",
    "os.forkpty": "start a process", "pty.spawn": "start a program",
    "_thread.start_new_thread": "start a thread",
    "_thread.start_joinable_thread": "start a thread",
    "os.kill": "send a signal", "os.killpg": "send a signal",
    "signal.pthread_kill": "send a signal",
    "os.putenv": "change the environment", "os.unsetenv": "change the environment",
    "os.chdir": "change the folder", "mmap.__new__": "map memory", "sys.addaudithook": "watch the interpreter",
    "sys.settrace": "watch the interpreter", "sys.setprofile": "watch the interpreter",
    "gc.get_objects": "search the interpreter", "gc.get_referrers": "search the interpreter",
    "gc.get_referents": "search the interpreter",
}
_OUTSIDE_FAMILIES = {
    "socket": "use the network", "ctypes": "call C code", "resource": "change the process's limits",
    "fcntl": "use file descriptors",
}
_CHANGES = {
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr",
}
_LISTS = {"os.listdir", "os.scandir"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_C_CODE = {"_ctypes", "ctypes", "_cffi_backend", "cffi", "_xxsubinterpreters",
           "_xxinterpchannels", "_interpreters", "_testcapi", "_testinternalcapi"}

# Functions that no audit event goes with.
_REFUSED = [
    ((os, posix), "_exit abort", "end the process"),
    ((os, posix), "read readv pread preadv writev pwrite pwritev close closerange dup dup2 pipe "
     "pipe2 sendfile splice memfd_create eventfd lseek set_blocking set_inheritable",
     "use file descriptors"),
    ((os, posix), "times getloadavg nice umask", "ask the machine"),
    ((faulthandler,), "dump_traceback_later register", "end the process"),
    ((locale, _locale), "setlocale", "change the interpreter"),
    ((os, posix), "wait waitpid waitid wait3 wait4 pidfd_open", "wait for processes"),
    ((signal, signal._signal), "signal alarm setitimer raise_signal siginterrupt set_wakeup_fd "
     "pause sigwait sigwaitinfo sigtimedwait pthread_sigmask", "use signals"),
    ((_thread,), "start_new_thread start_new start_joinable_thread", "start a thread"),
    ((threading,), "_start_new_thread _start_joinable_thread", "start a thread"),
    ((sys,), "setrecursionlimit set_int_max_str_digits setswitchinterval",
     "change the interpreter"),
]
# Modules whose own functions set their attributes; and `sys`, whose class new modules get.
_UNGUARDED = {"warnings", "sys"}

_in_call = None
_own = False


def install(package_folder):
    """From now on, what runs while the runner is in contract code is watched."""
    global _in_call
    in_call = _in_call = current.host.in_call
    folders = [package_folder, *sysconfig.get_paths().values(), *sys.path, sys.pycache_prefix]
    readable = tuple(sorted({os.path.realpath(f).rstrip("/") + "/" for f in folders if f}))
    known = frozenset(sys.modules)

    def watch(event, details):
        if not _own and in_call():
            _check(event, details, readable, known)

    for modules, names, what in _REFUSED:
        for name in names.split():
            _refuse(modules, name, f"a SCORE may not {what}")
    _guard_write()
    _guard_loading(known)
    sys.addaudithook(watch)


class for_runner:
    """Lets the runner's own code do what contract code may not."""

    def __enter__(self):
        global _own
        self._before = _own
        _own = True

    def __exit__(self, *_):
        global _own
        _own = self._before


class GuardedModule(types.ModuleType):
    """A module whose attributes a call cannot change: the change would reach into later calls."""

    def __setattr__(self, name, value):
        # Importing a module under another sets it there.
        if current.phase > current.LOADING and not isinstance(value, types.ModuleType):
            raise NotAllowed(f"a SCORE may not change {self.__name__}.{name} in a call")
        super().__setattr__(name, value)

    def __delattr__(self, name):
        if current.phase > current.LOADING:
            raise NotAllowed(f"a SCORE may not remove {self.__name__}.{name} in a call")
        super().__delattr__(name)


def guard_modules(package_folder):
    """Guards all modules but the package's own."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        own = file.startswith(package_folder + os.sep)
        if type(module) is types.ModuleType and not own and name not in _UNGUARDED:
            module.__class__ = GuardedModule


def _check(event, details, readable, known):
    if event == "open":
        _check_open(*details, readable)
    elif event == "import":
        _check_import(details[0], known)
    elif event in _OUTSIDE:
        raise NotAllowed(f"a SCORE may not {_OUTSIDE[event]}")
    elif event.partition(".")[0] in _OUTSIDE_FAMILIES:
        raise NotAllowed(f"a SCORE may not {_OUTSIDE_FAMILIES[event.partition('.')[0]]}")
    elif event in _CHANGES:
        raise NotAllowed(f"a SCORE may not change files ({event}); keep data in its databases")
    elif event in _LISTS:
        _check_readable(details[0] if details[0] is not None else ".", readable)
    elif event == "sqlite3.connect" and details[0] != ":memory:":
        raise NotAllowed(
            "a SCORE may not open files as databases; use ScoreHelper().load_database(name)")
    elif event == "object.__setattr__" and details[1] == "__code__":
        raise NotAllowed("a SCORE may not change the code of functions")


def _check_open(path, mode, flags, readable):
    writes = any(c in mode for c in "wax+") if mode else bool((flags or 0) & _WRITING)
    if writes:
        raise NotAllowed(f"a SCORE may not write files ({path!r}); keep data in its databases")
    _check_readable(path, readable)


def _check_readable(path, readable):
    if not isinstance(path, int):
        folder = os.path.realpath(os.fsdecode(path)) + "/"
        if folder.startswith(readable):
            return
    raise NotAllowed(f"a SCORE may read files of its own package only, not {path!r}")


def _check_import(name, known):
    if name in _C_CODE:
        raise ImportError(f"a SCORE may not call C code: there is no {name}")
    if name in known:
        raise NotAllowed(f"a SCORE may not load {name} a second time")


def _refuse(modules, name, message):
    real = getattr(modules[0], name, None)
    if real is None:
        return

    def refused(*values, **options):
        if not _own and _in_call():
            raise NotAllowed(message)
        return real(*values, **options)

    refused.__name__ = name
    for module in modules:
        if hasattr(module, name):
            setattr(module, name, refused)


def _guard_write():
    """Standard output and error lead to the log; no other descriptor is a contract's."""
    real = os.write

    def write(descriptor, data):
        if descriptor not in (1, 2) and not _own and _in_call():
            raise NotAllowed("a SCORE may not use file descriptors")
        return real(descriptor, data)

    os.write = posix.write = write


def _guard_loading(known):
    """A second copy of a module would have its own functions, not those that answer for it."""
    for name in ("create_builtin", "create_dynamic"):
        real = getattr(_imp, name)

        def create(spec, *rest, real=real):
            if _in_call():
                _check_import(spec.name, known)
            return real(spec, *rest)

        setattr(_imp, name, create)
    real_reload = importlib.reload

    def reload(module):
        if getattr(module, "__name__", None) in known and _in_call():
            raise NotAllowed(f"a SCORE may not load {module.__name__} a second time")
        return real_reload(module)

    importlib.reload = reload
