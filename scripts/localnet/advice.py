"""What to try next: curl lines with this network's own addresses."""

from __future__ import annotations

import json
import shlex
import urllib.parse

import status

TRANSACTION = {"data": "hello"}
# Packages whose methods this network can show, by the word in their name.
CALLS = {
    "documents": (
        {
            "jsonrpc": "2.0",
            "method": "propose",
            "params": {
                "document": "lease",
                "user": "alice",
                "parties": ["bob", "carol"],
                "quorum": 2,
                "content_hash": "hello",
            },
            "id": 1,
        },
        {"jsonrpc": "2.0", "method": "list", "params": {}, "id": 2},
    ),
}


def get(node, route: str, **parameters) -> str:
    query = urllib.parse.urlencode(parameters, safe="<>")
    return "curl " + shlex.quote(f"{node.rest_url}/{route}" + (f"?{query}" if query else ""))


def post(node, route: str, body: dict) -> str:
    return (
        f"curl -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body))} "
        f"{node.rest_url}/{route}"
    )


def addresses(nodes: list) -> list:
    rows = [("", "gRPC", "REST", "LOG")]
    for node in nodes:
        rows.append((node.name, f"{node.host}:{node.ports['gRPC']}", node.rest_url, str(node.log)))
    return status.table(rows)


def call_bodies(package: str, channel: str) -> tuple:
    """A transaction and a query that the channel's SCORE understands."""
    for word, bodies in CALLS.items():
        if word in package:
            transaction, query = bodies
            break
    else:
        transaction, query = TRANSACTION, {"jsonrpc": "2.0", "method": "echo", "params": {"text": "hello"}, "id": 2}
    return {**transaction, "channel": channel}, {**query, "channel": channel}


def curl_lines(nodes: list, channels: dict) -> list:
    """The lines to try, each under what it shows."""
    radiostation, first = nodes[0], nodes[1]
    channel = next((name for name, package in channels.items() if "documents" in package), None)
    channel = channel or next(iter(channels))
    transaction, query = call_bodies(channels[channel], channel)
    _, block = status.ask(first, "blocks", channel=channel)
    block_hash = block.get("block_hash", "") if isinstance(block, dict) else ""
    lines = [
        "# the peers, and who leads the channel",
        get(radiostation, "peer/list", channel=channel),
        get(radiostation, "peer/leader", channel=channel),
        "# how each peer is",
    ]
    lines += [get(node, "status/peer", channel=channel) for node in nodes if node.is_peer]
    lines += [
        "# the channel's contract",
        get(first, "status/score", channel=channel),
        "# a transaction; its result and itself by the tx_hash that the answer gave",
        post(first, "transactions", transaction),
        get(first, "transactions/result", hash="<tx_hash>", channel=channel),
        get(first, "transactions", hash="<tx_hash>", channel=channel),
        "# a query to the contract",
        post(first, "query", query),
        "# the last block, and one by its hash",
        get(first, "blocks", channel=channel),
        get(first, "blocks", hash=block_hash or "<block_hash>", channel=channel),
    ]
    return lines
