"""`tjugo meter calibrate`: against a board whose metering part has an error."""

import json

import pytest
from cli_kit import Shell
from device_kit import Board, FolderRemote
from hypothesis import given
from hypothesis import strategies as st
from station_kit import drn

from drivers.part import gains_crc
from tjugo.device import calibration, provisioning
from tjugo.errors import TjugoError
from tjugo.toolchain.tools import REPO

ONE = 1_000_000
SETTINGS = {"drn": drn(1), "address": 1, "key": "00" * 8, "metering": "ade7953"}
LOAD = ("--volts", "230", "--amps", "4.35", "--watts", "1000.5")
GOOD = {"board": "b", "role": "meter", "version": "1", "free": 1, "settings": "ok", "ledger": "ok"}
# A board with a part whose voltage is 2 % too low, current 3 % too high, power 10 % too low.
BOARD = """
import json
class Reading:
    number = fault = 0
class Metering:
    def __init__(self):
        self.reading = Reading()
        with open("settings.json") as file:
            given = json.load(file)
        self.gains = given.get("gains", [1000000] * 3)
        with open("load.json") as file:
            self.load = json.load(file)
    def elapsed(self, ms):
        r = self.reading
        values = []
        for at in range(3):
            value = self.load["values"][at]
            if value is not None:
                value = value * self.gains[at] // 1000000
                if r.number % 2:
                    value += value * self.load["noise"][at] // 1000000
            values.append(value)
        r.mv, r.ma, r.w_x10 = values
        if not self.load.get("silent"):
            r.number += 1
metering = Metering()
wrong = ""
"""
MEASURED = [225_400, 4_480, 9_000]


class Line(FolderRemote):
    """The connection; its board measures without waiting."""

    def exec(self, code, quiet_seconds=10.0):
        return super().exec(code.replace("time.sleep_ms(_STEP_MS)", "pass"), quiet_seconds)

    def soft_reset(self):
        pass


@pytest.fixture
def board(tmp_path, micropython_runtime, monkeypatch):
    found = Board(tmp_path, micropython_runtime.argv, "")
    (found.flash / "lib").mkdir()
    for name in ("meter", "meterbus", "runtime", "sts_portable"):
        target = REPO / (name if name == "sts_portable" else f"firmware/{name}")
        (found.flash / "lib" / name).symlink_to(target)
    (found.flash / "lib" / "board.py").write_text(BOARD)
    found.starts = [GOOD] * 3
    monkeypatch.setattr("tjugo.device.remote.Remote", lambda port: Line(found))
    put(found, SETTINGS)
    load(found, MEASURED)
    return found


@pytest.fixture
def run(board, tmp_path, monkeypatch, capsys):
    shell = Shell(tmp_path / "state", monkeypatch, capsys)
    return lambda *words, **more: shell.run("meter", "calibrate", "x", *words, **more)


def put(board, settings):
    (board.flash / "settings.json").write_text(json.dumps(settings))


def load(board, values, noise=(0, 0, 0), **more):
    content = {"values": values, "noise": noise, **more}
    (board.flash / "load.json").write_text(json.dumps(content))


def settings(board):
    return json.loads((board.flash / "settings.json").read_text())


def test_a_calibration_corrects_all_values_and_is_stored_with_a_checksum(board, run):
    done = run(*LOAD, "--yes")
    assert (done.status, done.err) == (0, "")
    found = settings(board)
    assert found["gains"] == [1_020_408, 970_982, 1_111_667]
    assert found == {**SETTINGS, "gains": found["gains"], "gains_crc": gains_crc(found["gains"])}
    assert "error 10.04 %" in done.out and "gain 1.000000 -> 1.111667" in done.out
    assert "1000.5 W  now, error 0.00 %" in done.out.replace("1000.4 W", "1000.5 W")
    assert "The gains are written, with their checksum." in done.out
    assert board.started == 1 and not list(board.flash.glob("*.new"))


def test_a_second_calibration_begins_from_the_gains_that_are_there(board, run):
    assert run(*LOAD, "--yes").status == 0
    first = settings(board)["gains"]
    assert run("--watts", "2001", "--yes").status == 0
    assert settings(board)["gains"] == [*first[:2], 2_223_334]


def test_the_pulses_of_a_reference_give_the_power(board, run):
    # 100 pulses of 1000 per kWh in 360 s: 1000 W.
    words = ("--pulses", "100", "--per-kwh", "1000", "--over", "360")
    assert run(*words, "--yes").status == 0
    assert settings(board)["gains"] == [ONE, ONE, 1_111_111]
    for one in range(3):
        part = words[: 2 * one] + words[2 * one + 2 :]
        done = run(*part, "--yes")
        assert done.status == 2 and "needs all of" in done.err
    assert "not both" in run(*words, "--watts", "1000").err


def test_a_person_confirms(board, run):
    done = run(*LOAD, typed="n\n")
    assert done.status == 1 and "Nothing was changed" in done.err
    assert settings(board) == SETTINGS and board.started == 1
    assert "Add --yes" in run(*LOAD).err
    assert run(*LOAD, typed="y\n").status == 0
    assert "gains" in settings(board)


REFUSED = [
    ([225_400, 4_480, None], (0, 0, 0), "does not measure the power"),
    ([225_400, 3, 0], (0, 0, 0), "There is no load: the current is 0.003 A"),
    ([225_400, 4_480, 3], (0, 0, 0), "There is no load: the power is 0.3 W"),
    ([225_400, 4_480, -9000], (0, 0, 0), "flows backwards"),
    ([225_400, 4_480, 9_000], (0, 30_000, 0), "The current is not steady: 4.480 A to 4.614 A"),
    ([225_400, 4_480, 90], (0, 0, 0), "gain of the power would be 111.16"),
    ([2_254_000, 44_800, 200_000], (0, 0, 0), "gain of the current would be 0.097098"),
]


