"""The search for MicroPython, with fake programs and without a network."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tjugo.errors import TjugoError
from tjugo.toolchain import (
    debian_archive,
)
from tjugo.toolchain import (
    micropython as runtime,
)
from tjugo.toolchain import (
    micropython_debian as runtime_debian,
)
from tjugo.toolchain.micropython import find_runtime
from tjugo.toolchain.tools import REPO

GOOD = "#!/bin/sh\necho '2147483647 3.4.0; MicroPython v1.25.0 on 2025-05-04'\n"
GOOD_64 = "#!/bin/sh\necho '9223372036854775807 3.4.0; MicroPython v1.22.1 on 2024-02-18'\n"
NO_FFI = "#!/bin/sh\necho \"ImportError: no module named 'ffi'\" >&2\nexit 1\n"

INDEXES = """\
http://docker.example/linux|bookworm|stable|Docker
http://deb.example/debian|bookworm-updates|main|Debian
http://deb.example/debian|bookworm|main|Debian
http://deb.example/debian|bookworm|main|Debian
http://deb.example/debian-security|bookworm-security|main|Debian
"""

# apt-get: records its arguments, lists INDEXES, and "downloads" the requested packages.
APT_GET = """\
#!/bin/sh
echo "$*" >>"$FAKES/calls"
case "$*" in
  *indextargets*) cat "$FAKES/indexes" ;;
  *update*) [ ! -e "$FAKES/offline" ] || { echo 'E: Could not resolve host' >&2; exit 100; } ;;
  *download*)
    while [ "$1" != download ]; do shift; done; shift
    for name; do : >"${name%%=*}_1_i386.deb"; done
    [ ! -e "$FAKES/short" ] || rm libffi8_1_i386.deb ;;
esac
"""

# dpkg-deb -x PACKAGE ROOT: the loader "runs" the program in its third argument.
DPKG_DEB = """\
#!/bin/sh
mkdir -p "$3/usr/bin" "$3/usr/lib/i386-linux-gnu"
case "$2" in
  */micropython_*) cp "$FAKES/program" "$3/usr/bin/micropython" ;;
  */libc6_*) printf '#!/bin/sh\\nshift 2\\nexec "$@"\\n' >"$3/usr/lib/i386-linux-gnu/ld-linux.so.2"
             chmod +x "$3/usr/lib/i386-linux-gnu/ld-linux.so.2" ;;
esac
"""


class Machine:
    """A machine with only /bin and a test's own programs in PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bin = folder / "bin"
        self.cache = folder / "the project" / "cache"
        self.fakes = folder / "fakes"
        self.progress: list[str] = []
        self.environ: dict[str, str] = {}
        self.bin.mkdir()
        self.fakes.mkdir()
        for tool in ("cat", "cp", "mkdir", "chmod", "rm"):
            (self.bin / tool).symlink_to(f"/bin/{tool}")
        keyring = folder / "keyring.gpg"
        keyring.touch()
        monkeypatch.setattr(debian_archive, "KEYRING", keyring)
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setenv("FAKES", str(self.fakes))
        monkeypatch.setattr(platform, "machine", lambda: "x86_64")

    def program(self, name: str, text: str) -> Path:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def debian(self, micropython: str = GOOD, indexes: str = INDEXES) -> None:
        """Add apt-get and dpkg-deb, and a package that contains `micropython`."""
        self.program("apt-get", APT_GET)
        self.program("dpkg-deb", DPKG_DEB)
        (self.fakes / "indexes").write_text(indexes)
        (self.fakes / "program").write_text(micropython)
        (self.fakes / "program").chmod(0o755)

    def calls(self) -> list[str]:
        path = self.fakes / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def find(self) -> runtime.Runtime:
        return find_runtime(self.progress.append, self.environ, self.cache)

    def refusal(self) -> str:
        with pytest.raises(TjugoError) as error:
            self.find()
        assert error.value.status == 2
        return error.value.message

    def in_cache(self) -> list[str]:
        return sorted(p.name for p in self.cache.iterdir()) if self.cache.exists() else []


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def test_the_one_that_was_named_comes_first(machine):
    machine.debian()
    machine.program("micropython", GOOD_64)
    path = machine.program("mine", GOOD)
    machine.environ["MICROPYTHON"] = str(path)
    found = machine.find()
    assert (found.argv, found.bits, found.source) == ([str(path)], 32, "named by MICROPYTHON")
    assert machine.calls() == []


def test_a_named_one_that_does_not_exist_is_refused_not_replaced(machine):
    machine.program("micropython", GOOD)
    machine.environ["MICROPYTHON"] = "/nowhere/micropython"
    assert "/nowhere/micropython: there is no such program" in machine.refusal()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (NO_FFI, "no module named 'ffi'"),
        ("#!/bin/sh\necho hello\n", "hello"),
        ("#!/bin/sh\n", "no output"),
        ("#!/nowhere/sh\n", "does not run"),
    ],
)
def test_a_named_one_that_cannot_serve_is_refused(machine, program, reason):
    machine.environ["MICROPYTHON"] = str(machine.program("mine", program))
    assert reason in machine.refusal()


