"""The meter on the emulated board, started from its file system and tested over the bus."""

import shutil
import subprocess

import endurance
import pytest
from meter_board import DRN, KEY, SETTINGS, WH_A_TOKEN, old_ledger, token, write_flash, write_fram
from modbus_client import ModbusClient
from pymodbus.client import ModbusSerialClient

from meterbus import client, codes, frame, orders, parameters, registers
from sts_portable.hmac import hmac_sha256
from sts_portable.results import ACCEPT, USED_ERROR
from tjugo.bench.bus import Bus
from tjugo.device import heap
from tjugo.device.console import Console
from tjugo.emulated.qemu import QemuBoard
from tjugo.emulated.wire import Wire

# Heap that must be left when the meter has started, after a collection; of 192 KiB.
FREE_AT_BOOT = 48_000
POLL_SECONDS = 10
UNDER_VOLTAGE = 21  # its number in meterbus/parameters.py
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
    with ModbusClient(meter[0].uart(1)) as modbus:
        assert modbus.state()["drn"] == DRN
        assert modbus.enter(token(1), 1) == ACCEPT
        assert modbus.enter(token(1), 1) == ACCEPT  # the same reference: the same answer
        assert modbus.enter(token(1), 2) == USED_ERROR
        assert modbus.state()["credit"] * 10 == WH_A_TOKEN


def test_orders_over_the_bus_to_a_meter_with_all_features(emulator, tmp_path):
    """What carries an order out is loaded for it, and gone after it."""
    flash = tmp_path / "flash"
    write_flash(flash, settings={**heap.FULL, **SETTINGS})
    board = QemuBoard(emulator, flash)
    highest = {row[parameters.NUMBER]: row[parameters.HIGHEST] for row in parameters.ROWS}
    values = sorted({**highest, UNDER_VOLTAGE: 160}.items())  # there is room for the hysteresis
    settings = 2, orders.SETTINGS, orders.body(values)
    sent = [(1, orders.OPEN, b""), settings, settings]
    try:
        board.start()
        with ModbusClient(board.uart(1)) as modbus, Console(board.port) as console:
            before = console.wait_for("mem", 20)["free"]
            for sequence, kind, body in sent:
                assert modbus.order(signed(sequence, kind, body)) == (orders.DONE, sequence)
            assert modbus.state()["open_reasons"] & codes.REMOTE
            assert modbus.state()["power_limit_w"] == 100000
            for _ in range(3):
                after = console.wait_for("mem", 20)["free"]
            print(f"{before:,} bytes free before orders, {after:,} after them")
            assert after > before - 1500
        board.kill()
        board.start()
        with ModbusClient(board.uart(1)) as modbus:
            assert modbus.state()["power_limit_w"] == 100000
            assert modbus.order(signed(*settings)) == (orders.DONE, 2)
            assert modbus.order(signed(1, orders.CLOSE, b"")) == (orders.OLD, 1)
            assert modbus.state()["open_reasons"] & codes.REMOTE
    finally:
        board.close()


def signed(sequence, kind, body):
    order = orders.build(sequence, 0, kind, body)
    key = hmac_sha256(KEY, orders.LABEL)
    return order + hmac_sha256(key, orders.message(DRN, order))[: orders.MAC_BYTES]


def test_tokens_on_the_key_pad(meter):
    board, console = meter
    console.wait_for("report", 20)
    console.send({"keys": token(1) + "#"})
    assert console.wait_for("relay", 20) is True
    console.send({"load_w": 2000, "speed": 1800})
    with ModbusClient(board.uart(1)) as modbus:
        before = modbus.state()
        while modbus.state()["energy_wh"] < before["energy_wh"] + 100:
            pass
        after = modbus.state()
    assert after["power_w"] == 2000
    assert after["energy_wh"] + 10 * after["credit"] in range(WH_A_TOKEN - 9, WH_A_TOKEN + 1)


