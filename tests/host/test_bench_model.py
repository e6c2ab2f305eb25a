"""The bench's state in memory: meters and their commands, the hub, supply time, the folder."""

import asyncio
import contextlib
import json
import re
from pathlib import Path

import pytest

from meterbus.descriptions import CODES
from tjugo.bench.clock import SimClock
from tjugo.bench.control import Control
from tjugo.bench.hub import Hub
from tjugo.bench.meters import BadCommand, Meter
from tjugo.bench.state import claim, read_json, save_clock, saved_clock, write_private
from tjugo.errors import TjugoError
from tjugo.paths import default_bench_dir, default_state_dir
from tjugo.station.station import Station


class Board:
    """A receiver of messages to a board; `there` False is one that has just been killed."""

    def __init__(self):
        self.sent = []
        self.there = True

    def send(self, message):
        self.sent.append(message)
        return self.there


@pytest.fixture
def board():
    return Board()


@pytest.fixture
def meter(board):
    return Meter("01000000010", 1, "Amina Diallo", board.send, running=True)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ([], "a JSON object"),
        ({}, "a JSON object"),
        ({"jump": 1}, 'no command "jump"'),
        ({"keys": ""}, '"keys" must be'),
        ({"keys": "12a"}, '"keys" must be'),
        ({"keys": "1" * 65}, "at most 64"),
        ({"load_w": -1}, "whole number of watts"),
        ({"load_w": True}, "whole number of watts"),
        ({"load_w": 1e3}, "whole number of watts"),
        ({"cover": 1}, '"cover" must be'),
        ({"load_w": 100, "cover": "yes"}, '"cover" must be'),
        ({"magnet": None}, '"magnet" must be'),
        ({"plugged": "kettle"}, '"plugged" must be a list of: kettle'),
        ({"plugged": ["sauna"]}, '"plugged" must be a list of: kettle'),
        ({"plugged": [["kettle"]]}, '"plugged" must be a list of: kettle'),
        ({"voltage_v": 99}, "from 100 to 300, or 0"),
        ({"voltage_v": False}, "from 100 to 300, or 0"),
    ],
)
def test_a_bad_command_is_named_and_does_nothing(meter, board, message, sentence):
    before = meter.state()
    with pytest.raises(BadCommand, match=sentence):
        meter.command(message)
    assert meter.state() == before and board.sent == []


def test_a_good_command_reaches_the_board_and_whoever_watches(meter, board):
    seen = []
    meter.watchers.add(seen.append)
    meter.command({"load_w": 2000, "cover": True})
    assert board.sent == [{"load_w": 2000, "cover": True}]
    assert (seen[-1]["load_w"], seen[-1]["cover"]) == (2000, True)


def test_the_surroundings_outlive_a_dead_board_but_keys_do_not(meter, board):
    board.there = False
    meter.command({"load_w": 500, "cover": True, "plugged": ["fan", "kettle"], "bypass": True})
    assert meter.greeting() == [
        {"mains": [230, 2000, 45, 28, 0, 1000, 0]},
        {"load_w": 500},
        {"cover": True},
        {"terminal_cover": False},
        {"magnet": False},
    ]
    with pytest.raises(BadCommand, match="not running"):
        meter.command({"keys": "1"})


def test_a_power_cut_is_no_message_to_the_board(meter, board):
    switched = []
    meter.power = switched.append
    meter.take({"display": ["Credit", "On"], "report": {"open_reasons": 16, "status": 256}})
    assert meter.state()["reasons"] == ["Overload: more power was taken than is permitted."]
    assert meter.state()["alarms"] == ["The credit is low."]
    meter.command({"voltage_v": 0, "magnet": True})
    meter.set_running(False)
    state = meter.state()
    assert (state["display"], state["reasons"]) == (["", ""], [])
    assert state["alarms"] == ["Power cut: the meter is off."]
    assert not any("mains" in message for message in meter.greeting())
    meter.command({"voltage_v": 230, "reversed": True})
    assert switched == [False, True]
    assert board.sent == [{"magnet": True}, {"mains": [230, 0, 0, 0, 0, 0, 1]}]


SAFE = {"selftest": {"role": "meter", "safe": "crash", "crashes": 4, "last_crash": "OSError: 5"}}


