#!/usr/bin/env python3
from loopchain.blockchain import *
from loopchain.tools import ScoreHelper
from loopchain.tools.score_helper import LogLevel
from functools import partial
import json

# package files, same folder
import config
import errors
from db import *
from utils import *
from models import Poll
import runner
import score as score_math
import common.message as message


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.helper = ScoreHelper()
        assert self.helper is ScoreHelper()      # singleton

    def invoke(self, transaction, block):
        log = partial(self.helper.log, block.channel_name)
        body = json.loads(transaction.get_data_string())
        return runner.run(self.helper, body, log)

    def query(self, params):
        body = json.loads(params)
        method = body['method']
        if method == 'poll':
            raw = self.helper.Query(config.DB_NAME, to_key('poll', body['params']['poll']))
            poll = Poll.from_bytes(raw)
            return json.dumps({'code': 0, 'result': poll.as_dict(), 'winner': score_math.winner(poll), 'id': body['id']})
        if method == 'exists':
            try:
                self.helper.Query(config.DB_NAME, to_key('poll', body['params']['poll']))
                return json.dumps({'code': 0, 'exists': True})
            except KeyError:
                return json.dumps({'code': 0, 'exists': False})
        if method == 'strkey':
            try:
                self.helper.Query(config.DB_NAME, 'a str key')
            except TypeError:
                return json.dumps({'code': 0, 'result': 'TypeError'})
        if method == 'raw':
            return json.dumps({'code': 0, 'hex': bytes(self.helper.Query(config.DB_NAME, bytes.fromhex(body['params']['key']))).hex()})
        return json.dumps({'code': 1, 'message': message.text('E_METHOD')})

    def info(self):
        return self._score_info
