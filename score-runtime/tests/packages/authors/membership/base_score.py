import copy
import json
import traceback

from loopchain.blockchain import *
from loopchain.blockchain import ScoreBase
from loopchain.tools import *
from loopchain.tools import ScoreHelper, ScoreDatabaseType

from registry import COMMANDS

__all__ = ['BaseScore', 'result', 'json']


def result(code, message=None):
    r = {'code': code}
    if message is not None:
        r['message'] = message
    return r


class LogMixin:
    def log(self, channel, *args):
        ScoreHelper().log(channel, ' '.join(str(a) for a in args))


class BaseScore(LogMixin, ScoreBase):
    _db = None

    def __init__(self, info=None):
        # no super().__init__() here, we keep our own info
        self._my_info = copy.deepcopy(info) or {'id': 'membership'}
        if BaseScore._db is None:
            BaseScore._db = ScoreHelper().load_database(score_id=self._my_info['id'],
                                                        database_type=ScoreDatabaseType.leveldb)

    @property
    def db(self):
        return BaseScore._db

    def load(self, id):
        try:
            return json.loads(self.db.Get(id.encode()).decode())
        except KeyError:
            return None

    def store(self, id, obj):
        self.db.Put(id.encode(), json.dumps(obj, sort_keys=True).encode())

    def drop(self, id):
        self.db.Get(id.encode())            # KeyError when there is none
        self.db.Delete(id.encode())

    def invoke(self, tx, blk):
        try:
            req = json.loads(tx.get_data_string())
            self.log(blk.channel_name, 'invoke', req)
            if req.get('method') not in COMMANDS:
                return result(2000, 'unknown command')
            return COMMANDS[req['method']](self, req.get('params'))
        except Exception as e:
            traceback.print_exc()
            return result(9000, type(e).__name__ + ' ' + str(e))

    def query(self, request):
        req = json.loads(request)
        if req['method'] == 'info':
            return json.dumps(self.info())
        m = self.load(req['params']['id'])
        return json.dumps({'code': 0, 'member': m, 'id': req.get('id')})

    def info(self):
        return self._my_info