def test_in_safe_mode_nothing_of_the_last_run_is_left(meter, board):
    meter.take({"display": ["No credit", "On 6000 W"], "relay": True})
    meter.take({"report": {"credit_wh": 5, "power_w": 6000, "status": 256, "open_reasons": 0}})
    meter.set_running(False)
    state = meter.state()
    assert state["credit_wh"] is state["power_w"] is None and not meter.started
    meter.take({"hello": {"board": "sim"}, "relay": False})
    meter.set_running(True)
    assert meter.state()["display"] == ["", ""] and not meter.started
    meter.take(SAFE)
    state = meter.state()
    assert state["safe_mode"] and meter.started and not state["relay"] and not state["lamp"]
    assert state["credit_wh"] is state["power_w"] is state["energy_wh"] is None
    assert state["reasons"] == ["The safe application runs: the meter did not stay up."]
    assert state["alarms"] == ["Crash: OSError: 5"]
    sent = list(board.sent)
    with pytest.raises(BadCommand, match="safe mode"):
        meter.command({"keys": "1", "cover": True})
    assert board.sent == sent and meter.state()["cover"] is False
    meter.take({"hello": {"board": "sim"}})
    meter.take({"selftest": {"role": "meter"}, "report": {"credit_wh": 5}})
    state = meter.state()
    assert not state["safe_mode"] and (state["credit_wh"], state["alarms"]) == (5, [])


def test_safe_mode_during_an_update_or_without_a_report(meter):
    for selftest, text in (
        ({"safe": "update", "last_crash": "x"}, "Its files are being replaced."),
        ({"safe": "crash", "last_crash": ""}, "Crash: unknown"),
    ):
        meter.take({"selftest": selftest})
        assert meter.state()["alarms"] == [text]
    meter.command({"voltage_v": 0})
    assert meter.state()["alarms"] == ["Power cut: the meter is off."]


def test_watchers_hear_of_changes_only(meter):
    seen = []
    meter.watchers.add(seen.append)
    meter.take({"relay": True})
    meter.take({"relay": True})
    meter.take({"mem": {"used": 1}})
    assert len(seen) == 1 and seen[0]["lamp"] is True


def test_the_lamp_is_dark_when_the_relay_is_open_or_the_meter_is_gone(meter):
    assert meter.state()["lamp"] is False
    meter.take({"relay": True})
    assert meter.state()["lamp"] is True
    meter.set_running(False)
    assert meter.state()["lamp"] is False


NO_OBJECT = {"error": "a line is a JSON object; this one does not begin with {"}


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b'{"load_w": 10}\n', {"ok": True}),
        (b"{nonsense\n", {"error": "this is not a line of JSON"}),
        (b"{\xff\xfe\n", {"error": "this is not a line of JSON"}),
        (b'{"load_w":' + b"[" * 4000 + b"\n", {"error": "this is not a line of JSON"}),
        (b"POST / HTTP/1.1\r\n", NO_OBJECT),
        (b"[1]\n", NO_OBJECT),
        (b"\n", NO_OBJECT),
        (None, {"error": "a line has at most 4096 bytes"}),
        (b'{"cover": 3}\n', {"error": '"cover" must be true (open) or false'}),
    ],
)
def test_the_control_socket_answers_every_line(meter, line, answer):
    assert Control(meter).answer(line) == answer


def test_the_control_socket_gives_the_state(meter):
    state = Control(meter).answer(b'{"get": "state"}')
    assert state["drn"] == "01000000010" and state["display"] == ["", ""]
    assert {"relay", "lamp", "credit_wh", "power_w", "load_w", "cover"} <= set(state)


def test_the_control_socket_over_tcp_answers_pushes_and_ends(meter):
    async def talk():
        async with Control(meter) as control:
            reader, writer = await asyncio.open_connection("127.0.0.1", control.port)
            writer.write(b'{"get": "state"}\n{half\n')
            first = json.loads(await reader.readline())
            second = json.loads(await reader.readline())
            meter.take({"display": ["HELLO", ""]})
            pushed = json.loads(await reader.readline())
        rest = await reader.read()
        writer.close()
        return first, second, pushed, rest

    first, second, pushed, rest = asyncio.run(asyncio.wait_for(talk(), 10))
    assert first["drn"] == meter.drn
    assert "error" in second
    assert pushed["display"] == ["HELLO", ""]
    assert b'"display"' not in rest
    assert meter.watchers == set()


@pytest.mark.parametrize("first", [b"POST / HTTP/1.1\r\n", b"x" * 9000 + b"\n"])
def test_a_web_page_cannot_command_a_meter(meter, first):
    """What a browser sends is an HTTP request; its body is not carried out."""

    async def talk():
        async with Control(meter) as control:
            reader, writer = await asyncio.open_connection("127.0.0.1", control.port)
            writer.write(first + b'Content-Length: 16\r\n\r\n{"cover": true}\n')
            answers = []
            with contextlib.suppress(ConnectionResetError):
                while line := await reader.readline():
                    answers.append(json.loads(line))
            writer.close()
        return answers

    answers = asyncio.run(asyncio.wait_for(talk(), 10))
    assert len(answers) == 1 and "error" in answers[0]
    assert meter.state()["cover"] is False


