"""What Python dropped since 2018 and packages still use."""

import base64
import collections
import collections.abc
import fractions
import inspect
import json
import math


def install():
    json.loads = _without_encoding(json.loads)
    json.load = _without_encoding(json.load)
    for name in collections.abc.__all__:
        if not hasattr(collections, name):
            setattr(collections, name, getattr(collections.abc, name))
    for module, name, value in (
            (base64, "encodestring", base64.encodebytes),
            (base64, "decodestring", base64.decodebytes),
            (fractions, "gcd", math.gcd),
            (inspect, "getargspec", _getargspec)):
        if not hasattr(module, name):
            setattr(module, name, value)


def _without_encoding(function):
    """`encoding` was ignored for text and is not needed for bytes, whose encoding JSON fixes."""

    def wrapped(source, *values, encoding=None, **options):
        return function(source, *values, **options)

    wrapped.__name__ = function.__name__
    wrapped.__doc__ = function.__doc__
    return wrapped


def _getargspec(function):
    return inspect.getfullargspec(function)[:4]
