#!/usr/bin/env python3
# -*- coding: utf-8 -*-
import base64
import binascii
import hashlib
import json
import re
import sys
import unicodedata
import zlib

import leveldb
from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreHelper, ScoreDatabaseType

필지 = re.compile('^[가-힣]+ [0-9]+(-[0-9]+)?$')


def norm(s):
    return unicodedata.normalize('NFC', s)


class UserScore(ScoreBase):

    def __init__(self, info=None):
        super().__init__(info)
        self.db = ScoreHelper().load_database(score_id='토지대장', database_type=ScoreDatabaseType.leveldb)
        print('토지대장 준비 완료')

    def invoke(self, transaction, block):
        print('▶ invoke', transaction.tx_hash)
        sys.stdout.write('no newline at the end')
        sys.stdout.flush()
        sys.stderr.write('에러 아님\n')
        print(transaction.get_data_string())
        data = json.loads(transaction.get_data(), encoding='utf-8')
        method = data['method']
        if method == '등록':
            return self.등록(data['params'])
        elif method == '이전':
            return self.transfer(data['params'])
        elif method == 'attach':
            return self.attach(data['params'])
        elif method == 'legacy_euckr':
            raw = norm(data['params']['text']).encode('euc-kr')
            self.db.Put(b'\xff' + raw, binascii.hexlify(raw))
            return {'code': 0, 'message': raw.hex()}
        elif method == 'sjis':
            return {'code': 0, 'message': data['params']['text'].encode('shift_jis', 'replace').decode('shift_jis')}
        elif method == 'concat':
            # bytes + str ... python 2 habit
            self.db.Put(b'concat', b'x')
            return {'code': 0, 'message': b'prefix:' + data['params']['text']}
        elif method == 'surrogate':
            s = data['params']['text']
            return {'code': 0, 'message': '%d %d' % (len(s), len(s.encode('utf-8')))}
        elif method == 'lone':
            # a lone surrogate can't be encoded
            self.db.Put(b'lone', b'x')
            self.db.Put(b'lone', '\ud800'.encode('utf-8'))
        elif method == 'nul':
            self.db.Put(b'nul\x00\x00', data['params']['text'].encode())
            return {'code': 0, 'message': repr(bytes(self.db.Get(b'nul\x00\x00')))}
        elif method == 'big':
            n = data['params']['n']
            self.db.Put(b'big', ('가' * n).encode('utf-8'))
            v = self.db.Get(b'big')
            return {'code': 0, 'message': '%d %s' % (len(v), hashlib.sha256(v).hexdigest()[:16])}
        elif method == 'flood':
            for i in range(data['params']['n']):
                print('줄', i, '=' * 100)
            return {'code': 0, 'message': 'flooded'}
        return {'code': 404, 'message': '모르는 메소드: ' + method}

    def 등록(self, p):
        지번 = norm(p['지번'])
        if not 필지.match(지번):
            return {'code': 400, 'message': '지번 형식 오류: ' + 지번}
        키 = 지번.encode()
        try:
            self.db.Get(키)
            return {'code': 409, 'message': '이미 등록됨'}
        except KeyError:
            self.db.Put(키, json.dumps({'소유자': p['소유자'], '이력': []}, ensure_ascii=False).encode())

    def transfer(self, p):
        키 = norm(p['지번']).encode()
        rec = json.loads(self.db.Get(키).decode('utf-8'))
        rec['이력'].append(rec['소유자'])
        rec['소유자'] = p['새소유자']
        self.db.Delete(키)
        self.db.Put(키, json.dumps(rec).encode('ascii'))
        return {'code': 0, 'message': '%s → %s' % (rec['이력'][-1], rec['소유자'])}

    def attach(self, p):
        blob = base64.b64decode(p['file'])
        self.db.Put(b'file:' + hashlib.md5(blob).digest(), zlib.compress(blob))
        return {'code': 0, 'message': hashlib.md5(blob).hexdigest() + ' %08x' % (zlib.crc32(blob) & 0xffffffff)}

    def query(self, params):
        print('질의', params)
        req = json.loads(params)
        if req['method'] == '조회':
            return self.db.Get(norm(req['params']['지번']).encode()).decode()
        if req['method'] == '목록':
            return json.dumps([bytes(k).decode() for k, _ in self.db.RangeIter('가'.encode(), '힣힣힣'.encode())])
        if req['method'] == 'file':
            v = self.db.Get(b'file:' + bytearray.fromhex(req['params']['md5']))
            return json.dumps({'file': zlib.decompress(bytes(v)).decode('utf-8')})
        if req['method'] == 'has':
            try:
                self.db.Get(req['params'].encode('latin-1'))
                return json.dumps({'has': True})
            except KeyError:
                return json.dumps({'has': False})

    def info(self):
        return self._score_info
