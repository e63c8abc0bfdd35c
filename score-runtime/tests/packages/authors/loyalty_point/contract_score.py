#!/usr/bin/python
# -*- coding:utf-8 -*-
import json
import re
import struct

import leveldb
from loopchain.blockchain import *
from loopchain.tools import ScoreHelper, ScoreDatabaseType
import loopchain.utils as util

PREFIX = b'pt:'
TOTAL_KEY = b'total'
ID_RE = re.compile(r'^[a-z][a-z0-9_]{1,15}$')


class UserScore(ScoreBase):
    """
    포인트 적립 / 사용
    """
    def __init__(self, info=None):
        super(UserScore, self).__init__(info)
        helper = ScoreHelper()
        self.db = helper.load_database(self.get_info_value('id'), ScoreDatabaseType.leveldb)
        try:
            self.db.Get(TOTAL_KEY)
        except KeyError:
            self.db.Put(TOTAL_KEY, struct.pack('>Q', 0))

    # ---------------------------------------------------------------- helpers
    def _load(self, user):
        try:
            raw = self.db.Get(PREFIX + user.encode())
        except KeyError:
            return None
        return json.loads(raw, encoding='utf-8')

    def _save(self, user, obj):
        self.db.Put(PREFIX + user.encode(), json.dumps(obj).encode('utf-8'))

    def _total(self):
        return struct.unpack('>Q', bytes(self.db.Get(TOTAL_KEY)))[0]

    def _add_total(self, n):
        self.db.Put(TOTAL_KEY, struct.pack('>Q', self._total() + n))

    # ---------------------------------------------------------------- score
    def invoke(self, transaction, block):
        req = json.loads(transaction.get_data().decode('utf-8'))
        print('[invoke]', req.get('method'), req.get('params'))
        func = getattr(self, 'do_' + str(req.get('method')), None)
        if not func:
            return {'code': 1, 'message': 'method not found'}
        try:
            return func(**req.get('params', {}))
        except leveldb.LevelDBError as e:
            util.logger.error(e)
            return {'code': 2, 'message': 'leveldb error'}
        except TypeError as e:
            util.logger.error(e)
            return {'code': 3, 'message': 'wrong params'}

    def do_join(self, user, point=0):
        if not ID_RE.match(user):
            return {'code': 10, 'message': 'bad user id <%s>' % user}
        if self._load(user) is not None:
            return {'code': 11, 'message': 'already joined'}
        self._save(user, {'point': point, 'hist': []})
        self._add_total(point)

    def do_give(self, user, point):
        obj = self._load(user)
        obj['point'] += point
        obj['hist'].append(point)
        self._save(user, obj)
        self._add_total(point)

    def do_leave(self, user):
        obj = self._load(user)
        if obj is None:
            raise Exception('no user ' + user)
        self.db.Delete(PREFIX + user.encode())
        if obj['point'] > 0:
            self._add_total(-obj['point'])
        return {'code': 0}

    def do_rejoin(self, user):
        """delete, put again, twice. just to be sure"""
        key = PREFIX + user.encode()
        self.db.Delete(key)
        self.db.Put(key, b'{"point": 1, "hist": []}')
        self.db.Delete(key)
        try:
            self.db.Get(key)
            return {'code': 20, 'message': 'still there'}
        except KeyError:
            pass
        self.db.Put(key, b'{"point": 5, "hist": []}')
        return {'code': 0}

    def do_bonus_all(self, point):
        """iterate and write"""
        count = 0
        for key, value in self.db.RangeIter(PREFIX, PREFIX + b'\xff'):
            obj = json.loads(value, encoding='utf-8')
            obj['point'] += point
            self.db.Put(bytes(key), json.dumps(obj).encode())
            count += 1
        self._add_total(point * count)
        return {'code': 0, 'message': 'bonus to %d' % count}

    def do_purge_zero(self):
        batch = leveldb.WriteBatch()
        n = 0
        for k, v in self.db.RangeIter(key_from=PREFIX, key_to=PREFIX + b'\xff'):
            if json.loads(bytes(v).decode())['point'] == 0:
                batch.Delete(bytes(k))
                n += 1
        batch.Put(b'last_purge', str(n).encode())
        self.db.Write(batch, sync=True)
        return {'code': 0, 'message': 'purged {}'.format(n)}

    def do_transfer(self, frm, to, point):
        a, b = self._load(frm), self._load(to)
        batch = leveldb.WriteBatch()
        a['point'] -= point
        batch.Put(PREFIX + frm.encode(), json.dumps(a).encode())
        self.db.Write(batch)
        if a['point'] < 0:
            return {'code': 30, 'message': 'not enough point'}
        b['point'] += point
        self._save(to, b)
        return dict(code=0)

    def do_lookup(self, user):
        # old clients call it by mistake; KeyError comes out of here
        return {'code': 0, 'message': self.db.Get(PREFIX + user.encode()).decode()}

    def query(self, params):
        req = json.loads(params)
        m = req['method']
        if m == 'point':
            obj = self._load(req['params']['user'])
            return json.dumps({'code': 0 if obj else 1, 'point': obj and obj['point'], 'hist': obj and obj['hist'],
                               'id': req['id']})
        elif m == 'total':
            return json.dumps({'code': 0, 'total': self._total()})
        elif m == 'users':
            keys = [bytes(k)[len(PREFIX):].decode()
                    for k in self.db.RangeIter(PREFIX, PREFIX + b'\xff', include_value=False,
                                               reverse=req.get('params', {}).get('reverse', False))]
            return json.dumps({'code': 0, 'users': keys})
        elif m == 'all':
            return json.dumps({'code': 0, 'n': len(list(self.db.RangeIter()))})
        elif m == 'types':
            v = self.db.Get(TOTAL_KEY)
            return json.dumps({'type': type(v).__name__})
        elif m == 'raw':
            return req['params']['text']
        raise NotImplementedError(m)

    def info(self):
        return self._score_info
