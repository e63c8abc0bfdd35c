#!/usr/bin/python3
# Copyright [2017] [theloop]
# Apache License, Version 2.0
import json
import re
from os.path import dirname, join

import loopchain.configure as conf
import loopchain.utils as util
from loopchain import configure
from loopchain.blockchain import ScoreBase
from loopchain.protos import message_code
from loopchain.scoreservice import ScoreResponse
from loopchain.tools import ScoreHelper, ScoreDatabaseType
from loopchain.tools.score_helper import LogLevel

HEX64 = re.compile('^(0x)?[0-9a-f]{64}$')


def block_data(resp):
    d = resp.block_data_json
    if isinstance(d, (str, bytes)):
        d = json.loads(d)
    return d


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        if info is None:
            info = json.load(open(join(dirname(__file__), ScoreBase.PACKAGE_FILE)))
        self.__info = info
        self.helper = ScoreHelper()
        self.db = self.helper.load_database(info['id'], database_type=ScoreDatabaseType.sqlite3)
        self.db.execute('CREATE TABLE IF NOT EXISTS seen (tx TEXT PRIMARY KEY, what TEXT, height INTEGER, idx INTEGER, ts INTEGER, maker TEXT)')
        self.db.commit()

    def invoke(self, transaction, block=None):
        self.helper.log(block.channel_name, 'tx ' + transaction.tx_hash, log_level=LogLevel.DEBUG)
        data = json.loads(transaction.get_data_string())
        what = data['method']
        self.db.execute('INSERT INTO seen VALUES (?,?,?,?,?,?)',
                        (transaction.get_tx_hash(), what, block.height, block.find_transaction_index(transaction.tx_hash),
                         transaction.get_timestamp(), block.peer_id))
        self.db.commit()
        bad = getattr(self, 'check_' + what)(transaction, block)
        if isinstance(bad, str):
            return {'code': ScoreResponse.SUCCESS, 'message': bad}
        bad = [name for name, ok in bad if not ok]
        if bad:
            return {'code': ScoreResponse.EXCEPTION, 'message': 'failed: ' + ', '.join(bad)}
        return {'code': message_code.Response.success}

    def check_tx(self, tx, block):
        yield 'tx_hash', HEX64.match(tx.tx_hash)
        yield 'get_tx_hash', tx.get_tx_hash() == tx.tx_hash
        yield 'data bytes', isinstance(tx.get_data(), bytes)
        yield 'data string', tx.get_data().decode('utf-8') == tx.get_data_string()
        yield 'meta', isinstance(tx.meta, dict)
        yield 'timestamp', isinstance(tx.get_timestamp(), int) and tx.get_timestamp() > 10 ** 12
        for a in ('type', 'status', 'signature', 'public_key'):
            yield a, hasattr(tx, a)

    def check_meta(self, tx, block):
        yield 'score_id', 'score_id' in tx.meta
        yield 'score_version', 'score_version' in tx.meta
        yield 'channel', tx.meta.get('channel_name') == block.channel_name
        yield 'peer_id', 'peer_id' in tx.meta

    def check_block(self, tx, block):
        yield 'hash', HEX64.match(block.block_hash)
        yield 'prev', HEX64.match(block.prev_block_hash)
        yield 'merkle', HEX64.match(block.merkle_tree_root_hash)
        yield 'height', isinstance(block.height, int) and block.height >= 0
        yield 'time', isinstance(block.time_stamp, int)
        yield 'channel', isinstance(block.channel_name, str)
        yield 'peer', isinstance(block.peer_id, str)
        yield 'list', tx.tx_hash in [t.tx_hash for t in block.confirmed_transaction_list]
        i = block.find_transaction_index(tx.tx_hash)
        yield 'index', block.confirmed_transaction_list[i].get_tx_hash() == tx.tx_hash
        yield 'index data', block.confirmed_transaction_list[i].get_data() == tx.get_data()
        yield 'util time', util.get_time_stamp() == block.time_stamp

    def check_position(self, tx, block):
        return '%d/%d' % (block.find_transaction_index(tx.tx_hash), len(block.confirmed_transaction_list))

    def check_len(self, tx, block):
        yield 'len', block.confirmed_tx_len == len(block.confirmed_transaction_list)

    def check_notfound(self, tx, block):
        return str(block.find_transaction_index('0' * 64))

    def check_codes(self, tx, block):
        yield 'success', ScoreResponse.SUCCESS == 0
        yield 'not invoked', ScoreResponse.NOT_INVOKED == 2
        yield 'exception', ScoreResponse.EXCEPTION == 9000
        yield 'container', ScoreResponse.SCORE_CONTAINER_EXCEPTION == 9100
        yield 'response', message_code.Response.success == 0
        yield 'str', '%d' % ScoreResponse.EXCEPTION == '9000'

    def check_info(self, tx, block):
        yield 'same', self._score_info == self.__info
        yield 'get', self.get_info_value('homepage') == 'http://audit.example'
        yield 'missing', self.get_info_value('nothing') == ''
        yield 'version', re.match('^[0-9a-f]{40}$', self.get_info_value('version'))
        yield 'const', self.PACKAGE_FILE == 'package.json' and ScoreBase.PACKAGE_FILE == 'package.json'
        yield 'function', self._score_info['function']['query'][0]['method'] == 'seen'

    def check_conf(self, tx, block):
        yield 'same module', conf.LOOPCHAIN_DEFAULT_CHANNEL == configure.LOOPCHAIN_DEFAULT_CHANNEL
        yield 'str', isinstance(conf.LOOPCHAIN_DEFAULT_CHANNEL, str)
        yield 'int', isinstance(conf.PORT_DIFF_REST_SERVICE_CONTAINER, int)
        yield 'repo', isinstance(conf.DEFAULT_SCORE_REPOSITORY_PATH, str)
        yield 'getattr', getattr(conf, 'NO_SUCH_SETTING', 'dflt') == 'dflt'

    def check_util(self, tx, block):
        util.logger.debug('debug %s', 1)
        util.logger.info('info')
        util.logger.warning('warning')
        util.logger.error('error')
        try:
            1 / 0
        except ZeroDivisionError:
            util.logger.exception('with traceback')
            import traceback
            text = traceback.format_exc()
        yield 'traceback', 'ZeroDivisionError' in text and '1 / 0' in text
        yield 'json', util.check_is_json_string('{}')
        yield 'not json', not util.check_is_json_string('{')

    def check_svc_last(self, tx, block):
        h = self._score_service.get_last_block_hash()
        yield 'type', isinstance(h, str)
        yield 'hash', HEX64.match(h)

    def check_svc_genesis(self, tx, block):
        r = self._score_service.get_block_by_height(0)
        yield 'code', r.response_code == message_code.Response.success
        yield 'height', block_data(r)['height'] == '0'
        yield 'prev', block_data(r)['prev_block_hash'] == ''

    def check_svc_prev(self, tx, block):
        r = self._score_service.get_block_by_hash(block.prev_block_hash)
        yield 'code', r.response_code == message_code.Response.success
        yield 'hash', r.block_hash == block.prev_block_hash
        yield 'height', block_data(r)['height'] == str(block.height - 1)
        r2 = self._score_service.get_block(block_height=block.height - 1)
        yield 'by height', r2.block_hash == block.prev_block_hash
        r3 = self._score_service.get_block(block_hash=block.prev_block_hash)
        yield 'get_block by hash', r3.block_hash == block.prev_block_hash
        yield 'tx data', hasattr(r3, 'tx_data_json')

    def check_svc_missing(self, tx, block):
        r = self._score_service.get_block_by_hash('f' * 64)
        yield 'code', r.response_code != message_code.Response.success

    def check_svc_peer(self, tx, block):
        yield 'id', isinstance(self._score_service.get_peer_id(), str)
        yield 'status', self._score_service.get_peer_status() is not None

    def query(self, params):
        req = json.loads(params)
        if req['method'] == 'seen':
            rows = self.db.execute('SELECT what, idx FROM seen ORDER BY height, idx').fetchall()
            return json.dumps({'code': ScoreResponse.SUCCESS, 'seen': rows})
        elif req['method'] == 'heights':
            hs = [r[0] for r in self.db.execute('SELECT DISTINCT height FROM seen ORDER BY height')]
            return json.dumps({'code': 0, 'steps': [b - a for a, b in zip(hs, hs[1:])]})
        elif req['method'] == 'makers':
            return json.dumps({'n': self.db.execute("SELECT COUNT(*) FROM seen WHERE maker IS NULL OR maker = ''").fetchone()[0]})
        elif req['method'] == 'genesis':
            r = self._score_service.get_block_by_height(0)
            return json.dumps({'code': r.response_code, 'height': block_data(r)['height']})
        return json.dumps({'code': 1, 'id': req.get('id')})

    def info(self):
        return self.__info
