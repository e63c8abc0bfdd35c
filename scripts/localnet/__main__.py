"""./localnet: a radiostation and peers on this machine. The script of that name builds first."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import commands
from layout import PEERS_MAX, Layout
from settings import Problem

USAGE = f"""usage: ./localnet [up] [-d] [--peers N] [--wait SECONDS]
       ./localnet down | status
       ./localnet logs [NAME] [-f]
       ./localnet reset [-y]

  up       prepares the machine, builds, starts a radiostation and peers, shows what to
           curl and then a live table until Ctrl-C, which stops everything
             -d         return once everything answers (exit 0) or has failed (exit 1)
             --peers N  so many peers, 1 to {PEERS_MAX} (default: as many as the ledgers know, or 4)
             --wait S   how long to wait for the channels (default: 180 seconds)
  down     stops everything; up continues with the same ledgers
  status   processes and channels once; exit 0 when all of them answer
  logs     the last lines of every log, or of one (radiostation, peer1 ...); -f follows them
  reset    stops everything and forgets the ledgers; -y does not ask
"""

BUILD_FIRST = 10


@dataclass
class Options:
    command: str = "up"
    detached: bool = False
    peers: Optional[int] = None
    wait: float = 180.0
    name: str = ""
    follow: bool = False
    yes: bool = False


class BadUsage(Exception):
    pass


def parse(arguments: list) -> Options:
    options = Options()
    words = list(arguments)
    if words and not words[0].startswith("-"):
        options.command = words.pop(0)
    if options.command not in COMMANDS:
        raise BadUsage(f"unknown command '{options.command}'")
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if options.command == "up" and word in ("-d", "--detach"):
            options.detached = True
        elif options.command == "up" and name in ("--peers", "--wait"):
            if not equals:
                value = words.pop(0) if words else ""
            setattr(options, name[2:], number(name, value))
        elif options.command == "logs" and word in ("-f", "--follow"):
            options.follow = True
        elif options.command == "reset" and word in ("-y", "--yes"):
            options.yes = True
        elif options.command == "logs" and not word.startswith("-") and not options.name:
            options.name = word
        else:
            raise BadUsage(f"unknown argument '{word}' for {options.command}")
    return options


def number(name: str, text: str) -> int:
    most = PEERS_MAX if name == "--peers" else 86400
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise BadUsage(f"{name} is '{text}'; expected a number from 1 to {most}")
    return int(text)


COMMANDS = {
    "up": commands.up,
    "down": commands.down,
    "status": commands.show_status,
    "logs": commands.show_logs,
    "reset": commands.reset,
}


def interrupt(_number, _frame):
    # One is enough; a second must not cut the orderly end short.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(arguments: list) -> int:
    planning = arguments[:1] == ["--plan"]
    arguments = arguments[1:] if planning else arguments
    if any(word in ("-h", "--help", "help") for word in arguments):
        print("" if planning else USAGE, end="")
        return 0
    try:
        options = parse(arguments)
    except BadUsage as error:
        print(f"localnet: {error}\n{USAGE}", end="", file=sys.stderr)
        return 2
    layout = Layout(Path(__file__).resolve().parents[2])
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Ignored already: started by nohup or in the background, and meant to stay.
        if signal.getsignal(ending) != signal.SIG_IGN:
            signal.signal(ending, interrupt)
    try:
        if planning:
            to_build = options.command == "up" and commands.plan_up(layout, options)
            return BUILD_FIRST if to_build else 0
        return COMMANDS[options.command](layout, options)
    except Problem as error:
        print(f"localnet: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
