"""What runs at this moment: the phase, its time, its source of "random" bytes.

While a package is loaded or a transaction runs, time and randomness must be the same on every
peer. They come from here: the block's time, and SHA-256 over the channel, the transaction's hash
and a count of the calls made.
"""

import hashlib
import time as _time

IDLE, LOADING, EXECUTING, QUERYING = range(4)

host = None
phase = IDLE
time_us = 0
# Counts the transactions begun: a generator seeded for an earlier one is stale.
turn = 0
# Whether the last call was over its time.
was_late = False

_real_time_ns = _time.time_ns
_seed = b""
_count = 0


def begin(new_phase, new_time_us=0, seed=""):
    """Enters contract code."""
    global phase, time_us, turn, was_late, _seed, _count
    phase = new_phase
    time_us = new_time_us
    turn += 1
    was_late = False
    _seed = seed
    _count = 0


def end():
    global phase
    phase = IDLE


def deterministic():
    return phase == EXECUTING or phase == LOADING


def now_us():
    return time_us if deterministic() else _real_time_ns() // 1000


def random_bytes(count):
    """The next `count` bytes of this transaction's generator."""
    global _count
    _count += 1
    start = f"{host.channel()}/{_seed}/{_count}/".encode()
    blocks = (hashlib.sha256(start + str(i).encode()).digest() for i in range(count // 32 + 1))
    return b"".join(blocks)[:count]
