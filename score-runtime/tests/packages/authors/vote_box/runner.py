"""runs a request"""
import config
import errors
from common import message
from db import save, load, drop
from models import Poll
from utils import digest


def run(helper, body, log):
    method = body['method']
    params = body.get('params')
    try:
        handler = HANDLERS[method]
    except KeyError:
        return {'code': 404, 'message': message.text('E_METHOD')}
    try:
        return handler(helper, log, **params)
    except errors.VoteError as e:
        log('vote error {} {}'.format(type(e).__name__, e))
        return {'code': e.code, 'message': str(e)}


def create(helper, log, poll, title, choices):
    if len(choices) > config.MAX_CHOICES:
        return {'code': 510, 'message': message.text('E_CHOICES', len(choices))}
    save(helper, 'poll', poll, Poll(title, choices).to_bytes())


def _get(helper, poll):
    try:
        return Poll.from_bytes(load(helper, 'poll', poll))
    except KeyError:
        raise errors.NoPoll(poll)


def vote(helper, log, poll, voter, choice):
    p = _get(helper, poll)
    v = digest(voter)
    try:
        load(helper, 'voter', poll + ':' + v)
        raise errors.AlreadyVoted(voter)
    except KeyError:
        pass
    save(helper, 'voter', poll + ':' + v, b'1')
    if p.closed:
        raise errors.Closed(poll)
    p.votes[choice] += 1
    save(helper, 'poll', poll, p.to_bytes())
    # read own write
    assert _get(helper, poll).votes[choice] == p.votes[choice]
    return {'code': 0, 'message': message.text('OK_VOTE', voter)}


def close(helper, log, poll):
    p = _get(helper, poll)
    p.closed = True
    save(helper, 'poll', poll, p.to_bytes())
    return {'code': 0}


def remove(helper, log, poll):
    drop(helper, 'poll', poll)
    return {'code': 0}


def put_raw(helper, log, kind):
    if kind == 'strkey':
        helper.Put(config.DB_NAME, 'key', b'value')
    elif kind == 'strvalue':
        helper.Put(config.DB_NAME, b'key', 'value')
    elif kind == 'intvalue':
        helper.Put(config.DB_NAME, b'key', 1)
    elif kind == 'getstr':
        helper.Get(config.DB_NAME, 'key')
    elif kind == 'delstr':
        helper.Delete(config.DB_NAME, 'key')
    elif kind == 'caught':
        helper.Put(config.DB_NAME, b'\x00\xff\x00', b'before')
        try:
            helper.Put(config.DB_NAME, 'key', b'value')
        except TypeError:
            helper.Put(config.DB_NAME, b'\x00\xff\x00', b'\xff\x00\xfe')
            return {'code': 0, 'message': 'TypeError'}
    elif kind == 'empty':
        helper.Put(config.DB_NAME, b'empty', b'')
        return {'code': 0, 'message': repr(bytes(helper.Get(config.DB_NAME, b'empty')))}
    elif kind == 'otherdb':
        helper.Put('vote_box_2', b'empty', b'other')
        helper.Delete('vote_box_2', b'empty')
        return {'code': 0, 'message': repr(bytes(helper.Get(config.DB_NAME, b'empty')))}


HANDLERS = {'create': create, 'vote': vote, 'close': close, 'remove': remove, 'put_raw': put_raw}

if __name__ == '__main__':
    class FakeHelper(dict):
        def Put(self, db, k, v): self[k] = v
        def Get(self, db, k): return self[k]
    h = FakeHelper()
    run(h, {'method': 'create', 'params': {'poll': '1', 'title': 't', 'choices': ['a']}}, print)
    print(h)
