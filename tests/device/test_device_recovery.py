"""The behaviour of the emulated board when its application fails."""

import json

import pytest
from meter_board import ADDRESS, DRN, write_flash
from modbus_client import ModbusClient

from meterbus import client, codes, frame, registers
from tjugo.device import deploy, targets
from tjugo.device.console import Console
from tjugo.device.mpy import compile_file
from tjugo.emulated.qemu import QemuBoard

pytestmark = pytest.mark.long

FAILURES = 4  # firmware/runtime/boot.py
BROKEN = "def run(board, health):\n    raise ValueError('broken')\n"
HANGS = """\
def run(board, health):
    board.service()
    while True:
        pass
"""


def start(emulator, tmp_path, application, crash=None, icount=None):
    """Start a meter with this application."""
    source = tmp_path / "app.py"
    source.write_text(application)
    more = {"lib/meter/app.mpy": compile_file(source, "meter.app")}
    if crash:
        more["crash.json"] = json.dumps(crash).encode()
    write_flash(tmp_path / "flash", **more)
    return QemuBoard(emulator, tmp_path / "flash", icount)


@pytest.fixture
def broken(emulator, tmp_path):
    with start(emulator, tmp_path, BROKEN) as board:
        yield board


def test_a_boot_loop_ends_in_safe_mode(broken):
    with Console(broken.port) as console:
        selftest = console.wait_for("selftest", 30)
    assert (selftest["safe"], selftest["crashes"]) == ("crash", FAILURES)
    assert selftest["last_crash"] == 'ValueError: broken at "meter.app", line 2, in run'


def test_safe_mode_answers_the_bus(broken):
    with ModbusClient(broken.uart(1)) as modbus:
        assert modbus.identification() == {
            0: "Tjugo",
            1: "safe-crash",
            2: "0.1.0",
            4: "Tjugo safe mode",
            5: "qemu_mps2",
            codes.CRASH_OBJECT: 'ValueError: broken at "meter.app", line 2, in run',
        }
        status = codes.STATUS_SAFE | codes.STATUS_CRASHED
        assert modbus.read("status") == status
        assert modbus.read("drn") == DRN
        poll = client.read_request(
            ADDRESS, client.READ_INPUT_REGISTERS, registers.STATE_START, registers.STATE_COUNT
        )
        assert modbus.asked(poll).exception == frame.SERVER_DEVICE_FAILURE
        entry = registers.token_entry("0" * 20, 1)
        write = client.write_request(ADDRESS, registers.TOKEN_START, entry)
        assert modbus.asked(write).exception == frame.SERVER_DEVICE_FAILURE


def test_safe_mode_takes_an_update(broken):
    with Console(broken.port) as console:
        assert console.wait_for("selftest", 30)["safe"] == "crash"
    board = targets.target("qemu_mps2")
    selftest = deploy.deploy(broken.port, board, "meter", lambda line: None)
    assert "safe" not in selftest
    assert selftest["settings"] == "ok"
    # That failure is not recorded any more; on a busy host the emulated watchdog may have bitten.
    assert "broken" not in str(selftest.get("last_crash", ""))


def test_the_watchdog_ends_a_standstill(emulator, tmp_path):
    """Check the reset after 8 s of emulated time without feeding, and its recorded cause."""
    crash = {"failures": FAILURES - 1, "crashes": 7, "last": "earlier"}
    # A microsecond an instruction: 8 s of standstill are soon over.
    board = start(emulator, tmp_path, HANGS, crash, icount="shift=10")
    with board, Console(board.port) as console:
        selftest = console.wait_for("selftest", 60)
    assert (selftest["safe"], selftest["crashes"]) == ("crash", 8)
    assert selftest["last_crash"] == "watchdog reset"


def test_a_crash_is_shown_when_the_meter_is_well_again(emulator, tmp_path):
    crash = {"failures": 1, "crashes": 1, "last": "ValueError: once"}
    write_flash(tmp_path / "flash", **{"crash.json": json.dumps(crash).encode()})
    with QemuBoard(emulator, tmp_path / "flash") as board, ModbusClient(board.uart(1)) as modbus:
        assert modbus.identification()[codes.CRASH_OBJECT] == "ValueError: once"
        assert modbus.read("status") & codes.STATUS_CRASHED
        assert not modbus.read("status") & codes.STATUS_SAFE


WATCHDOG_CONTROL = 0x40008008


def test_who_comes_to_the_console_is_not_reset(emulator, tmp_path):
    """Check that Ctrl-C stops the watchdog that the application had started."""
    write_flash(tmp_path / "flash")
    ask = f"import machine; print('{{\"armed\": %d}}' % machine.mem32[{WATCHDOG_CONTROL}])\r\n"
    with QemuBoard(emulator, tmp_path / "flash") as board, Console(board.port) as console:
        console.wait_for("report", 20)
        console.write(b"\x03")
        console.write(ask.encode())
        assert console.wait_for("armed", 20) == 0
        console.write(b"import board; board.service(); " + ask.encode())
        assert console.wait_for("armed", 20) == 3
