"""Reads JSON-RPC requests; everything wrong with one is a `Failure` that says what is expected."""

import json

from failures import Failure

NAME_CHARACTERS_MAX = 128
TEXT_CHARACTERS_MAX = 1024
PARTIES_MAX = 64
LIMIT_MAX = 100


class RequestReader:
    def __init__(self, text):
        try:
            request = json.loads(text, parse_constant=_refuse_constant)
            json.dumps(request, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise Failure(Failure.REQUEST, "the request is not JSON") from None
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            raise Failure(Failure.REQUEST, "a JSON object with 'method' and 'params' is expected")
        self._method = request["method"]
        self._params = request.get("params", {})
        if not isinstance(self._params, dict):
            raise Failure(Failure.REQUEST, "'params' must be an object")

    def method(self, methods):
        if self._method not in methods:
            names = ", ".join(methods)
            raise Failure(Failure.REQUEST, f"no method '{self._method}'; there are: {names}")
        return methods[self._method]

    def name(self, key):
        value = self._params.get(key)
        if not _is_name(value):
            raise Failure(Failure.PARAMETER, f"'{key}' must be {_NAME}")
        return value

    def text(self, key):
        value = self._params.get(key)
        if not isinstance(value, str) or len(value) > TEXT_CHARACTERS_MAX:
            raise Failure(
                Failure.PARAMETER,
                f"'{key}' must be a string of at most {TEXT_CHARACTERS_MAX} characters")
        return value

    def parties(self):
        value = self._params.get("parties")
        if not isinstance(value, list) or not 1 <= len(value) <= PARTIES_MAX:
            raise Failure(
                Failure.PARAMETER, f"'parties' must be a list of 1 to {PARTIES_MAX} users")
        if not all(_is_name(party) for party in value):
            raise Failure(Failure.PARAMETER, f"each of 'parties' must be {_NAME}")
        if len(set(value)) < len(value):
            raise Failure(Failure.PARAMETER, "'parties' names someone twice")
        return value

    def quorum(self, parties_count):
        value = self._params.get("quorum")
        if not _is_whole(value, parties_count):
            raise Failure(
                Failure.PARAMETER,
                "'quorum' must be a whole number from 1 to the number of parties")
        return value

    def page(self, limit_default):
        after = self._params.get("after", "")
        if after != "" and not _is_name(after):
            raise Failure(Failure.PARAMETER, f"'after' must be {_NAME}")
        limit = self._params.get("limit", limit_default)
        if not _is_whole(limit, LIMIT_MAX):
            raise Failure(
                Failure.PARAMETER, f"'limit' must be a whole number from 1 to {LIMIT_MAX}")
        return after, limit


_NAME = f"a string of 1 to {NAME_CHARACTERS_MAX} characters without control characters"


def _is_name(value):
    if not isinstance(value, str) or not 1 <= len(value) <= NAME_CHARACTERS_MAX:
        return False
    return all(ord(character) >= 32 for character in value)


def _is_whole(value, most):
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _refuse_constant(name):
    raise ValueError(f"{name} is not JSON")
