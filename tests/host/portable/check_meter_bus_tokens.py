"""Tokens from the bus: entered once, answered again, refused, and kept apart."""

from meter_rig import Memory, press, reading, token
from modbus_rig import Line

from meterbus import client, codes, frame, registers
from sts_portable import results


def test_a_token_by_the_bus():
    line = Line()
    assert line.enter(token(200), 4000000001) == 0
    assert line.result() == (results.BUSY, 4000000001)
    assert line.enter(token(200), 7) == 6
    line.view.work()
    assert line.result() == (results.ACCEPT, 4000000001)
    assert line.meter.account.credit == 20000
    line.view.work()
    assert line.meter.account.credit == 20000


def test_a_token_sent_again_is_answered_and_not_entered():
    memory = Memory()
    line = Line(memory)
    line.enter(token(200), 9)
    line.view.work()
    sequence = line.meter.events.sequence
    assert line.enter(token(200), 9) == 0
    assert line.result() == (results.ACCEPT, 9)
    line.view.work()
    assert line.result() == (results.ACCEPT, 9)
    assert line.meter.events.sequence == sequence
    again = Line(memory)
    assert again.result() == (results.ACCEPT, 9)
    again.enter(token(200), 9)
    again.view.work()
    assert again.result() == (results.ACCEPT, 9)
    assert again.meter.account.credit == 20000


def test_the_same_token_from_anyone_else_is_used():
    line = Line()
    line.enter(token(200), 9)
    line.view.work()
    for ref in (10, 0):
        line.enter(token(200), ref)
        line.view.work()
        assert line.result() == (results.USED_ERROR, ref)
    press(line.meter, token(200) + "#")
    assert line.meter.tokens.last_result == results.USED_ERROR
    line.enter(token(200), 9)  # still known: it was the one accepted last from the bus
    assert line.result() == (results.ACCEPT, 9)


def test_a_reference_with_another_token_is_a_new_entry():
    line = Line()
    line.enter(token(200), 9)
    line.view.work()
    line.enter(token(100, 2), 9)
    line.view.work()
    assert line.result() == (results.ACCEPT, 9)
    assert line.meter.account.credit == 30000


def test_a_broadcast_enters_no_token():
    """Nobody gets its answer; and one frame would open the relays of all meters at once."""
    line = Line(features="full")
    line.enter(token(100, 5), 1)
    line.view.work()
    before = line.read(registers.TOKEN_START, registers.TOKEN_COUNT)
    sequence = line.meter.events.sequence
    for ref, digits in ((2, token(200)), (3, "00000000000150997584"), (4, "9" * 20)):
        entry = registers.token_entry(digits, ref)
        request = client.write_request(0, registers.TOKEN_START, entry)
        assert line.server.receive(request) is None
        line.view.work()
        assert line.result() == (results.ACCEPT, 1), digits
        command = client.write_single_request(0, registers.row("token_command")[1], 1)
        assert line.server.receive(command) is None
        line.view.work()
    assert line.read(registers.TOKEN_START, registers.TOKEN_COUNT) == before
    assert line.meter.events.sequence == sequence
    assert line.meter.account.credit == 10000 and line.meter.supply.reasons == 0
    line.enter("00000000000150997584", 4)  # to this meter alone
    line.view.work()
    assert line.result() == (results.ACCEPT, 4)
    assert line.meter.supply.reasons == codes.SWITCH_TEST


def test_registers_written_one_at_a_time():
    line = Line()
    raw = registers.token_entry(token(200), 3)
    for i in range(registers.TOKEN_COUNT):
        value = raw[2 * i] << 8 | raw[2 * i + 1]
        request = client.write_single_request(1, registers.TOKEN_START + i, value)
        assert line.ask(request).exception == 0
    line.view.work()
    assert line.result() == (results.ACCEPT, 3)
    found = line.read(registers.TOKEN_START, registers.TOKEN_COUNT)
    assert found == {"token_ref": 3, "token": token(200), "token_command": 0}


def test_tokens_that_are_none():
    line = Line()
    for digits in ("", "1" * 19, "abcdefghijklmnopqrst", "9" * 20):
        assert line.enter(digits, 5) == 0
        line.view.work()
        assert line.result() == (results.FORMAT_ERROR, 5)
    assert line.write(registers.TOKEN_START, b"\xff" * 24 + b"\x00\x01") == 0
    line.view.work()
    assert line.result() == (results.FORMAT_ERROR, 0xFFFFFFFF)


def test_writes_that_are_refused():
    line = Line()
    assert line.write(0x110A, [2]) == 3
    assert line.write(0x110A, [1, 1]) == 2
    assert line.write(0x1000, [1]) == 2
    assert line.write(0x10FD, [1]) == 2
    assert line.ask(client.read_request(1, 4, 0x10FE, 1)).exception == 2


def test_a_meter_that_cannot_take_tokens_says_so():
    line = Line(key="")
    line.meter.sensed(reading(230000, 0, 0, 5000), False, False)
    assert (
        line.code("energy_wh", "drn") == frame.SERVER_DEVICE_FAILURE
    )  # the key register is not known
    found = line.read(registers.DEVICE_START, registers.DEVICE_COUNT)
    assert found["device_status"] == codes.STATUS_NOT_CONFIGURED
    assert (found["device_control_state"], found["device_reasons"]) == (0, 3)
    assert line.read(registers.ACCOUNT_START, registers.ACCOUNT_COUNT)["credit"] == 0
    assert line.enter(token(200), 5) == 4
    assert line.result() == (results.NONE, 0)


def test_a_memory_that_fails_leaves_the_token_to_be_sent_again():
    memory = Memory()
    line = Line(memory)
    line.enter(token(200), 5)
    line.view.work()
    memory.broken = True
    line.enter(token(100, 1), 6)
    line.view.work()
    assert line.result() == (results.ACCEPT, 5)
    assert line.enter(token(100, 1), 6) == 4
    found = line.read(registers.ACCOUNT_START, registers.ACCOUNT_COUNT)
    assert found["credit"] == 2000  # what is in RAM is known
    assert line.read(registers.DEVICE_START, 8)["device_status"] == codes.STATUS_LEDGER_FAULT
