"""A memory that cannot be written for a while: nothing is lost, and nobody is without supply."""

from meter_rig import Mark, Memory, meter, press, shown, token

from meterbus import codes
from sts_portable import results

MINUTE = 60000


def _device(memory, **changes):
    device = meter(memory, **changes)
    if not device.account.energy_wh:
        assert device.enter_token(token(200, 1)) == results.ACCEPT
    device.elapsed(20, 20)
    return device


def _log(device):
    """Return [(code, data)] of the faults of the memory in the log."""
    entries = [device.events.entry(n) for n in range(1, device.events.sequence + 1)]
    return [entry[1:] for entry in entries if entry and entry[1] == codes.EVENT_STORE_FAULT]


def test_one_write_that_fails_switches_nobody_off():
    memory = Memory()
    device = _device(memory)
    memory.broken = True
    device.pulses(50)
    device.elapsed(20, 20)
    assert device.supply.reasons == 0 and device.supply.drive(20) is True
    assert device.status() & codes.STATUS_LEDGER_FAULT
    assert device.known() & codes.KNOWN_LEDGER and device.account.credit == 19950
    memory.broken = False
    device.elapsed(MINUTE, MINUTE)
    device.elapsed(20, 20)
    assert not device.status() & codes.STATUS_LEDGER_FAULT
    assert _log(device) == [(codes.EVENT_STORE_FAULT, 1), (codes.EVENT_STORE_FAULT, 0)]
    again = meter(memory)
    assert again.account.credit == 19950 and again.supply.reasons == 0


def test_the_write_is_tried_again_each_minute_and_not_more_often():
    memory = Memory()
    device = _device(memory)
    tries = []

    def failing(offset, buf):
        tries.append(offset)
        raise OSError(5)

    memory.write = failing
    for _ in range(10 * 60):
        device.pulses(10)
        device.elapsed(1000, 1000)
    assert 9 <= len(tries) <= 11
    assert device.account.credit == 20000 - 6000 and device.supply.reasons == 0


def test_credit_that_is_used_up_in_ram_opens_the_supply():
    memory = Memory()
    device = _device(memory)
    memory.broken = True
    device.pulses(19990)
    device.elapsed(20, 20)
    assert device.supply.reasons == 0
    device.pulses(10)
    assert device.supply.reasons == codes.NO_CREDIT


def test_tokens_are_refused_with_a_reason_and_taken_afterwards():
    memory = Memory()
    device = _device(memory)
    memory.broken = True
    press(device, token(100, 2) + "#")
    assert shown(device) == ("Token not taken", "Memory fault")
    device.elapsed(20, 20)
    assert not device.usable() and device.enter_token(token(100, 2), 9) == results.NONE
    press(device, token(100, 2) + "#")
    assert shown(device) == ("Token not taken", "Memory fault")
    assert device.account.credit == 20000
    memory.broken = False
    device.elapsed(MINUTE, MINUTE)
    assert device.enter_token(token(100, 2), 9) == results.ACCEPT
    assert device.enter_token(token(100, 2)) == results.USED_ERROR
    assert meter(memory).account.credit == 30000


def test_a_start_without_a_memory_that_can_be_written_stays_open_until_it_can():
    """Else each power cut would give back what was used since the last write."""
    memory = Memory()
    _device(memory)
    memory.broken = True
    device = meter(memory)
    assert device.supply.reasons == codes.LEDGER_FAULT and device.supply.drive(20) is False
    device.elapsed(20, 20)
    memory.broken = False
    device.elapsed(MINUTE, MINUTE)
    device.elapsed(20, 20)
    assert device.supply.reasons == 0
    assert _log(device)[0] == (codes.EVENT_STORE_FAULT, 1)


def test_a_new_ledger_that_cannot_be_written_is_not_marked_as_created():
    memory, mark = Memory(), Mark()
    memory.broken = True
    device = meter(memory, mark=mark)
    assert device.enter_token(token(100, 2)) == results.NONE and not mark.values
    memory.broken = False
    assert meter(memory, mark=mark).ledger.fault == "" and mark.values == {"ledger": "created"}


def test_protection_works_on_while_nothing_can_be_stored():
    memory = Memory()
    device = _device(memory, tamper_opens=codes.MAGNET)
    memory.broken = True
    device.pulses(20)
    for _ in range(3):
        device.sensed(device.metering.reading, codes.MAGNET, True)
        device.elapsed(200, 200)
    assert device.supply.reasons == codes.TAMPERED
    memory.broken = False
    device.elapsed(MINUTE, MINUTE)
    assert meter(memory).tamper.latched == codes.MAGNET


def test_emergency_credit_is_not_taken_while_it_cannot_be_stored():
    memory = Memory()
    device = meter(memory, emergency_wh=500)
    memory.broken = True
    device.changed()
    device.elapsed(20, 20)
    press(device, "#")
    assert shown(device) == ("No emergency", "Memory fault")
    assert not device.emergency.used and device.supply.reasons == codes.NO_CREDIT
    memory.broken = False
    device.elapsed(MINUTE, MINUTE)
    press(device, "#")
    assert device.emergency.used
