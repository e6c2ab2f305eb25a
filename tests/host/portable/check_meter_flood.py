"""The event log and protection while all that can be repeated at will is repeated."""

from meter_rig import KEY, Memory, meter, reading, token

from meter import events
from meterbus import codes
from sts_portable import results, vendor

TEST = "00000000000167774880"  # class 1, printed in makers' manuals


def _log(device, since=0):
    """Return [(code, data)] of the events after `since`; None for one that is missing."""
    found = [device.events.entry(n) for n in range(since + 1, device.events.sequence + 1)]
    return [entry and entry[1:] for entry in found]


def _flood(device, sections=()):
    """Let five days pass in which all that can be repeated is, as often as it has room."""
    for number in range(5 * 24 * 30):
        for digits in sections:
            device.enter_token(digits)
        device.enter_token(TEST)
        device.enter_token("12345")
        device.sensed(reading(), codes.METER_COVER * (number % 2), bool(number % 2))
        device.elapsed(0, 120000)


def _kept(device):
    """Return the codes in the log, the oldest first."""
    last = device.events.sequence
    entries = [device.events.entry(n) for n in range(max(1, last - events.ENTRIES + 1), last + 1)]
    return [entry[1] for entry in entries if entry]


def test_what_can_be_repeated_pushes_no_tampering_trip_or_credit_out_of_the_log():
    memory = Memory()
    device = meter(memory, tamper_detects=codes.MAGNET)
    for number in range(4):
        device.events.note(codes.EVENT_TAMPER, codes.MAGNET, 0)
        device.events.note(codes.EVENT_OVERLOAD, 2000, 0)
        device.enter_token(token(200, number))
        _flood(device, _sections())
        device = meter(memory, tamper_detects=codes.MAGNET)
    found = _kept(device)
    for code in (codes.EVENT_TAMPER, codes.EVENT_OVERLOAD):
        assert found.count(code) == 4, (code, found)
    accepted = [one for one in _log(device) if one == (codes.EVENT_TOKEN_ACCEPTED, 1)]
    assert len(found) <= 32 + 2 * 12 and len(accepted) >= 4
    for number in range(30):
        device.enter_token(token(200, 10 + number))
        _flood_once(device)
    assert _kept(device).count(codes.EVENT_TAMPER) == 4  # 42 events and their 32 + 42 places


def _flood_once(device):
    for _ in range(10):
        device.elapsed(0, 120000)
        device.enter_token("12345")


def _sections():
    new = bytes.fromhex("060b8643c59a27f1")
    wanted = {"kt": 2, "krn": 2, "ti": 1, "ken": 255, "ro": False, "sgc": 123456}
    return vendor.key_change(KEY, 7, new, minute=1, bdt="14", old_bdt="14", **wanted)[:1]


def test_sections_of_a_key_change_neither_fill_the_log_nor_wear_the_memory():
    memory = Memory()
    device = meter(memory)
    section = _sections()[0]
    writes, sequence = memory.writes, device.events.sequence
    for _ in range(500):
        assert device.enter_token(section) in (results.FIRST_KCT, results.SECOND_KCT)
    assert memory.writes - writes <= 2 * 40
    assert device.events.sequence - sequence <= 32


def test_where_the_places_are_used_up_the_newest_entry_counts_the_repeated_ones():
    memory = Memory()
    device = meter(memory)
    for _ in range(31):
        device.enter_token("12345")
        device.elapsed(0, 120000)
    sequence = device.events.sequence
    assert sequence == 32
    for number in range(300):
        device.enter_token(TEST if number % 2 else "12345")
        device.elapsed(0, 120000)
        assert device.events.sequence == sequence
    buf = bytearray(events.ENTRY)
    memory.read(events.START + sequence * events.ENTRY, buf)
    assert buf[8] == codes.EVENT_TOKEN_ACCEPTED and buf[9] == 255
    again = meter(memory)
    assert again.events.sequence == sequence
    assert again.events.entry(sequence)[1] == codes.EVENT_POWER_UP
    again.events.note(codes.EVENT_TAMPER, 1, 0)
    again.elapsed(0, 0)
    again.enter_token("12345")  # has the place that the tampering gave
    assert _log(again)[-3:] == [
        (codes.EVENT_POWER_UP, 0),
        (codes.EVENT_TAMPER, 1),
        (codes.EVENT_TOKEN_REFUSED, results.FORMAT_ERROR),
    ]


def test_the_record_of_an_earlier_firmware_is_read():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token(200, 1))
    device.events.records[0][3](b"\x00\x00\x00\x09\x00\x05", 1)
    assert (device.events.sequence, device.events.power_fail_count) == (9, 5)
    device.enter_token("12345")
    assert device.events.sequence == 10


def _exhaust(device):
    """Use up the room of what can be repeated."""
    for _ in range(50):
        device.enter_token("12345")


def test_protection_acts_at_once_where_no_event_has_room():
    """Over-voltage, a key, an order of the utility, an alarm that opens: none waits for a log."""
    device = meter(voltage_opens=1, voltage_delay_s=1, lower_credit_opens=1)
    device.enter_token(token(200, 1))
    high = reading(300000, 0, 0, 5000)
    for _ in range(60):  # of its own kind, too
        device.events.note(codes.EVENT_VOLTAGE_GOOD, 2300, 2)
    _exhaust(device)
    device.sensed(high, 0, True)
    device.elapsed(2000, 2000)
    assert device.supply.reasons == codes.VOLTAGE
    device.sensed(reading(230000, 0, 0, 5000), 0, False)
    device.elapsed(2000, 2000)
    assert device.supply.reasons == 0
    device.supply.order(False)
    device.elapsed(20, 20)
    assert device.supply.reasons == codes.REMOTE and _log(device)[-1] == (codes.EVENT_ORDER, 0)


def test_an_overload_opens_before_its_event_is_written():
    """At the moment of the write the relay has its command already."""
    memory = Memory()
    device = meter(memory, overload_w=1000)
    device.enter_token(token(200, 1))
    _exhaust(device)
    assert device.relay_command(20) is True
    device.sensed(reading(w_x10=20000), 0, True)
    seen, sent = [], []
    write = memory.write

    def slow(offset, buf):
        seen.append((device.supply.reasons, sent[:]))
        write(offset, buf)

    memory.write = slow
    device.act = lambda: sent.append(device.relay_command(0))
    device.elapsed(40000, 0)
    assert seen and all(one == (codes.OVERLOAD, [False]) for one in seen), seen
