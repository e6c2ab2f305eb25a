"""The meter on the emulated board, started from its file system and tested over the bus."""

import shutil
import subprocess

import endurance
import pytest
from bus_master import Master
from meter_board import DRN, SETTINGS, WH_A_TOKEN, token, write_flash
from pymodbus.client import ModbusSerialClient

from meterbus import registers
from sts_portable.results import ACCEPT, USED_ERROR
from tjugo.bench.bus import Bus
from tjugo.device.console import Console
from tjugo.emulated.qemu import QemuBoard
from tjugo.emulated.wire import Wire

# Heap that must be left when the meter has started, after a collection; of 192 KiB.
FREE_AT_BOOT = 80_000
POLL_SECONDS = 10
TRIALS = 3  # a machine so busy that it pauses for 0.2 s within a request makes a silence of it


@pytest.fixture
def meter(emulator, tmp_path):
    """Yield a running meter with its console."""
    write_flash(tmp_path / "flash")
    with QemuBoard(emulator, tmp_path / "flash") as board, Console(board.port) as console:
        yield board, console


def test_it_starts_from_its_flash(meter):
    selftest = meter[1].wait_for("selftest", 20)
    assert (selftest["role"], selftest["board"]) == ("meter", "qemu_mps2")
    assert (selftest["settings"], selftest["ledger"], selftest["crashes"]) == ("ok", "ok", 0)
    assert selftest["free"] >= FREE_AT_BOOT


def test_tokens_over_the_bus(meter):
    with Master(meter[0].uart(1)) as master:
        assert master.state()["drn"] == DRN
        assert master.enter(token(1), 1) == ACCEPT
        assert master.enter(token(1), 1) == ACCEPT  # the same reference: the same answer
        assert master.enter(token(1), 2) == USED_ERROR
        assert master.state()["credit"] * 10 == WH_A_TOKEN


def test_tokens_on_the_key_pad(meter):
    board, console = meter
    console.wait_for("report", 20)
    console.send({"keys": token(1) + "#"})
    assert console.wait_for("relay", 20) is True
    console.send({"load_w": 2000, "speed": 1800})
    with Master(board.uart(1)) as master:
        before = master.state()
        while master.state()["energy_wh"] < before["energy_wh"] + 100:
            pass
        after = master.state()
    assert after["power_w"] == 2000
    assert after["energy_wh"] + 10 * after["credit"] in range(WH_A_TOKEN - 9, WH_A_TOKEN + 1)


def test_pymodbus_at_9600_misses_nothing(emulator, tmp_path):
    for _ in range(TRIALS):
        count = endurance.run(emulator, tmp_path, POLL_SECONDS)
        print(count.line())
        if count.missed == 0:
            break
    assert count.polls > 0 and count.missed == 0, count.line()
    assert count.accepted == count.tokens == 1


def test_mbpoll_reads_it(meter):
    program = shutil.which("mbpoll")
    if program is None:
        pytest.skip("mbpoll is not installed")
    board, console = meter
    console.wait_for("mem", 20)
    with Bus(["meter", "mbpoll"], 9600) as bus, Wire(board.uart(1), bus.path("meter")):
        start = registers.row("sgc")[registers.ADDRESS]
        done = subprocess.run(
            [program, "-m", "rtu", "-a", "1", "-b", "9600", "-P", "none", "-t", "3:int", "-B"]
            + ["-0", "-r", str(start), "-c", "1", "-1", "-o", "2", bus.path("mbpoll")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "123456" in done.stdout


def test_pymodbus_reads_the_identification(meter):
    board, console = meter
    console.wait_for("mem", 20)
    with Bus(["meter", "client"], 9600) as bus, Wire(board.uart(1), bus.path("meter")):
        client = ModbusSerialClient(bus.path("client"), baudrate=9600, timeout=3, retries=0)
        assert client.connect()
        try:
            found = client.read_device_information(read_code=2, device_id=SETTINGS["address"])
        finally:
            client.close()
    assert found.information[0] == b"Tjugo"
    assert found.information[6] == DRN.encode()
