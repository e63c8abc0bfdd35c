"""Starts and stops the network's processes, and touches no other."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from settings import Problem

# Time between SIGTERM and SIGKILL.
STOP_SECONDS_MAX = 15
LOG_LINES_SHOWN = 15

# Processes that this very process started: they must be reaped to be seen dead.
_children: dict = {}


def start(node) -> int:
    if not node.program.exists():
        raise Problem(f"{node.program} is missing. ./localnet up builds it.")
    if node.log.exists():
        node.log.replace(node.log.with_suffix(".log.previous"))
    with open(node.log, "wb") as log:
        # A session of its own: Ctrl-C on the terminal reaches this script alone, which then ends
        # the processes in order.
        child = subprocess.Popen(
            [str(node.program), "-o", str(node.config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=node.program.parent,
            start_new_session=True,
        )
    _children[child.pid] = child
    node.pid_file.write_text(f"{child.pid}\n", encoding="utf-8")
    return child.pid


def recorded_pid(node):
    """The pid that was started for this node, dead or alive; None when it was stopped."""
    try:
        return int(node.pid_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def running_pid(node):
    """The node's pid if that process lives and is the one that was started for it."""
    pid = recorded_pid(node)
    if pid is None:
        return None
    child = _children.get(pid)
    if child is not None:
        return pid if child.poll() is None else None
    arguments = command_line(pid)
    return pid if str(node.config) in arguments and "-o" in arguments else None


def how_it_ended(pid: int) -> str:
    child = _children.get(pid)
    code = child.poll() if child else None
    if code is None:
        return "ended"
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def command_line(pid: int) -> list:
    """The arguments of a process; empty when there is none or it has ended unreaped."""
    if Path("/proc/self/cmdline").exists():
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
        except OSError:
            return []
    found = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout.split()


def stop(nodes: list, say) -> bool:
    """Ends the nodes that run: peers first, so that they can still say goodbye. False: none ran."""
    stopped = False
    for group in ([n for n in nodes if n.is_peer], [n for n in nodes if not n.is_peer]):
        stopped = stop_together(group, say) or stopped
    return stopped


def stop_together(nodes: list, say) -> bool:
    running = {}
    for node in nodes:
        pid = running_pid(node)
        # The file goes first: whoever watches then knows that this end is meant.
        node.pid_file.unlink(missing_ok=True)
        if pid is not None:
            running[pid] = node
    for pid in running:
        send(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS_MAX
    waiting = dict(running)
    while waiting and time.monotonic() < deadline:
        waiting = {pid: node for pid, node in waiting.items() if is_alive(pid, node)}
        time.sleep(0.05 if waiting else 0)
    for pid, node in waiting.items():
        say(f"{node.name} (pid {pid}) did not end within {STOP_SECONDS_MAX} s of SIGTERM: SIGKILL.")
        send(pid, signal.SIGKILL)
    for pid in running:
        end_left_behind(pid)
    if running:
        names = [f"{node.name} (pid {pid})" for pid, node in running.items()]
        say(f"Stopped {', '.join(names)}.")
    return bool(running)


def is_alive(pid: int, node) -> bool:
    child = _children.get(pid)
    if child is not None:
        return child.poll() is None
    return str(node.config) in command_line(pid)


def end_left_behind(session: int) -> None:
    """Ends score-runners of a process that could not do it itself: they share its session."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        pid = int(entry.parent.name)
        if int(fields[3]) == session and any("score-runner" in a for a in command_line(pid)[:1]):
            send(pid, signal.SIGKILL)


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
    except PermissionError as error:
        raise Problem(
            f"Process {pid} belongs to another user: run this as that user, or as root."
        ) from error


def last_log_lines(node, count: int = LOG_LINES_SHOWN) -> list:
    try:
        with open(node.log, "rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 64 * 1024))
            return log.read().decode("utf-8", errors="replace").splitlines()[-count:]
    except OSError:
        return []
