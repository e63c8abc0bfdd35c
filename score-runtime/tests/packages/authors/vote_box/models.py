import json
from collections import OrderedDict


class Poll:
    def __init__(self, title, choices, votes=None, closed=False):
        self.title = title
        self.choices = choices
        self.votes = votes or OrderedDict((c, 0) for c in choices)
        self.closed = closed

    def as_dict(self):
        return {'title': self.title, 'choices': self.choices, 'votes': self.votes, 'closed': self.closed}

    def to_bytes(self):
        return json.dumps(self.as_dict(), ensure_ascii=False).encode('utf-8')

    @classmethod
    def from_bytes(cls, raw):
        d = json.loads(raw.decode('utf-8'), object_pairs_hook=OrderedDict)
        return cls(**d)
