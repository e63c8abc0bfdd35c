"""A counter for each name."""

import json

from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreDatabaseType, ScoreHelper

BAD_REQUEST = 1
UNKNOWN_METHOD = 2


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self._counters = ScoreHelper().load_database("counters", ScoreDatabaseType.leveldb)

    def invoke(self, transaction, block):
        """Executes one transaction. Whatever it writes is undone unless the code is 0."""
        request = json.loads(transaction.get_data_string())
        if request["method"] != "add":
            return {"code": UNKNOWN_METHOD, "message": f"no method {request['method']!r}"}
        name, count = request["params"]["name"], request["params"]["count"]
        if not isinstance(name, str) or not isinstance(count, int) or count < 1:
            return {"code": BAD_REQUEST, "message": "'name' is a text, 'count' a number above 0"}
        self._counters.Put(name.encode(), str(self._count(name) + count).encode())
        return {"code": 0}

    def query(self, params):
        """Answers a question from committed state, JSON in and out."""
        request = json.loads(params)
        if request["method"] != "count":
            return json.dumps({"code": UNKNOWN_METHOD, "message": f"no method {request['method']!r}"})
        return json.dumps({"code": 0, "count": self._count(request["params"]["name"])})

    def _count(self, name):
        try:
            return int(self._counters.Get(name.encode()))
        except KeyError:
            return 0
