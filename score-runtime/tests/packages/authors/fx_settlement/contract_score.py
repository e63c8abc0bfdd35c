# -*- coding: utf-8 -*-
import decimal
import json
import math
import sqlite3
import threading
from decimal import Decimal, ROUND_HALF_UP, getcontext
from fractions import Fraction

from loopchain import configure as conf
from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreHelper, ScoreDatabaseType

getcontext().prec = 50          # default 28 is not enough for JPY/VND
getcontext().rounding = ROUND_HALF_UP
sqlite3.register_adapter(Decimal, str)

lock = threading.RLock()


def money(d):
    return d.quantize(Decimal('0.01'))


class UserScore(ScoreBase):
    PACKAGE_FILE = 'package.json'

    def __init__(self, info=None):
        super().__init__(info)
        self.db = ScoreHelper().load_database(self._score_info['id'], ScoreDatabaseType.sqlite3)
        self.db.create_function('dmul', 2, lambda a, b: str(money(Decimal(a) * Decimal(b))))
        c = self.db.cursor()
        c.execute('CREATE TABLE IF NOT EXISTS rate (pair TEXT PRIMARY KEY, rate TEXT)')
        c.execute('CREATE TABLE IF NOT EXISTS deal (no INTEGER PRIMARY KEY, pair TEXT, amount TEXT, settled TEXT)')
        self.db.commit()

    def invoke(self, transaction, block=None):
        req = json.loads(transaction.get_data_string(), parse_float=Decimal)
        with lock:
            return self._dispatch(req['method'], req.get('params', {}))

    def _dispatch(self, method, p):
        if method == 'set_rate':
            rate = p['rate']
            if not isinstance(rate, Decimal):
                rate = Decimal(rate)
            if rate <= 0:
                return {'code': 1, 'message': 'rate must be positive'}
            self.db.execute('INSERT OR REPLACE INTO rate VALUES (?, ?)', (p['pair'], rate))
            self.db.commit()
            return {'code': 0}
        if method == 'deal':
            cur = self.db.execute('SELECT rate FROM rate WHERE pair=?', (p['pair'],))
            rate = Decimal(cur.fetchone()[0])
            amount = Decimal(p['amount'])
            self.db.execute('INSERT INTO deal(no, pair, amount, settled) VALUES (?,?,?,?)',
                            (p['no'], p['pair'], str(amount), str(money(amount * rate))))
            # no commit here. the next one will do it
            return {'code': 0, 'message': str(money(amount * rate))}
        if method == 'resettle':
            self.db.execute('UPDATE deal SET settled = dmul(amount, (SELECT rate FROM rate WHERE rate.pair = deal.pair))')
            self.db.commit()
            return {'code': 0}
        if method == 'precision':
            return {'code': 0, 'message': str(Decimal(1) / Decimal(7))}
        if method == 'rounding':
            return {'code': 0, 'message': str(money(Decimal('2.675'))) + ' ' + str(round(2.675, 2)) + ' ' + str(0.1 + 0.2)}
        if method == 'local_ctx':
            with decimal.localcontext() as ctx:
                ctx.prec = 5
                s = str(Decimal(2).sqrt())
            return {'code': 0, 'message': s + ' ' + str(+Decimal(2).sqrt())}
        if method == 'inf':
            return {'code': 0, 'message': json.dumps([float('inf'), math.pi])}
        if method == 'divide':
            return {'code': 0, 'message': str(Decimal(p['a']) / Decimal(p['b']))}
        if method == 'fraction':
            return {'code': 0, 'message': str(Fraction(p['a']) + Fraction(1, 3))}
        if method == 'raw_type':
            return {'code': 0, 'message': type(p['x']).__name__ + ' ' + str(p['x'] + 1)}
        if method == 'port':
            return {'code': 0, 'message': str(conf.PORT_DIFF_REST_SERVICE_CONTAINER)}
        if method == 'fail_after_deal':
            self._dispatch('deal', p)
            raise decimal.DecimalException('intentional')
        return {'code': 99, 'message': 'unknown'}

    def query(self, params):
        req = json.loads(params)
        if req['method'] == 'deals':
            rows = self.db.execute('SELECT no, pair, amount, settled FROM deal ORDER BY no').fetchall()
            return json.dumps({'code': 0, 'deals': rows, 'id': req['id']})
        if req['method'] == 'precision':
            return json.dumps({'v': str(Decimal(1) / Decimal(7))})
        if req['method'] == 'nan':
            return json.dumps({'v': float('nan')})
        if req['method'] == 'dmul':
            return json.dumps({'v': self.db.execute('SELECT dmul(?, ?)', ('1.005', '100.5')).fetchone()[0]})

    def info(self):
        return self._score_info
