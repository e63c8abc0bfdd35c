# coding: utf-8
import json
import logging
import os
import socket
import sqlite3
import subprocess
import tempfile
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Process

from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreHelper, ScoreDatabaseType
from loopchain.tools.score_helper import LogLevel

DEFAULT_PRICE = 1000


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.helper = ScoreHelper()
        self.db = self.helper.load_database('market_oracle', ScoreDatabaseType.sqlite3)
        self.db.execute('create table if not exists price(item text primary key, price integer)')
        self.db.commit()
        self.lock = threading.Lock()

    def invoke(self, transaction, block=None):
        req = json.loads(transaction.get_data_string())
        m, p = req['method'], req.get('params', {})
        self.db.execute('insert or replace into price values (?, ?)', ('touch:' + m, 1))
        self.db.commit()
        self.helper.log(block.channel_name, 'oracle ' + m, LogLevel.DEBUG)

        if m == 'set':
            with self.lock:
                self.db.execute('insert or replace into price values (?, ?)', (p['item'], p['price']))
                self.db.commit()
            return {'code': 0}
        elif m == 'fetch':
            res = urllib.request.urlopen('http://127.0.0.1:9/price?item=' + p['item'], timeout=1)
            price = int(res.read())
            self.db.execute('insert or replace into price values (?, ?)', (p['item'], price))
        elif m == 'fetch_or_default':
            try:
                res = urllib.request.urlopen('http://127.0.0.1:9/price?item=' + p['item'], timeout=1)
                price = int(res.read())
            except:
                price = DEFAULT_PRICE
            self.db.execute('insert or replace into price values (?, ?)', (p['item'], price))
            self.db.commit()
        elif m == 'socket':
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            s.close()
        elif m == 'udp':
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.sendto(b'hi', ('127.0.0.1', 9))
        elif m == 'create_connection':
            socket.create_connection(('127.0.0.1', 1), timeout=1)
        elif m == 'subprocess':
            subprocess.check_output(['/bin/echo', '1'])
        elif m == 'popen':
            os.popen('echo 1').read()
        elif m == 'system':
            os.system('true')
        elif m == 'fork':
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
        elif m == 'thread':
            t = threading.Thread(target=lambda: None)
            t.start()
            t.join()
        elif m == 'timer':
            threading.Timer(0.01, lambda: None).start()
        elif m == 'pool':
            with ThreadPoolExecutor(2) as ex:
                list(ex.map(str, range(3)))
        elif m == 'process':
            pr = Process(target=print)
            pr.start()
            pr.join()
        elif m == 'read_passwd':
            with open('/etc/passwd') as f:
                return {'code': 0, 'message': f.readline()}
        elif m == 'read_hostname':
            return {'code': 0, 'message': open('/proc/sys/kernel/hostname').read()}
        elif m == 'write_tmp':
            with open('/tmp/market_oracle.log', 'a') as f:
                f.write('hello\n')
        elif m == 'os_open':
            fd = os.open('/etc/hostname', os.O_RDONLY)
            os.close(fd)
        elif m == 'tempfile':
            with tempfile.TemporaryFile() as f:
                f.write(b'x')
        elif m == 'log_file':
            h = logging.FileHandler('/tmp/market_oracle2.log')
            logging.getLogger('oracle').addHandler(h)
        elif m == 'other_db':
            c = sqlite3.connect('/tmp/market_oracle.db')
            c.execute('create table if not exists x(a)')
            c.commit()
            c.close()
        elif m == 'attach':
            self.db.execute("attach database '/tmp/market_oracle3.db' as other")
            self.db.execute('create table if not exists other.x(a)')
        elif m == 'dotdot':
            with open(os.path.join(os.path.dirname(__file__), '..', '..', '..', '..', '..', '..', '..', 'etc', 'passwd')) as f:
                f.read()
        elif m == 'unlink':
            os.remove('/tmp/market_oracle.does.not.exist')
        elif m == 'own_source':
            with open(__file__, encoding='utf-8') as f:
                return {'code': 0, 'message': f.readline().strip()}
        elif m == 'lock':
            ev = threading.Event()
            ev.set()
            loc = threading.local()
            loc.x = 1
            with self.lock, threading.RLock():
                return {'code': 0, 'message': 'locked %d' % loc.x}
        elif m == 'memdb':
            c = sqlite3.connect(':memory:')
            v = c.execute('select 1 + 1').fetchone()[0]
            c.close()
            return {'code': 0, 'message': str(v)}
        else:
            return {'code': 1, 'message': 'unknown'}

    def query(self, params):
        req = json.loads(params)
        rows = self.db.execute('select item, price from price order by item').fetchall()
        return json.dumps({'prices': dict(rows)})

    def info(self):
        return self._score_info
