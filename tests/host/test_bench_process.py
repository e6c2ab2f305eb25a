"""The whole bench: started, used, parts killed, stopped. On real MicroPython."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from datetime import datetime, timedelta

import psutil
import pytest
from bench_rig import BenchProcess, settings_of, wait_for
from pymodbus.client import ModbusSerialClient

from tjugo.bench import app
from tjugo.device.bus_line import BusLine
from tjugo.device.bus_settings import read_clock
from tjugo.errors import TjugoError


@pytest.fixture(scope="module")
def bench(micropython_runtime, tmp_path_factory):
    with BenchProcess(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.fixture(scope="module")
def quiet_bench(micropython_runtime, tmp_path_factory):
    """Run a bench without a collector, so that the bus is free for the test."""
    with BenchProcess(tmp_path_factory.mktemp("quiet"), "--no-collector") as bench:
        yield bench


def test_the_line_of_json_says_where_everything_is(bench):
    facts = bench.facts
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", facts["url"])
    assert re.fullmatch(r"mqtt://127\.0\.0\.1:\d+", facts["broker"])
    assert os.path.exists(facts["bus"])
    assert [meter["address"] for meter in facts["meters"]] == [1, 2]
    assert facts["collector"]["id"] == "bench"
    assert facts["pid"] == bench.process.pid


def test_keys_stay_private(bench):
    for number in range(2):
        path = os.path.join(bench.facts["meters"][number]["flash"], "settings.json")
        assert os.stat(path).st_mode & 0o777 == 0o600
        key = settings_of(bench.facts, number)["key"]
        assert key not in str(bench.call("GET", "bench/state"))
        assert key not in str(bench.facts)


def test_a_sale_reaches_the_meter_and_the_lamp(bench):
    meter = bench.meter(0)
    before = meter.state()["credit_wh"]
    sale = bench.sell("chain-1", 0, "20")
    assert bench.delivered("chain-1")["state"] == "accepted"
    meter.wait(lambda state: state["credit_wh"] > before + 19_000, "the credit")
    assert meter.wait(lambda state: state["lamp"], "the lamp")["relay"] is True
    assert bench.sell("chain-1", 0, "20")["token"] == sale["token"]  # the same sale


def test_every_process_says_its_version_and_memory(bench):
    names = [meter["drn"] for meter in bench.facts["meters"]] + ["collector"]
    for name in names:
        part = wait_for(lambda name=name: _with_memory(bench.part(name)), f"{name}'s memory")
        assert re.match(r"1\.\d+", part["micropython"])
        assert 0 < part["lowest_free"] <= 192 * 1024


def _reported(state):
    return state["energy_wh"] is not None


def _with_memory(part):
    return part if part["used"] else None


def test_bad_control_lines_get_a_sentence(bench):
    meter = bench.meter(1)
    assert "whole number of watts" in meter.ask({"load_w": "much"})["error"]
    assert "no command" in meter.ask({"explode": 1})["error"]
    assert meter.ask({"load_w": 100}) == {"ok": True}
    assert meter.state()["load_w"] == 100


def test_the_page_refuses_what_it_cannot_do_with_a_sentence(bench):
    drn = bench.facts["meters"][0]["drn"]
    for path, body, status in (
        (f"bench/meters/{drn}", {"keys": "abc"}, 400),
        ("bench/meters/99999999999", {"keys": "1"}, 404),
        ("bench/kill", {"part": "nobody"}, 404),
        ("bench/speed", {"speed": 0}, 400),
        ("bench/speed", {"speed": "fast"}, 422),
        ("bench/bus", {"noise": 7}, 400),
        ("bench/bus", {"smoke": 1}, 400),
        ("bench/bus", [], 400),
        (f"bench/meters/{drn}/options", {"sauna": True}, 400),
        (f"bench/meters/{drn}/options", {"malignant": 1}, 400),
        ("bench/meters/99999999999/options", {"malignant": True}, 404),
    ):
        answer = bench.call("POST", path, body)
        assert (answer[0], bool(answer[1]["error"])) == (status, True), path


def page_of(bench, path):
    with urllib.request.urlopen(bench.facts["url"] + path, timeout=60) as answer:
        return answer.read().decode()


def test_records_are_read_beside_the_polls_of_the_collector(bench):
    for number in (0, 1, 0, 1):
        drn = bench.facts["meters"][number]["drn"]
        page = page_of(bench, f"bench/meters/{drn}/records")
        assert "The meter started" in page and "Load profile" in page
    assert bench.call("GET", "bench/meters/99999999999/records")[0] == 404


def test_options_are_in_the_settings_after_a_restart_that_is_no_fault(bench):
    drn = bench.facts["meters"][1]["drn"]
    pid, restarts = bench.part(drn)["pid"], bench.part(drn)["restarts"]
    assert bench.call("POST", f"bench/meters/{drn}/options", {"malignant": True})[0] == 200
    assert settings_of(bench.facts, 1)["malignant"] == {"mode": 2}
    assert settings_of(bench.facts, 1)["features"] == "full"
    wait_for(lambda: bench.part(drn)["pid"] not in (None, pid), "the restart")
    wait_for(lambda: bench.part(drn)["state"] == "running", "the meter to run")
    assert bench.part(drn)["restarts"] == restarts
    meter = bench.meter(1)
    meter.wait(lambda state: state["options"]["malignant"], "the option")
    assert bench.call("POST", f"bench/meters/{drn}/options", {"malignant": False})[0] == 200
    wait_for(lambda: bench.part(drn)["state"] == "running", "the meter to run")


def test_another_web_page_cannot_use_the_bench(bench):
    foreign = {"Origin": "http://evil.example"}
    drn = bench.facts["meters"][0]["drn"]
    assert bench.call("POST", f"bench/meters/{drn}", {"cover": True}, foreign)[0] == 403
    assert bench.meter(0).state()["cover"] is False


@pytest.mark.parametrize("victim", ["meter", "collector"])
def test_a_killed_part_comes_back_and_nothing_is_lost(bench, victim):
    name = bench.facts["meters"][0]["drn"] if victim == "meter" else "collector"
    meter = bench.meter(0)
    before = meter.wait(_reported, "a report")["credit_wh"]
    restarts = bench.part(name)["restarts"]
    bench.sell(f"kill-{victim}", 0, "10")
    os.kill(bench.part(name)["pid"], signal.SIGKILL)
    wait_for(lambda: bench.part(name)["restarts"] == restarts + 1, f"{name} to be restarted")
    wait_for(lambda: bench.part(name)["state"] == "running", f"{name} to run")
    assert bench.part(name)["last_exit"] == "signal 9"
    assert bench.delivered(f"kill-{victim}")["state"] == "accepted"
    state = meter.wait(lambda state: (state["credit_wh"] or 0) > before + 9_000, "the credit")
    assert state["credit_wh"] <= before + 10_000  # once, not twice


def test_a_meter_in_safe_mode_shows_it_and_its_crash(quiet_bench):
    """Its card keeps nothing of the run before."""
    bench, meter = quiet_bench, quiet_bench.meter(1)
    meter.wait(_reported, "a report")
    drn, flash = (bench.facts["meters"][1][name] for name in ("drn", "flash"))
    kept = {"failures": 4, "crashes": 4, "last": "OSError: 5"}
    with open(os.path.join(flash, "crash.json"), "w") as file:
        json.dump(kept, file)
    os.kill(bench.part(drn)["pid"], signal.SIGKILL)
    state = meter.wait(lambda state: state["safe_mode"], "safe mode")
    assert (state["display"], state["relay"], state["lamp"]) == (["", ""], False, False)
    assert state["credit_wh"] is state["energy_wh"] is state["power_w"] is None
    assert state["alarms"] == ["Crash: OSError: 5"]
    assert "safe mode" in meter.ask({"keys": "1"})["error"]
    with open(os.path.join(flash, "crash.json"), "w") as file:
        json.dump(kept | {"failures": 0}, file)
    os.kill(bench.part(drn)["pid"], signal.SIGKILL)
    state = meter.wait(_reported, "the meter again")
    assert not state["safe_mode"] and state["reasons"] == ["There is no credit."]


def test_a_collector_in_safe_mode_shows_it_and_its_crash(bench):
    def state():
        return bench.call("GET", "bench/state")[1]["collector"]

    report = os.path.join(bench.facts["collector"]["flash"], "crash.json")
    with open(report, "w") as file:
        json.dump({"failures": 4, "crashes": 4, "last": "OSError: 5"}, file)
    os.kill(bench.part("collector")["pid"], signal.SIGKILL)
    wait_for(lambda: state()["text"] == "safe mode", "safe mode")
    assert (state()["online"], state()["facts"]) == (False, "Crash: OSError: 5")
    os.remove(report)
    os.kill(bench.part("collector")["pid"], signal.SIGKILL)
    wait_for(lambda: state()["online"], "the collector again")


def test_speed_can_be_changed_while_it_runs(bench):
    meter = bench.meter(0)
    energy = meter.wait(_reported, "a report")["energy_wh"]
    assert bench.call("POST", "bench/speed", {"speed": 600})[0] == 200
    meter.ask({"load_w": 6000})
    meter.wait(lambda state: state["energy_wh"] > energy + 500, "half a kWh")
    assert bench.call("GET", "bench/state")[1]["clock"]["speed"] == 600
    meter.ask({"load_w": 0})
    assert bench.call("POST", "bench/speed", {"speed": 1})[0] == 200


def test_a_meters_time_of_day_is_that_of_the_bench(quiet_bench):
    """A half hour of the load profile is one of supply time."""
    bench = quiet_bench
    assert bench.call("POST", "bench/speed", {"speed": 3600})[0] == 200
    with BusLine(bench.facts["bus"], 1, parity="none") as line:
        wait_for(lambda: read_clock(line).timestamp() > time.time() + 7200, "two hours")
        assert bench.call("POST", "bench/speed", {"speed": 1})[0] == 200
        shown = bench.call("GET", "bench/state")[1]["clock"]["text"]
        apart = read_clock(line) - datetime.fromisoformat(shown + "+00:00")
    assert abs(apart) < timedelta(hours=1)
    page = page_of(bench, f"bench/meters/{bench.facts['meters'][0]['drn']}/records")
    assert page.count('class="bar') > 3


def test_a_second_bench_cannot_use_the_folder(bench):
    second = subprocess.run(bench.argv, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1 and second.stdout == ""
    assert "Another bench uses the folder" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_in_use_is_a_sentence(micropython_runtime, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        bench = BenchProcess(tmp_path, "--port", str(port))
        done = subprocess.run(bench.argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stdout == ""
    assert f"Port {port} of 127.0.0.1 cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_any_modbus_program_reads_and_sells_on_the_bus(quiet_bench):
    assert quiet_bench.facts["collector"] is None
    client = ModbusSerialClient(quiet_bench.facts["bus"], baudrate=9600, timeout=5)
    assert client.connect()
    try:
        for meter in quiet_bench.facts["meters"]:
            answer = client.read_input_registers(0x1015, count=7, device_id=meter["address"])
            text = b"".join(word.to_bytes(2, "big") for word in answer.registers)
            assert text.rstrip(b"\0").decode() == meter["drn"]
        volts = client.read_input_registers(0, count=2, device_id=1).registers
        assert client.convert_from_registers(volts, client.DATATYPE.FLOAT32) == 230.0
        token = quiet_bench.sell("bus-1", 0, "5")["token"]
        digits = [int.from_bytes(token[i : i + 2].encode(), "big") for i in range(0, 20, 2)]
        client.write_registers(0x10FE, [0, 77, *digits, 1], device_id=1)
    finally:
        client.close()
    quiet_bench.meter(0).wait(lambda state: state["credit_wh"] > 4000, "the credit")


@pytest.mark.long
def test_noise_and_collisions_are_seen_in_the_trace(quiet_bench):
    assert quiet_bench.call("POST", "bench/bus", {"collisions": 1.0})[0] == 200
    client = ModbusSerialClient(quiet_bench.facts["bus"], baudrate=9600, timeout=1)
    client.connect()
    try:
        with pytest.raises(Exception):  # noqa: B017 - whatever the client makes of garbage
            client.read_input_registers(0x1000, count=28, device_id=1).registers[27]
    finally:
        client.close()
    assert quiet_bench.call("GET", "bench/state")[1]["bus"]["collisions"] == 1.0
    assert quiet_bench.call("POST", "bench/bus", {"collisions": 0})[0] == 200


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_a_signal_ends_it_cleanly_and_leaves_nothing(micropython_runtime, tmp_path, number):
    with BenchProcess(tmp_path, "--meters", "1") as bench:
        children = bench.children()
        assert len(children) == 2
        ports = _listening(bench.process.pid)
        bench.process.send_signal(number)
        assert bench.process.wait(30) == 0
        assert "Traceback" not in bench.process.stderr.read()
    assert not any(child.is_running() for child in children)
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def _listening(pid):
    connections = psutil.Process(pid).net_connections(kind="tcp")
    return [item.laddr.port for item in connections if item.status == psutil.CONN_LISTEN]


@pytest.mark.long
def test_killing_the_bench_ends_its_boards(micropython_runtime, tmp_path):
    with BenchProcess(tmp_path) as bench:
        children = bench.children()
        assert len(children) == 3
        bench.process.kill()
        bench.process.wait(30)
        _, alive = psutil.wait_procs(children, timeout=30)
        assert alive == []


@pytest.mark.long
def test_a_board_that_cannot_start_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "_START_S", 1.0)
    monkeypatch.setattr(app, "find_micropython", lambda say: ["/bin/false"])
    options = app.Options(state=tmp_path, meters=1, collector=False)
    with pytest.raises(TjugoError, match=r"did not come up: 01000000016 is .*exit code 1"):
        asyncio.run(app.run(options, say=print, up=print))
