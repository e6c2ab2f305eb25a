"""The applications on the emulated Pico, started from a file system as after `make deploy`."""

import json
import time

import pytest
from bus_master import Master
from meter_board import DRN, SETTINGS, WH_A_TOKEN, token

from meterbus import client, registers
from sts_portable.results import ACCEPT, USED_ERROR
from tjugo.device import targets
from tjugo.device.console import Console
from tjugo.emulated.pico import PicoBoard
from tjugo.emulated.pico_flash import read_flash, write_flash

RELAY_OPEN, RELAY_CLOSE = 10, 11
UART = 1
START_SECONDS = 120.0
ANSWER_SECONDS = 60.0
AGAIN_SECONDS = 10.0
# Heap that must be left when the application has started, after a collection; of 225 KB.
FREE_AT_BOOT = {"meter": 130_000, "collector": 150_000}
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

    def started(role):
        files = targets.files(targets.target("rp2040_pico"), role)
        files["settings.json"] = json.dumps(ROLES[role]).encode()
        write_flash(board.flash, files)
        board.start()
        with Console(board.port) as console:
            return board, console.wait_for("selftest", START_SECONDS)

    yield started
    board.close()


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
    with Master(board.uart(UART), AGAIN_SECONDS) as master:
        assert master.state(ANSWER_SECONDS)["drn"] == DRN
        board.watch(RELAY_OPEN, RELAY_CLOSE)
        assert master.enter(token(1), 1, ANSWER_SECONDS) == ACCEPT
        assert master.enter(token(1), 2, ANSWER_SECONDS) == USED_ERROR
        assert master.state(ANSWER_SECONDS)["credit"] * 10 == WH_A_TOKEN
    pulse = [(gpio, level) for _when, gpio, level in board.edges()]
    assert pulse == [(RELAY_CLOSE, 1), (RELAY_CLOSE, 0)]
    board.kill()
    assert read_flash(board.flash)["store.json"] == b'{"store": "file"}'  # no FRAM is wired here
    board.start()
    with Master(board.uart(UART), AGAIN_SECONDS) as master:
        assert master.state(START_SECONDS)["credit"] * 10 == WH_A_TOKEN
        assert master.enter(token(1), 3, ANSWER_SECONDS) == USED_ERROR


def test_the_collector_polls_its_meter(start):
    board, _selftest = start("collector")
    request = client.read_request(
        1, client.READ_INPUT, registers.STATE_START, registers.STATE_COUNT
    )
    sent = b""
    deadline = time.monotonic() + ANSWER_SECONDS
    while len(sent) < len(request):
        assert time.monotonic() < deadline, sent
        sent += bytes(value for _start, _end, value in board.characters(UART))
    assert sent[: len(request)] == request
