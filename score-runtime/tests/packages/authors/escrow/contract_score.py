"""
Escrow SCORE
  sqlite 'escrow'        : contracts
  sqlite 'escrow.audit'  : log, autocommit, hand made transactions
  leveldb 'escrow'       : balances
"""
import json
import sqlite3
from contextlib import closing, contextmanager

import leveldb
from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreHelper, ScoreDatabaseType


@contextmanager
def hand_made(conn):
    conn.execute('BEGIN IMMEDIATE')
    try:
        yield conn
    except Exception:
        conn.execute('ROLLBACK')
        raise
    else:
        conn.execute('COMMIT')


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self.helper = ScoreHelper()
        self.sql = self.helper.load_database('escrow', ScoreDatabaseType.sqlite3)
        self.audit = self.helper.load_database('escrow.audit', ScoreDatabaseType.sqlite3)
        self.audit.isolation_level = None
        self.kv = self.helper.load_database('escrow', ScoreDatabaseType.leveldb)
        self.sql.executescript('''
            CREATE TABLE IF NOT EXISTS contract (id INTEGER PRIMARY KEY AUTOINCREMENT, buyer TEXT, seller TEXT, amount INTEGER CHECK (amount > 0), state TEXT DEFAULT 'open');
            CREATE TABLE IF NOT EXISTS party (name TEXT PRIMARY KEY, joined INTEGER);
            CREATE TRIGGER IF NOT EXISTS add_party AFTER INSERT ON contract BEGIN
                INSERT OR IGNORE INTO party VALUES (NEW.buyer, 1);
                INSERT OR IGNORE INTO party VALUES (NEW.seller, 1);
            END;
        ''')
        self.audit.execute('CREATE TABLE IF NOT EXISTS log (n INTEGER PRIMARY KEY, msg TEXT)')

    def _bal(self, who):
        try:
            return int(self.kv.Get(who.encode()))
        except KeyError:
            return 0

    def _set(self, who, v):
        self.kv.Put(who.encode(), b'%d' % v)

    def _log(self, msg):
        self.audit.execute('INSERT INTO log(msg) VALUES (?)', (msg,))

    def invoke(self, transaction, block=None):
        req = json.loads(transaction.get_data_string())
        self._log(req['method'])
        return getattr(self, req['method'])(**req.get('params', {}))

    def deposit(self, who, amount):
        self._set(who, self._bal(who) + amount)

    def open(self, buyer, seller, amount):
        with self.sql:
            cur = self.sql.execute('INSERT INTO contract(buyer, seller, amount) VALUES (?,?,?)', (buyer, seller, amount))
        self._set(buyer, self._bal(buyer) - amount)
        self._set('hold', self._bal('hold') + amount)
        if self._bal(buyer) < 0:
            return {'code': 10, 'message': 'no money'}
        return {'code': 0, 'message': 'contract %d' % cur.lastrowid}

    def release(self, id):
        with closing(self.sql.cursor()) as cur:
            cur.execute('SELECT * FROM contract WHERE id=? AND state=?', (id, 'open'))
            cols = [d[0] for d in cur.description]
            row = dict(zip(cols, cur.fetchone()))
            cur.execute("UPDATE contract SET state='done' WHERE id=?", (id,))
            assert cur.rowcount == 1
        self.sql.commit()
        batch = leveldb.WriteBatch()
        batch.Put(b'hold', b'%d' % (self._bal('hold') - row['amount']))
        batch.Put(row['seller'].encode(), b'%d' % (self._bal(row['seller']) + row['amount']))
        self.kv.Write(batch)
        return {'code': 0}

    def half(self, who):
        """writes everywhere, then falls over"""
        self.sql.execute("INSERT INTO party VALUES (?, 2)", (who,))
        self.sql.commit()
        self.sql.execute("INSERT INTO contract(buyer, seller, amount) VALUES (?, ?, 1)", (who, who))
        with hand_made(self.audit) as a:
            a.execute("INSERT INTO log(msg) VALUES ('half')")
        self.kv.Put(who.encode(), b'1')
        self.kv.Delete(b'hold')
        self.audit.execute('BEGIN')
        self.audit.execute("INSERT INTO log(msg) VALUES ('open transaction')")
        raise RuntimeError('fell over')

    def hand(self, fail=False):
        with hand_made(self.audit) as a:
            a.execute("INSERT INTO log(msg) VALUES ('hand')")
            a.execute('SAVEPOINT s')
            a.execute("INSERT INTO log(msg) VALUES ('savepoint')")
            a.execute('ROLLBACK TO s')
            a.execute('RELEASE s')
            if fail:
                raise ValueError('hand')

    def hand_swallow(self):
        try:
            self.hand(True)
        except ValueError:
            return {'code': 0, 'message': 'swallowed'}

    def undo(self, who):
        self.sql.execute("INSERT INTO party VALUES (?, 3)", (who + '-committed',))
        self.sql.commit()
        self.sql.execute("INSERT INTO party VALUES (?, 3)", (who + '-rolled-back',))
        self.sql.rollback()
        return {'code': 0}

    def real(self):
        c = self.sql
        steps = [isinstance(c, sqlite3.Connection), c.in_transaction]
        c.execute("UPDATE party SET joined = joined WHERE name = 'kim'")
        steps.append(c.in_transaction)
        c.commit()
        steps.append(c.in_transaction)
        steps.append(isinstance(c.cursor(), sqlite3.Cursor))
        return {'code': 0, 'message': str(steps)}

    def ddl(self, fail):
        self.sql.execute('CREATE TABLE extra (a)')
        self.sql.execute('ALTER TABLE party ADD COLUMN note TEXT')
        self.sql.execute("INSERT INTO extra VALUES (1)")
        self.sql.commit()
        if fail:
            return {'code': 20, 'message': 'ddl undone'}

    def reopen(self, name):
        db = ScoreHelper().load_database('escrow.reopen', ScoreDatabaseType.sqlite3)
        db.execute('CREATE TABLE IF NOT EXISTS t (name TEXT UNIQUE)')
        db.execute('INSERT INTO t VALUES (?)', (name,))
        db.commit()
        n = db.execute('SELECT COUNT(*) FROM t').fetchone()[0]
        db.close()
        return {'code': 0, 'message': 'rows %d' % n}

    def script(self, names):
        self.sql.executescript(';'.join("INSERT INTO party VALUES ('%s', 4)" % n for n in names))

    def query(self, params):
        req = json.loads(params)
        m = req['method']
        if m == 'balance':
            return json.dumps({k: self._bal(k) for k in req['params']})
        if m == 'contracts':
            return json.dumps({'rows': self.sql.execute('SELECT id, buyer, seller, amount, state FROM contract ORDER BY id').fetchall()})
        if m == 'party':
            return json.dumps({'rows': self.sql.execute('SELECT name, joined FROM party ORDER BY name').fetchall()})
        if m == 'log':
            return json.dumps({'rows': self.audit.execute('SELECT n, msg FROM log ORDER BY n').fetchall()})
        if m == 'reopen':
            with closing(ScoreHelper().load_database('escrow.reopen')) as db:
                return json.dumps({'rows': [r[0] for r in db.execute('SELECT name FROM t ORDER BY 1')]})
        if m == 'tables':
            return json.dumps({'n': self.sql.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'extra'").fetchone()[0],
                               'cols': [r[1] for r in self.sql.execute('PRAGMA table_info(party)')]})

    def info(self):
        return self._score_info
