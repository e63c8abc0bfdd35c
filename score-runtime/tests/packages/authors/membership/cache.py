from functools import lru_cache

_grades = {}


@lru_cache(maxsize=None)
def points(won):
    return won // 100


def grade(point):
    """same answer every time, the cache only makes it fast"""
    if point not in _grades:
        _grades[point] = 'gold' if point >= 1000 else 'silver' if point >= 100 else 'bronze'
    return _grades[point]
