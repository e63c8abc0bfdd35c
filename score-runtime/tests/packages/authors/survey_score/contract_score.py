import json
from collections import OrderedDict, defaultdict, namedtuple
from enum import Enum, IntEnum, unique

from loopchain.blockchain import ScoreBase
from loopchain.scoreservice import ScoreResponse
from loopchain.tools import ScoreHelper, ScoreDatabaseType


@unique
class ReturnCode(IntEnum):
    SUCCESS = 0
    DUP = 5
    EXCEPTION = 9000


class PlainCode(Enum):
    OK = 0
    BAD = 7


Answer = namedtuple('Answer', 'user value')


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.db = ScoreHelper().load_database(score_id='survey', database_type=ScoreDatabaseType.leveldb)

    def invoke(self, tx, blk):
        data = json.loads(tx.get_data_string())
        kind = data['method']
        self.db.Put(b'answer:' + kind.encode('utf-8'), b'written')
        if kind == 'none':
            return
        if kind == 'empty_dict':
            return {}
        if kind == 'no_code':
            return {'message': 'I forgot the code', 'result': 'ok'}
        if kind == 'ordered':
            r = OrderedDict()
            r['message'] = 'ordered'
            r['code'] = 0
            return r
        if kind == 'defaultdict':
            r = defaultdict(int)
            return r
        if kind == 'enum_ok':
            return {'code': ReturnCode.SUCCESS}
        if kind == 'enum_dup':
            return {'code': ReturnCode.DUP, 'message': '중복 응답'}
        if kind == 'enum_exc':
            return {'code': ReturnCode.EXCEPTION, 'message': 'as enum'}
        if kind == 'score_response':
            return {'code': ScoreResponse.SUCCESS, 'message': 'fine'}
        if kind == 'score_response_exc':
            return {'code': ScoreResponse.EXCEPTION, 'message': 'score exception'}
        if kind == 'score_response_9100':
            return {'code': ScoreResponse.SCORE_CONTAINER_EXCEPTION, 'message': 'container'}
        if kind == 'plain_enum':
            return {'code': PlainCode.OK}
        if kind == 'str_code':
            return {'code': '0', 'message': 'string code'}
        if kind == 'false_code':
            return {'code': False}
        if kind == 'none_code':
            return {'code': None, 'message': 'none code'}
        if kind == 'float_code':
            return {'code': 0.0}
        if kind == 'true':
            return True
        if kind == 'zero':
            return 0
        if kind == 'string':
            return json.dumps({'code': 0})
        if kind == 'tuple':
            return Answer(1, 2)
        if kind == 'list':
            return [{'code': 0}]
        if kind == 'negative':
            return {'code': -1, 'message': 'negative'}
        if kind == 'no_message':
            return {'code': 42}
        if kind == 'message_none':
            return {'code': 43, 'message': None}
        if kind == 'message_int':
            return {'code': 44, 'message': 404}
        if kind == 'message_exc':
            try:
                {}['x']
            except KeyError as e:
                return {'code': 45, 'message': e}
        if kind == 'extra':
            return {'code': 0, 'message': 'extra', 'jsonrpc': '2.0', 'data': {'a': [1, 2, 3]}, 'id': data.get('id')}
        if kind == 'extra_bytes':
            return {'code': 0, 'raw': b'\x00\x01', 'set': {1, 2}}
        if kind == 'unicode':
            return {'code': 46, 'message': '한글 ☃ \U0001F600 "quoted" \\ \n newline'}
        if kind == 'raise':
            raise Exception
        if kind == 'raise_unicode':
            raise ValueError('잘못된 값입니다')
        if kind == 'raise_bytes':
            raise ValueError(b'\xff\xfe')
        if kind == 'assert':
            assert False, 'assertion'
        if kind == 'bad_str':
            class BadError(Exception):
                def __str__(self):
                    return self.nothing
            raise BadError()
        if kind == 'huge_code':
            return {'code': 2 ** 40, 'message': 'huge'}
        if kind == 'code_two':
            return {'code': 2, 'message': 'two'}

    def query(self, q):
        req = json.loads(q)
        if req['method'] == 'written':
            out = {}
            for kind in req['params']:
                try:
                    out[kind] = self.db.Get(b'answer:' + kind.encode()).decode()
                except KeyError:
                    out[kind] = None
            return json.dumps(out)
        if req['method'] == 'number':
            return '12345'
        if req['method'] == 'list':
            return json.dumps([1, {'a': None}])
        if req['method'] == 'text':
            return json.dumps('just a text')
        if req['method'] == 'unicode':
            return json.dumps({'m': '가나다'}, ensure_ascii=False)
        if req['method'] == 'spaces':
            return '  {"code" : 0 }\n'
        if req['method'] == 'garbage':
            return '{"code": 0'
        if req['method'] == 'empty':
            return ''
        if req['method'] == 'info':
            i = self.info()
            return json.dumps({'id': i['id'], 'commit_len': len(i['version']), 'missing': self.get_info_value('nothing'), 'desc': i.get('description')})

    def info(self):
        return self._score_info
