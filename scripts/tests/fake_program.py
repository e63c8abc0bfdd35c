"""Stands in for `peer` and `radiostation`: listens where its configuration says and answers."""

import json
import signal
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

program = Path(sys.argv[0]).name
settings = json.loads(Path(sys.argv[sys.argv.index("-o") + 1]).read_text())
port = settings["PORT_" + program.upper()]
began = time.monotonic()
print(f"{program} starts on {port}", flush=True)
if "FAKE_EXIT" in settings:
    print("FAKE: the storage is locked", flush=True)
    sys.exit(settings["FAKE_EXIT"])
if settings.get("FAKE_IGNORES_SIGTERM"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if "DEFAULT_STORAGE_PATH" in settings:
    storage = Path(settings["DEFAULT_STORAGE_PATH"])
    storage.mkdir(parents=True, exist_ok=True)
    (storage / "starts").open("a").write("started\n")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        joining = time.monotonic() - began < settings.get("FAKE_JOINING_SECONDS", 0)
        if "/status/peer" in self.path and joining:
            return self.answer(503, {"response_code": -1, "message": "not joined yet"})
        if "/status/peer" in self.path:
            leader = "1" if settings.get("FAKE_LEADER") else "0"
            status = {"status": f"Service is online: {leader}", "peer_type": leader}
            status.update(consensus="lft", block_height=7, total_tx=42, leader_complaint=1)
            return self.answer(200, status)
        if "/blocks" in self.path:
            return self.answer(200, {"response_code": 0, "block_hash": "ab" * 32})
        return self.answer(200, {"response_code": 0, "data": {}})

    def answer(self, code, body):
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def server_bind(self):
        # Without the look-up of the host's name, which can take seconds.
        socketserver.TCPServer.server_bind(self)


rest = port + settings["PORT_DIFF_REST_SERVICE_CONTAINER"]
server = Server(("127.0.0.1", rest), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
while True:
    time.sleep(0.1)
