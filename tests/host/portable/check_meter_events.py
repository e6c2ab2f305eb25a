"""The event log and the lock-out: bounded, in order, and there after a power failure."""

from meter_rig import FIRST_TID, KEY, Memory, PowerCut, meter, press, reading, shown, token

from meter import events
from meterbus import codes
from sts_portable import results, vendor


def _log(device, since=0):
    """Return [(code, data)] of the events after `since`; None for one that is missing."""
    found = []
    for sequence in range(since + 1, device.events.sequence + 1):
        entry = device.events.entry(sequence)
        found.append(entry and entry[1:])
    return found


def _wrong(number):
    """Return a token of class 0 that no meter of this key accepts."""
    digits = token(10, number, bytes(8))
    return digits


def test_what_happens_is_recorded_in_order_with_its_time():
    memory = Memory()
    device = meter(memory, unix=lambda: 1790000000)
    device.enter_token(token(200, 1))
    device.enter_token(token(200, 1))
    device.sensed(reading(), codes.METER_COVER, True)
    assert _log(device) == [
        (codes.EVENT_POWER_UP, 0),
        (codes.EVENT_TOKEN_ACCEPTED, results.ACCEPT),
        (codes.EVENT_TOKEN_REFUSED, results.USED_ERROR),
        (codes.EVENT_COVER_OPENED, 0),
        (codes.EVENT_RELAY_CLOSED, 0),
    ]
    assert device.events.entry(2)[0] == 1790000000
    again = meter(memory)
    assert _log(again)[:5] == _log(device) and again.events.sequence == 6
    assert again.events.entry(6)[0] is None  # the time is not known


def test_the_newest_entries_are_kept_and_older_ones_are_gone():
    memory = Memory()
    device = meter(memory)
    for number in range(events.ENTRIES + 10):
        device.enter_token(token(1, number))
    last = device.events.sequence
    assert device.events.entry(last - events.ENTRIES) is None
    assert device.events.entry(last - events.ENTRIES + 1) is not None
    assert device.events.entry(last + 1) is None
    return last


def test_a_damaged_entry_is_missing_and_nothing_else():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token(200, 1))
    memory.data[events.START + 2 * events.ENTRY + 9] ^= 1
    assert _log(meter(memory)) == [(codes.EVENT_POWER_UP, 0), None, (codes.EVENT_POWER_UP, 0)]


def test_what_can_be_repeated_at_will_is_bounded():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token(200, 1))
    before = memory.writes
    for _ in range(500):
        device.sensed(reading(), codes.METER_COVER, False)
        device.sensed(reading(), 0, False)
        assert device.enter_token(token(200, 1)) == results.USED_ERROR
    assert memory.writes - before <= 2 * 40
    sequence = device.events.sequence
    assert device.enter_token(token(200, 2)) == results.ACCEPT  # is always recorded
    assert device.events.sequence == sequence + 1
    device.elapsed(0, 120000)
    assert _log(device)[-1] == (codes.EVENT_DROPPED, 1500 - 39)


def test_a_power_cut_between_ledger_and_log_loses_one_entry_and_no_number():
    memory = Memory()
    device = meter(memory)
    before = bytes(memory.data)
    device.enter_token(token(200, 1))
    whole = memory.written
    for cut in range(0, whole, 7):
        memory = Memory(before)
        device = meter(memory)
        start = device.events.sequence
        memory.cut_after = cut
        try:
            device.enter_token(token(200, 1))
        except PowerCut:
            pass
        memory.cut_after = None
        again = meter(memory)
        accepted = again.account.credit == 20000
        assert again.events.sequence == start + 1 + accepted, cut
        log = _log(again, start)
        assert log[-1] == (codes.EVENT_POWER_UP, 0)
        if accepted:
            assert log[0] in (None, (codes.EVENT_TOKEN_ACCEPTED, results.ACCEPT))


def test_a_log_that_is_ahead_of_the_ledger_is_continued():
    memory = Memory()
    device = meter(memory)
    before = bytes(memory.data[:2048])
    device.enter_token(token(200, 1))
    memory.data[:2048] = before
    again = meter(memory)
    assert again.events.sequence == 3
    assert _log(again)[-1] == (codes.EVENT_POWER_UP, 0)


# The lock-out


TEST = "00000000000167774880"  # class 1, printed in makers' manuals


