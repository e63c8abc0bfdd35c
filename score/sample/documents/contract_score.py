"""Documents that several parties approve.

A proposed document names its parties and how many of them must approve it. `document_register.py`
keeps the documents, `request_reader.py` reads what clients send.
"""

import json

from document_register import DocumentRegister
from failures import Failure
from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreDatabaseType, ScoreHelper
from request_reader import RequestReader

LIMIT_DEFAULT = 20


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        database = ScoreHelper().load_database("documents", ScoreDatabaseType.leveldb)
        self._register = DocumentRegister(database)
        self._invoke_methods = {"propose": self._propose, "approve": self._approve}
        self._query_methods = {"document": self._document, "user": self._user, "list": self._list}

    def invoke(self, transaction, block):
        try:
            request = RequestReader(transaction.get_data_string())
            method = request.method(self._invoke_methods)
            method(request, transaction, block)
        except Failure as failure:
            return {"code": failure.code, "message": failure.message}
        return {"code": 0}

    def query(self, params):
        try:
            request = RequestReader(params)
            method = request.method(self._query_methods)
            answer = {"code": 0, "response": method(request)}
        except Failure as failure:
            answer = {"code": failure.code, "message": failure.message}
        return json.dumps({"jsonrpc": "2.0", **answer}, sort_keys=True, ensure_ascii=False)

    def _propose(self, request, transaction, block):
        name = request.name("document")
        user = request.name("user")
        parties = request.parties()
        quorum = request.quorum(len(parties))
        content_hash = request.text("content_hash")
        if self._register.find(name) is not None:
            raise Failure(Failure.EXISTS, f"the document '{name}' was proposed already")
        self._register.add({
            "document": name,
            "content_hash": content_hash,
            "proposer": user,
            "proposed_height": block.height,
            "proposed_by_transaction": transaction.tx_hash,
            "parties": parties,
            "quorum": quorum,
            "approvals": [],
            "status": "proposed",
        })

    def _approve(self, request, transaction, block):
        document = self._existing(request.name("document"))
        name = document["document"]
        user = request.name("user")
        if user not in document["parties"]:
            raise Failure(Failure.NOT_A_PARTY, f"'{user}' is no party of the document '{name}'")
        if any(approval["user"] == user for approval in document["approvals"]):
            raise Failure(Failure.TWICE, f"'{user}' has approved the document '{name}' already")
        if document["status"] == "approved":
            raise Failure(Failure.COMPLETE, f"the document '{name}' is approved already")
        document["approvals"].append({
            "user": user, "height": block.height, "transaction": transaction.tx_hash})
        if len(document["approvals"]) == document["quorum"]:
            document["status"] = "approved"
        self._register.change(document)

    def _existing(self, name):
        document = self._register.find(name)
        if document is None:
            raise Failure(Failure.UNKNOWN, f"there is no document '{name}'")
        return document

    def _document(self, request):
        return self._existing(request.name("document"))

    def _user(self, request):
        user = request.name("user")
        after, limit = request.page(LIMIT_DEFAULT)
        return {"user": user, "documents": self._register.of_user(user, after, limit)}

    def _list(self, request):
        after, limit = request.page(LIMIT_DEFAULT)
        return {"documents": self._register.list(after, limit)}
