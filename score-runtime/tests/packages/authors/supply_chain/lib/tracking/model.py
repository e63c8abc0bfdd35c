from collections import namedtuple
from .. import codes

__all__ = ['Event', 'Lot']

Event = namedtuple('Event', ['kind', 'place', 'tx'])


class Lot(object):
    def __init__(self, no):
        self.no = no
        self.events = []

    def where(self):
        return self.events[-1].place if self.events else None