def test_debians_package_is_fetched_once(machine):
    machine.debian()
    machine.program("micropython", GOOD_64)
    found = machine.find()
    assert (found.bits, found.version) == (32, "MicroPython v1.25.0")
    assert "Debian's i386 package" in found.source
    assert machine.in_cache() == [runtime_debian.FOLDER]
    assert any("http://deb.example/debian " in line for line in machine.progress)
    calls = machine.calls()
    assert [call.split()[-1] for call in calls if "update" in call] == ["--error-on=any"]
    assert sum("micropython=1.25.0+ds-1 libc6" in call for call in calls) == 1
    assert machine.find() == found
    assert machine.calls() == calls


def test_a_damaged_cache_is_fetched_again(machine):
    machine.debian()
    machine.find()
    program = machine.cache / runtime_debian.FOLDER / "micropython"
    program.write_text(program.read_text() + "echo changed\n")
    machine.find()
    assert any("damaged" in line for line in machine.progress)
    assert "changed" not in program.read_text()
    assert sum("update" in call for call in machine.calls()) == 2


def test_offline_the_systems_own_is_taken(machine):
    machine.debian()
    (machine.fakes / "offline").touch()
    machine.program("micropython", GOOD_64)
    found = machine.find()
    assert (found.bits, found.argv) == (64, [str(machine.bin / "micropython")])
    assert "64-bit" in str(found)
    assert machine.in_cache() == []


def test_offline_without_any_says_what_was_tried_and_what_helps(machine):
    machine.debian()
    (machine.fakes / "offline").touch()
    refusal = machine.refusal()
    assert "Could not resolve host" in refusal
    assert "the system's micropython: not installed" in refusal
    assert "apt-get install -y micropython" in refusal


def test_an_incomplete_download_leaves_no_trace(machine):
    machine.debian()
    (machine.fakes / "short").touch()
    assert "6 packages of 7" in machine.refusal()
    assert machine.in_cache() == []


def test_a_package_that_does_not_run_leaves_no_trace(machine):
    machine.debian(micropython=NO_FFI)
    assert "no module named 'ffi'" in machine.refusal()
    assert machine.in_cache() == []


def test_a_full_or_forbidden_cache_is_a_reason_not_a_traceback(machine):
    machine.debian()
    machine.cache.parent.mkdir()
    machine.cache.touch()
    assert "File exists" in machine.refusal()


def test_no_apt(machine):
    assert "this machine has no apt-get" in machine.refusal()


def test_no_keyring(machine):
    machine.debian()
    debian_archive.KEYRING.unlink()
    assert "keyring.gpg is missing" in machine.refusal()


def test_a_machine_that_is_not_debians_needs_a_mirror_named(machine):
    machine.debian(indexes="http://archive.example/ubuntu|noble|main|Ubuntu\n")
    assert "apt has no Debian mirror" in machine.refusal()
    machine.environ["DEBIAN_MIRROR"] = "http://deb.example/debian"
    assert machine.find().bits == 32


def test_another_processor_does_not_even_try(machine, monkeypatch):
    machine.debian()
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert "aarch64 processors cannot run it" in machine.refusal()
    assert machine.calls() == []


def test_apt_keeps_its_signature_checks_and_touches_only_our_folders(tmp_path):
    conf = debian_archive.apt_conf(tmp_path, "i386")
    lines = [line for line in conf.splitlines() if line.startswith("Dir::")]
    assert lines and all(f'"{tmp_path}' in line or '"/dev/null"' in line for line in lines)
    assert 'AllowUnauthenticated "false"' in conf
    assert 'AllowInsecureRepositories "false"' in conf


@pytest.mark.parametrize(
    ("indexes", "sites"),
    [
        (INDEXES, ["http://deb.example/debian"]),
        (
            "http://a/debian|trixie|main|\nhttp://b/debian|sid|main|",
            ["http://a/debian", "http://b/debian"],
        ),
        ("cdrom:[Debian 12]/|bookworm|main|\n\nnonsense", []),
        ("http://a/raspbian|bookworm|main|Raspbian", []),
    ],
)
def test_debian_sites(indexes, sites):
    assert debian_archive.listed(indexes) == sites


def run_module(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tjugo", "micropython", *arguments],
        env={**os.environ, **environ},
        cwd=REPO / "host",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_prints_the_argv(machine):
    path = str(machine.program("mine", GOOD))
    done = run_module(MICROPYTHON=path)
    assert (done.returncode, done.stdout) == (0, path + "\n")
    assert "32-bit, named by MICROPYTHON" in done.stderr
    assert run_module("--prepare", MICROPYTHON=path).stdout == ""


def test_the_command_says_in_a_sentence_what_is_wrong(machine):
    done = run_module(MICROPYTHON="/nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "MICROPYTHON=/nowhere: there is no such program\n"
    assert run_module("--nonsense").returncode == 2


def test_the_real_one_runs_and_says_how_many_bits(micropython_runtime):
    argv = [*micropython_runtime.argv, "-c", "import sys; print(sys.maxsize.__class__.__name__)"]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "int\n"
    assert micropython_runtime.bits in (32, 64)
