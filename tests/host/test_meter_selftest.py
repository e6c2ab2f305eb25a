"""`tjugo meter selftest`: a simulated meter on its bus, and a board at its service port."""

import hashlib
import json
import sys
import time
from pathlib import Path

import pytest
from cli_kit import Shell
from device_kit import Board, FolderRemote
from meter_process import DRN, Cable, MeterBoard, settings, token

sys.path.append(str(Path(__file__).parent / "portable"))

from currency_rig import priced

from meterbus import registers
from sts_portable import results
from tjugo.device import inspection
from tjugo.toolchain.tools import REPO


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    return Shell(tmp_path / "state", monkeypatch, capsys)


def checks(done):
    return {row["name"]: (row["state"], row["detail"]) for row in json.loads(done.out)}


def set_clock(board, unix):
    board.say({"unix": unix})
    unit = registers.block("unix", "unix")
    board.wait(lambda _: abs(board.read(*unit)["unix"] - unix) < 30, "the time")


@pytest.fixture
def meter(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings(features="full")) as board:
        yield board


@pytest.fixture
def run(meter, shell):
    """Run the command on the meter's bus."""

    def run(*words, **more):
        with Cable(meter) as cable:
            fixed = ("--bus", cable.path, "--parity", "none")
            return shell.run("meter", "selftest", *fixed, *words, **more)

    return run


def test_a_meter_in_order(meter, run):
    assert meter.deliver(token(200, 0), 1) == results.ACCEPT
    meter.say({"load_w": 1000})
    meter.wait(lambda _: meter.state()["power_w"] == 1000, "the load")
    set_clock(meter, round(time.time()))
    done = run("--relay", "--json")
    found = checks(done)
    assert {state for state, _ in found.values()} == {"ok"}, found
    assert (done.status, done.err) == (0, "")
    assert DRN in found["identification"][1]
    assert found["metering"][1].startswith("230.0 V, 4.34")
    assert found["relay"] == ("ok", "closed")
    assert found["relay operation"] == ("ok", "opened and closed")
    said = [line["relay"] for line in meter._said if "relay" in line]
    assert said[-2:] == [False, True]
    meter.wait(
        lambda said: any(line.get("display", [""])[0] == "8" * 16 for line in said),
        "the test of the display",
    )
    state = meter.state()
    assert state["token_result"] == results.ACCEPT and meter.result()[0] == results.ACCEPT
    # The collector's repeat of the token before is answered, not entered again.
    assert meter.deliver(token(200, 0), 1) == results.ACCEPT
    assert meter.state()["credit"] <= 2000


def test_the_table_and_what_was_not_tried(meter, run):
    done = run()
    lines = {line.split("  ")[0]: line for line in done.out.splitlines()}
    assert done.status == 0
    assert lines["relay"].endswith("ok       open: No credit")
    assert lines["relay operation"].endswith("unknown  not tried: --relay")
    assert "unknown  the supply is open: No credit" in run("--relay").out


def test_what_is_wrong_is_found(meter, run):
    set_clock(meter, round(time.time()) - 600)
    meter.say({"magnet": True, "cover": True})
    meter.wait(lambda _: meter.read(*registers.block("tamper", "tamper"))["tamper"] == 5, "it")
    found = checks(run("--json"))
    assert found["tamper"] == ("failed", "the cover is open")
    assert found["clock"][0] == "failed" and "s slow against this computer" in found["clock"][1]
    meter.say({"magnet": False, "cover": False})
    meter.wait(lambda _: not meter.device()["device_status"] & 1, "the cover to close")
    done = run("--json")
    assert checks(done)["tamper"] == ("failed", "detected: Cover, Magnet") and done.status == 1


def test_a_person_is_asked_for_what_only_a_person_can_see(run):
    done = run("--ask", "--json", typed="y\ny\nn\ny\n")
    found = checks(done)
    assert done.status == 1
    assert [found[name][0] for name in ("display seen", "buzzer heard", "LED seen")] == [
        "ok",
        "ok",
        "failed",
    ]


def test_a_meter_with_wrong_settings(micropython, tmp_path, shell):
    with MeterBoard(micropython, tmp_path, settings(ken=900)) as board, Cable(board) as cable:
        words = ("--bus", cable.path, "--parity", "none", "--json")
        done = shell.run("meter", "selftest", *words)
    found = checks(done)
    assert done.status == 1 and found["settings"][0] == "failed"
    assert found["display"] == (
        "failed",
        "the test token is refused: the meter takes no tokens now",
    )


