#!/usr/bin/env python3
# author : jhk
from base_score import *
from base_score import BaseScore
from registry import command, COMMANDS
import cache
import time


class UserScore(BaseScore):
    calls = 0                     # how many times, for debugging
    history = []

    @command('join')
    def join(self, p):
        if self.load(p['id']):
            return result(11, 'already a member')
        self.store(p['id'], {'name': p['name'], 'grade': 'bronze', 'point': 0})
        return result(0)

    @command('buy')
    def buy(self, p):
        m = self.load(p['id'])
        if not m:
            return result(12, 'not a member')
        m['point'] += cache.points(p['won'])
        m['grade'] = cache.grade(m['point'])
        self.store(p['id'], m)
        if p['won'] < 0:
            return result(13, 'refund is not possible')
        return result(0, m['grade'])

    @command('rename')
    def rename(self, p):
        m = self.load(p['id'])
        del m['name']
        m['name'] = p['name']
        self.store(p['id'], m)

    @command('leave')
    def leave(self, p):
        self.drop(p['id'])
        return result(0)

    @command('calls')
    def call_count(self, p):
        # depends on a Python variable. don't do this at home
        return result(0, 'calls %d history %d' % (UserScore.calls, len(UserScore.history)))

    @command('defaults')
    def with_default(self, p, acc=[]):
        acc.append(p['id'])
        return result(0, str(len(acc)))

    def invoke(self, tx, blk):
        UserScore.calls += 1
        self.history.append(tx.tx_hash)
        return super().invoke(tx, blk)


if __name__ == '__main__':
    print('run me in loopchain please', COMMANDS)
    import sys
    sys.exit(1)
