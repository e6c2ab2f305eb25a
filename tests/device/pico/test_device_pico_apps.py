"""The applications on the emulated Pico, started from a file system as after `make deploy`."""

import json
import time

import pytest
from meter_board import DRN, SETTINGS, WH_A_TOKEN, old_ledger, token
from modbus_client import ModbusClient

from meterbus import client, registers
from sts_portable.results import ACCEPT, USED_ERROR
from tjugo.device import load as deployed
from tjugo.device import targets
from tjugo.device.console import Console
from tjugo.emulated.pico import PicoBoard
from tjugo.emulated.pico_build import ROM_BYTES
from tjugo.emulated.pico_flash import read_flash, write_flash

RELAY_OPEN, RELAY_CLOSE = 10, 11
UART = 1
# The emulator is slower on a machine that is busy.
START_SECONDS = 300.0
ANSWER_SECONDS = 60.0
AGAIN_SECONDS = 10.0
# Heap that must be left when the application has started, after a collection; of 225 KB.
FREE_AT_BOOT = {"meter": 85_000, "collector": 110_000}
FREE_FROM_ROM = 130_000
# No watchdog can be used: emulated time is skipped while the board waits for a command.
ROLES = {
    "meter": {**SETTINGS, "watchdog": False},
    "collector": {
        "id": "c1",
        "broker": {"host": "broker"},
        "meters": [{"address": 1, "drn": DRN}],
        "watchdog": False,
    },
}


@pytest.fixture
def start(image, tmp_path):
    """Yield a function that starts a role's board and returns it with its self-test line."""
    board = PicoBoard(image, tmp_path / "flash")

    def started(role, settings=None, **more):
        """Start the board. more: further files by name with `/` written as `__`."""
        files = targets.files(targets.target("rp2040_pico"), role)
        files["settings.json"] = json.dumps(settings or ROLES[role]).encode()
        files |= {name.replace("__", "/"): content for name, content in more.items()}
        write_flash(board.flash, files)
        board.start()
        with Console(board.port) as console:
            return board, console.wait_for("selftest", START_SECONDS)

    yield started
    board.close()


def test_a_meter_executes_its_modules_in_the_rom(image, tmp_path):
    board = PicoBoard(image, tmp_path / "flash")
    load = deployed.load(targets.target("rp2040_pico"), "meter", ROM_BYTES)
    settings = json.dumps(ROLES["meter"]).encode()
    write_flash(board.flash, {**load.files, "settings.json": settings}, load.image)
    board.start()
    try:
        with Console(board.port) as console:
            selftest = console.wait_for("selftest", START_SECONDS)
    finally:
        board.close()
    assert (selftest["role"], selftest["settings"], selftest["crashes"]) == ("meter", "ok", 0)
    print(f"{selftest['free']} bytes of heap free")
    assert selftest["free"] >= FREE_FROM_ROM


@pytest.mark.parametrize("role", ROLES)
def test_it_starts_from_its_flash(start, role):
    _board, selftest = start(role)
    assert (selftest["role"], selftest["board"]) == (role, "rp2040_pico")
    assert (selftest["settings"], selftest["crashes"]) == ("ok", 0)
    print(f"{role}: {selftest['free']} bytes of heap free")
    assert selftest["free"] >= FREE_AT_BOOT[role]


def test_a_token_over_the_bus_closes_the_relay(start):
    board, selftest = start("meter")
    assert selftest["ledger"] == "ok"
    with ModbusClient(board.uart(UART), AGAIN_SECONDS) as modbus:
        assert modbus.state(ANSWER_SECONDS)["drn"] == DRN
        board.watch(RELAY_OPEN, RELAY_CLOSE)
        assert modbus.enter(token(1), 1, ANSWER_SECONDS) == ACCEPT
        assert modbus.enter(token(1), 2, ANSWER_SECONDS) == USED_ERROR
        assert modbus.state(ANSWER_SECONDS)["credit"] * 10 == WH_A_TOKEN
    pulse = [(gpio, level) for _when, gpio, level in board.edges()]
    assert pulse == [(RELAY_CLOSE, 1), (RELAY_CLOSE, 0)]
    board.kill()
    mark = json.loads(read_flash(board.flash)["store.json"])
    assert mark == {"store": "file", "ledger": "created"}  # no FRAM is wired here
    board.start()
    with ModbusClient(board.uart(UART), AGAIN_SECONDS) as modbus:
        assert modbus.state(START_SECONDS)["credit"] * 10 == WH_A_TOKEN
        assert modbus.enter(token(1), 3, ANSWER_SECONDS) == USED_ERROR


def test_an_old_ledger_boots_with_its_credit_tokens_and_key(start):
    content, facts = old_ledger("v1_file")
    settings = {**facts["settings"], "watchdog": False}
    files = {"ledger.bin": content, "store.json": b'{"store": "file"}'}
    board, selftest = start("meter", settings, **files)
    assert (selftest["settings"], selftest["ledger"]) == ("ok", "ok")
    with ModbusClient(board.uart(UART), AGAIN_SECONDS) as modbus:
        state = modbus.state(ANSWER_SECONDS)
        assert (state["energy_wh"], state["credit"]) == (
            facts["energy_wh"],
            facts["credit_wh"] // 10,
        )
        for field in ("krn", "ti", "ken", "kt", "sgc"):
            assert state[field] == facts["key"][field]
        assert modbus.enter(facts["used"]["last_token"], 5, ANSWER_SECONDS) == USED_ERROR
        assert modbus.enter(facts["fresh_token"], 6, ANSWER_SECONDS) == ACCEPT
    board.kill()
    mark = json.loads(read_flash(board.flash)["store.json"])
    assert mark == {"store": "file", "ledger": "created"}
    board.start()
    with ModbusClient(board.uart(UART), AGAIN_SECONDS) as modbus:
        credit_wh = facts["credit_wh"] + facts["fresh_wh"]
        assert modbus.state(START_SECONDS)["credit"] == credit_wh // 10
        assert modbus.enter(facts["fresh_token"], 7, ANSWER_SECONDS) == USED_ERROR


def test_the_collector_polls_its_meter(start):
    board, _selftest = start("collector")
    request = client.read_request(
        1, client.READ_INPUT_REGISTERS, registers.STATE_START, registers.STATE_COUNT
    )
    sent = b""
    deadline = time.monotonic() + ANSWER_SECONDS
    while len(sent) < len(request):
        assert time.monotonic() < deadline, sent
        sent += bytes(value for _start, _end, value in board.characters(UART))
    assert sent[: len(request)] == request