@pytest.mark.parametrize("name", ["v1_fram", "v1_fram_own_key"])
def test_an_old_ledger_boots_with_its_credit_tokens_and_key(emulator, tmp_path, name):
    content, facts = old_ledger(name)
    flash = tmp_path / "flash"
    write_flash(flash, settings=facts["settings"])
    write_fram(flash, content)
    board = QemuBoard(emulator, flash)
    try:
        for failures, spent in ((1, 0), (2, facts["fresh_wh"])):
            board.start()
            with ModbusClient(board.uart(1)) as modbus:
                state = modbus.state()
                assert state["energy_wh"] == facts["energy_wh"]
                assert state["credit"] * 10 == (facts["credit_wh"] + spent) // 10 * 10
                assert state["power_fail_count"] == facts["power_fail_count"] + failures
                for field in ("krn", "ti", "ken", "kt", "sgc"):
                    assert state[field] == facts["key"][field]
                assert modbus.enter(facts["used"]["last_token"], 5) == USED_ERROR
                if not spent:
                    assert modbus.enter(facts["fresh_token"], 6) == ACCEPT
                assert modbus.enter(facts["fresh_token"], 7) == USED_ERROR
            board.kill()
    finally:
        board.close()


def test_an_erased_fram_is_a_fault_and_no_new_meter(emulator, tmp_path):
    flash = tmp_path / "flash"
    write_flash(flash)
    board = QemuBoard(emulator, flash)
    try:
        board.start()
        with ModbusClient(board.uart(1)) as modbus:
            assert modbus.state()["drn"] == DRN
            assert modbus.enter(token(1), 1) == ACCEPT
        board.kill()
        write_fram(flash, bytes(8192))
        board.start()
        with ModbusClient(board.uart(1)) as modbus:
            assert modbus.read("device_status") & codes.STATUS_LEDGER_FAULT
            start, count = registers.block("energy_wh", "credit")
            request = client.read_request(
                SETTINGS["address"], client.READ_INPUT_REGISTERS, start, count
            )
            assert modbus.asked(request).exception == frame.SERVER_DEVICE_FAILURE
    finally:
        board.close()


@pytest.mark.long
def test_pymodbus_at_9600_misses_nothing(emulator, tmp_path):
    for _ in range(TRIALS):
        count = endurance.run(emulator, tmp_path, POLL_SECONDS)
        print(count.line())
        if count.missed == 0:
            break
    # What a busy host splits is no request; a board that misses some misses more of 50.
    assert count.polls > 0 and count.missed * 20 <= count.polls, count.line()
    assert count.accepted == count.tokens == 1


def test_mbpoll_reads_it(meter):
    program = shutil.which("mbpoll")
    if program is None:
        pytest.skip("mbpoll is not installed")
    board, console = meter
    console.wait_for("mem", 20)
    with Bus(["meter", "mbpoll"], 9600) as bus, Wire(board.uart(1), bus.path("meter")):
        start = registers.row("sgc")[registers.ADDRESS]
        options = f"-m rtu -a 1 -b 9600 -P none -t 3:int -B -0 -r {start} -c 1 -1 -o 2"
        command = [program, *options.split(), bus.path("mbpoll")]
        for _ in range(TRIALS):
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            if done.returncode == 0:
                break
    assert done.returncode == 0, done.stdout + done.stderr
    assert "123456" in done.stdout


def test_pymodbus_reads_the_identification(meter):
    board, console = meter
    console.wait_for("mem", 20)
    with Bus(["meter", "client"], 9600) as bus, Wire(board.uart(1), bus.path("meter")):
        client = ModbusSerialClient(bus.path("client"), baudrate=9600, timeout=3, retries=TRIALS)
        assert client.connect()
        try:
            found = client.read_device_information(read_code=2, device_id=SETTINGS["address"])
        finally:
            client.close()
    assert found.information[0] == b"Tjugo"
    assert found.information[6] == DRN.encode()
