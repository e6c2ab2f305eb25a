"""The collector's firmware in MicroPython between a real broker and meters on a pty."""

import json
from pathlib import Path

import pytest
from collector_rig import DRNS, Amqtt, Bus, Collector, Mosquitto, Partial, Station, wait_until

from meterbus import codes, crc

ACCEPT = 1
TOKEN = "01234567890123456789"
BUSY_FOR_EVER = 1 << 30


def crc_of(data: bytes) -> bytes:
    framed = bytearray(data + bytes(2))
    crc.append(framed, len(data))
    return bytes(framed[-2:])


@pytest.fixture(params=[Amqtt, Mosquitto], ids=["amqtt", "mosquitto"])
def broker(request, tmp_path):
    if request.param is Mosquitto and not Mosquitto.found():
        pytest.skip("mosquitto is not installed")
    broker = request.param(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def bus():
    bus = Bus()
    yield bus
    bus.close()


@pytest.fixture
def station(broker):
    station = Station(broker.port)
    yield station
    station.close()


@pytest.fixture
def collector(micropython, tmp_path, bus, broker, station):
    """Start a collector and wait until it is online."""
    collector = Collector(micropython, tmp_path / "flash", bus.path, {"port": broker.port})
    collector.start()
    wait_until(station.online, "the collector online")
    yield collector
    if collector.process:
        assert collector.stop() == 0


def test_a_token_from_command_to_forgotten(collector, station, bus, broker):
    order = {"ref": 4294967295, "token": TOKEN}
    bus.meters[1].energy_wh = 7
    wait_until(lambda: station.states.get(DRNS[0], {}).get("energy_wh") == 7, "a reading")
    assert station.states[DRNS[0]]["online"] is True

    bus.meters[1].busy = BUSY_FOR_EVER
    assert station.ask(order, "stored")
    assert collector.jobs() == [f"ffffffff-{DRNS[0]}.job"]
    bus.meters[1].busy = 0
    done = station.wait_ack(order["ref"], "done")
    assert done["result"] == ACCEPT
    assert done["at"] > 1700000000
    assert station.ask(order, "done") == done
    assert collector.jobs()[0].endswith(".end")

    station.command({"ref": order["ref"], "forget": True})
    wait_until(lambda: not collector.jobs(), "the job forgotten")
    assert station.ask(order, "done") == done  # a late repetition
    assert collector.jobs() == []
    assert bus.meters[1].entries == [(order["ref"], TOKEN)]

    latecomer = Station(broker.port)  # status and state are retained
    wait_until(lambda: latecomer.online() and len(latecomer.states) == 2, "what is retained")
    latecomer.close()


def test_crash_reports_go_up(collector, station, bus):
    """A meter's with its readings, the collector's own when it is back."""
    bus.meters[1].crash = "OSError: 5 at meter/app.py"
    wait_until(
        lambda: station.states.get(DRNS[0], {}).get("crash") == bus.meters[1].crash, "its crash"
    )
    assert station.states[DRNS[0]]["online"] is True
    wait_until(lambda: station.about, "the collector's description")
    assert station.about["crash"] is None
    collector.kill()
    crash = {"failures": 1, "crashes": 1, "last": "MemoryError"}
    (collector.folder / "crash.json").write_text(json.dumps(crash))
    collector.start()
    wait_until(lambda: station.about["crash"] == "MemoryError", "its own crash")


def test_killed_between_stored_and_done(collector, station, bus):
    """Twice: before the meter has the token, and after it."""
    bus.deaf.add(1)
    bus.meters[2].busy = BUSY_FOR_EVER
    station.ask({"ref": 1, "token": TOKEN}, "stored")
    station.ask({"ref": 2, "token": TOKEN}, "stored", DRNS[1])
    wait_until(lambda: bus.meters[2].entries, "the token at the second meter")
    collector.kill()
    wait_until(lambda: station.status[-1] == "offline", "the last will")
    bus.deaf.clear()
    bus.meters[2].busy = 0
    collector.start()
    assert station.wait_ack(1, "done")["result"] == ACCEPT
    assert station.wait_ack(2, "done")["result"] == ACCEPT
    wait_until(station.online, "the collector online")
    assert bus.meters[1].entries == [(1, TOKEN)]
    assert bus.meters[2].entries == [(2, TOKEN)]


def test_killed_between_done_and_forgotten(collector, station, bus):
    station.ask({"ref": 1, "token": TOKEN}, "done")
    for _ in range(3):
        collector.kill()
        seen = len(station.acks)
        collector.start()
        assert station.wait_ack(1, "done", seen)["result"] == ACCEPT
    assert bus.meters[1].entries == [(1, TOKEN)]


def test_the_broker_restarts(collector, station, bus, broker):
    bus.meters[1].busy = BUSY_FOR_EVER
    station.ask({"ref": 1, "token": TOKEN}, "stored")
    broker.stop()
    collector.wait_report(lambda report: not report["online"], "the broker to be missed")
    requests = bus.requests
    bus.meters[1].busy = 0
    wait_until(lambda: collector.jobs()[0].endswith(".end"), "the token delivered meanwhile")
    wait_until(lambda: bus.requests > requests + 10, "polls without a broker")
    station.status.clear()
    station.states.clear()
    broker.start()
    assert station.wait_ack(1, "done")["result"] == ACCEPT
    wait_until(station.online, "the status")
    wait_until(lambda: len(station.states) == 2, "the readings")
    assert collector.process.poll() is None


def test_a_meter_is_silent_and_comes_back(collector, station, bus):
    bus.meters[1].energy_wh = 7
    wait_until(lambda: station.states.get(DRNS[0], {}).get("energy_wh") == 7, "a reading")
    bus.deaf.add(1)
    wait_until(lambda: station.states[DRNS[0]]["online"] is False, "the meter offline")
    assert station.states[DRNS[0]]["energy_wh"] == 7
    collector.wait_report(lambda report: report["meters"] == {DRNS[0]: False, DRNS[1]: True}, "it")
    station.ask({"ref": 1, "token": TOKEN}, "stored")
    station.ask({"ref": 2, "token": TOKEN}, "done", DRNS[1])  # the other one is not held up
    assert collector.jobs()[0].endswith(".job")
    bus.deaf.clear()
    assert station.wait_ack(1, "done")["result"] == ACCEPT
    wait_until(lambda: station.states[DRNS[0]]["online"] is True, "the meter online")


def test_a_reply_that_cannot_be_is_that_meters_fault(collector, station, bus):
    """Modbus exception 0 ended the program once, and four times all meters of the line."""
    bus.meters[1].energy_wh = 7
    wait_until(lambda: station.states.get(DRNS[0], {}).get("energy_wh") == 7, "a reading")
    bus.replies[1] = bytes.fromhex("018400") + crc_of(b"\x01\x84\x00")
    wait_until(lambda: station.states[DRNS[0]]["fault"] == "exception 0", "the fault")
    assert station.ask({"ref": 2, "token": TOKEN}, "done", DRNS[1])["result"] == ACCEPT
    bus.replies.clear()
    wait_until(lambda: station.states[DRNS[0]]["online"] is True, "the meter online")
    assert collector.reports[-1]["crashes"] == 0


def test_a_ledger_at_fault_is_named_and_nothing_of_it_is_zero(collector, station, bus):
    fault = Partial(
        bus.meters[1], codes.KNOWN_POWER, codes.STATUS_LEDGER_FAULT, codes.LEDGER_FAULT
    )
    bus.meters[1].read = fault.read
    wait_until(lambda: station.states.get(DRNS[0], {}).get("fault") == "ledger fault", "the fault")
    state = station.states[DRNS[0]]
    assert state["online"] is True and state["power_w"] == 9
    assert state["energy_wh"] is state["credit_wh"] is state["sequence"] is None
    assert state["open_reasons"] == codes.LEDGER_FAULT


def test_bad_commands(collector, station, bus):
    assert "20 digits" in station.ask({"ref": 1, "token": "12"}, "refused")["why"]
    station.command({"ref": None, "why": "x" * 5000})
    assert "512 bytes" in wait_until(lambda: station.acks[1:], "the second answer")[0]["why"]
    assert "no meter" in station.ask({"ref": 1, "token": TOKEN}, "refused", "22222222222")["why"]
    assert station.ask({"ref": 1, "token": TOKEN}, "done")["result"] == ACCEPT


def test_full_flash(collector, station, bus):
    jobs = collector.folder / "jobs"
    (jobs / f"00000005-{DRNS[0]}.new").symlink_to("/dev/full")
    assert station.ask({"ref": 5, "token": TOKEN}, "refused")["why"] == "storage full"
    assert collector.jobs() == []
    assert bus.meters[1].entries == []
    assert station.ask({"ref": 5, "token": TOKEN}, "done")["result"] == ACCEPT


@pytest.mark.long
@pytest.mark.parametrize("broker", [Amqtt], indirect=True)
def test_as_many_jobs_as_there_may_be(collector, station, bus):
    """Two hundred fit into the board's memory; the next one is refused and nothing is lost."""
    bus.deaf.add(1)
    for ref in range(1, 201):
        station.command({"ref": ref, "token": f"{ref:020}"})
    station.wait_ack(200, "stored")
    assert "200 jobs" in station.ask({"ref": 201, "token": TOKEN}, "refused")["why"]
    assert len(collector.jobs()) == 200
    collector.kill()
    bus.deaf.clear()
    collector.start()
    station.wait_ack(200, "done")
    wait_until(lambda: len({a["ref"] for a in station.acks if a["state"] == "done"}) == 200, "all")
    assert [ref for ref, _ in bus.meters[1].entries] == list(range(1, 201))
    for ref in range(1, 201):
        station.command({"ref": ref, "forget": True})
    wait_until(lambda: not collector.jobs(), "all forgotten")
    assert collector.lowest_free > 92000


def test_a_password(micropython, tmp_path, bus):
    if not Mosquitto.found():
        pytest.skip("mosquitto is not installed")
    broker = Mosquitto(tmp_path, password="right")
    broker.start()
    login = {"port": broker.port, "user": "c1", "password": "wrong"}
    collector = Collector(micropython, tmp_path / "flash", bus.path, login)
    try:
        collector.start()
        collector.wait_report(lambda report: report["broker"] == "not authorised", "a refusal")
        assert collector.stop() == 0
        collector.reports.clear()
        collector.settings["broker"]["password"] = "right"
        collector.start()
        collector.wait_report(lambda report: report["online"], "the collector online")
    finally:
        if collector.process:
            collector.stop()
        broker.stop()


def test_settings_that_cannot_be_used(micropython, tmp_path, bus):
    collector = Collector(micropython, tmp_path / "flash", bus.path, {"port": 0})
    collector.start()
    report = collector.wait_report(lambda report: "error" in report, "a report")
    assert report["error"] == "settings: port must be a number from 1 to 65535"
    assert collector.stop() == 2


def test_no_secret_in_reports(micropython, tmp_path: Path, bus):
    login = {"port": 1, "user": "c1", "password": "hush"}
    collector = Collector(micropython, tmp_path / "flash", bus.path, login)
    collector.start()
    collector.wait_report(lambda report: report["broker"], "a failed connection")
    assert "hush" not in str(collector.reports)
    assert collector.stop() == 0
