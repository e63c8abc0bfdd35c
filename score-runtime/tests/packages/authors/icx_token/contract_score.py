# Copyright 2018 theloop Inc.
import functools
import json

from loopchain.blockchain import ScoreBase
from loopchain.tools.score_helper import ScoreHelper, LogLevel

from icx_consts import *
from icx_error import IcxError, Code
from wallet import WalletStore
import genesis_loader


class UserScore(ScoreBase):

    def __init__(self, info=None):
        super().__init__(info)
        self._helper = ScoreHelper()
        self._helper.load_query_database(DB_WALLET)

    def genesis_invoke(self, transaction, block=None):
        log_func = functools.partial(self._helper.log, block.channel_name)
        log_func('genesis_invoke() start', LogLevel.DEBUG)
        try:
            data = json.loads(transaction.get_data_string())
            genesis_loader.load(self._helper, data, log_func)
        except IcxError as e:
            log_func('genesis fail : {}'.format(e), log_level=LogLevel.DEBUG)
            return e.to_result()
        return {'code': Code.OK}

    def invoke(self, transaction, block):
        log_func = functools.partial(self._helper.log, block.channel_name)
        try:
            data = json.loads(transaction.get_data_string())
            log_func('invoke() data: %r' % data)
            method = data.get('method')
            if method is None:
                raise IcxError(Code.INVALID_REQUEST, 'method is missing')
            params = data.get('params') or {}
            store = WalletStore(self._helper, log_func)
            if method == 'icx_sendTransaction' or method == 'transfer':
                return self.__transfer(store, params)
            if method == 'burn':
                return self.__burn(store, params)
            if method == 'approve':
                store.approve(params['owner'], params['spender'], params['value'])
                return {'code': Code.OK}
            if method == 'revoke':
                store.revoke(params['owner'], params['spender'])
                return {'code': Code.OK}
            raise IcxError(Code.METHOD_NOT_FOUND, method)
        except IcxError as e:
            return e.to_result()

    def __transfer(self, store, params):
        frm, to, value = params['from'], params['to'], params['value']
        if isinstance(value, str):
            value = int(value, 16)
        fee = FEE
        # take first, check later
        left = store.add(frm, -(value + fee))
        store.add(to, value)
        store.add(TREASURY, fee)
        if left < 0:
            raise IcxError(Code.OUT_OF_BALANCE, 'Out of balance: %s' % frm)
        if value <= 0:
            raise IcxError(Code.INVALID_PARAMS, 'value')
        return {'code': Code.OK, 'message': 'ok'}

    def __burn(self, store, params):
        # removes the wallet, KeyError if there is none
        store.remove(params['address'])
        return None

    def query(self, params):
        request = json.loads(params)
        method = request['method']
        p = request.get('params', {})
        try:
            if method == 'get_balance':
                value = int(bytes(self._helper.Query(DB_WALLET, p['address'].encode())).decode(), 16)
                return json.dumps({'jsonrpc': '2.0', 'code': Code.OK, 'response': hex(value), 'id': request.get('id')})
            elif method == 'get_allowance':
                key = ('%s|%s' % (p['owner'], p['spender'])).encode()
                v = self._helper.Query(DB_ALLOW, key)
                return json.dumps({'jsonrpc': '2.0', 'code': 0, 'response': int(v)})
            elif method == 'get_total_supply':
                v = self._helper.Query(DB_META, b'total')
                return json.dumps({'jsonrpc': '2.0', 'code': 0, 'response': v.decode()})
        except KeyError as e:
            return json.dumps({'jsonrpc': '2.0', 'code': Code.NOT_FOUND, 'message': 'not found', 'id': request.get('id')})
        return json.dumps({'code': Code.METHOD_NOT_FOUND})

    def info(self):
        return self._score_info
