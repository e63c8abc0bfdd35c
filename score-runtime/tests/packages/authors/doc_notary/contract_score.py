# -*- coding: utf-8 -*-
""" 문서 공증 SCORE """
import calendar
import datetime as dt
import hashlib
import json
import logging
import os
import random
import time
import uuid
from datetime import datetime, timedelta, date
from random import randint, choice, shuffle
from time import time as now_sec
from uuid import uuid4

import loopchain.utils as util
from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreHelper, ScoreDatabaseType

logging.basicConfig(level=logging.DEBUG, format='%(asctime)s %(levelname)s %(message)s')
log = logging.getLogger(__name__)

LOADED_AT = datetime.now()
ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.conn = ScoreHelper().load_database('doc-notary')
        self.conn.execute('''create table if not exists docs (
            id text primary key, hash text unique, owner text,
            expires text, pin text,
            registered_at timestamp default current_timestamp)''')
        self.conn.commit()
        log.info('loaded at %s', LOADED_AT)

    def invoke(self, transaction, block=None):
        req = json.loads(transaction.get_data_string())
        started = time.time()
        name = req.get('method', '')
        try:
            result = getattr(self, '_' + name)(req.get('params') or {}, transaction, block)
        except AttributeError:
            return {'code': 100, 'message': 'no method ' + repr(name)}
        finally:
            log.debug('%s took %.3f sec', name, time.time() - started)
        return result

    def _register(self, p, tx, block):
        doc_id = str(uuid4())
        digest = hashlib.sha256(p['content'].encode('utf-8')).hexdigest()
        expires = (datetime.now() + timedelta(days=p.get('days', 365))).strftime('%Y-%m-%d')
        pin = ''.join(choice(ALPHABET) for _ in range(6))
        self.conn.execute('insert into docs(id, hash, owner, expires, pin) values (?,?,?,?,?)',
                          (doc_id, digest, p.get('owner'), expires, pin))
        self.conn.commit()
        return {'code': 0, 'doc_id': doc_id, 'message': 'registered'}

    def _extend(self, p, tx, block):
        row = self.conn.execute('select expires from docs where hash=?', (p['hash'],)).fetchone()
        if not row:
            return {'code': 404, 'message': 'unknown document'}
        old = datetime.strptime(row[0], '%Y-%m-%d')       # imports _strptime behind
        until = datetime.strptime(p['until'], '%Y-%m-%d')
        if until <= old:
            return {'code': 409, 'message': 'not later'}
        self.conn.execute('update docs set expires=? where hash=?', (p['until'], p['hash']))
        self.conn.commit()

    def _clock(self, p, tx, block):
        """every clock must show the block's time"""
        t = block.time_stamp
        bad = []
        if abs(time.time() * 1000000 - t) > 2:
            bad.append('time.time')
        if abs(now_sec() * 1000000 - t) > 2:
            bad.append('from time import time')
        if hasattr(time, 'time_ns') and abs(time.time_ns() // 1000 - t) > 2:
            bad.append('time_ns')
        if util.get_time_stamp() != t:
            bad.append('util.get_time_stamp')
        sec = t // 1000000
        if abs(calendar.timegm(datetime.utcnow().timetuple()) - sec) > 1:
            bad.append('utcnow')
        if abs(datetime.now().timestamp() - t / 1000000) > 0.001:
            bad.append('datetime.now')
        if abs(dt.datetime.now().timestamp() - t / 1000000) > 0.001:
            bad.append('dt.datetime.now')
        if bad:
            return {'code': 500, 'message': ','.join(bad)}
        return {'code': 0}

    def _clock2(self, p, tx, block):
        """the less usual ones"""
        sec = block.time_stamp // 1000000
        bad = []
        if abs(calendar.timegm(time.gmtime()) - sec) > 1:
            bad.append('gmtime')
        if abs(time.mktime(time.localtime()) - sec) > 1:
            bad.append('localtime')
        if date.today() != date.fromtimestamp(sec):
            bad.append('date.today')
        if datetime.today().date() != date.fromtimestamp(sec):
            bad.append('datetime.today')
        if time.strftime('%Y-%m-%d', time.gmtime(sec)) != time.strftime('%Y-%m-%d', time.gmtime()):
            bad.append('strftime')
        if bad:
            return {'code': 500, 'message': ','.join(bad)}
        return {'code': 0}

    def _types(self, p, tx, block):
        n = datetime.now()
        assert isinstance(n, datetime)
        assert isinstance(n, date)
        assert type(n + timedelta(1)) is type(n)
        assert isinstance(datetime(2018, 1, 1), datetime)
        assert isinstance(uuid.uuid4(), uuid.UUID)
        assert uuid.uuid4().version == 4
        assert uuid.uuid1().version == 1
        assert json.loads(json.dumps(str(n)))
        return {'code': 0}

    def _ids(self, p, tx, block):
        ids = [str(uuid4()) for _ in range(50)] + [str(uuid.uuid1()) for _ in range(5)]
        ids += [os.urandom(16).hex(), os.urandom(16).hex()]
        import secrets
        ids += [secrets.token_hex(16), secrets.token_hex(16)]
        if len(set(ids)) != len(ids):
            return {'code': 501, 'message': 'same id twice'}
        if len(os.urandom(33)) != 33:
            return {'code': 502}
        ns = str(uuid.uuid5(uuid.NAMESPACE_DNS, 'example.com'))
        return {'code': 0, 'message': ns}

    def _lottery(self, p, tx, block):
        people = list(p['people'])
        shuffle(people)
        r = random.random()
        n = randint(1, 6)
        s = random.SystemRandom().randint(1, 6)
        k = random.Random().randint(1, 6)
        smp = random.sample(range(100), 3)
        ok = 0 <= r < 1 and 1 <= n <= 6 and 1 <= s <= 6 and 1 <= k <= 6 and len(set(smp)) == 3
        if not ok or sorted(people) != sorted(p['people']):
            return {'code': 503}
        winner = random.choice(people)
        self.conn.execute('insert into docs(id, owner) values (?, ?)', ('lottery', winner))
        self.conn.commit()
        return {'code': 0, 'message': 'winner'}

    def query(self, params):
        req = json.loads(params)
        if req['method'] == 'find':
            h = req['params'].get('hash') or hashlib.sha256(req['params']['content'].encode()).hexdigest()
            row = self.conn.execute('select id, owner, expires, pin, registered_at from docs where hash=?', (h,)).fetchone()
            if row is None:
                return json.dumps({'code': 404})
            return json.dumps({'code': 0, 'uuid_len': len(row[0]), 'owner': row[1], 'expires': row[2],
                               'pin_len': len(row[3]), 'has_time': bool(row[4])})
        elif req['method'] == 'count':
            return json.dumps({'code': 0, 'count': self.conn.execute('select count(*) from docs').fetchone()[0]})
        elif req['method'] == 'lottery':
            row = self.conn.execute("select owner from docs where id='lottery'").fetchone()
            return json.dumps({'code': 0, 'in': row[0] in ('a', 'b', 'c')})

    def info(self):
        return self._score_info
