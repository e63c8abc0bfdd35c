import json

from loopchain.blockchain import ScoreBase


class UserScore(ScoreBase):
    def invoke(self, transaction, block):
        service = self._score_service
        request = json.loads(transaction.get_data_string())
        answer = getattr(service, request["call"])(*request.get("with", []))
        return {"code": 1, "message": json.dumps(answer)}

    def query(self, params):
        request = json.loads(params)
        service = self._score_service
        return json.dumps(getattr(service, request["call"])(*request.get("with", [])))
