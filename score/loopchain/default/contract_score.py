"""The SCORE of channels that name none: every transaction succeeds, whatever it carries."""

import json

from loopchain.blockchain import ScoreBase

UNKNOWN_METHOD = 1000


class UserScore(ScoreBase):
    def invoke(self, transaction, block):
        return {"code": 0}

    def query(self, params):
        try:
            request = json.loads(params)
        except ValueError:
            request = None
        if not isinstance(request, dict):
            return self._answer(None, UNKNOWN_METHOD, "the query must be a JSON object")
        method = request.get("method")
        number = request.get("id")
        if method == "echo":
            return self._answer(number, 0, request.get("params"))
        if method == "last_block":
            block = self._score_service.get_block(block_data_filter="height, block_hash")
            height = json.loads(block.block_data_json).get("height")
            return self._answer(number, 0, {"height": height, "block_hash": block.block_hash})
        return self._answer(number, UNKNOWN_METHOD, "the methods are echo and last_block")

    @staticmethod
    def _answer(number, code, response):
        answer = {"jsonrpc": "2.0", "code": code, "response": response}
        if number is not None:
            answer["id"] = number
        return json.dumps(answer)
