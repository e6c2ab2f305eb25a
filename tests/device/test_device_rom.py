"""Deployment into a ROM file system, from which modules are executed in place."""

import re
import subprocess
import sys

import pytest
from modbus_client import ModbusClient

from tjugo.device import deploy, load, rom, targets
from tjugo.device.console import Console
from tjugo.device.on_board import files as on_board
from tjugo.device.remote import Remote
from tjugo.emulated import qemu_flash
from tjugo.errors import TjugoError

pytestmark = pytest.mark.long

QEMU = targets.target("qemu_mps2")
ROOM = qemu_flash.ROM_BYTES
# Bytes of heap that the modules take less than as files, at least.
GAIN = 44_000


def put(board, role="meter", **options):
    """Deploy to the board; return its self-test and the lines of progress."""
    lines = []
    return deploy.deploy(board.port, QEMU, role, lines.append, **options), lines


@pytest.fixture
def deployed(own_board):
    """Return a meter with its modules in the ROM; both made on the host, which is faster."""
    own_board.stop()
    made = load.load(QEMU, "meter", ROOM)
    files = {
        **made.files,
        on_board.MANIFEST: load.manifest(made, QEMU.name, "meter"),
    }
    qemu_flash.write_image(own_board.flash, files, made.image)
    own_board.start()
    return own_board


def library(board):
    """Return the names of the modules on the flash of a board that is off."""
    return {name for name in qemu_flash.read_image(board.flash) if name.startswith("lib/")}


def test_modules_in_the_rom_leave_the_heap_free(own_board):
    as_files, lines = put(own_board, use_rom=False)
    assert "The ROM is not used." in lines[0]
    in_rom, lines = put(own_board)
    assert f"in the ROM of {ROOM:,}, executed in place" in lines[0]
    assert in_rom["free"] >= as_files["free"] + GAIN
    assert "Nothing to copy" in put(own_board)[1][0]
    as_files, _lines = put(own_board, "collector", use_rom=False)
    assert as_files["role"] == "collector"  # without settings it ends, and is started again
    own_board.kill()
    names = {name for name in targets.files(QEMU, "collector") if name != targets.MAIN}
    assert library(own_board) == names


def test_the_power_is_cut_while_the_rom_is_written(deployed, monkeypatch):
    """Check that the board waits in safe mode, with its bus, and the next deployment completes."""
    written = []

    def cut(remote, code, quiet_seconds=60.0, exec=Remote.exec):
        if code.startswith("write("):
            written.append(code)
            if len(written) == 5:
                deployed.kill()
        return exec(remote, code, quiet_seconds)

    with monkeypatch.context() as patch:
        patch.setattr(Remote, "exec", cut)
        with pytest.raises(TjugoError, match="stopped answering"):
            put(deployed, "collector")
    deployed.start()
    with Console(deployed.port) as console:
        assert console.wait_for("selftest", 20)["safe"] == "update"
    with ModbusClient(deployed.uart(1)) as modbus:
        assert modbus.identification(247)[1] == "safe-update"
    found, _lines = put(deployed, "collector")
    assert (found["role"], "safe" in found) == ("collector", False)


def test_an_image_that_does_not_start_is_replaced_by_the_preceding_one(deployed, monkeypatch):
    files = targets.files(QEMU, "meter")
    bad = {name: content for name, content in files.items() if name != "lib/meter/app.mpy"}
    with monkeypatch.context() as patch:
        patch.setattr(targets, "files", lambda *_: bad)
        with pytest.raises(TjugoError, match="preceding files are restored") as caught:
            put(deployed)
    assert "no module named 'meter.app'" in caught.value.message
    assert re.search(r"qemu_mps2: meter [\d.]+, MicroPython", caught.value.message)
    made = load.load(QEMU, "meter", ROOM)
    with Remote(deployed.port) as remote:
        assert rom.holds(remote, made.image)
        assert remote.changed(made.files) == []


def test_a_byte_damaged_on_the_way_to_the_rom_holds_the_application(deployed, monkeypatch):
    def damaged(remote, code, quiet_seconds=60.0, exec=Remote.exec):
        return exec(remote, code.replace("write(4096, ", "write(4100, "), quiet_seconds)

    with monkeypatch.context() as patch:
        patch.setattr(Remote, "exec", damaged)
        with pytest.raises(TjugoError, match="What is in the ROM is damaged"):
            put(deployed, "collector")
        with Remote(deployed.port) as remote:
            assert remote.start_main().wait_for("selftest", 20)["safe"] == "update"
    assert put(deployed, "collector")[0]["role"] == "collector"


def test_a_board_that_lost_its_rom_starts_the_safe_application(deployed):
    with Remote(deployed.port) as remote:
        rom.write(remote, b"")
        console = remote.start_main()
        found = console.wait_for("selftest", 60)
        assert found["safe"] == "crash" and "meter" in found["last_crash"]
    assert "safe" not in put(deployed)[0]


def test_mpremote_finds_and_writes_the_same_rom(deployed, tmp_path):
    (tmp_path / "one.romfs").write_bytes(rom.image({"lib/one.py": b"print('one')"}))

    def mpremote(*words):
        argv = [sys.executable, "-m", "mpremote", "connect", deployed.port, *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    assert f"size {ROOM} bytes" in mpremote("romfs", "query")
    mpremote("romfs", "deploy", str(tmp_path / "one.romfs"))
    assert mpremote("soft-reset", "exec", "import one").strip() == "one"
