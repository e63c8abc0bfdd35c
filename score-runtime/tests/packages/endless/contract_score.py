import json
import sqlite3

from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreHelper

COUNT = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


class UserScore(ScoreBase):
    def invoke(self, transaction, block):
        getattr(self, transaction.get_data_string())()

    def fine(self):
        pass

    def loop(self):
        while True:
            pass

    def deaf(self):
        """Swallows one interruption and claims success."""
        try:
            while True:
                pass
        except BaseException:
            pass

    def sql(self):
        ScoreHelper().load_database("endless").execute(COUNT)

    def row(self):
        """How many rows there were before this one."""
        database = ScoreHelper().load_database("rows")
        database.execute("CREATE TABLE IF NOT EXISTS rows (value)")
        count = database.execute("SELECT count(*) FROM rows").fetchone()[0]
        database.execute("INSERT INTO rows VALUES (1)")
        if count > 9:
            raise ValueError(count)

    def rows(self):
        ScoreHelper().load_database("rows").execute(f"INSERT INTO rows {COUNT}")

    def stuck(self):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass

    def query(self, params):
        if params == "loop":
            self.loop()
        return "{}"
