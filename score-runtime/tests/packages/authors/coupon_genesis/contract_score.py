# -*- coding: utf-8 -*-
import json
import os
import sys
from functools import partial
from enum import IntEnum, Enum

from loopchain.blockchain import ScoreBase
from loopchain.tools.score_helper import ScoreHelper, ScoreDatabaseType, LogLevel

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from coupon import const
from coupon.issue import issue, use, gift
from coupon import *


class Method(Enum):
    ISSUE = 'issue'
    USE = 'use'
    GIFT = 'gift'
    TOUCH = 'touch'
    QUERY_IN_INVOKE = 'query_in_invoke'


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.__helper = ScoreHelper()
        for db in const.ALL_DB:
            self.__helper.load_query_database(db)
        # this one is older than the rest
        self.__old_db = self.__helper.load_database('coupon_old', ScoreDatabaseType.leveldb)

    def genesis_invoke(self, transaction, block=None):
        log = partial(self.__helper.log, block.channel_name)
        log('genesis', LogLevel.DEBUG)
        data = json.loads(transaction.get_data_string())
        self.__helper.Put(const.DB_CONF, b'admin', data['admin'].encode())
        self.__helper.Put(const.DB_CONF, b'height', str(block.height).encode())
        self.__old_db.Put(b'genesis', b'yes')
        if not data.get('limit'):
            return {'code': const.Result.BAD_GENESIS, 'message': 'limit is missing'}
        self.__helper.Put(const.DB_CONF, b'limit', str(data['limit']).encode())
        return {'code': const.Result.OK}

    def invoke(self, transaction, block):
        log = partial(self.__helper.log, block.channel_name)
        data = json.loads(transaction.get_data_string())
        log('%d transactions in block %d' % (block.confirmed_tx_len, block.height))
        try:
            method = Method(data['method'])
        except (KeyError, ValueError):
            return {'code': const.Result.NO_METHOD, 'message': repr(data.get('method'))}
        p = data.get('params')
        if method is Method.ISSUE:
            return issue(self.__helper, p)
        elif method == Method.USE:
            return use(self.__helper, p)
        elif method == Method.GIFT:
            return gift(self.__helper, p)
        elif method == Method.TOUCH:
            # both kinds of database in one go
            self.__old_db.Put(b'touch', p['v'].encode())
            self.__helper.Put(const.DB_COUPON, b'touch', p['v'].encode())
            return {'code': const.Result(p['code']), 'message': 'touched'}
        elif method == Method.QUERY_IN_INVOKE:
            self.__helper.Query(const.DB_CONF, b'admin')

    def query(self, params):
        req = json.loads(params)
        m = req['method']
        if m == 'coupon':
            return self.__helper.Query(const.DB_COUPON, req['params']['no'].encode()).decode()
        if m == 'genesis':
            return json.dumps({k: self.__helper.Query(const.DB_CONF, k.encode()).decode() for k in ('admin', 'limit')})
        if m == 'touch':
            return json.dumps({'old': self.__old_db.Get(b'touch').decode(),
                               'new': self.__helper.Query(const.DB_COUPON, b'touch').decode()})
        if m == 'put_in_query':
            self.__helper.Put(const.DB_COUPON, b'sneaky', b'1')
            return json.dumps({'code': 0})
        if m == 'sneaky':
            try:
                self.__helper.Query(const.DB_COUPON, b'sneaky')
                return json.dumps({'sneaky': True})
            except KeyError:
                return json.dumps({'sneaky': False})
        if m == 'echo':
            return json.dumps(req)
        if m == 'plain':
            return 'OK'

    def info(self):
        return self._score_info
