import json
import logging
from enum import IntEnum
from os.path import dirname

import leveldb
import loopchain.configure as conf
import loopchain.utils as util
from loopchain.blockchain import *
from loopchain.protos import message_code
from loopchain.scoreservice import ScoreResponse
from loopchain.tools import ScoreDatabaseType, ScoreHelper
from loopchain.tools.score_helper import LogLevel


class Code(IntEnum):
    OK = 0
    REFUSED = 77


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        with open(dirname(__file__) + '/' + ScoreBase.PACKAGE_FILE, "r") as f:
            assert json.loads(f.read())["id"] == info["id"]
        self.__helper = ScoreHelper()
        self.__db = self.__helper.load_database(
            score_id="first", database_type=ScoreDatabaseType.leveldb)
        self.__db.Put(b"start", b"loaded")

    def invoke(self, transaction, block):
        request = json.loads(transaction.get_data_string(), encoding='utf-8')
        method = getattr(self, request["method"])
        self.__helper.log(block.channel_name, f"invoke {request}", LogLevel.INFO)
        return method(request.get("params", {}), transaction, block)

    def put(self, params, transaction, block):
        for key, value in params.items():
            self.__db.Put(key.encode(), bytearray(value.encode()))

    def delete(self, params, transaction, block):
        self.__db.Delete(params["key"].encode())
        return {"code": Code.OK}

    def batch(self, params, transaction, block):
        batch = leveldb.WriteBatch()
        batch.Put(b"b1", b"1")
        batch.Put(b"b2", b"2")
        batch.Delete(b"b1")
        self.__db.Write(batch, sync=True)
        return {"code": message_code.Response.success}

    def move(self, params, transaction, block):
        """Reads what this block and this transaction wrote."""
        value = self.__db.Get(params["from"].encode())
        self.__db.Put(params["to"].encode(), value + b"!")
        self.__db.Delete(params["from"].encode())
        try:
            self.__db.Get(params["from"].encode())
        except KeyError:
            return {"code": 0, "message": json.loads(bytearray(b'"moved"'))}

    def refuse_after_write(self, params, transaction, block):
        self.__db.Put(b"ghost", b"x")
        return {"code": Code.REFUSED, "message": "refused"}

    def raise_after_write(self, params, transaction, block):
        self.__db.Put(b"ghost", b"x")
        raise ValueError("no way")

    def no_code(self, params, transaction, block):
        self.__db.Put(b"ghost", b"x")
        return {"message": "forgot"}

    def odd_result(self, params, transaction, block):
        return "fine"

    def odd_code(self, params, transaction, block):
        return {"code": "0"}

    def text_key(self, params, transaction, block):
        self.__db.Put("text", b"x")

    def own_database(self, params, transaction, block):
        try:
            leveldb.LevelDB("/tmp/somewhere")
        except leveldb.LevelDBError:
            return {"code": 5, "message": "refused"}

    def facts(self, params, transaction, block):
        assert transaction.get_data() == transaction.get_data_string().encode()
        assert block.find_transaction_index(transaction.get_tx_hash()) == params["index"]
        assert block.find_transaction_index("00") == -1
        assert block.confirmed_transaction_list[0].tx_hash == "00" * 31 + "01"
        assert self.get_info_value("nothing") == "" and len(self.info()["version"]) == 40
        assert util.check_is_json_string("{}") and not util.check_is_json_string("{")
        assert ScoreResponse.NOT_INVOKED == 2 and conf.SOME_SETTING == 12
        assert not hasattr(conf, "OTHER")
        facts = [block.height, block.block_hash[:2], block.prev_block_hash[:2], block.time_stamp,
                 block.peer_id, block.channel_name, block.confirmed_tx_len,
                 block.merkle_tree_root_hash[:2], transaction.meta["peer_id"],
                 transaction.meta["score_id"], transaction.meta["channel_name"],
                 transaction.get_timestamp(), transaction.signature.hex(),
                 transaction.public_key.hex(), util.get_time_stamp()]
        return {"code": 1, "message": json.dumps(facts)}

    def query(self, params):
        request = json.loads(params)
        if request["method"] == "write":
            self.__db.Put(b"q", b"q")
        if request["method"] == "number":
            return 5
        if request["method"] == "get":
            return json.dumps(self.__db.Get(request["key"].encode()).decode())
        entries = self.__db.RangeIter(
            key_from=request.get("from", "").encode(),
            key_to=request["to"].encode() if "to" in request else None,
            reverse=request.get("reverse", False))
        return json.dumps([[bytes(k).decode(), bytes(v).decode()] for k, v in entries])
