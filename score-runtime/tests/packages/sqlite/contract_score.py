import json
import sqlite3

from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreHelper


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.db = ScoreHelper().load_database(self.get_info_value("id"))
        self.db.execute("CREATE TABLE IF NOT EXISTS notes("
                        "id INTEGER PRIMARY KEY, note TEXT UNIQUE, at TEXT DEFAULT CURRENT_TIMESTAMP)")
        self.db.commit()

    def invoke(self, transaction, block):
        request = json.loads(transaction.get_data_string())
        getattr(self, request["method"])(request.get("note"))

    def add(self, note):
        cursor = self.db.cursor()
        cursor.execute("INSERT INTO notes(note) VALUES (?)", (note,))
        self.db.commit()

    def add_without_commit(self, note):
        self.db.execute("INSERT INTO notes(note) VALUES (?)", (note,))

    def add_and_roll_back(self, note):
        self.add(note + " kept")
        self.db.execute("INSERT INTO notes(note) VALUES (?)", (note,))
        self.db.rollback()

    def add_and_raise(self, note):
        self.add(note)
        raise RuntimeError("after commit")

    def with_block(self, note):
        try:
            with self.db:
                self.db.execute("INSERT INTO notes(note) VALUES (?)", (note,))
                raise KeyError("inside")
        except KeyError:
            pass
        with self.db:
            self.db.execute("INSERT INTO notes(note) VALUES (?)", (note + " second",))

    def script(self, note):
        self.db.executescript(
            "BEGIN; INSERT INTO notes(note) VALUES ('a;b'); COMMIT; DELETE FROM notes WHERE id = 1;")

    def chance(self, note):
        self.db.execute("INSERT INTO notes(note, at) VALUES (random(), datetime('now'))")

    def attach(self, note):
        self.db.execute("ATTACH '/tmp/other.db' AS other")

    def private(self, note):
        self.db.execute("UPDATE _loopchain SET height = 99")

    def open_file(self, note):
        sqlite3.connect("/tmp/other.db")

    def late_database(self, note):
        other = ScoreHelper().load_database("later/one")
        other.execute("CREATE TABLE t(a)")
        other.execute("INSERT INTO t VALUES (1)")

    def query(self, params):
        if params == "write":
            self.db.execute("DELETE FROM notes")
        if params == "later":
            later = ScoreHelper().load_database("later/one")
            return json.dumps(later.execute("SELECT a FROM t").fetchall())
        return json.dumps(self.db.execute("SELECT id, note, at FROM notes ORDER BY id").fetchall())
