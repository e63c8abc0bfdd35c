"""Loads a package and calls its SCORE; the runner's side calls these functions only."""

import decimal
import importlib
import inspect
import json
import logging
import os
import re
import sys
import traceback

import loopchain.configure
from loopchain.blockchain import Block

from . import check, compatibility, current, determinism, guard, sqlite

SUCCESS = 0
EXCEPTION = 9000
# The 64-bit codes that a receipt holds.
_CODE_MAX = 2 ** 63 - 1
# Leaves room for the place in the package; the runner cuts at 1000.
_MESSAGE_CHARACTERS_MAX = 900
_FINDINGS_LOGGED_MAX = 50

_score = None
_score_meta = None
_package_folder = None
_block = None
_decimal_context = None
_modules_guarded = 0
# Modules that packages import and that use the runner's.
_FOR_PACKAGES = [
    "leveldb", "loopchain.blockchain.block", "loopchain.blockchain.score_base",
    "loopchain.blockchain.transaction", "loopchain.protos.message_code", "loopchain.scoreservice",
    "loopchain.tools.score_helper", "loopchain.utils"]


class CallTimedOut(BaseException):
    """Raised into a call that took longer than it may. No `except Exception` catches it."""


class _ToRunner(logging.Handler):
    def emit(self, record):
        try:
            current.host.log(record.levelno, record.name, record.getMessage())
        except Exception as error:
            current.host.log(logging.ERROR, record.name, f"a log call failed: {error!r}")


class _Output:
    """`print` becomes a line of the runner's log."""

    encoding = "utf-8"

    def __init__(self, level):
        self._level = level
        self._line = ""

    def write(self, text):
        self._line += text
        *lines, self._line = self._line.split("\n")
        for line in lines:
            current.host.log(self._level, "score", line)
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False


def load(host, folder, main, info_json, settings_json, sqlite_folder):
    """None, or why the package cannot be loaded. Runs the package's code."""
    global _score, _score_meta, _package_folder
    current.host = host
    _package_folder = os.path.realpath(folder)
    info = json.loads(info_json)
    _score_meta = {
        "score_id": info.get("id", ""), "score_version": info["version"],
        "channel_name": host.channel()}
    for name, value in json.loads(settings_json).items():
        setattr(loopchain.configure, name, value)
    with guard.for_runner():
        _prepare_interpreter()
        sqlite.start(sqlite_folder)
        _log_findings(_package_folder)
        _hide_runner()
    current.begin(current.LOADING, 0, "load")
    sqlite.begin_block()
    try:
        _score = _make_score(main, info)
        return None
    except BaseException:
        return traceback.format_exc()
    finally:
        current.end()


def end_load(keep):
    global _decimal_context
    sqlite.end_load(keep)
    _decimal_context = decimal.getcontext()
    _guard_new_modules()


def has_sqlite():
    return sqlite.count() > 0


def _prepare_interpreter():
    logging.getLogger().addHandler(_ToRunner())
    logging.getLogger().setLevel(
        logging.DEBUG if current.host.is_debugging() else logging.INFO)
    sys.stdout = _Output(logging.INFO)
    sys.stderr = _Output(logging.WARNING)
    # The socket to the peer stays with the runner; what C code prints goes to the log.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # Only sources are run, never bytecode that lies beside them.
    sys.dont_write_bytecode = True
    sys.pycache_prefix = os.path.join(os.sep, "nonexistent")
    sys.path.insert(0, _package_folder)
    compatibility.install()
    determinism.install()
    guard.install(_package_folder)


def _hide_runner():
    """What the modules of packages need of the runner they have by now; nobody else asks for it."""
    for name in _FOR_PACKAGES:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.startswith("loopchain.runner")]:
        del sys.modules[name]
    del loopchain.runner
    sys.modules["loopchain.runner"] = None


def _guard_new_modules():
    global _modules_guarded
    guard.guard_modules(_package_folder)
    _modules_guarded = len(sys.modules)


