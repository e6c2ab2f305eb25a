"""The real meter on MicroPython with a board's heap: key pad, bus, credit, and kill -9."""

import json
import os
import random
import stat
import time

import pytest
from meter_process import DRN, KEY, MeterBoard, settings, token

from meterbus import client, codes, energy_rows, registers
from sts_portable import results, sta

KILLS = 30


@pytest.fixture
def board(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings()) as found:
        yield found


def test_keys_credit_relay_and_the_way_to_zero(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings(), speed=60) as board:
        board.wait_display("Credit   0.00kWh", "Off No credit")
        assert board.last("relay") is False
        board.say({"keys": token(1, 0) + "#"})
        board.wait_display("Accepted", "+0.1 kWh")
        board.wait(lambda said: {"relay": True} in said, "the relay to close")
        board.say({"keys": token(1, 0) + "#"})
        board.wait_display("Used", "UsedError")
        board.say({"load_w": 10000, "speed": 3600})
        board.wait(
            lambda said: said[-1:] and said.count({"relay": False}) == 2, "the relay to open"
        )
        board.wait(lambda _: board.state()["power_w"] == 0, "the power to be gone")
        state = board.state()
        assert (state["credit"], state["energy_wh"]) == (0, 100)
        assert (state["control_state"], state["open_reasons"]) == (2, 1)
        assert board.end() == (0, "")


def test_the_language_and_the_light_and_the_sounds(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings(language="fr"), speed=60) as board:
        board.wait_display("Crédit   0.00kWh", "Sans crédit")
        board.say({"keys": token(200, 0) + "#"})
        board.wait_display("Accepté", "+20.0 kWh")
        board.wait(lambda said: said.count({"buzzer": True}) >= 2, "the sounds of acceptance")
        assert board.last("blinks") is None
        board.say({"load_w": 6000})
        board.wait(lambda _: (board.last("blinks") or 0) >= 20, "twenty blinks of the light")
        energy = board.state()["energy_wh"]
        assert 20 <= board.last("blinks") <= energy
        board.say({"load_w": 0, "keys": "!"})
        board.wait_display("Secours", "Non disponible")


def test_people_have_their_time_at_any_speed(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings(), speed=100000) as board:
        board.say({"keys": "80"})
        board.wait_display("80", "")
        board.say({"keys": "4#"})
        board.wait_display("Meter number", DRN)


def test_a_token_by_the_bus(board):
    assert board.deliver(token(200, 0), 77) == results.ACCEPT
    assert board.deliver(token(200, 0), 77) == results.ACCEPT
    assert board.deliver(token(200, 0), 78) == results.USED_ERROR
    assert board.deliver(token(200, 1, bytes(8)), 79) == results.CRC_ERROR
    assert board.deliver("1" * 19, 80) == results.FORMAT_ERROR
    state = board.state()
    assert state["credit"] == 2000
    assert state["drn"] == DRN
    board.say({"cover": True})
    board.wait(lambda said: (board.last("report") or {}).get("status", 0) & 1, "the open cover")
    assert board.state()["status"] == 3


def _kill_at_once(board, dice, tenths):
    """Return as soon as the request is on the wire."""


def _kill_around_acceptance(board, dice, tenths):
    """Return once the write is answered; the meter enters the token in its next turn of 20
    ms."""
    board.wait_reply()
    time.sleep(dice.random() * 0.04)  # the random moment of the kill


def _kill_once_told(board, dice, tenths):
    """Return when the display shows that the token was accepted."""
    board.wait_display("Accepted", f"+{tenths // 10}.{tenths % 10} kWh")


_MOMENTS = (_kill_at_once, _kill_around_acceptance, _kill_around_acceptance, _kill_once_told)


