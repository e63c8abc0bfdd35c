"""Who holds a port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from processes import command_line

LISTENING = "0A"


def is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections of an earlier run that are still closing do not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Names the process that listens on `port`, as far as this user may see it."""
    pids = listening_pids(port)
    if pids:
        return " and ".join(f"pid {pid} ({' '.join(command_line(pid)).strip()})" for pid in pids)
    return "a process that this user may not see (as root: ss -ltnp)"


def listening_pids(port: int) -> list:
    if not Path("/proc/net/tcp").exists():
        return pids_by_lsof(port)
    links = {f"socket:[{inode}]" for inode in listening_inodes(port)}
    pids = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(os.readlink(entry.path) in links for entry in os.scandir(folder)):
                pids.append(int(folder.parent.name))
        except OSError:
            continue
    return sorted(pids)


def listening_inodes(port: int) -> set:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(fields[9])
    return inodes


def pids_by_lsof(port: int) -> list:
    if not shutil.which("lsof"):
        return []
    found = subprocess.run(
        ["lsof", "-nP", "-t", f"-iTCP:{port}", "-sTCP:LISTEN"],
        capture_output=True,
        text=True,
        check=False,
    )
    return sorted({int(word) for word in found.stdout.split()})


def taken(nodes: list) -> list:
    """One sentence for every port of `nodes` that somebody holds."""
    sentences = []
    for node in nodes:
        for purpose, port in node.ports.items():
            if not is_free(node.host, port):
                sentences.append(
                    f"port {port} ({node.name}'s {purpose}) is held by {holder(port)}"
                )
    return sentences