def _log_findings(folder):
    try:
        findings = check.check_package(folder)
    except Exception as error:
        # Findings are advice.
        findings = [f"the package could not be checked: {error!r}"]
    for finding in findings[:_FINDINGS_LOGGED_MAX]:
        current.host.log(logging.WARNING, "check", finding)
    if len(findings) > _FINDINGS_LOGGED_MAX:
        more = len(findings) - _FINDINGS_LOGGED_MAX
        current.host.log(logging.WARNING, "check", f"{more} more; see score-runner check")


def _make_score(main, info):
    module = importlib.import_module(main)
    user_score = getattr(module, "UserScore", None)
    if user_score is None:
        raise ImportError(f"{main}.py defines no class UserScore")
    try:
        inspect.signature(user_score).bind(info)
    except TypeError:
        score = user_score()
    else:
        score = user_score(info)
    if getattr(score, "_score_info", None) is None:
        score._score_info = info
    return score


def begin_block(record):
    global _block
    if len(sys.modules) != _modules_guarded:
        _guard_new_modules()
    _block = Block(record, _score_meta["channel_name"], _score_meta)
    sqlite.begin_block()


def invoke(index):
    """Executes one transaction: (code, message)."""
    transaction = _block.transaction(index)
    method = _score.invoke
    if _block.height == 1:
        method = getattr(_score, "genesis_invoke", method)
    decimal.setcontext(_decimal_context.copy())
    sqlite.begin_transaction()
    current.begin(current.EXECUTING, _block.time_stamp, transaction.tx_hash)
    try:
        receipt = _receipt(method(transaction, _block))
    except BaseException as error:
        _log_traceback()
        receipt = EXCEPTION, _describe(error)
    finally:
        current.end()
    return (EXCEPTION, sqlite.TOO_MUCH) if sqlite.has_overgrown() else receipt


def end_transaction(keep):
    return sqlite.end_transaction(keep)


def commit_block(height, outcome):
    sqlite.commit_block(height, outcome)


def query(request):
    """(whether it answered, the answer or why not)."""
    sqlite.begin_query()
    current.begin(current.QUERYING)
    try:
        answer = _score.query(request)
        if isinstance(answer, (bytes, bytearray)):
            answer = answer.decode()
        if not isinstance(answer, str):
            raise TypeError(f"query returned {type(answer).__name__}; a JSON string is expected")
        return True, _encodable(answer)
    except BaseException as error:
        _log_traceback()
        return False, _describe(error)
    finally:
        current.end()
        sqlite.end_query()


def after_timeout():
    """Tidies up after a call that was interrupted, wherever that was."""
    current.was_late = True
    if current.phase == current.QUERYING:
        sqlite.end_query()
    current.end()


def _log_traceback():
    if current.host.is_debugging():
        current.host.log(logging.DEBUG, "score", traceback.format_exc())


def _receipt(result):
    if result is None:
        return SUCCESS, None
    if not isinstance(result, dict):
        return EXCEPTION, f"invoke returned {type(result).__name__}; None or a dict is expected"
    if "code" not in result:
        return EXCEPTION, "invoke returned a dict without 'code'"
    code = getattr(result["code"], "value", result["code"])
    if not isinstance(code, int) or not -_CODE_MAX <= code <= _CODE_MAX:
        return EXCEPTION, f"invoke returned the code {code!r}; a whole number is expected"
    message = result.get("message")
    return int(code), None if message is None else _bounded(str(message))


def _describe(error):
    """Text that is the same on every peer: no addresses, no paths of this machine."""
    try:
        text = f"{type(error).__name__}: {error}"
    except BaseException:
        text = type(error).__name__
    text = re.sub(r"\bat 0x[0-9A-Fa-f]+", "at 0x0", text).replace(_package_folder + os.sep, "")
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if file.startswith(_package_folder + os.sep):
            place = f" ({os.path.relpath(file, _package_folder)}:{line})"
    return _bounded(text) + place


def _bounded(text):
    return _encodable(text[:_MESSAGE_CHARACTERS_MAX])


def _encodable(text):
    """Lone surrogates cannot leave Python."""
    return text.encode("utf-8", "backslashreplace").decode()