def test_three_wrong_tokens_are_free_and_each_further_one_locks_for_twice_as_long():
    device = meter()
    waits = []
    for number in range(13):
        assert device.enter_token(_wrong(number)) == results.CRC_ERROR
        wait = device.lockout.wait_s()
        waits.append(wait)
        if wait:
            assert device.enter_token(_wrong(number)) == results.LOCKOUT_ERROR
            device.elapsed(0, wait * 1000 - 1)
            assert device.lockout.wait_s() == 1
            assert device.enter_token(token(200, 1)) == results.LOCKOUT_ERROR
            device.elapsed(0, 1)
    assert waits == [0, 0, 0, 10, 20, 40, 80, 160, 320, 640, 1280, 1280, 1280]
    assert device.enter_token(token(200, 1)) == results.ACCEPT
    assert device.enter_token(_wrong(20)) == results.CRC_ERROR
    assert device.lockout.wait_s() == 0


def test_only_an_accepted_token_with_the_key_ends_a_row_of_wrong_ones():
    """A test token, a used token and a section of a key change can be entered again and again."""
    new = bytes.fromhex("060b8643c59a27f1")
    wanted = {"kt": 2, "krn": 2, "ti": 1, "ken": 255, "ro": False, "sgc": 123456}
    section = vendor.key_change(KEY, 7, new, minute=1, bdt="14", old_bdt="14", **wanted)[0]
    device = meter()
    device.enter_token(token(200, 1))
    between = (TEST, token(200, 1), section)
    for number in range(4):
        assert device.lockout.wait_s() == 0
        assert device.enter_token(_wrong(number)) == results.CRC_ERROR
        for digits in between:
            device.enter_token(digits)
    assert device.lockout.wait_s() == 10
    device.elapsed(0, 10000)
    assert device.enter_token(token(200, 2)) == results.ACCEPT
    assert not any(device.lockout.wrong)


def test_a_wrong_token_without_a_key_is_no_guess():
    memory = Memory()
    device = meter(memory)
    damaged = TEST[:-1] + "1"
    for _ in range(60):
        assert device.enter_token(damaged) == results.CRC_ERROR
    before = memory.writes
    for _ in range(60):
        device.enter_token(damaged)
    assert not any(device.lockout.wrong) and memory.writes == before


def test_tokens_without_a_key_neither_fill_the_log_nor_wear_the_memory():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token(200, 1))
    writes, sequence = memory.writes, device.events.sequence
    for _ in range(200):
        assert device.enter_token(TEST) == results.ACCEPT
    assert device.events.sequence - sequence == 32
    assert memory.writes - writes <= 2 * 40
    assert device.history.entry(0) == (token(200, 1), results.ACCEPT)
    assert device.history.entry(1) is None


def test_a_refused_token_that_is_repeated_leaves_the_history_as_it_is():
    device = meter()
    for number in range(3):
        device.enter_token(token(200, number))
    for _ in range(5):
        for number in range(3):
            assert device.enter_token(token(200, number)) == results.USED_ERROR
    found = [device.history.entry(number) for number in range(7)]
    used = [(token(200, number), results.USED_ERROR) for number in (2, 1, 0)]
    taken = [(token(200, number), results.ACCEPT) for number in (2, 1, 0)]
    assert found == used + taken + [None]


def test_a_locked_meter_takes_tokens_without_a_key_and_writes_nothing():
    memory = Memory()
    device = meter(memory)
    for number in range(4):
        device.enter_token(_wrong(number))
    before = memory.writes
    for number in range(50):
        assert device.enter_token(_wrong(number)) == results.LOCKOUT_ERROR
        assert device.enter_token(token(200, number), 7) == results.LOCKOUT_ERROR
    assert memory.writes == before and device.account.credit == 0
    assert shown(device) == ("Locked", "Wait 10 s")
    assert device.enter_token("00000000000150997584") != results.LOCKOUT_ERROR  # class 1
    assert device.tokens.last_result != results.LOCKOUT_ERROR


