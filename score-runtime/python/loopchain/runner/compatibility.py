"""What Python dropped since 2018 and packages still use."""

import base64
import collections
import collections.abc
import fractions
import html
import html.parser
import inspect
import json
import math
import random
import sys
import types
import warnings


ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")


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
            (html.parser.HTMLParser, "unescape", lambda self, text: html.unescape(text)),
            (inspect, "getargspec", _getargspec)):
        if not hasattr(module, name):
            setattr(module, name, value)
    _install_cgi()
    random.Random.sample = _sampling_sets(random.Random.sample)


def _install_cgi():
    """Packages know it for `escape`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import cgi
        except ImportError:
            cgi = sys.modules["cgi"] = types.ModuleType("cgi", "What is left of it.")
    cgi.escape = lambda s, quote=False: html.escape(s, quote)


def _sampling_sets(sample):
    def wrapped(self, population, k, **options):
        if isinstance(population, collections.abc.Set):
            population = tuple(population)
        return sample(self, population, k, **options)

    return wrapped


def _without_encoding(function):
    """`encoding` was ignored for text and is not needed for bytes, whose encoding JSON fixes."""

    def wrapped(source, *values, encoding=None, **options):
        return function(source, *values, **options)

    wrapped.__name__ = function.__name__
    wrapped.__doc__ = function.__doc__
    return wrapped


def _getargspec(function):
    return ArgSpec(*inspect.getfullargspec(function)[:4])
