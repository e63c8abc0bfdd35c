import json
import re
import sys
from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreHelper

DB = 'payroll'


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.h = ScoreHelper()

    def _get(self, k):
        try:
            return int(self.h.Get(DB, k.encode()))
        except KeyError:
            return 0

    def invoke(self, transaction, block):
        d = json.loads(transaction.get_data_string())
        m = d['method']
        n = d.get('params', {}).get('n', 0)
        # call counter, goes first
        self.h.Put(DB, b'calls', str(self._get('calls') + 1).encode())
        if m == 'pay':
            self.h.Put(DB, b'paid', str(self._get('paid') + n).encode())
            return {'code': 0, 'message': 'paid %d' % self._get('paid')}
        if m == 'countdown':
            # someone passes -1 one day
            while n != 0:
                n -= 1
            return {'code': 0, 'message': 'done'}
        if m == 'stubborn':
            while True:
                try:
                    while True:
                        n += 1
                except BaseException:
                    n = 0
        if m == 'fact':
            return {'code': 0, 'message': str(self.fact(n))}
        if m == 'deep_json':
            return {'code': 0, 'message': str(len(json.loads('[' * n + ']' * n)))}
        if m == 'huge':
            x = 'x' * n
            return {'code': 0, 'message': str(len(x))}
        if m == 'grow':
            a = []
            while True:
                a.append(b'0' * 1000000 + str(len(a)).encode())
        if m == 'hoard':
            i = 0
            while True:
                self.h.Put(DB, b'hoard%d' % i, b'0' * 100000)
                i += 1
        if m == 'regex':
            # catastrophic, inside C code: no bytecode is run
            re.match(r'(a+)+$', 'a' * n + 'b')
            return {'code': 0, 'message': 'no match'}
        if m == 'pow':
            return {'code': 0, 'message': str(len(str(7 ** (7 ** n))))}
        if m == 'exit':
            sys.exit(n)
        if m == 'exit0':
            exit()
        if m == 'interrupt':
            raise KeyboardInterrupt
        if m == 'genexit':
            raise GeneratorExit
        if m == 'stop':
            next(iter([]))
        return {'code': 1}

    def fact(self, n):
        return 1 if n == 0 else n * self.fact(n - 1)

    def query(self, params):
        d = json.loads(params)
        if d['method'] == 'exit':
            sys.exit(3)
        out = {}
        for k in ('calls', 'paid', 'hoard0'):
            try:
                out[k] = self.h.Query(DB, k.encode()).decode()
            except KeyError:
                out[k] = None
        return json.dumps(out)

    def info(self):
        return self._score_info
