from helpers.numbers import from_bytes, to_bytes
from loopchain.tools.score_helper import ScoreHelper

DATABASE = "icx"


class Wallet:
    def set(self, name, amount):
        ScoreHelper().Put(DATABASE, name.encode(), to_bytes(amount))

    def get(self, name):
        return from_bytes(ScoreHelper().Get(DATABASE, name.encode()))

    def query(self, name):
        assert ScoreHelper().load_query_database(DATABASE).Get(name.encode())
        return from_bytes(ScoreHelper().Query(DATABASE, name.encode()))

    def transfer(self, sender, receiver, amount):
        self.set(sender, self.get(sender) - amount)
        try:
            before = self.get(receiver)
        except KeyError:
            before = 0
        self.set(receiver, before + amount)
        if self.get(sender) < 0:
            return {"code": 1, "message": "not enough"}
        if amount == 0:
            ScoreHelper().Delete(DATABASE, b"nobody")
        if amount == 1:
            ScoreHelper().Put(DATABASE, "text", b"")
        return {"code": 0}
