"""`tjugo bus`: what a meter has recorded, read from a real meter process through a serial port."""

import csv
import io
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_kit import Shell
from meter_process import DEADLINE_S, DRN, Cable, MeterBoard, settings, token

from tjugo.device import meter_files

sys.path.append(str(Path(__file__).parent / "portable"))

from profile_rig import HALF_HOUR, OCTOBER_29, Rig

USED = [100 + number * 37 % 101 for number in range(110)]


@pytest.fixture(scope="module")
def port(micropython, tmp_path_factory):
    """Return the port of a meter whose memory has two days and a month's end in it."""
    folder = tmp_path_factory.mktemp("meter")
    rig = Rig(unix=OCTOBER_29)
    for wh in USED:
        rig.run(HALF_HOUR, wh)
    memory = bytearray(32768)
    rig.memory.read(0, memoryview(memory)[: rig.memory.size])
    (folder / "ledger.bin").write_bytes(memory)
    given = settings(profile=1)
    with MeterBoard(micropython, folder, given) as board:
        board.deliver(token(200, 0), 7)
        with Cable(board) as cable:
            yield cable.path


@pytest.fixture
def run(port, monkeypatch, capsys, tmp_path):
    shell = Shell(tmp_path, monkeypatch, capsys)

    def run(name, *words):
        return shell.run("bus", name, "--port", port, "--parity", "none", *words)

    return run


def rows(done):
    assert (done.status, done.err) == (0, "")
    return json.loads(done.out)


def test_the_events(run):
    found = rows(run("events", "--json"))
    assert [row["number"] for row in found] == list(range(1, len(found) + 1))
    assert found[0] == {
        "number": 1,
        "at": "2026-10-29T23:00:00Z",
        "code": 1,
        "event": "power_up",
        "data": 0,
        "count": 1,
    }
    assert ("token_accepted", 1) in [(row["event"], row["data"]) for row in found]
    last = rows(run("events", "--json", "--last", "2"))
    assert len(last) == 2 and last[0]["number"] + 1 == last[1]["number"] >= found[-1]["number"]


def test_the_profile(run):
    done = run("profile", "--csv")
    assert done.status == 0
    found = list(csv.DictReader(io.StringIO(done.out)))[: len(USED)]
    assert [int(row["wh"]) for row in found] == USED
    assert (found[0]["from"], found[0]["flags"]) == ("2026-10-29T23:00:00Z", "power_failed")
    assert (found[109]["from"], found[109]["flags"]) == ("2026-11-01T05:30:00Z", "")
    table = run("profile").out.splitlines()
    assert table[0].split() == ["number", "from", "wh", "flags"]
    assert table[2].split() == ["2", "2026-10-29T23:30:00Z", str(USED[1])]


def test_the_freezes(run):
    days = {row["day"]: row for row in rows(run("days", "--json"))}
    assert days["2026-10-31"] == {
        "day": "2026-10-31",
        "energy_wh": sum(USED[:98]),
        "credit_wh": -sum(USED[:98]),
        "most_from": "2026-10-31T05:00:00Z",
        "most_wh": max(USED[50:98]),
        "flags": [],
    }
    assert USED[50:98].index(max(USED[50:98])) == 10  # half hours after midnight
    month = rows(run("months", "--json"))[0]
    assert (month["month"], month["energy_wh"]) == ("2026-10", sum(USED[:98]))
    assert month["most_wh"] == max(USED[:98])


def test_the_clock(run):
    assert run("clock", "--all").out == "All meters on the bus were sent the time.\n"
    before = datetime.now(UTC) - timedelta(seconds=2)
    for words in ((), ("--set",)):
        done = run("clock", *words)
        assert (done.status, done.err) == (0, "")
        found = datetime.fromisoformat(done.out.strip())
        assert before <= found <= datetime.now(UTC) + timedelta(seconds=2)


def test_what_is_not_there(run, monkeypatch, capsys, tmp_path, port):
    done = run("profile", "--address", "9")
    assert done.status == 1 and "Nothing at address 9" in done.err
    shell = Shell(tmp_path, monkeypatch, capsys)
    done = shell.run("bus", "events", "--port", "/dev/no-such-port")
    assert done.status == 1 and "There is no serial port" in done.err


