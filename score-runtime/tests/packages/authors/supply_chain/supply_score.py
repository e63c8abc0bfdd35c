#!/usr/bin/env python3
# -*- coding: utf-8 -*-
import importlib
import json
import os
import pickle
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)))

from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreHelper, ScoreDatabaseType
try:
    from .lib.tracking import Event, Lot
except (ImportError, SystemError, ValueError):
    from lib.tracking import Event, Lot
import lib.codes as codes
from lib import store

HERE = os.path.dirname(os.path.realpath(__file__))


class UserScore(ScoreBase):
    def __init__(self, info=None):
        ScoreBase.__init__(self, info)
        if info is None:
            info = json.load(open(os.path.join(HERE, ScoreBase.PACKAGE_FILE), encoding='utf-8'))
        self.score_info = info
        self.store = store.Store(ScoreHelper().load_database(
            score_id=info['id'], database_type=ScoreDatabaseType.leveldb))

    def invoke(self, transaction, block=None):
        req = json.loads(transaction.get_data_string())
        name = req.get('method')
        try:
            # handlers are loaded when they are needed
            mod = importlib.import_module('handlers.' + name)
        except ImportError as e:
            print('no handler', name, e, file=sys.stderr)
            return {'code': codes.NO_HANDLER, 'message': 'no handler: %s' % name}
        return mod.handle(self.store, req.get('params'), transaction)

    def query(self, params):
        req = json.loads(params)
        if req['method'] == 'trace':
            lot = self.store.get_lot(req['params']['lot'])
            if lot is None:
                return json.dumps({'code': codes.NO_LOT})
            return json.dumps({'code': 0, 'lot': lot.no, 'where': lot.where(),
                               'events': [e._asdict() for e in lot.events]}, ensure_ascii=False)
        elif req['method'] == 'places':
            with open(os.path.join(HERE, 'data', 'places.json'), encoding='utf-8') as f:
                return f.read()
        elif req['method'] == 'desc':
            return json.dumps({'id': self.info()['id'], 'description': self.get_info_value('description'), 'main': self.get_info_value('main'), 'x': self.get_info_value('author_note'), 'v': len(self.get_info_value('version'))})

    def info(self):
        return self.score_info


if __name__ == '__main__':
    s = UserScore()
    print(s.info())