def test_a_meter_with_core_features_has_no_tests(micropython, tmp_path, shell):
    with MeterBoard(micropython, tmp_path, settings()) as board:
        assert board.deliver(token(200, 0), 1) == results.ACCEPT
        board.wait(lambda said: {"relay": True} in said, "the relay to close")
        with Cable(board) as cable:
            words = ("--bus", cable.path, "--parity", "none", "--json", "--relay")
            done = shell.run("meter", "selftest", *words)
    found = checks(done)
    assert found["display"][0] == found["relay operation"][0] == "unknown"
    assert done.status == 0, found


def test_the_prices_of_a_currency_meter(micropython, tmp_path, shell):
    given = settings(**priced([2500000], daily=150000))
    with MeterBoard(micropython, tmp_path, given) as board, Cable(board) as cable:
        words = ("--bus", cable.path, "--parity", "none", "--json")
        found = checks(shell.run("meter", "selftest", *words))
    told = "credit 0.00 KES; a kWh costs 25.00 KES, a day 1.50 KES"
    assert found["prices"] == ("ok", told)


def test_prices_with_another_checksum(micropython, tmp_path, shell):
    given = settings(**{**priced(), "currency_crc": 5})
    with MeterBoard(micropython, tmp_path, given) as board, Cable(board) as cable:
        words = ("--bus", cable.path, "--parity", "none", "--json")
        done = shell.run("meter", "selftest", *words)
    found = checks(done)
    assert found["prices"][0] == found["settings"][0] == "failed" and done.status == 1


def test_a_lost_ledger(micropython, tmp_path, shell):
    with MeterBoard(micropython, tmp_path, settings()) as board:
        board.device()
        board.kill()
        content = bytearray((tmp_path / "ledger.bin").read_bytes())
        for at in (520, 1040):
            content[at] ^= 1
        (tmp_path / "ledger.bin").write_bytes(content)
        board.start()
        with Cable(board) as cable:
            words = ("--bus", cable.path, "--parity", "none", "--json")
            done = shell.run("meter", "selftest", *words)
    found = checks(done)
    assert found["store"] == ("failed", "the ledger is at fault") and done.status == 1
    assert found["tamper"][0] == "unknown"


def test_a_relay_that_sticks_is_found():
    class Stuck:
        def __init__(self):
            names = ("device_status", "device_control_state", "device_reasons")
            self.device = dict(zip(names, (2, 2, 1), strict=True))

        def block(self, first, last):
            return self.device

        def enter_test(self, test):
            return results.ACCEPT

        def wait(self, good, seconds):
            return good(self.device)

    assert inspection._operation(Stuck()).detail == "the contact did not open"
    state, _ = inspection._relay(Stuck(), False)
    assert (state.state, state.detail) == ("failed", "closed, but it was sent to be open")


@pytest.mark.parametrize(
    ("values", "state", "told"),
    [
        ((230.0, 4.0, 900.0, 50.0), "ok", "230.0 V, 4.000 A, 900.0 W, 50.0 Hz"),
        ((None, None, 900.0, None), "ok", "900.0 W"),
        ((230.0, 4.0, None, 50.0), "failed", "does not answer"),
        ((23.0, 4.0, 90.0, 50.0), "failed", "the voltage cannot be"),
        ((230.0, 4.0, 2000.0, 500.0), "failed", "the frequency and the power cannot be"),
        ((230.0, 400.0, 2000.0, 50.0), "failed", "the current cannot be"),
    ],
)
def test_plausible_values(values, state, told):
    names = ("voltage", "current", "power", "frequency")
    found = inspection.plausible(dict(zip(names, values, strict=True)))
    assert found.state == state and told in found.detail


# The service port

BOARD = """
import os
class Metering:
    class reading:
        number = fault = 0
        mv, ma, w_x10 = 230000, 4348, 10000
    def elapsed(self, ms):
        self.reading.number += 1
metering = Metering()
wrong = ""
class Store:
    def read(self, offset, buf):
        if "gone" in os.listdir():
            raise OSError(19)
        with open("ledger.bin", "rb") as file:
            file.seek(offset)
            file.readinto(buf)
class Mark:
    def get(self, name):
        return "fram"
store, mark = Store(), Mark()
"""
GOOD = {
    "board": "b",
    "role": "meter",
    "version": "1.2",
    "free": 50_000,
    "settings": "ok",
    "ledger": "ok",
    "crashes": 0,
    "last_crash": "",
}


