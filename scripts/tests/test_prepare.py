"""prepare.sh and build.sh with stand-ins for the machine's programs; nothing is installed."""

import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
ALL_THERE = """
has_c_compiler() { true; }; has_cxx_compiler() { true; }; has_libclang() { true; }
has_python() { true; }; has_python_headers() { true; }; has_git() { true; }
has_rust() { true; }; has_rust_components() { true; }; has_downloader() { true; }
"""

NATIVE_PACKAGES = ("documents_native", "plain_native")


class ShellTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        for name in ("bash", "cat", "uname", "mkdir", "touch", "xargs", "find", "cp", "mv", "cmp"):
            self.link(name)
        for name in ("df", "awk", "flock", "git"):
            self.link(name)

    def link(self, name: str):
        for folder in ("/usr/bin", "/bin", "/usr/local/bin"):
            if (Path(folder) / name).exists():
                (self.programs / name).symlink_to(Path(folder) / name)
                return

    def program(self, name: str, text: str):
        path = self.programs / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def shell(self, text: str, **environment):
        script = f". '{SCRIPTS}/prepare.sh'\n. '{SCRIPTS}/build.sh'\n{text}"
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", script],
            env={"PATH": str(self.programs), "HOME": str(self.folder), **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


class PrepareTest(ShellTest):
    def packages_log(self) -> str:
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""

    def manager(self, name: str, user: int):
        """A package manager after which libclang and the headers are there."""
        self.program(name, f'echo "{name} $*" >>"$HOME/log"; [ "$1" = update ] || : >"$HOME/there"')
        self.program("id", f"echo {user}")

    LACKING = ALL_THERE + """
    has_libclang() { [ -e "$HOME/there" ]; }; has_python_headers() { [ -e "$HOME/there" ]; }
    """

    def test_nothing_is_said_when_nothing_is_missing(self):
        self.assertEqual(self.shell(ALL_THERE + "prepare_machine"), (0, ""))

    def test_root_installs_with_each_manager(self):
        for manager, expected in (
            ("apt-get", "apt-get install -y --no-install-recommends libclang-dev python3-dev"),
            ("dnf", "dnf install -y clang-devel python3-devel"),
            ("pacman", "pacman -S --needed --noconfirm clang python"),
            ("apk", "apk add clang-dev clang-libclang python3-dev"),
        ):
            with self.subTest(manager):
                self.manager(manager, user=0)
                code, output = self.shell(self.LACKING + "prepare_machine")
                self.assertEqual(code, 0, output)
                self.assertIn(expected, self.packages_log())
                self.assertIn(f"Installing with {manager}: ", output)
                self.assertLess(output.index("libclang with"), output.index("Installing"))
                (self.folder / "there").unlink()
                (self.programs / manager).unlink()

    def test_sudo_without_a_password_installs(self):
        self.manager("apt-get", user=1000)
        self.program("sudo", '[ "$1" = -n ] && shift; exec "$@"')
        self.link("true")
        code, output = self.shell(self.LACKING + "prepare_machine")
        self.assertEqual(code, 0, output)
        self.assertIn("sudo apt-get install", output)
        self.assertIn("libclang-dev", self.packages_log())

    def test_who_may_not_install_is_told_what_to_ask_for(self):
        self.manager("apt-get", user=1000)
        for sudo in ("", "exit 1"):
            if sudo:
                self.program("sudo", sudo)
            code, output = self.shell(self.LACKING + "prepare_machine")
            self.assertEqual(code, 1)
            self.assertIn(
                "    sudo apt-get update; sudo apt-get install -y --no-install-recommends "
                "libclang-dev python3-dev\n",
                output,
            )
        self.assertEqual(self.packages_log(), "")

    def test_root_that_asks_not_to_install_is_told_as_well(self):
        self.manager("dnf", user=0)
        code, output = self.shell(self.LACKING + "prepare_machine", LOOPCHAIN_NO_INSTALL="1")
        self.assertEqual(code, 1)
        self.assertIn("    sudo dnf install -y clang-devel python3-devel\n", output)
        self.assertEqual(self.packages_log(), "")

    def test_an_unknown_system_is_told_to_install_by_hand(self):
        self.program("id", "echo 0")
        code, output = self.shell(self.LACKING + "prepare_machine")
        self.assertEqual(code, 1)
        self.assertIn("None of apt-get, dnf, pacman, apk and brew is here", output)

    def test_a_failing_or_useless_installation_is_an_error(self):
        for behaviour, expected in (
            ("exit 100", "The command above failed"),
            ("exit 0", "Still missing"),
        ):
            self.program("id", "echo 0")
            self.program("apt-get", behaviour)
            code, output = self.shell(self.LACKING + "prepare_machine")
            self.assertEqual(code, 1)
            self.assertIn(expected, output)

    def test_rust_needs_no_administrator(self):
        self.program("id", "echo 1000")
        self.program("curl", "echo 'echo installed-with \"$@\" >\"$HOME/log\"'")
        self.program("sh", 'exec bash "$@"')
        lacking = ALL_THERE + 'has_rust() { [ -e "$HOME/log" ]; }; prepare_machine'
        code, output = self.shell(lacking, LOOPCHAIN_NO_INSTALL="1")
        self.assertEqual(code, 1)
        self.assertIn("sh.rustup.rs", output)
        code, output = self.shell(lacking)
        self.assertEqual(code, 0, output)
        self.assertIn("--component clippy", self.packages_log())

    def test_versions_of_rust(self):
        self.program("cargo", "true")
        for version, good in (
            ("1.88.0 (x 2025)", True),
            ("1.95.1-nightly", True),
            ("2.0.0", True),
            ("1.87.9", False),
            ("1.9.0", False),
            ("nonsense", False),
        ):
            self.program("rustc", f"echo 'rustc {version}'")
            with self.subTest(version):
                self.assertEqual(self.shell("has_rust")[0] == 0, good)
        (self.programs / "rustc").unlink()
        self.assertNotEqual(self.shell("has_rust")[0], 0)

    def test_the_real_checks_find_nothing_on_an_empty_machine(self):
        code, output = self.shell(
            "has_libclang() { false; }; missing_things", PYO3_PYTHON="/nowhere/python3"
        )
        self.assertEqual(code, 0)
        expected = "c-compiler cxx-compiler libclang python python-headers rust curl"
        self.assertEqual(output.split(), expected.split())


class BuildTest(ShellTest):
    def setUp(self):
        super().setUp()
        self.target = self.folder / "target"
        self.program(
            "cargo",
            """
            echo "cargo $*" >>"$HOME/log"
            [ ! -e "$HOME/broken" ] || exit 101
            for name in radiostation peer score-runner libdocuments_native.so libplain_native.so; do
              cat "$PWD/source.rs" >"$CARGO_TARGET_DIR/release/$name"
            done
            """,
        )

    def checkout(self, name: str) -> Path:
        root = self.folder / name
        for package in NATIVE_PACKAGES:
            (root / "score/sample" / package).mkdir(parents=True)
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        (root / ".gitignore").write_text("/bin\n*.so\n")
        (root / "source.rs").write_text(f"the source of {name}")
        os.utime(root / "source.rs", (1, 1))
        return root

    def build(self, root: Path):
        return self.shell(
            f"build_workspace '{root}'",
            CARGO_TARGET_DIR=str(self.target),
            RUSTFLAGS="-C debuginfo=2",
        )

    def test_builds_in_the_one_way_and_places_the_programs(self):
        root = self.checkout("one")
        code, output = self.build(root)
        self.assertEqual(code, 0, output)
        self.assertIn("25 to 40 minutes", output)
        self.assertEqual(
            (self.folder / "log").read_text(),
            "cargo build --release --workspace --all-targets --locked\n",
        )
        for name in ("radiostation", "peer", "score-runner"):
            self.assertEqual((root / "bin" / name).read_text(), "the source of one")
            self.assertFalse((root / "bin" / name).is_symlink())
        for package in NATIVE_PACKAGES:
            library = root / "score/sample" / package / f"lib{package}.so"
            self.assertTrue(library.exists(), library)
        self.assertNotIn("25 to 40", self.build(root)[1])

    def test_another_checkout_is_not_taken_for_built(self):
        one, two = self.checkout("one"), self.checkout("two")
        self.build(one)
        os.utime(one / "source.rs", (1, 1))
        began = time.time()
        self.build(one)
        self.assertEqual((one / "source.rs").stat().st_mtime, 1, "the same checkout is left alone")
        self.build(two)
        self.assertGreater((two / "source.rs").stat().st_mtime, began - 2)
        self.assertEqual((two / "bin" / "peer").read_text(), "the source of two")
        self.assertEqual((one / "bin" / "peer").read_text(), "the source of one")
        self.build(one)
        self.assertGreater((one / "source.rs").stat().st_mtime, began - 2)

    def test_a_failed_build_places_nothing(self):
        (self.folder / "broken").touch()
        root = self.checkout("one")
        code, output = self.build(root)
        self.assertEqual(code, 1)
        self.assertIn("The build failed", output)
        self.assertFalse((root / "bin").exists())

    def test_a_folder_that_cannot_be_written_is_named(self):
        self.target.write_text("a file")
        code, output = self.build(self.checkout("one"))
        self.assertEqual(code, 1)
        self.assertIn(f"{self.target} cannot be written", output)


if __name__ == "__main__":
    unittest.main()
