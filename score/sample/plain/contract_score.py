"""Keeps what a transaction says, unless it says nothing."""

import json

from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreDatabaseType, ScoreHelper


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self._texts = ScoreHelper().load_database("texts", ScoreDatabaseType.leveldb)

    def invoke(self, transaction, block):
        text = transaction.get_data()
        if text:
            self._texts.Put(transaction.tx_hash.encode(), text)

    def query(self, params):
        try:
            return json.dumps({"code": 0, "text": self._texts.Get(params.encode()).decode()})
        except KeyError:
            return json.dumps({"code": 1, "message": "there is no such transaction"})