@pytest.fixture
def board(tmp_path, micropython_runtime, monkeypatch, micropython):
    (tmp_path / "meter").mkdir()
    with MeterBoard(micropython, tmp_path / "meter", settings()) as running:
        running.device()
    found = Board(tmp_path, micropython_runtime.argv, "")
    (found.flash / "lib").mkdir()
    for name in ("meter", "meterbus", "runtime", "sts_portable", "drivers"):
        target = REPO / (name if name == "sts_portable" else f"firmware/{name}")
        (found.flash / "lib" / name).symlink_to(target)
    (found.flash / "lib" / "board.py").write_text(BOARD)
    (found.flash / "ledger.bin").write_bytes((tmp_path / "meter" / "ledger.bin").read_bytes())
    digest = hashlib.sha256(BOARD.encode()).hexdigest()
    content = {"board": "b", "role": "meter", "files": {"lib/board.py": digest}}
    (found.flash / "manifest.json").write_text(json.dumps(content))
    found.starts = [GOOD]
    monkeypatch.setattr("tjugo.device.remote.Remote", lambda port: FolderRemote(found))
    return found


def at_port(shell):
    return shell.run("meter", "selftest", "x", "--json")


def test_a_meter_in_order_at_its_service_port(board, shell):
    done = at_port(shell)
    assert (done.status, done.err) == (0, "")
    assert checks(done) == {
        "files": ("ok", "1 as they were deployed"),
        "ledger copies": ("ok", "good, good (fram)"),
        "metering part": ("ok", "230.0 V, 4.348 A, 1000.0 W"),
        "start": ("ok", "1.2 on b, 50,000 bytes free"),
        "settings": ("ok", ""),
        "ledger": ("ok", ""),
        "crashes": ("ok", "none"),
    }
    assert board.started == 1


def test_damage_is_found_at_the_service_port(board, shell):
    content = bytearray((board.flash / "ledger.bin").read_bytes())
    content[1040] ^= 1
    (board.flash / "ledger.bin").write_bytes(content)
    (board.flash / "lib" / "board.py").write_text(BOARD + "\n")
    fault = {"settings": "ken", "ledger": "fault", "ledger_fault": "the ledger is gone"}
    board.starts = [{**GOOD, **fault, "crashes": 2, "last_crash": "ValueError: x"}]
    done = at_port(shell)
    found = checks(done)
    assert done.status == 1
    assert found["files"] == ("failed", "changed: lib/board.py")
    assert found["ledger copies"] == ("failed", "good, damaged (fram)")
    assert found["settings"] == ("failed", "wrong: ken")
    assert found["ledger"] == ("failed", "the ledger is gone")
    assert found["crashes"] == ("failed", "2, the last one: ValueError: x")


def test_a_memory_that_does_not_answer(board, shell):
    (board.flash / "gone").write_text("")
    (board.flash / "manifest.json").write_text('{"role": "meter"}')
    found = checks(at_port(shell))
    assert found["ledger copies"] == ("failed", "no answer (fram)")
    assert found["files"][0] == "unknown"


def test_where_the_meter_is_must_be_given(shell):
    done = shell.run("meter", "selftest")
    assert done.status == 2 and "service port, or its bus" in done.err
    done = shell.run("meter", "selftest", "x", "--relay")
    assert done.status == 2 and "Give the bus" in done.err


def test_a_board_that_is_no_meter_is_refused_and_started(board, shell):
    (board.flash / "manifest.json").write_text('{"role": "collector"}')
    done = at_port(shell)
    assert done.status == 1 and "is no meter" in done.err and board.started == 1


CLOCK = """
class Clock:
    def unix(self):
        try:
            with open("time") as file:
                return int(file.read())
        except OSError:
            return None
    def set(self, unix):
        with open("time", "w") as file:
            file.write(str(unix))
    def fault(self):
        return 0
clock = Clock()
"""


def test_the_clock_is_read_and_set_at_the_service_port(board, shell):
    (board.flash / "lib" / "board.py").write_text(BOARD + CLOCK)
    board.starts = [GOOD] * 3
    done = shell.run("meter", "clock", "x")
    assert (done.status, done.out) == (0, "The meter does not know the time.\n")
    before = round(time.time())
    shell.fine("meter", "clock", "x", "--set")
    assert before <= int((board.flash / "time").read_text()) <= time.time() + 1
    told = time.strftime("%Y-%m-%d", time.gmtime(before))
    assert shell.run("meter", "clock", "x").out.startswith(told) and board.started == 3