@pytest.mark.long
def test_kill_9_loses_no_token_and_doubles_none(board):
    dice = random.Random(1)
    credit = 0  # in 10 Wh, as the register has it
    for number in range(KILLS):
        tenths = 10 + number  # each token is shown by another text
        digits = token(tenths, number)
        entry = registers.token_entry(digits, number + 1)
        board.state()  # it is up, and in step with the line
        board.send(client.write_request(1, registers.TOKEN_START, entry))
        moment = _MOMENTS[number % len(_MOMENTS)]
        moment(board, dice, tenths)
        board.kill()
        board.start()
        before, credit = credit, credit + 10 * tenths
        found = board.state()["credit"]
        assert found == credit or (found == before and moment is not _kill_once_told)
        assert board.deliver(digits, number + 1) == results.ACCEPT
        state = board.state()
        assert state["credit"] == credit
        assert state["power_fail_count"] == number + 1
    for number in range(KILLS):
        assert board.deliver(token(10 + number, number), 1000 + number) == results.USED_ERROR
    assert board.state()["credit"] == credit


def test_consumption_survives_kill_9_but_for_the_last_ten_wh(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings(), speed=3600) as board:
        assert board.deliver(token(200, 0), 1) == results.ACCEPT
        board.say({"load_w": 1000})
        board.wait(lambda _: board.state()["energy_wh"] >= 500, "half a kWh")
        before = board.state()["energy_wh"]
        board.kill()
        board.start()
        state = board.state()
        assert state["energy_wh"] >= before - 10
        assert abs(state["energy_wh"] + 10 * state["credit"] - 20000) < 10


def test_exported_energy_and_the_rates_on_the_bus(micropython, tmp_path):
    given = settings(export=1, tariffs=[[127, 0, 3]])
    with MeterBoard(micropython, tmp_path, given, speed=3600) as board:
        assert board.deliver(token(200, 0), 1) == results.ACCEPT
        board.say({"load_w": 1000})
        board.wait(lambda _: board.state()["energy_wh"] >= 200, "200 Wh")
        board.say({"load_w": -1000})
        energy_rows.add(energy_rows.EXPORT)
        energy_rows.add(energy_rows.TARIFFS)
        export = registers.block("export_wh", "export_wh")
        board.wait(lambda _: board.read(*export)["export_wh"] >= 300, "300 Wh of export")
        assert board.state()["power_w"] == 0
        board.say({"load_w": 0})
        board.kill()
        board.start()
        assert board.read(*export)["export_wh"] >= 290
        rates = board.read(*registers.block("tariff_1_wh", "tariff_now"))
        energy_wh = board.state()["energy_wh"]
        assert rates["tariff_3_wh"] == energy_wh >= 190 and rates["tariff_now"] == 3


def test_reversed_current_is_charged_and_limited(micropython, tmp_path):
    given = settings(overload_w=5000, overload_delay_s=600)
    with MeterBoard(micropython, tmp_path, given, speed=360) as board:
        assert board.deliver(token(200, 0), 1) == results.ACCEPT
        board.say({"mains": [230, 6000, 0, 0, 0, 0, 1]})
        board.wait(lambda _: board.state()["energy_wh"] >= 300, "300 Wh")
        assert board.state()["power_w"] == 6000
        board.wait(lambda _: board.state()["open_reasons"] == codes.OVERLOAD, "the limit")
        state = board.state()
        assert abs(state["energy_wh"] + 10 * state["credit"] - 20000) < 10


@pytest.mark.long
def test_noise_never_silences_the_meter(board):
    dice = random.Random(2)
    request = client.read_request(1, client.READ_INPUT_REGISTERS, registers.STATE_START, 28)
    heads = (b"", b"\x01", b"\x01\x03", b"\x01\x10\x10\xfe\x00\x0d\x1a", b"\x00\x10", b"\x02\x04")
    sequence = board.state()["sequence"]
    for _ in range(40):
        board.send(dice.choice(heads) + dice.randbytes(dice.randrange(80)))
        assert len(board.ask(request).data) == 56
    for stray in (b"\x00", b"\xff"):
        board.send(stray + request)
        parser = client.ReplyParser(request)
        while not parser.receive(board.receive()):
            pass
    assert board.state()["sequence"] == sequence


