"""Small things that packages take from the old system's module of this name."""

import json
import logging

from loopchain.runner import current


class ScoreLogger(logging.LoggerAdapter):
    """A logger with the extra level names that old packages use."""

    def spam(self, message, *values, **options):
        self.debug(message, *values, **options)

    verbose = spam

    def notice(self, message, *values, **options):
        self.info(message, *values, **options)

    success = notice


logger = ScoreLogger(logging.getLogger("score"), {})


def get_time_stamp():
    """Microseconds since 1970: the block's time while a transaction runs."""
    return current.now_us()


def check_is_json_string(data):
    """Whether `data` is the JSON of an object or a list."""
    if not isinstance(data, str):
        return False
    try:
        return isinstance(json.loads(data), (dict, list))
    except ValueError:
        return False
