import json
from functools import partial

from icx_wallet import Wallet
from loopchain.blockchain import ScoreBase
from loopchain.tools.score_helper import LogLevel, ScoreHelper


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.wallet = Wallet()
        assert ScoreHelper() is ScoreHelper()

    def genesis_invoke(self, transaction, block=None):
        data = json.loads(transaction.get_data_string())
        for name, amount in data["accounts"].items():
            self.wallet.set(name, amount)
        return {"code": 0, "message": f"{block.confirmed_tx_len} of genesis"}

    def invoke(self, transaction, block=None):
        log = partial(ScoreHelper().log, block.channel_name)
        data = json.loads(transaction.get_data_string())
        log(f"invoke {data}", LogLevel.DEBUG)
        return self.wallet.transfer(data["from"], data["to"], data["amount"])

    def query(self, params):
        try:
            return json.dumps({"balance": self.wallet.query(json.loads(params)["of"])})
        except KeyError as error:
            return json.dumps({"missing": str(error)})
