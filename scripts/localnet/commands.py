"""The commands of ./localnet."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import time

import advice
import ports
import processes
import status
import watch
from settings import Problem

POLL_SECONDS = 0.5
PROGRESS_SECONDS = 10
LOGS_SHOWN_MAX = 3


def say(text: str = "") -> None:
    # Nobody reading any more (a closed terminal or pipe) must not keep anything from being stopped.
    with contextlib.suppress(OSError):
        print(text, flush=True)


def complain(text: str) -> None:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


class NotUp(Problem):
    """The start failed; `nodes` are those whose logs tell why."""

    def __init__(self, sentence: str, nodes: list):
        super().__init__(sentence)
        self.nodes = nodes


def plan_up(layout, options) -> bool:
    """Refuses what could only fail after a long build. False: nothing to build, all runs."""
    nodes = layout.nodes(layout.peer_count(options.peers))
    missing = [node for node in nodes if processes.running_pid(node) is None]
    refuse_taken_ports(missing)
    return bool(missing)


def refuse_taken_ports(nodes: list) -> None:
    sentences = ports.taken(nodes)
    if sentences:
        raise Problem(
            "Nothing was started, because ports are in use:\n  "
            + "\n  ".join(sentences)
            + "\nStop what holds them (another checkout's network: its own ./localnet down)."
        )


def up(layout, options) -> int:
    count = layout.peer_count(options.peers)
    nodes = layout.nodes(count)
    channels = layout.channels()
    missing = [node for node in nodes if processes.running_pid(node) is None]
    if not missing:
        say(f"Already running: a radiostation and {count} peers.")
        say("See them with ./localnet status, end them with ./localnet down.")
        return 0
    refuse_taken_ports(missing)
    layout.make_folders()
    with starting_alone(layout):
        try:
            start_and_wait(layout, nodes, missing, channels, options.wait)
        except Problem as error:
            report_failure(layout, error)
            processes.stop(missing, say)
            return 1
        except BaseException:
            processes.stop(missing, say)
            raise
    say(f"\nUp: a radiostation and {count} peers, {len(channels)} channels on each.\n")
    for line in advice.addresses(nodes) + ["", "Try next:"] + advice.curl_lines(nodes, channels):
        say(line)
    say()
    if options.detached:
        say("It runs on; see it with ./localnet status and logs, end it with ./localnet down.")
        return 0
    return stay(layout, channels)


@contextlib.contextmanager
def starting_alone(layout):
    with open(layout.state / "starting.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Problem("Another ./localnet up is starting this network right now.") from error
        yield


def start_and_wait(layout, nodes: list, missing: list, channels, wait_seconds: float) -> None:
    already = [node.name for node in nodes if node not in missing]
    if already:
        say("Already running: " + ", ".join(already) + ".")
    count = len(nodes) - 1
    layout.remember_peers(max(count, layout.remembered_peers() or 0))
    deadline = time.monotonic() + wait_seconds
    radiostation = nodes[0]
    if radiostation in missing:
        say(f"Starting radiostation (pid {processes.start(radiostation)}).")
    wait_until(lambda: radiostation_problems(radiostation), nodes[:1], deadline)
    for node in missing:
        if node.is_peer:
            say(f"Starting {node.name} (pid {processes.start(node)}).")
    say("Waiting until every channel answers on every peer.")
    wait_until(lambda: channel_problems(nodes, channels), nodes, deadline)


def radiostation_problems(radiostation) -> list:
    problem = status.radiostation_problem(radiostation)
    return [(radiostation, f"radiostation: {problem}")] if problem else []


def channel_problems(nodes: list, channels) -> list:
    by_name = {node.name: node for node in nodes}
    return [
        (by_name[line.peer], f"{line.peer}, channel {line.channel}: {line.status}")
        for line in status.peer_lines(nodes, channels)
        if not line.ready
    ]


def wait_until(find_problems, nodes: list, deadline: float) -> None:
    """Returns once `find_problems` finds none; says now and then what it waits for."""
    said = time.monotonic()
    while True:
        for node in nodes:
            pid = processes.recorded_pid(node)
            if pid is None:
                raise NotUp(f"{node.name} was stopped by another ./localnet meanwhile.", [])
            if processes.running_pid(node) is None:
                raise NotUp(f"{node.name} (pid {pid}) {processes.how_it_ended(pid)}.", [node])
        problems = find_problems()
        if not problems:
            return
        sentences = [sentence for _, sentence in problems]
        now = time.monotonic()
        if now > deadline:
            concerned = list(dict.fromkeys(node.name for node, _ in problems))
            raise NotUp(
                "not everything answered in time (--wait SECONDS gives more):\n  "
                + "\n  ".join(sentences),
                [node for node in nodes if node.name in concerned],
            )
        if now - said > PROGRESS_SECONDS:
            said = now
            say(f"  still waiting for {len(problems)}: {sentences[0]}")
        time.sleep(POLL_SECONDS)


def report_failure(layout, error: Problem) -> None:
    complain(f"\nThe start failed: {error}")
    for node in getattr(error, "nodes", [])[:LOGS_SHOWN_MAX]:
        show_last_lines(node)
    complain(f"\nThe logs are in {layout.logs}")


def show_last_lines(node) -> None:
    lines = processes.last_log_lines(node)
    complain(f"\nThe last lines of {node.log}:" if lines else f"\n{node.log} is empty.")
    for line in lines:
        complain(f"  {line}")


def stay(layout, channels) -> int:
    """Shows the network until Ctrl-C or until nothing of it is left; then stops it."""
    say("Ctrl-C stops everything.")
    try:
        ending = watch.watch(layout.known_nodes, channels)
    except (KeyboardInterrupt, BrokenPipeError):
        say("\nStopping.")
        processes.stop(layout.known_nodes(), say)
        say("Stopped; the ledgers are kept: up continues with them, reset forgets them.")
        return 0
    say(ending.text)
    return ending.code


def down(layout, _options) -> int:
    if not processes.stop(layout.known_nodes(), say):
        say("Nothing was running.")
    return 0


def reset(layout, options) -> int:
    if sys.stdin.isatty() and not options.yes:
        answer = input("Stop everything and forget the ledgers of this network? [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            say("Nothing was changed.")
            return 1
    nodes = layout.known_nodes()
    processes.stop(nodes, say)
    for entry in layout.state.iterdir() if layout.state.exists() else []:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    for node in nodes:
        if node.storage.exists():
            say(f"{node.name}'s ledger is not in {layout.state}; left alone: {node.storage}")
    say("The ledgers are forgotten. ./localnet up begins anew.")
    return 0


def show_status(layout, _options) -> int:
    nodes = layout.known_nodes()
    for line in status.table(status.process_rows(nodes)):
        say(line)
    running = [node for node in nodes if processes.running_pid(node)]
    if not running:
        say("\nNothing is running. ./localnet up starts it.")
        return 1
    lines = status.peer_lines(nodes, layout.channels())
    say()
    for line in status.table(status.channel_rows(lines)):
        say(line)
    healthy = len(running) == len(nodes) and all(line.ready for line in lines)
    return 0 if healthy else 1


def show_logs(layout, options) -> int:
    nodes = layout.known_nodes()
    if options.name:
        nodes = [node for node in nodes if node.name == options.name]
        if not nodes:
            names = ", ".join(node.name for node in layout.known_nodes())
            raise Problem(f"There is no process '{options.name}'; expected one of {names}.")
    nodes = [node for node in nodes if node.log.exists()]
    if not nodes:
        say(f"No logs yet in {layout.logs}")
        return 0
    if options.follow:
        os.execvp("tail", ["tail", "-n", "20", "-F"] + [str(node.log) for node in nodes])
    for node in nodes:
        say(f"==> {node.log}")
        for line in processes.last_log_lines(node, 100 if options.name else 20):
            say(line)
        say()
    return 0
