import datetime as calendar
import json
import os
import random
import secrets
import socket
import subprocess
import threading
import time
import uuid
from datetime import datetime
from random import randint
from uuid import uuid4

from loopchain.blockchain import ScoreBase

LOADED = [datetime.now().isoformat(), uuid4().hex, random.random(), time.time()]


class UserScore(ScoreBase):
    def invoke(self, transaction, block):
        return getattr(self, transaction.get_data_string())()

    def chance(self):
        values = [
            uuid4().hex, uuid.uuid1().hex, random.random(), randint(1, 10 ** 9),
            random.choice("abcdef"), random.Random().random(), random.SystemRandom().random(),
            random.gauss(0, 1), secrets.token_hex(8), os.urandom(8).hex(), hash("text"),
            list({"a", "b", "c", "d"}), LOADED]
        return {"code": 1, "message": json.dumps(values)}

    def clocks(self):
        before = time.time()
        time.sleep(100)
        values = [
            before, time.time_ns(), time.monotonic(), time.strftime("%Y-%m-%d"),
            datetime.now().isoformat(), datetime.utcnow().isoformat(),
            datetime.now(calendar.timezone.utc).isoformat(), calendar.date.today().isoformat(),
            repr(datetime.now()), isinstance(datetime.now(), calendar.date),
            datetime.strptime("2020", "%Y") < datetime.now()]
        return {"code": 1, "message": json.dumps(values)}

    def socket(self):
        socket.create_connection(("127.0.0.1", 1))

    def program(self):
        subprocess.run(["true"])

    def shell(self):
        os.system("true")

    def thread(self):
        threading.Thread(target=print).start()

    def read(self):
        open("/etc/passwd")

    def write(self):
        open(os.path.join(os.path.dirname(__file__), "new.txt"), "w")

    def remove(self):
        os.remove(os.path.abspath(__file__))

    def leave(self):
        os._exit(0)

    def leave_politely(self):
        raise SystemExit(0)

    def fork(self):
        os.fork()

    def address(self):
        raise ValueError(f"this {object()}")

    def deep(self):
        return self.deep()

    def surrogate(self):
        return {"code": 2, "message": "\ud800"}

    def talkative(self):
        print("to the log, not to the peer")
        os.write(1, b"nor this\n")
        return {"code": 4, "message": "큰" * 5000}

    def own_file(self):
        with open(os.path.join(os.path.dirname(__file__), "package.json")) as file:
            return {"code": 3, "message": json.load(file)["id"]}

    def query(self, params):
        if params == "long":
            return "x" * (65 << 20)
        return json.dumps([time.time() > 1_700_000_000, len(uuid4().hex)])