@pytest.mark.parametrize(("values", "noise", "sentence"), REFUSED)
def test_what_is_not_plausible_is_refused_and_changes_nothing(board, run, values, noise, sentence):
    load(board, values, noise)
    done = run(*LOAD, "--yes")
    assert done.status == 1 and sentence in done.err
    assert settings(board) == SETTINGS
    assert board.started == 1  # the meter works on


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Give the load"),
        (("--watts", "5"), "too small for a calibration: at least 20.0 W"),
        (("--amps", "0.05"), "at least 0.100 A"),
        (
            ("--volts", "230", "--amps", "1", "--watts", "400"),
            "more than the volts",
        ),
        (("--volts", "much"), "much is no number"),
        (("--volts", "nan"), "nan is not a quantity"),
        (("--volts", "-230"), "-230 is not a quantity"),
    ],
)
def test_values_that_are_no_load(board, run, words, sentence):
    done = run(*words, "--yes")
    assert done.status == 2 and sentence in done.err
    assert settings(board) == SETTINGS


def test_a_part_that_does_not_answer(board, run, monkeypatch):
    monkeypatch.setattr(calibration, "_SECONDS", 1)
    load(board, MEASURED, silent=True)
    done = run(*LOAD, "--yes")
    assert done.status == 1 and "gave 0 readings in 1 s: check its wires" in done.err


def test_a_load_that_changed_meanwhile_is_found_afterwards(board, run, monkeypatch):
    stored = calibration.store

    def store(*arguments):
        load(board, [225_400, 4_480, 12_000])
        return stored(*arguments)

    monkeypatch.setattr(calibration, "store", store)
    done = run(*LOAD, "--yes")
    assert done.status == 1 and "the load has changed. Calibrate again" in done.err


def test_a_meter_without_gains_is_not_calibrated(board, run):
    put(board, {**SETTINGS, "metering": "s0"})
    done = run(*LOAD, "--yes")
    assert done.status == 1 and "the setting pulses_per_kwh" in done.err


def test_a_sealed_meter_is_not_calibrated_without_the_factorys_step(board, run):
    sealed = {**SETTINGS, "sealed": 1}
    put(board, sealed)
    done = run(*LOAD, "--yes")
    assert done.status == 1 and "is sealed" in done.err and "--unseal" in done.err
    remote = provisioning.RemoteBoard(Line(board))
    for changed in (
        {"gains": [ONE] * 3},
        {"metering": "s0"},
        {"sealed": 0, "gains": [ONE] * 3},
        {"key": "00" * 8},
        {"drn": drn(2)},
        {"krn": 2},
        {"emergency_wh": 100000},
        {"tamper_opens": 0, "tamper_detects": 0},
        {"overload_w": 0},
        {"unknown": 1},
        {"ledger_reset": {"at": 1790000000, "by": "x", "tid_floor": 1}},
    ):
        with pytest.raises(TjugoError, match="The meter is sealed"):
            provisioning.provision(remote, changed, replace=True)
    assert settings(board) == sealed
    provisioning.provision(remote, {"metering": "ade7953", "address": 7})  # as it was
    provisioning.provision(remote, {"sealed": 0})
    assert run(*LOAD, "--yes").status == 0


def test_show(board, run):
    done = run("--show")
    assert done.status == 0 and "checksum             none" in done.out
    assert run(*LOAD, "--yes").status == 0
    done = run("--show")
    assert f"Meter {drn(1)}, metering part ade7953" in done.out
    assert "gain of the power    1.111667" in done.out and "checksum             good" in done.out
    put(board, {**settings(board), "gains_crc": 5, "sealed": 1})
    done = run("--show")
    assert "checksum             wrong" in done.out and ", sealed" in done.out


@pytest.mark.parametrize(("changes", "written"), [(0, False), (1, True)])
def test_a_power_cut_while_the_gains_are_written_leaves_the_old_or_the_new_ones(
    board, run, monkeypatch, changes, written
):
    (board.flash / "crash.json").write_text("{}")  # removed after the settings were renamed
    exec_ = Line.exec

    def cut(self, code, quiet_seconds=10.0):
        board.changes = changes if "print(json.dumps(install(" in code else None
        return exec_(self, code, quiet_seconds)

    monkeypatch.setattr(Line, "exec", cut)
    done = run(*LOAD, "--yes")
    assert done.status == 1 and "stopped answering" in done.err
    found = settings(board)
    assert ("gains" in found) == written
    assert found == SETTINGS or found["gains_crc"] == gains_crc(found["gains"])


GAIN = st.integers(200_000, 5_000_000)


@given(st.tuples(GAIN, GAIN, GAIN), st.tuples(GAIN, GAIN, GAIN))
def test_readings_with_the_new_gains_are_the_load(errors, before):
    true = (230_000, 4_350, 10_005)
    shown = [max(1, value * one // ONE) for value, one in zip(true, errors, strict=True)]
    readings = [[value * gain // ONE for value, gain in zip(shown, before, strict=True)]] * 5
    try:
        found = calibration.rows(readings, true, before)
    except TjugoError:
        return
    for row, value, shows in zip(found, true, shown, strict=True):
        step = value // max(1, min(shows, row.mean)) + 2  # of one unit that was rounded away
        assert abs(shows * row.after // ONE - value) <= step
