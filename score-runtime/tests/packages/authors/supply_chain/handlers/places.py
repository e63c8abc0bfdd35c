import json
from os.path import abspath, dirname, join

_cache = {}


def check(place):
    if not _cache:
        with open(join(dirname(dirname(abspath(__file__))), 'data', 'places.json'), 'r', encoding='utf-8') as f:
            _cache.update(json.load(f))
    return _cache[place]
