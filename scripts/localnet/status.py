"""Asks every process how it is, and lays the answers out as a table."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import processes

ANSWER_SECONDS_MAX = 3

# Proxies of the environment are not for this machine's own ports.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Line:
    """What one peer says of one channel."""

    channel: str
    peer: str
    ready: bool
    status: str
    leader: str = "-"
    height: str = "-"
    total_tx: str = "-"


def ask(node, route: str, **parameters):
    """HTTP status and JSON body; (None, reason) when there is no answer."""
    query = urllib.parse.urlencode(parameters)
    url = f"{node.rest_url}/{route}" + (f"?{query}" if query else "")
    try:
        with _opener.open(url, timeout=ANSWER_SECONDS_MAX) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        try:
            return error.code, json.loads(error.read())
        except (ValueError, OSError):
            return error.code, None
    except (OSError, ValueError, http.client.HTTPException) as error:
        return None, str(getattr(error, "reason", error))


def peer_line(node, channel: str) -> Line:
    if processes.running_pid(node) is None:
        return Line(channel, node.name, False, "not running")
    code, body = ask(node, "status/peer", channel=channel)
    if code is None:
        return Line(channel, node.name, False, f"no answer: {body}")
    if code == 404:
        # With ENABLE_CHANNEL_AUTH a peer is on the channels that name it; it says so only once the
        # radiostation has told it.
        return Line(channel, node.name, True, "not on this channel")
    if code != 200 or not isinstance(body, dict) or "block_height" not in body:
        message = body.get("message", "") if isinstance(body, dict) else ""
        return Line(channel, node.name, False, f"HTTP {code} {message}".strip())
    status = str(body.get("status", ""))
    if body.get("leader_complaint") == 2:
        status += " (complaining about the leader)"
    return Line(
        channel,
        node.name,
        True,
        status,
        leader="yes" if str(body.get("peer_type")) == "1" else "",
        height=str(body["block_height"]),
        total_tx=str(body.get("total_tx", "-")),
    )


def peer_lines(nodes: list, channels) -> list:
    """Channel by channel, peer by peer."""
    pairs = [(node, channel) for channel in channels for node in nodes if node.is_peer]
    if not pairs:
        return []
    with ThreadPoolExecutor(max_workers=min(len(pairs), 16)) as pool:
        return list(pool.map(lambda pair: peer_line(*pair), pairs))


def radiostation_problem(node) -> str:
    """Empty when the radiostation answers."""
    if processes.running_pid(node) is None:
        return "not running"
    code, body = ask(node, "peer/list")
    if code == 200:
        return ""
    return f"no answer: {body}" if code is None else f"HTTP {code}"


def process_rows(nodes: list) -> list:
    rows = [("PROCESS", "PID", "gRPC", "REST", "STATE")]
    for node in nodes:
        pid = processes.running_pid(node)
        state = "running" if pid else "not running"
        rows.append(
            (
                node.name,
                str(pid or "-"),
                f"{node.host}:{node.ports['gRPC']}",
                node.rest_url,
                state,
            )
        )
    return rows


def channel_rows(lines: list) -> list:
    rows = [("CHANNEL", "PEER", "LEADER", "HEIGHT", "TOTAL_TX", "STATUS")]
    for line in lines:
        rows.append(
            (line.channel, line.peer, line.leader, line.height, line.total_tx, line.status)
        )
    return rows


def table(rows: list) -> list:
    """The rows as lines of text, columns aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
    ]
