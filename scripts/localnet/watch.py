"""The live view: a table that stays current, and news of processes that end."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass

import processes
import status

REFRESH_SECONDS = 2
# Where no terminal shows the table in place, it is printed this often.
PLAIN_SECONDS = 30


@dataclass(frozen=True)
class Ending:
    """Why watching ended by itself, and the exit code that goes with it."""

    text: str
    code: int


def watch(known_nodes, channels) -> Ending:
    """`known_nodes` is asked each time: another ./localnet may add peers."""
    screen = Screen() if sys.stdout.isatty() else PlainOutput()
    mourned = set()
    while True:
        nodes = known_nodes()
        pids = {node.name: processes.recorded_pid(node) for node in nodes}
        if not any(pids.values()):
            return Ending("Stopped by another ./localnet.", 0)
        alive = False
        for node in nodes:
            pid = pids[node.name]
            if pid is None or processes.running_pid(node):
                alive = alive or pid is not None
            elif pid not in mourned:
                mourned.add(pid)
                screen.print_above(obituary(node, pid))
        if not alive:
            return Ending("No process of the network is left.", 1)
        screen.show(table_lines(nodes, channels))
        time.sleep(REFRESH_SECONDS)


def obituary(node, pid: int) -> list:
    lines = [f"{node.name} (pid {pid}) {processes.how_it_ended(pid)}. Its last log lines:"]
    lines += [f"  {line}" for line in processes.last_log_lines(node)] or ["  (none)"]
    lines.append("./localnet up -d in another terminal starts it again.")
    return lines


def table_lines(nodes: list, channels) -> list:
    rows = status.channel_rows(status.peer_lines(nodes, channels))
    problem = status.radiostation_problem(nodes[0])
    heading = f"{time.strftime('%H:%M:%S')}  radiostation: {problem or 'answers'}"
    return [heading] + status.table(rows)


class Screen:
    """A terminal: the table is drawn over the one before."""

    def __init__(self):
        self.drawn = 0

    def erase(self) -> str:
        erasing = f"\x1b[{self.drawn}A\x1b[J" if self.drawn else ""
        self.drawn = 0
        return erasing

    def print_above(self, lines: list) -> None:
        sys.stdout.write(self.erase() + "\n".join(lines) + "\n\n")
        sys.stdout.flush()

    def show(self, lines: list) -> None:
        size = shutil.get_terminal_size()
        rows_max = max(size.lines - 2, 3)
        if len(lines) > rows_max:
            hidden = len(lines) - rows_max + 1
            lines = lines[: rows_max - 1] + [f"({hidden} more rows: ./localnet status)"]
        lines = [line[: size.columns - 1] for line in lines]
        sys.stdout.write(self.erase() + "\n".join(lines) + "\n")
        sys.stdout.flush()
        self.drawn = len(lines)


class PlainOutput:
    """A file or a pipe: the table is printed now and then, and after news."""

    def __init__(self):
        self.printed_at = float("-inf")

    def print_above(self, lines: list) -> None:
        print("\n".join(lines), flush=True)
        self.printed_at = float("-inf")

    def show(self, lines: list) -> None:
        now = time.monotonic()
        if now - self.printed_at >= PLAIN_SECONDS:
            self.printed_at = now
            print("\n".join(lines) + "\n", flush=True)