def test_a_meter_without_a_profile_has_no_such_records(micropython, tmp_path, monkeypatch, capsys):
    shell = Shell(tmp_path, monkeypatch, capsys)
    with MeterBoard(micropython, tmp_path, settings()) as board, Cable(board) as cable:
        words = ("--port", cable.path, "--parity", "none")
        assert "power_up" in shell.run("bus", "events", *words).out
        done = shell.run("bus", "profile", *words)
    assert done.status == 1 and "has no such records" in done.err


def test_an_address_is_given_by_the_meters_number(micropython, tmp_path, monkeypatch, capsys):
    shell = Shell(tmp_path, monkeypatch, capsys)
    words = ("--parity", "none", "--address", "9", "--port")
    with MeterBoard(micropython, tmp_path, settings()) as board:
        assert board.device()["drn"] == DRN
        with Cable(board) as cable:
            other = shell.run("bus", "address", "01000000016", *words, cable.path)
            assert other.status == 1 and "Nothing at address 9" in other.err
            said = shell.fine("bus", "address", DRN, *words, cable.path)
            assert said == f"Meter {DRN} has the address 9.\n"
            taken = shell.run("bus", "address", "01000000016", *words, cable.path)
            assert taken.status == 1 and f"At address 9 is meter {DRN} already" in taken.err
            assert shell.fine("bus", "address", DRN, *words, cable.path) == said  # it has it
            wrong = shell.run("bus", "address", "12345", *words, cable.path)
            assert wrong.status == 2 and "not a meter number" in wrong.err
        given = json.loads((tmp_path / "settings.json").read_text())
        assert given == settings(address=9) | {"mark": given["mark"]}
        board.kill()
        board.start()
        with Cable(board) as cable:
            assert "address_set" in shell.fine("bus", "events", *words, cable.path)


def test_a_half_hour_that_ends_is_in_the_profile_after_a_power_failure(micropython, tmp_path):
    given, start = settings(profile=1), OCTOBER_29 - HALF_HOUR - 10
    with MeterBoard(micropython, tmp_path, given, speed=600, unix=start) as board:
        until = time.monotonic() + DEADLINE_S
        found = []
        while not found:
            assert time.monotonic() < until
            rows = meter_files.read(board.ask, 1, "profile")
            found = [row for row in rows if row["from"] == "2026-10-29T22:30:00Z"]
        assert found[0]["wh"] == 0
        board.kill()
        board.start()
        again = meter_files.read(board.ask, 1, "profile")
        assert again[: len(rows)] == rows


def test_the_bus_does_not_move_a_clock_far_and_the_service_port_does(
    micropython, tmp_path, monkeypatch, capsys
):
    shell = Shell(tmp_path, monkeypatch, capsys)
    with MeterBoard(micropython, tmp_path, settings()) as board, Cable(board) as cable:
        words = ("bus", "clock", "--parity", "none", "--port", cable.path)

        def until(good, *command, seconds=None):
            """Run a command until its outcome is good; before, the board's clock is set to be
            wrong by some seconds. Its line may be read after the request of the bus."""
            end = time.monotonic() + DEADLINE_S
            while True:
                if seconds is not None:
                    board.say({"unix": round(time.time()) + seconds})
                done = shell.run(*command)
                if good(done) or time.monotonic() > end:
                    return done

        done = until(lambda one: one.status == 1, *words, "--set", seconds=-600)
        assert done.status == 1 and "s slow against this computer" in done.err
        assert "tjugo meter clock PORT --set" in done.err
        events = "bus", "events", *words[2:]
        assert "clock_refused" in until(lambda one: "clock_refused" in one.out, *events).out
        done = until(lambda one: one.status == 0, *words, "--set", seconds=0)
        assert (done.status, done.err) == (0, "")  # within a second: nothing to set
        board.say({"unix": 0})
        board.wait(lambda said: any("error" in line for line in said), "a refusal")
