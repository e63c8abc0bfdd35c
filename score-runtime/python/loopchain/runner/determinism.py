"""Clocks and random numbers that answer alike on every peer while contract code runs.

Installed before the package is imported, so that `from datetime import datetime` finds these.
"""

import _datetime
import _random
import datetime
import os
import random
import time
import uuid

from . import current

_real_date = datetime.date
_real_datetime = datetime.datetime
_EPOCH = _real_datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def install():
    _install_time()
    _install_datetime()
    _install_random()
    _install_uuid()
    # Log records carry it.
    for name in ("getpid", "getppid"):
        _replace(os, name, lambda: 1)


def _replace(module, name, answer):
    """Replaces a function; `answer` is called instead of it while contract code runs."""
    real = getattr(module, name, None)
    if real is None:
        return

    def replaced(*values, **options):
        if current.deterministic():
            return answer(*values, **options)
        return real(*values, **options)

    replaced.__name__ = name
    replaced.__doc__ = real.__doc__
    setattr(module, name, replaced)


def _install_time():
    seconds = lambda: current.time_us / 1_000_000
    nanoseconds = lambda: current.time_us * 1_000
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        _replace(time, name, seconds)
        _replace(time, name + "_ns", nanoseconds)
    _replace(time, "clock_gettime", lambda clock: seconds())
    _replace(time, "clock_gettime_ns", lambda clock: nanoseconds())
    # A pause decides nothing; everyone would only wait.
    _replace(time, "sleep", lambda duration: None)
    if not hasattr(time, "clock"):
        time.clock = time.perf_counter
    # These take the present when they are given no time.
    for name in ("localtime", "gmtime", "ctime"):
        real = getattr(time, name)
        _replace(time, name, lambda at=None, real=real: real(seconds() if at is None else at))
    real_gmtime, real_asctime, real_strftime = time.gmtime, time.asctime, time.strftime
    _replace(time, "asctime", lambda at=None: real_asctime(at or real_gmtime()))
    _replace(time, "strftime", lambda form, at=None: real_strftime(form, at or real_gmtime()))


def _now(zone=None):
    moment = _EPOCH + datetime.timedelta(microseconds=current.time_us)
    return moment.replace(tzinfo=None) if zone is None else moment.astimezone(zone)


class _AlsoReal(type):
    """Makes `isinstance(value, datetime)` true for values that C code made."""

    def __instancecheck__(cls, value):
        real = cls.__dict__.get("_real")
        return isinstance(value, real) if real else super().__instancecheck__(value)

    def __subclasscheck__(cls, other):
        real = cls.__dict__.get("_real")
        return issubclass(other, real) if real else super().__subclasscheck__(other)


class _Date(_real_date, metaclass=_AlsoReal):
    _real = _real_date

    @classmethod
    def today(cls):
        if not current.deterministic():
            return super().today()
        day = _now()
        return cls(day.year, day.month, day.day)

    def __repr__(self):
        return "datetime." + super().__repr__()


class _Datetime(_real_datetime, metaclass=_AlsoReal):
    _real = _real_datetime

    @classmethod
    def now(cls, tz=None):
        if not current.deterministic():
            return super().now(tz)
        return cls._of(_now(tz))

    @classmethod
    def utcnow(cls):
        return cls._of(_now()) if current.deterministic() else super().utcnow()

    @classmethod
    def today(cls):
        return cls.now()

    @classmethod
    def _of(cls, moment):
        return cls(moment.year, moment.month, moment.day, moment.hour, moment.minute,
                   moment.second, moment.microsecond, moment.tzinfo, fold=moment.fold)

    def __repr__(self):
        return "datetime." + super().__repr__()


def _install_datetime():
    for name, replacement in (("date", _Date), ("datetime", _Datetime)):
        replacement.__name__ = replacement.__qualname__ = name
        replacement.__module__ = "datetime"
        setattr(datetime, name, replacement)
        setattr(_datetime, name, replacement)


class _BlockRandom(random.Random):
    """The generator behind the functions of `random`: seeded anew for every transaction."""

    turn = None

    def _catch_up(self):
        if current.deterministic() and self.turn != current.turn:
            self.seed(int.from_bytes(current.random_bytes(32), "big"))

    def seed(self, *values, **options):
        super().seed(*values, **options)
        self.turn = current.turn

    def random(self):
        self._catch_up()
        return super().random()

    def getrandbits(self, count):
        self._catch_up()
        return super().getrandbits(count)

    def gauss(self, mu=0.0, sigma=1.0):
        # It keeps every second number, perhaps from an earlier transaction.
        self._catch_up()
        return super().gauss(mu, sigma)

    def getstate(self):
        self._catch_up()
        return super().getstate()


def _install_random():
    _replace(os, "urandom", current.random_bytes)
    _replace(os, "getrandom", lambda size, flags=0: current.random_bytes(size))
    # `SystemRandom`, and with it `secrets`, reads this name.
    random._urandom = os.urandom
    real_seed = random.Random.seed

    def seed(self, a=None, version=2):
        """Without a seed it would come from the machine."""
        if a is None and current.deterministic():
            a = int.from_bytes(current.random_bytes(32), "big")
        real_seed(self, a, version)

    random.Random.seed = seed
    _random.Random = random.Random
    only = random._inst = _BlockRandom()
    for name in random.__all__:
        if hasattr(only, name) and not isinstance(getattr(random, name), type):
            setattr(random, name, getattr(only, name))


def _install_uuid():
    def uuid1(node=None, clock_seq=None):
        ticks = current.time_us * 10 + 0x01B21DD213814000
        if node is None:
            # A node that is no hardware address has the multicast bit set.
            node = int.from_bytes(current.random_bytes(6), "big") | (1 << 40)
        if clock_seq is None:
            clock_seq = int.from_bytes(current.random_bytes(2), "big") & 0x3FFF
        fields = (ticks & 0xFFFFFFFF, (ticks >> 32) & 0xFFFF, (ticks >> 48) & 0x0FFF,
                  (clock_seq >> 8) & 0x3F, clock_seq & 0xFF, node)
        return uuid.UUID(fields=fields, version=1)

    _replace(uuid, "uuid1", uuid1)
    _replace(uuid, "getnode", lambda: 1 << 40)
