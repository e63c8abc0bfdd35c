"""./localnet against stand-ins for the programs, on ports the system gives."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS / "localnet"))

import layout  # noqa: E402
import settings  # noqa: E402


def free_ports(count: int) -> list:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Network:
    """A checkout in a temporary folder, with stand-ins in `bin/`."""

    def __init__(self, root: Path, peers: int = 2):
        self.root = root
        shutil.copytree(
            SCRIPTS / "localnet",
            root / "scripts" / "localnet",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        (root / "bin").mkdir()
        for program in ("peer", "radiostation"):
            text = (SCRIPTS / "tests" / "fake_program.py").read_text()
            (root / "bin" / program).write_text(f"#!{sys.executable}\n{text}")
            (root / "bin" / program).chmod(0o755)
        self.configs = root / "configs" / "localnet"
        self.configs.mkdir(parents=True)
        (root / "channel_manage_data.json").write_text(
            '{"one": {"score_package": "loopchain/default"}, // a comment\n'
            ' "two": {"score_package": "sample/documents",},}'
        )
        (root / ".localnet").mkdir()
        (root / ".localnet" / "peers").write_text(f"{peers}\n")
        self.ports = {}
        self.configure("radiostation", CHANNEL_MANAGE_DATA_PATH="../../channel_manage_data.json")
        for number in range(1, peers + 1):
            storage = root / ".localnet" / f"peer{number}"
            self.configure(
                f"peer{number}", DEFAULT_STORAGE_PATH=str(storage), FAKE_LEADER=number == 1
            )

    def configure(self, name: str, **values):
        program = "radiostation" if name == "radiostation" else "peer"
        grpc, rest, network = self.ports.setdefault(name, free_ports(3))
        path = self.configs / f"{name}.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        known.update({f"PORT_{program.upper()}": grpc, "PORT_P2P": network})
        known.update(PORT_DIFF_REST_SERVICE_CONTAINER=rest - grpc, **values)
        path.write_text(json.dumps(known))

    def command(self, *arguments) -> list:
        return [sys.executable, str(self.root / "scripts" / "localnet"), *arguments]

    def run(self, *arguments, expect: int):
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=60, check=False
        )
        output = done.stdout + done.stderr
        if done.returncode != expect:
            raise AssertionError(f"exit {done.returncode}, expected {expect}:\n{output}")
        return output

    def pid(self, name: str) -> int:
        return int((self.root / ".localnet" / "pids" / f"{name}.pid").read_text())


def wait_for(condition, what: str, seconds: float = 20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class LocalnetTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.network = Network(Path(folder.name).resolve() / "checkout")
        self.addCleanup(
            subprocess.run, self.network.command("down"), capture_output=True, check=False
        )

    def run_localnet(self, *arguments, expect=0):
        return self.network.run(*arguments, expect=expect)

    def start_in_foreground(self):
        output = open(self.network.root / "output", "w+", encoding="utf-8")
        self.addCleanup(output.close)
        # Tests that run in the background have Ctrl-C ignored, and so would their children.
        started = subprocess.Popen(
            self.network.command("up"),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.addCleanup(started.wait)
        self.addCleanup(started.kill)

        def text():
            return Path(output.name).read_text(encoding="utf-8")

        wait_for(lambda: "HEIGHT" in text() or started.poll() is not None, "the table")
        return started, text

    def test_up_returns_when_all_answer_and_down_stops_everything(self):
        output = self.run_localnet("up", "-d")
        for expected in (
            "Up: a radiostation and 2 peers, 2 channels on each.",
            "/api/v1/peer/list?channel=two",
            "/api/v1/blocks?hash=" + "ab" * 32,
            '"method": "propose"',
        ):
            self.assertIn(expected, output)
        pids = [self.network.pid(name) for name in ("radiostation", "peer1", "peer2")]
        self.assertTrue(all(map(is_running, pids)))
        table = self.run_localnet("status")
        self.assertRegex(table, r"two +peer1 +yes +7 +42 +Service is online: 1")
        self.assertIn("Already running", self.run_localnet("up", "-d"))
        self.assertIn("peer2", self.run_localnet("down"))
        self.assertFalse(any(map(is_running, pids)))
        self.assertIn("Nothing was running", self.run_localnet("down"))
        self.assertIn("Nothing is running", self.run_localnet("status", expect=1))

    def test_up_again_keeps_ledgers_and_reset_forgets_them(self):
        starts = self.network.root / ".localnet" / "peer1" / "starts"
        for _ in range(2):
            self.run_localnet("up", "-d")
            self.run_localnet("down")
        self.assertEqual(starts.read_text(), "started\n" * 2)
        self.run_localnet("up", "-d")
        pid = self.network.pid("peer1")
        self.run_localnet("reset", "-y")
        self.assertFalse(is_running(pid))
        self.assertEqual(list((self.network.root / ".localnet").iterdir()), [])

    def test_a_process_that_ends_at_start_fails_the_start_with_its_log(self):
        self.network.configure("peer2", FAKE_EXIT=3)
        output = self.run_localnet("up", "-d", expect=1)
        self.assertRegex(output, r"The start failed: peer2 \(pid \d+\) ended with exit code 3")
        self.assertIn("FAKE: the storage is locked", output)
        self.assertIn(str(self.network.root / ".localnet" / "logs"), output)
        self.assertIn("Nothing is running", self.run_localnet("status", expect=1))

    def test_waits_for_joining_peers_and_gives_up_after_the_given_time(self):
        self.network.configure("peer1", FAKE_JOINING_SECONDS=1.5)
        self.run_localnet("up", "-d")
        self.run_localnet("down")
        self.network.configure("peer1", FAKE_JOINING_SECONDS=600)
        output = self.run_localnet("up", "-d", "--wait", "2", expect=1)
        self.assertIn("peer1, channel one: HTTP 503 not joined yet", output)
        self.assertNotIn("peer2, channel", output)

    def test_a_held_port_is_named_with_its_holder_before_anything_starts(self):
        with socket.socket() as held:
            held.bind(("127.0.0.1", self.network.ports["peer2"][1]))
            held.listen()
            for arguments in (("--plan", "up", "-d"), ("up", "-d")):
                output = self.run_localnet(*arguments, expect=1)
                self.assertRegex(output, rf"\(peer2's REST\) is held by pid {os.getpid()} \(")
        self.assertFalse((self.network.root / ".localnet" / "pids").exists())

    def test_interrupt_stops_everything(self):
        started, text = self.start_in_foreground()
        pids = [self.network.pid(name) for name in ("radiostation", "peer1", "peer2")]
        started.send_signal(signal.SIGINT)
        self.assertEqual(started.wait(timeout=30), 0, text())
        self.assertFalse(any(map(is_running, pids)))
        self.assertIn("the ledgers are kept", text())

    def test_what_ignores_sigterm_is_killed(self):
        self.network.configure("peer1", FAKE_IGNORES_SIGTERM=True)
        self.run_localnet("up", "-d")
        pid = self.network.pid("peer1")
        self.assertIn("SIGKILL", self.run_localnet("down"))
        self.assertFalse(is_running(pid))

    def test_a_death_while_watching_is_told_and_up_in_another_terminal_mends_it(self):
        started, text = self.start_in_foreground()
        os.kill(self.network.pid("peer2"), signal.SIGKILL)
        wait_for(lambda: "was ended by SIGKILL" in text(), "news of the death")
        self.assertRegex(text(), r"peer2 \(pid \d+\) was ended by SIGKILL.*log lines:\n  peer")
        self.assertRegex(self.run_localnet("status", expect=1), r"peer2 .*not running")
        self.assertIn("Already running: radiostation, peer1.", self.run_localnet("up", "-d"))
        self.run_localnet("status")
        self.run_localnet("down")
        self.assertEqual(started.wait(timeout=30), 0)
        self.assertIn("Stopped by another ./localnet", text())

    def test_down_leaves_a_process_alone_that_only_shares_a_recorded_pid(self):
        self.run_localnet("up", "-d")
        self.run_localnet("down")
        other = subprocess.Popen(["sleep", "60"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        pid_file = self.network.root / ".localnet" / "pids" / "peer1.pid"
        pid_file.write_text(f"{other.pid}\n")
        self.assertIn("Nothing was running", self.run_localnet("down"))
        self.assertIsNone(other.poll())

    def test_fewer_peers_than_could_agree_are_refused(self):
        (self.network.root / ".localnet" / "peers").write_text("4\n")
        output = self.run_localnet("up", "-d", "--peers", "2", expect=1)
        self.assertIn("--peers 3 or more", output)

    def test_logs(self):
        self.assertIn("No logs yet", self.run_localnet("logs"))
        self.run_localnet("up", "-d")
        self.assertIn("radiostation starts on", self.run_localnet("logs"))
        self.assertNotIn("radiostation starts on", self.run_localnet("logs", "peer1"))
        self.assertIn("expected one of", self.run_localnet("logs", "peer9", expect=1))

    def test_bad_arguments_show_the_usage(self):
        for arguments in (
            ["nonsense"],
            ["up", "--peers"],
            ["up", "--peers", "0"],
            ["up", "--peers=19"],
            ["up", "-x"],
            ["--nonsense"],
            ["down", "-d"],
            ["logs", "a", "b"],
        ):
            for planning in ([], ["--plan"]):
                with self.subTest(arguments=arguments, planning=planning):
                    output = self.run_localnet(*planning, *arguments, expect=2)
                    self.assertIn("usage: ./localnet", output)

    def test_plan_tells_whether_to_build(self):
        self.run_localnet("--plan", "up", "-d", expect=10)
        self.run_localnet("--plan", expect=10)
        self.run_localnet("--plan", "status")
        self.assertEqual(self.run_localnet("--plan", "-h"), "")
        self.run_localnet("up", "-d")
        self.run_localnet("--plan", "up")


class LayoutTest(unittest.TestCase):
    def test_plain_json(self):
        for text, expected in (
            ('{"a": 1, // one\n "b": [1, 2,],}', {"a": 1, "b": [1, 2]}),
            ('{"a": "// no, /* comment */ ,}"}', {"a": "// no, /* comment */ ,}"}),
            ('/* x\n */ {"a": "\\"//",}', {"a": '"//'}),
            ('{"a": [1, /* c */ ], }', {"a": [1]}),
        ):
            self.assertEqual(json.loads(settings.plain_json(text)), expected, text)
        with self.assertRaises(json.JSONDecodeError):
            json.loads(settings.plain_json('{"a": [1,,]}'))

    def test_derived_settings(self):
        derived = layout.derive_settings(
            {
                "PORT_PEER": 7400,
                "PORT_P2P": 7450,
                "PORT_RADIOSTATION": 7102,
                "DEFAULT_STORAGE_PATH": "../../.localnet/peer4",
                "DEFAULT_SCORE_REPOSITORY_PATH": "../../score",
                "CHANNEL_OPTION": {"c": {"private_path": "../keys/peer4.der"}},
            },
            Path("/clone/configs/localnet"),
            4,
            6,
        )
        self.assertEqual(
            derived,
            {
                "PORT_PEER": 7600,
                "PORT_P2P": 7650,
                "PORT_RADIOSTATION": 7102,
                "DEFAULT_STORAGE_PATH": "/clone/.localnet/peer6",
                "DEFAULT_SCORE_REPOSITORY_PATH": "/clone/score",
                "CHANNEL_OPTION": {"c": {"private_path": "/clone/configs/keys/peer6.der"}},
            },
        )


if __name__ == "__main__":
    unittest.main()
