"""Where documents are kept: one entry for each, and one for each party that it has.

Keys: "d/" document, and "u/" user, a zero byte, document. Names hold no zero byte.
"""

import json


class DocumentRegister:
    def __init__(self, database):
        self._database = database

    def find(self, name):
        try:
            return json.loads(self._database.Get(b"d/" + name.encode()))
        except KeyError:
            return None

    def add(self, document):
        self.change(document)
        name = document["document"].encode()
        for party in document["parties"]:
            self._database.Put(b"u/" + party.encode() + b"\0" + name, b"")

    def change(self, document):
        text = json.dumps(document, sort_keys=True, ensure_ascii=False)
        self._database.Put(b"d/" + document["document"].encode(), text.encode())

    def list(self, after, limit):
        return self._names(b"d/", after, limit)

    def of_user(self, user, after, limit):
        names = self._names(b"u/" + user.encode() + b"\0", after, limit)
        return [self.find(name) for name in names]

    def _names(self, prefix, after, limit):
        names = []
        first = prefix + after.encode() + (b"\0" if after else b"")
        for key in self._database.RangeIter(first, include_value=False):
            if len(names) == limit or not key.startswith(prefix):
                break
            names.append(key[len(prefix):].decode())
        return names
