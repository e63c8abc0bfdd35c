__all__ = ['save', 'load', 'drop']

from config import DB_NAME
from utils import to_key


def save(helper, kind, name, value):
    helper.Put(DB_NAME, to_key(kind, name), value)


def load(helper, kind, name):
    return bytes(helper.Get(DB_NAME, to_key(kind, name)))


def drop(helper, kind, name):
    helper.Delete(DB_NAME, to_key(kind, name))