def test_the_key_pad_has_a_lock_of_its_own():
    """Whoever is on the bus, or at the page, does not lock the customer out of her key pad."""
    memory = Memory()
    device = meter(memory)
    for number in range(20):
        device.enter_token(_wrong(number), number)
        device.elapsed(0, 1280000)
    device.enter_token(_wrong(20), 20)
    assert device.enter_token(token(200, 1), 21) == results.LOCKOUT_ERROR
    assert device.lockout.wait_s() == 1280 and device.lockout.wait_s(True) == 0
    press(device, token(200, 1) + "#")
    assert device.account.credit == 20000
    assert device.lockout.wait_s() == 1280  # an accepted token ends the row of its own entry only
    waits = []
    for number in range(11):
        press(device, _wrong(number) + "#")
        waits.append(device.lockout.wait_s(True))
        if number < 10:
            device.elapsed(0, 1000 * waits[-1])
    assert waits == [0, 0, 0, 10, 20, 40, 80, 160, 320, 640, 1280]
    assert shown(device) == ("Wrong token", "Wait 1280 s")
    device = None
    device = meter(memory)
    assert (device.lockout.wait_s(), device.lockout.wait_s(True)) == (1280, 1280)
    device.elapsed(0, 1280000)
    assert device.enter_token(token(200, 2), 22) == results.ACCEPT
    device.elapsed(0, 0)
    device = None
    device = meter(memory)
    assert (device.lockout.wait_s(), device.lockout.wait_s(True)) == (0, 1280)


def test_a_lock_of_earlier_firmware_is_one_of_both_entries():
    device = meter()
    _, _, _, unpack = device.lockout.records[0]
    unpack(b"\x05", 1)
    assert (device.lockout.wait_s(), device.lockout.wait_s(True)) == (20, 20)
    unpack(None, 0)
    assert (device.lockout.wait_s(), device.lockout.wait_s(True)) == (0, 0)
    unpack(b"\x04\x00", 2)
    assert (device.lockout.wait_s(), device.lockout.wait_s(True)) == (10, 0)
    for data, version in ((b"\x0c", 1), (b"", 1), (b"\x01", 2), (b"\x00\x0c", 2), (bytes(3), 2)):
        try:
            unpack(data, version)
        except ValueError:
            continue
        raise AssertionError(data)


def test_random_tokens_at_16_a_second_are_decrypted_at_a_bounded_rate():
    memory = Memory()
    device = meter(memory)
    writes = memory.writes
    decrypted = 0
    for number in range(16 * 3600):
        result = device.enter_token(_wrong(number % 50), number + 1)
        decrypted += result == results.CRC_ERROR
        device.elapsed(0, 62)
    assert decrypted == 12  # within an hour; then one in 1280 s
    assert memory.writes - writes <= 2 * 12 + 40
    press(device, token(200, 1) + "#")
    assert device.account.credit == 20000


def test_a_power_failure_does_not_end_a_lock():
    memory = Memory()
    device = meter(memory)
    for number in range(4):
        device.enter_token(_wrong(number))
    device.elapsed(0, 9000)
    again = meter(memory)
    assert again.lockout.wait_s() == 10  # anew: how long it has lasted is not stored
    assert again.enter_token(token(200, 1)) == results.LOCKOUT_ERROR
    again.elapsed(0, 10000)
    assert again.enter_token(token(200, 1)) == results.ACCEPT
    assert meter(memory).lockout.wait_s() == 0


def test_refusals_of_authentic_tokens_do_not_lock():
    device = meter()
    used = token(200, 1)
    device.enter_token(used)
    for number in range(20):
        assert device.enter_token(used) == results.USED_ERROR
        other = vendor.credit(KEY, 7, FIRST_TID + 100 + number, 0, 10, subclass=1)
        assert device.enter_token(other) == results.FUNCTION_ERROR
    assert device.lockout.wait_s() == 0


def _moved(device):
    """Open and close a cover until its events are dropped."""
    for number in range(90):
        device.sensed(reading(), codes.METER_COVER * (number % 2), None)


def test_a_tampering_is_stored_where_too_many_events_came_before():
    memory = Memory()
    device = meter(memory)
    _moved(device)
    for _ in range(3):
        device.sensed(reading(), codes.MAGNET, None)
        device.elapsed(200, 200)
    assert _log(device)[-1] == (codes.EVENT_TAMPER, codes.MAGNET | 0x100)
    assert meter(memory).tamper.latched == codes.MAGNET


def test_a_trip_of_overload_is_stored_where_too_many_events_came_before():
    memory = Memory()
    device = meter(memory, overload_w=1000)
    _moved(device)
    device.sensed(reading(w_x10=20000), 0, True)
    device.elapsed(40000, 40000)
    assert _log(device)[-1] == (codes.EVENT_OVERLOAD, 2000)
    assert meter(memory, overload_w=1000).limiter.trips == 1


def test_emergency_credit_is_taken_once_where_too_many_events_came_before():
    memory = Memory()
    device = meter(memory, emergency_wh=500)
    _moved(device)
    device.key("#")
    again = meter(memory, emergency_wh=500)
    assert again.emergency.used and again.account.reserve == 500