def test_the_hub_gives_all_first_and_then_only_news():
    async def look():
        hub = Hub()
        hub.put("clock", 1)
        hub.put("bus", {"noise": 0})
        hub.add_frame({"text": "one"})
        changes = hub.changes()
        first = await anext(changes)
        hub.put("clock", 1)  # nothing new
        hub.put("clock", 2)
        hub.add_frame({"text": "two"})
        second = await anext(changes)
        hub.close()
        return first, second, [news async for news in changes]

    first, second, rest = asyncio.run(asyncio.wait_for(look(), 10))
    assert first["items"] == {"clock": 1, "bus": {"noise": 0}}
    assert [frame["text"] for frame in first["frames"]] == ["one"]
    assert second["items"] == {"clock": 2}
    assert [frame["text"] for frame in second["frames"]] == ["two"]
    assert rest == []


def test_the_hub_gives_a_page_what_is_new_since_it_asked():
    hub = Hub()
    hub.put("clock", 1)
    hub.add_frame({"text": "one"})
    first = hub.news("", 0)
    assert first["items"] == {"clock": 1} and len(first["frames"]) == 1
    run, seen = first["run"], first["seen"]
    assert hub.news(run, seen) == {"run": run, "seen": seen} == hub.position()
    hub.put("clock", 2)
    assert hub.position() == {"run": run, "seen": seen + 1}
    later = hub.news(run, seen)
    assert later["items"] == {"clock": 2} and "frames" not in later
    # A page of another bench on this port has numbers that mean nothing here.
    assert hub.news("other", 999)["items"] == {"clock": 2}


def test_every_short_code_is_on_the_page(repo):
    sources = (path.read_text() for path in (repo / "firmware" / "meter").rglob("*.py"))
    found = {code for text in sources for code in re.findall(r'"(8[0-9]{2})"[:,] *\(?"', text)}
    assert len(found) > 5 and found <= {code for code, _, _ in CODES}


def test_the_hub_ends_a_stream_that_waits():
    async def wait():
        hub = Hub()
        waiting = asyncio.create_task(anext(hub.changes(), None))
        await asyncio.sleep(0)
        hub.close()
        return await waiting

    assert asyncio.run(asyncio.wait_for(wait(), 10)) is None


def test_supply_time_runs_faster_and_never_jumps():
    real = [1000.0]
    clock = SimClock(speed=1, real=lambda: real[0])
    real[0] += 10
    assert clock.unix() == 1010
    clock.speed = 60
    assert clock.unix() == 1010
    real[0] += 10
    assert clock.unix() == 1610
    clock.speed = 1
    real[0] += 1
    assert clock.unix() == 1611
    assert clock().utcoffset().total_seconds() == 0


def test_supply_time_does_not_go_back_after_a_fast_run():
    assert SimClock(start=5000.0, real=lambda: 1000.0).unix() == 5000
    assert SimClock(start=500.0, real=lambda: 1000.0).unix() == 1000


def test_a_folder_has_one_bench(tmp_path):
    with claim(tmp_path / "state"):
        with pytest.raises(TjugoError, match="Another bench uses the folder"):
            with claim(tmp_path / "state"):
                pass
    with claim(tmp_path / "state"):
        pass


def test_a_bench_takes_only_a_folder_of_its_own(tmp_path):
    station = tmp_path / "station"
    with Station.create(station):
        pass
    before = sorted(path.name for path in station.iterdir())
    with pytest.raises(TjugoError, match="is not a bench's: it may be a station's"):
        with claim(station):
            pass
    assert sorted(path.name for path in station.iterdir()) == before
    (station / "bench.json").touch()  # made by an earlier version
    with claim(station):
        pass
    with claim(tmp_path / "new"):
        (tmp_path / "new" / "station.db").touch()
    with claim(tmp_path / "new"):
        pass


def test_bench_and_station_have_folders_of_their_own(monkeypatch):
    monkeypatch.delenv("TJUGO_STATE", raising=False)
    monkeypatch.delenv("TJUGO_BENCH_STATE", raising=False)
    assert default_bench_dir() != default_state_dir()
    monkeypatch.setenv("TJUGO_STATE", "/one")
    assert default_bench_dir() != Path("/one")
    monkeypatch.setenv("TJUGO_BENCH_STATE", "/two")
    assert (default_state_dir(), default_bench_dir()) == (Path("/one"), Path("/two"))


def test_a_folder_that_cannot_be_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TjugoError, match="cannot be used"):
        with claim(tmp_path / "file" / "state"):
            pass


def test_settings_are_private_also_when_an_older_file_was_not(tmp_path):
    path = tmp_path / "settings.json"
    path.with_name("settings.json.new").write_text("torn")
    path.with_name("settings.json.new").chmod(0o644)
    write_private(path, {"a": 1})
    assert read_json(path) == {"a": 1}
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_json(tmp_path / "none.json") is None


def test_supply_time_is_kept_over_a_restart(tmp_path):
    assert saved_clock(tmp_path) == 0
    save_clock(tmp_path, 12345.9)
    assert saved_clock(tmp_path) == 12345
