#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright 2017 theloop, Inc.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Certificate registry SCORE (sqlite)"""

import json
import os
import sqlite3
from os.path import dirname

import loopchain.utils as util
from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreHelper, ScoreDatabaseType


class UserScore(ScoreBase):

    def __init__(self, info=None):
        super().__init__(info)
        self.__score_info = info
        if self.__score_info is None:
            with open(dirname(__file__) + '/' + ScoreBase.PACKAGE_FILE, "r") as f:
                self.__score_info = json.loads(f.read())
                f.close()
        self.__db = None
        self.__last_cursor = None
        self.__init_db(self.__score_info['id'])

    def __init_db(self, db_name):
        helper = ScoreHelper()
        self.__db = helper.load_database(score_id=db_name, database_type=ScoreDatabaseType.sqlite3)
        self.__db.row_factory = sqlite3.Row
        cursor = self.__db.cursor()
        # FK is off by default in sqlite!!
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("CREATE TABLE IF NOT EXISTS SCHOOL("
                       "CODE TEXT PRIMARY KEY, NAME TEXT NOT NULL)")
        cursor.execute("CREATE TABLE IF NOT EXISTS CERT("
                       "SEQ INTEGER PRIMARY KEY AUTOINCREMENT,"
                       "CERT_NO TEXT NOT NULL UNIQUE,"
                       "SCHOOL TEXT NOT NULL REFERENCES SCHOOL(CODE),"
                       "OWNER TEXT, REVOKED INTEGER DEFAULT 0)")
        cursor.execute("CREATE INDEX IF NOT EXISTS CERT_OWNER ON CERT(OWNER)")
        self.__db.commit()

    def query(self, query_request):
        util.logger.debug("query request : " + query_request)
        req = json.loads(query_request)
        method = req['method']
        params = req.get('params', {})
        if method == 'get_cert':
            response = self.__get_cert(req.get('id'), params)
        elif method == 'school_summary':
            response = self.__school_summary(req.get('id'))
        elif method == 'cert_list':
            c = self.__db.cursor()
            c.execute("SELECT SEQ, CERT_NO, OWNER, REVOKED FROM CERT ORDER BY SEQ")
            response = {'jsonrpc': '2.0', 'code': 0, 'response': [dict(r) for r in c.fetchall()], 'id': req.get('id')}
        else:
            response = {'jsonrpc': '2.0', 'code': 1, 'response': {'error': 'Unknown method'}, 'id': req.get('id')}
        return json.dumps(response)

    def __get_cert(self, id, params):
        cursor = self.__db.cursor()
        cursor.execute("SELECT C.SEQ, C.CERT_NO, C.OWNER, S.NAME AS SCHOOL_NAME, C.REVOKED "
                       "FROM CERT C INNER JOIN SCHOOL S ON C.SCHOOL = S.CODE WHERE C.CERT_NO = ?",
                       (params['cert_no'],))
        row = cursor.fetchone()
        if row is None:
            return {'jsonrpc': '2.0', 'code': 404, 'response': {}, 'id': id}
        return {'jsonrpc': '2.0', 'code': 0, 'id': id,
                'response': {k.lower(): row[k] for k in row.keys()}}

    def __school_summary(self, id):
        result = []
        for row in self.__db.execute("SELECT S.CODE, S.NAME, COUNT(C.SEQ) CNT FROM SCHOOL S "
                                     "LEFT OUTER JOIN CERT C ON S.CODE = C.SCHOOL "
                                     "GROUP BY S.CODE, S.NAME ORDER BY S.CODE"):
            result.append([row['CODE'], row['NAME'], row['CNT']])
        return {'jsonrpc': '2.0', 'code': 0, 'response': result, 'id': id}

    def invoke(self, transaction, block=None):
        data = json.loads(transaction.get_data_string())
        util.logger.debug("invoke : %s", data)
        method = data['method']
        params = data['params']

        if method == 'add_school':
            cursor = self.__db.cursor()
            cursor.execute("INSERT INTO SCHOOL(CODE, NAME) VALUES(?, ?)", (params['code'], params['name']))
            self.__db.commit()
            return {'code': 0}
        elif method == 'issue':
            cursor = self.__db.cursor()
            cursor.execute("INSERT INTO CERT(CERT_NO, SCHOOL, OWNER) VALUES(:cert_no, :school, :owner)", params)
            self.__db.commit()
            return {'code': 0, 'message': 'issued', 'seq': cursor.lastrowid}
        elif method == 'issue_many':
            return self.__issue_many(params)
        elif method == 'issue_checked':
            # 먼저 저장하고 나서 검사한다
            cursor = self.__db.cursor()
            cursor.execute("INSERT INTO CERT(CERT_NO, SCHOOL, OWNER) VALUES(:cert_no, :school, :owner)", params)
            self.__db.commit()
            if not params['owner'].isalpha():
                raise ValueError("owner is not alphabetic : " + params['owner'])
            return {'code': 0}
        elif method == 'revoke':
            cursor = self.__db.cursor()
            cursor.execute("UPDATE CERT SET REVOKED = 1 WHERE CERT_NO = ?", (params['cert_no'],))
            self.__db.commit()
            if cursor.rowcount == 0:
                return {'code': 404, 'message': 'no such certificate'}
            return {'code': 0}
        elif method == 'peek':
            # keep the cursor around for later, don't read it to the end
            self.__last_cursor = self.__db.execute("SELECT * FROM CERT")
            row = self.__last_cursor.fetchone()
            return {'code': 0, 'message': row['CERT_NO']}
        return {'code': 9000, 'message': 'Unknown method : ' + method}

    def __issue_many(self, params):
        rows = [(c, params['school'], o) for c, o in params['certs']]
        with self.__db:
            self.__db.executemany("INSERT INTO CERT(CERT_NO, SCHOOL, OWNER) VALUES(?,?,?)", rows)
        return {'code': 0, 'message': str(len(rows))}

    def info(self):
        return self.__score_info