def test_other_servers_traffic_is_left_alone(board):
    sequence = board.state()["sequence"]
    for number in (2, 3, 100):
        entry = registers.token_entry(token(200, number), 9)
        board.send(client.write_request(number, registers.TOKEN_START, entry))
        board.send(client.read_request(number, client.READ_INPUT_REGISTERS, 0x1000, 2))
    assert board.state()["sequence"] == sequence


def test_a_broken_ledger_is_said_and_kept(micropython, tmp_path):
    board = MeterBoard(micropython, tmp_path, settings())
    broken = bytes(range(256)) * 32
    (tmp_path / "ledger.bin").write_bytes(broken)
    with board:
        board.wait_display("Credit       ---", "Off Memory fault")
        device = board.device()
        assert device["device_status"] == codes.STATUS_LEDGER_FAULT
        assert device["device_reasons"] == codes.LEDGER_FAULT
        assert device["device_control_state"] == codes.DISCONNECTED
        assert not device["known"] & codes.KNOWN_LEDGER
        for name in ("energy_wh", "credit", "sdm_total"):
            start, count = registers.block(name, name)
            assert board.ask(client.read_request(1, 4, start, count)).exception == 4
        report = board.wait(lambda _: board.last("report"), "its report")
        assert (report["credit_wh"], report["energy_wh"]) == (None, None)
        entry = registers.token_entry(token(200, 0), 9)
        assert board.ask(client.write_request(1, registers.TOKEN_START, entry)).exception == 4
    assert (tmp_path / "ledger.bin").read_bytes()[: len(broken)] == broken


def test_a_deleted_ledger_is_a_fault_until_a_technician_resets_it(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings()) as board:
        assert board.deliver(token(200, 7), 1) == results.ACCEPT
    (tmp_path / "ledger.bin").unlink()
    with MeterBoard(micropython, tmp_path, settings()) as board:
        assert board.device()["device_status"] == codes.STATUS_LEDGER_FAULT
        start = board.wait(lambda _: board.last("selftest"), "its self-test")
        assert (start["ledger"], start["ledger_fault"]) == ("fault", "the ledger is gone")
        assert board.last("relay") is False
    order = {"tid_floor": 5007, "by": "A. Meyer", "at": 1790000000}
    with MeterBoard(micropython, tmp_path, settings(ledger_reset=order)) as board:
        board.wait_display("Ledger reset", "Credit lost")
        assert board.deliver(token(200, 7), 2) == results.USED_ERROR
        assert board.deliver(token(200, 8), 3) == results.ACCEPT
        assert board.state()["credit"] == 2000
    mark = json.loads((tmp_path / "store.json").read_text())
    assert mark == {
        "ledger": "created",
        "reset_at": 1790000000,
        "reset_by": "A. Meyer",
        "reset_tid_floor": 5007,
        "reset_done": True,
    }


def fault_at_start(micropython, folder):
    """Return the ledger's fault at a start with the settings that the folder has."""
    with MeterBoard(micropython, folder, None) as board:
        start = board.wait(lambda _: board.last("selftest"), "its self-test")
        if start["ledger_fault"]:
            board.say({"keys": token(200, 7) + "#"})
            assert board.device()["device_status"] == codes.STATUS_LEDGER_FAULT
            assert board.last("relay") is not True
        return start["ledger_fault"]


def test_no_loss_of_two_files_makes_a_used_token_new(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings()) as board:
        assert board.deliver(token(200, 7), 1) == results.ACCEPT
    ledger, mark, given = (tmp_path / f for f in ("ledger.bin", "store.json", "settings.json"))
    assert json.loads(given.read_text()) == {**settings(), "mark": {"ledger": "created"}}
    kept = ledger.read_bytes()
    mark.write_text('{"led')
    ledger.unlink()
    assert fault_at_start(micropython, tmp_path) == "store.json cannot be read"
    assert mark.read_text() == '{"led'
    mark.unlink()
    ledger.unlink()
    assert fault_at_start(micropython, tmp_path) == "the ledger is gone"
    assert not mark.exists()
    ledger.write_bytes(kept)
    assert fault_at_start(micropython, tmp_path) == ""
    assert json.loads(mark.read_text()) == {"ledger": "created"}


