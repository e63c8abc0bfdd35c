import json

from . import const
from .const import *


def issue(helper, p):
    if helper.Get(const.DB_CONF, b'admin') != p['who'].encode():
        return {'code': Result.NOT_ADMIN, 'message': 'not the admin: ' + p['who']}
    limit = int(helper.Get(DB_CONF, b'limit'))
    for i, no in enumerate(p['nos'], 1):
        helper.Put(DB_COUPON, no.encode(), json.dumps({'no': no, 'owner': None, 'used': False}).encode())
        if i > limit:
            return {'code': Result.OVER_LIMIT, 'message': 'limit %d' % limit}
    return {'code': Result.OK, 'message': '%d issued' % len(p['nos'])}


def use(helper, p):
    c = json.loads(helper.Get(DB_COUPON, p['no'].encode()).decode('utf-8'))
    if c['used']:
        return {'code': Result.USED, 'message': 'used already'}
    c['used'] = True
    helper.Put(DB_COUPON, p['no'].encode(), json.dumps(c).encode())


def gift(helper, p):
    key = p['no'].encode()
    raw = helper.Get(DB_COUPON, key)
    helper.Delete(DB_COUPON, key)
    c = json.loads(raw)
    c['owner'] = p['to']
    # put a string by mistake when 'oops'
    helper.Put(DB_COUPON, key, json.dumps(c) if p.get('oops') else json.dumps(c).encode())
