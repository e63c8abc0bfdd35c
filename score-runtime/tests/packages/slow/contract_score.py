import json

from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreDatabaseType, ScoreHelper


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.pairs = ScoreHelper().load_database("pairs", ScoreDatabaseType.leveldb)
        self.rows = ScoreHelper().load_database("rows")
        self.rows.execute("CREATE TABLE IF NOT EXISTS counts(name TEXT PRIMARY KEY, count INTEGER)")

    def invoke(self, transaction, block):
        name = transaction.get_data_string()
        try:
            count = int(self.pairs.Get(name.encode())) + 1
        except KeyError:
            count = 1
        for _ in range(20_000):
            pass
        self.pairs.Put(name.encode(), str(count).encode())
        self.rows.execute("INSERT OR REPLACE INTO counts VALUES (?, ?)", (name, count))
        self.rows.commit()
        if count % 7 == 0:
            raise ValueError(f"{name} has a bad number")
        return {"code": 0, "message": str(count)}

    def query(self, params):
        pairs = [[bytes(k).decode(), int(v)] for k, v in self.pairs.RangeIter()]
        rows = [list(row) for row in self.rows.execute("SELECT * FROM counts ORDER BY name")]
        return json.dumps({"pairs": pairs, "rows": rows})