def test_an_order_stays_done_when_the_mark_is_deleted(micropython, tmp_path):
    with MeterBoard(micropython, tmp_path, settings()) as board:
        assert board.deliver(token(200, 7), 1) == results.ACCEPT
    (tmp_path / "ledger.bin").unlink()
    order = {"tid_floor": 5007, "by": "A. Meyer", "at": 1790000000}
    given = json.loads((tmp_path / "settings.json").read_text())
    with MeterBoard(micropython, tmp_path, {**given, "ledger_reset": order}) as board:
        assert board.deliver(token(200, 8), 2) == results.ACCEPT
    (tmp_path / "ledger.bin").unlink()
    (tmp_path / "store.json").unlink()
    assert fault_at_start(micropython, tmp_path) == "the ledger is gone"


@pytest.mark.parametrize("given", [None, [], {"address": 1, "key": "?", "baudrate": "fast"}])
def test_a_meter_without_usable_settings_says_so(micropython, tmp_path, given):
    with MeterBoard(micropython, tmp_path, given) as board:
        wrong = "drn" if isinstance(given, dict) else "settings"
        board.wait_display("Not set up", f"Check {wrong}")
        if isinstance(given, dict):
            expected = codes.STATUS_NOT_CONFIGURED | codes.STATUS_LOW_CREDIT
            assert board.device()["device_status"] == expected
        assert board.end() == (0, "")


def test_bad_commands_are_answered_and_do_nothing(board):
    for line in (
        "no json",
        "[1]",
        '{"keys": "12a"}',
        '{"keys": 5}',
        '{"load_w": -100001}',
        '{"load_w": "much"}',
        '{"load_w": true}',
        '{"cover": 1}',
        '{"speed": 0}',
        '{"format": "flash"}',
        "x" * 5000,
    ):
        board.say(line)
    board.wait(lambda said: sum("error" in one for one in said) == 11, "eleven complaints")
    board.say({"keys": "12"})
    board.wait_display("12", "")
    assert board.end() == (0, "")


def test_the_keys_do_not_leave_the_board(board, tmp_path):
    board.deliver(token(200, 0), 1)
    board.wait(lambda _: board.last("mem"), "the memory report")
    assert KEY.hex() not in str(board.wait(lambda said: said, "anything"))
    assert KEY not in (tmp_path / "ledger.bin").read_bytes()
    assert stat.S_IMODE(os.stat(tmp_path / "ledger.bin").st_mode) == 0o600


def test_the_heap_of_a_board_is_enough(board):
    """Of 256 KB, with sources compiled on the board; compiled files take less. A long path of the
    checkout costs as much as 3 KB."""
    board.deliver(token(200, 0), 1)
    board.say({"keys": token(200, 1) + "#801#"})
    board.wait(lambda said: sum("mem" in one for one in said) >= 2, "the memory report")
    assert board.last("mem")["lowest_free"] > 80 * 1024


def _own_tables():
    """Return S1, S2 and P of nobody: permutations that are not the sample ones."""
    nibbles = bytes((i * 7 + 3) % 16 for i in range(16))
    return nibbles + nibbles + bytes((i * 5 + 1) % 64 for i in range(64))


def test_a_licensees_own_sta_tables(micropython, tmp_path):
    (tmp_path / "sta_tables.bin").write_bytes(_own_tables())
    sample = token(200, 0)
    sta.set_tables(_own_tables())
    try:
        own = token(200, 0)
    finally:
        sta.set_tables()
    with MeterBoard(micropython, tmp_path, settings()) as board:
        assert board.deliver(sample, 1) == results.CRC_ERROR
        assert board.deliver(own, 2) == results.ACCEPT


def test_damaged_sta_tables_are_said_and_no_token_is_taken(micropython, tmp_path):
    (tmp_path / "sta_tables.bin").write_bytes(_own_tables()[:-1])
    with MeterBoard(micropython, tmp_path, settings()) as board:
        board.wait_display("Not set up", "Check STA tables")
        board.say({"keys": token(1, 0) + "#"})
        board.wait_display("Token not taken", "Not set up")
