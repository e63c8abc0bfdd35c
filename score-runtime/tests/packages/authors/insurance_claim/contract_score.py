#!/usr/bin/env python3.6
# -*- coding: utf-8 -*-
#
# Insurance claim SCORE. Works with python 3.5 / 3.6
#
import collections
import json
import logging

import leveldb
import loopchain.utils as util
from loopchain.blockchain import *
from loopchain.tools import ScoreHelper, ScoreDatabaseType

logger = logging.getLogger('insurance')


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.db = ScoreHelper().load_database('insurance_claim', database_type=ScoreDatabaseType.leveldb)

    def invoke(self, transaction, block=None):
        data = json.loads(transaction.get_data(), encoding='utf8')
        params = data.get('params')
        name = 'claim_' + data['method']
        logger.warn('claim %s', name)
        util.logger.warning('claim %s', name)
        return getattr(self, name)(params)

    def claim_open(self, p):
        self.db.Put(p['no'].encode(), json.dumps(p).encode('utf-8'))

    def claim_pay(self, p):
        raw = self.db.Get(p['no'].encode())                      # bytearray
        c = json.loads(raw, encoding='utf-8')
        c['paid'] = c.get('paid', 0) + p['amount']
        if c['paid'] > c['limit']:
            return {'code': 77, 'message': 'over limit'}
        self.db.Put(p['no'].encode(), bytearray(json.dumps(c), 'utf-8'))
        return {'code': 0, 'message': str(c['paid'])}

    def claim_loads_ba(self, p):
        a = json.loads(bytearray(b'{"a": "\xea\xb0\x80"}'), encoding='utf-8')
        b = json.loads(bytearray(b'[1]'))
        c = json.loads(b'{"c": 1}', encoding='utf-8')
        d = json.loads('{"d": 1.50}', encoding='utf-8', parse_float=str)
        return {'code': 0, 'message': '%s %s %s %s' % (a['a'], b[0], c['c'], d['d'])}

    def claim_bad_json(self, p):
        try:
            json.loads(bytearray(b'{bad'), encoding='utf-8')
        except json.JSONDecodeError as e:
            return {'code': 78, 'message': 'JSONDecodeError at %d' % e.pos}

    def claim_is_json(self, p):
        return {'code': 0, 'message': '%s %s' % (util.check_is_json_string('{"a": 1}'), util.check_is_json_string('a: 1'))}

    # the rest is what python 3.6 still had
    def claim_abc(self, p):
        ok = isinstance(p, collections.Mapping) and isinstance([], collections.Iterable) \
            and isinstance([], collections.MutableSequence) and isinstance(len, collections.Callable)
        return {'code': 0, 'message': 'abc %s' % ok}

    def claim_clock(self, p):
        import time
        t = time.clock()
        return {'code': 0, 'message': 'clock %s' % (time.clock() >= t)}

    def claim_gcd(self, p):
        from fractions import gcd
        return {'code': 0, 'message': 'gcd %d' % gcd(12, 18)}

    def claim_b64(self, p):
        import base64
        s = base64.encodestring(b'hello')
        return {'code': 0, 'message': s.decode().strip() + base64.decodestring(s).decode()}

    def claim_argspec(self, p):
        import inspect
        return {'code': 0, 'message': ','.join(inspect.getargspec(self.claim_argspec).args)}

    def claim_cgi(self, p):
        import cgi
        return {'code': 0, 'message': cgi.escape('<a & b>')}

    def claim_unescape(self, p):
        from html.parser import HTMLParser
        return {'code': 0, 'message': HTMLParser().unescape('&lt;b&gt;')}

    def claim_array(self, p):
        import array
        return {'code': 0, 'message': array.array('B', [65, 66]).tostring().decode()}

    def claim_imp(self, p):
        import imp
        return {'code': 0, 'message': imp.new_module('x').__name__}

    def claim_elem(self, p):
        import xml.etree.ElementTree as ET
        return {'code': 0, 'message': ','.join(e.tag for e in ET.fromstring('<a><b/><c/></a>').getchildren())}

    def claim_sample_set(self, p):
        import random
        return {'code': 0, 'message': str(sorted(random.sample({1, 2, 3}, 3)))}

    def claim_escape(self, p):
        import re
        return {'code': 0, 'message': re.sub('\d+', '#', 'a1b22')}

    def claim_level(self, p):
        from loopchain.tools.score_helper import LogLevel
        ScoreHelper().log('ch', 'x', LogLevel.ERROR)
        ScoreHelper().log('ch', 'x', log_level=LogLevel.INFO)
        ScoreHelper().log('ch', 'x', log_level=LogLevel.WARNING)

    def claim_lvlerror(self, p):
        self.db.Put(b'lvl', b'1')
        try:
            raise leveldb.LevelDBError('disk')
        except leveldb.LevelDBError as e:
            return {'code': 79, 'message': 'leveldb: %s' % e}

    def query(self, params):
        req = json.loads(params, encoding='utf-8')
        try:
            return self.db.Get(req['params']['no'].encode()).decode('utf-8')
        except (KeyError, leveldb.LevelDBError):
            return json.dumps({'code': 404})

    def info(self):
        return self._score_info
