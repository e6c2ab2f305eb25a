"""The emulated Pico answers like a real one, keeps its files, and passes the STS vectors."""

import json
import os
import subprocess
import sys
import time

import pytest

from tjugo.device.remote import BoardError, Remote
from tjugo.emulated import pico_build
from tjugo.emulated.pico_flash import read_flash, write_flash
from tjugo.errors import TjugoError
from tjugo.sts import vector_checks
from tjugo.sts.vectors import load
from tjugo.toolchain.tools import REPO

# The first vector of each kind that there is a check for.
VECTORS = {
    vector["kind"]: vector
    for vector in reversed(load(REPO / "tests" / "host" / "vectors" / "sts_vectors.json"))
    if vector["kind"] in vector_checks.KINDS
}
QUIET_SECONDS = 120.0
FREE_AT_BOOT = 230_000  # bytes; a Pico has 264 KB of memory

SLOW_WRITER = """\
import os
def forever(n):
    while True:
        n += 1
        with open('state.new', 'wb') as f:
            f.write(b'%08d' % n * 100)
        os.rename('state.new', 'state')
        print('wrote', n)
forever(0)
"""


LAMP = 15
RESET = f"""\
import machine
machine.Pin({LAMP}, machine.Pin.OUT, value=1)
machine.reset()
"""


def until(condition, seconds=60.0):
    """Wait for a condition; fail after the time-out."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def checking(loaded):
    """Return the board with the checks of the vectors imported."""
    loaded.soft_reset()
    loaded.exec("import json\nfrom vector_checks import check", quiet_seconds=QUIET_SECONDS)
    return loaded


def test_it_is_the_rp2_port(board):
    printed = board.exec("import sys, os\nprint(sys.platform, os.uname().machine, sys.maxsize)")
    assert printed == "rp2 Raspberry Pi Pico with RP2040 2147483647\n"


def test_mpremote_itself_works(own_pico, tmp_path):
    source = tmp_path / "copied.py"
    source.write_text("print(6 * 7)\n")
    mpremote = [sys.executable, "-m", "mpremote", "connect", own_pico.port]
    for command in (["fs", "cp", str(source), ":copied.py"], ["exec", "import copied"]):
        done = subprocess.run(
            [*mpremote, *command], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "42"


def test_an_exception_comes_back_as_one(board):
    with pytest.raises(BoardError, match="ZeroDivisionError") as caught:
        board.exec("print('before')\n1 // 0")
    assert caught.value.printed == "before\n"


def test_memory_at_boot(board):
    assert int(board.exec("import gc; gc.collect(); print(gc.mem_free())")) >= FREE_AT_BOOT


def test_reset_keeps_the_board_and_its_console(own_pico):
    own_pico.watch(LAMP)
    with Remote(own_pico.port) as remote:
        remote.put({"kept": b"before the reset"})
        remote.start(RESET)
        until(lambda: (LAMP, 1) in [edge[1:] for edge in own_pico.edges()])
        until(lambda: own_pico.level(LAMP) is None)  # a reset lets go of every pin
    with Remote(own_pico.port) as remote:
        assert remote.get("kept") == b"before the reset"
        assert remote.exec("import machine; print(machine.reset_cause())") == "3\n"  # WDT_RESET
    assert own_pico.running()


def test_files_outlive_a_power_cut(own_pico):
    with Remote(own_pico.port) as remote:
        remote.put({"ledger/0": b"twenty digits"})
    own_pico.kill()
    assert not own_pico.running()
    assert read_flash(own_pico.flash) == {"ledger/0": b"twenty digits"}
    own_pico.start()
    with Remote(own_pico.port) as remote:
        assert remote.get("ledger/0") == b"twenty digits"


def test_a_cut_while_writing_leaves_the_old_or_the_new(own_pico):
    """Cut the power between two commands to the flash chip; a command is atomic here."""
    with Remote(own_pico.port) as remote:
        remote.start(SLOW_WRITER)
        known = [int(remote.line(30.0).split()[1]) for _ in range(5)][-1]
        own_pico.kill()
    state = read_flash(own_pico.flash)["state"]
    assert state == state[:8] * 100
    assert int(state[:8]) >= known


def test_the_board_reads_what_the_host_made(own_pico):
    files = {"a/b/c": b"deep", "top": bytes(5000)}
    own_pico.stop()
    write_flash(own_pico.flash, files)
    own_pico.start()
    with Remote(own_pico.port) as remote:
        assert {name: remote.get(name) for name in files} == files


@pytest.mark.parametrize("kind", VECTORS)
def test_sts_as_on_the_host(checking, kind):
    """Check one vector of each kind; the emulated Cortex-M3 checks all."""
    names = ("kind", "inputs", "expected")
    line = json.dumps({name: VECTORS[kind][name] for name in names}, separators=(",", ":"))
    host = json.dumps(vector_checks.check(json.loads(line)))
    printed = checking.exec(f"print(json.dumps(check(json.loads({line!r}))))", QUIET_SECONDS)
    assert printed.strip() == host == "[]"


def test_a_second_build_does_nothing(image):
    output = []
    assert pico_build.firmware(output.append) == image
    assert output == []


def test_uf2_names_an_image(tmp_path, monkeypatch):
    wrong = tmp_path / "wrong.uf2"
    wrong.write_bytes(b"ELF")
    monkeypatch.setitem(os.environ, "UF2", str(wrong))
    with pytest.raises(TjugoError, match="not a UF2 image"):
        pico_build.firmware()
    wrong.write_bytes(b"UF2\n" + bytes(508))
    assert pico_build.firmware() == wrong
    assert pico_build.missing_packages() == []
