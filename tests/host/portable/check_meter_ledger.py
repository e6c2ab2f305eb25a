"""The ledger: whatever is cut or broken, the state before or the one after is found."""

import struct

from meter_rig import KEY, STEP, Memory, PowerCut, meter, press, reading, screen, slots, token

from meter.store.slots import place
from meterbus import codes
from sts_portable import results, vendor
from sts_portable import token as sts_token

SLOT_DAMAGED = 32
NEW_KEY = bytes.fromhex("060b8643c59a27f1")


def _used_once():
    """Return the memory of a meter that accepted one token and used some of it."""
    memory = Memory()
    device = meter(memory)
    assert device.enter_token(token(200, 1), 77) == results.ACCEPT
    device.pulses(1500)
    return bytes(memory.data)


def test_everything_survives_a_power_failure():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token(200, 1), 77)
    device.pulses(1500)
    sequence = device.events.sequence
    again = meter(memory)
    account, tokens, events = again.account, again.tokens, again.events
    assert (account.energy_wh, account.credit, account.last_amount) == (1500, 18500, 200)
    assert (tokens.last_result, tokens.bus_ref) == (results.ACCEPT, 77)
    assert events.power_fail_count == 1
    assert events.sequence == sequence + 1
    assert again.enter_token(token(200, 1)) == results.USED_ERROR


def test_at_most_ten_wh_are_lost():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token())
    for _ in range(39):
        device.pulses(1)
    assert meter(memory).account.energy_wh == 30


def test_energy_is_not_written_for_every_pulse():
    memory = Memory()
    device = meter(memory)
    before = memory.writes
    for _ in range(100):
        device.pulses(1)
    assert memory.writes - before == 10


def test_an_accepted_token_is_one_write():
    memory = Memory()
    device = meter(memory)
    before = memory.writes
    device.enter_token(token(), 5)
    assert memory.writes - before == 2  # the ledger, and after it the event


def test_a_write_cut_at_any_byte_loses_and_doubles_nothing():
    before = _used_once()
    for cut in range(0, 300, STEP):
        memory = Memory(before)
        device = meter(memory)
        memory.cut_after = cut
        told = None
        try:
            told = device.enter_token(token(100, 2), 78)
        except PowerCut:
            pass
        memory.cut_after = None
        again = meter(memory)
        account = again.account
        assert not again.ledger.fault and _damages(again) == []
        assert account.energy_wh == 1500
        assert account.credit in (18500, 28500)
        accepted = account.credit == 28500
        if told == results.ACCEPT:
            assert accepted
        assert again.tokens.bus_ref == (78 if accepted else 77)
        assert again.enter_token(token(200, 1)) == results.USED_ERROR
        # Entered once more, it is credited exactly once in all, and the sender gets this answer.
        assert again.enter_token(token(100, 2), 78) == results.ACCEPT
        assert again.account.credit == 28500
        assert again.enter_token(token(100, 2)) == results.USED_ERROR


def test_the_very_first_write_may_be_cut_too():
    for fill in (0, 0xFF):
        for cut in range(0, 1200, STEP):
            memory = Memory(bytes([fill]) * Memory.size)
            memory.cut_after = cut
            try:
                meter(memory)
            except PowerCut:
                pass
            memory.cut_after = None
            again = meter(memory)
            assert not again.ledger.fault and _damages(again) == []


def test_two_bad_slots_are_a_fault_and_are_not_written_over():
    memory = Memory(_used_once())
    memory.data[place(0) + 20] ^= 1
    memory.data[place(1) + 20] ^= 1
    bad = bytes(memory.data)
    device = meter(memory)
    assert device.ledger.fault
    assert device.supply.reasons & codes.LEDGER_FAULT
    assert device.relay_command(0) is False
    assert device.enter_token(token(100, 2)) == results.NONE
    device.pulses(100)
    device.sensed(reading(230000, 0, 0, 5000), True, False)
    assert bytes(memory.data) == bad
    assert screen(device)[1] == "Off Memory fault"
    press(device, token(100, 2) + "#")
    assert screen(device) == ("Token not taken ", "Memory fault    ")


def test_one_bad_slot_is_survived():
    before = _used_once()
    for slot in (0, 1):
        memory = Memory(before)
        memory.data[place(slot) + 20] ^= 1
        device = meter(memory)
        assert not device.ledger.fault
        assert device.enter_token(token(200, 1)) == results.USED_ERROR


def _damages(device):
    """Return the data of the events of a damaged slot."""
    last = device.events.sequence
    entries = [device.events.entry(number) for number in range(1, last + 1)]
    return [one[2] for one in entries if one and one[1] == SLOT_DAMAGED]


def test_a_damaged_slot_is_an_event_once():
    """Of each byte, of both slots: what is damaged is told, the newer slot with the credit too."""
    before = _used_once()
    device = meter(Memory(before))
    device.enter_token(token(100, 2))
    before = bytes(device.store.data)
    newer = max(slots(before), key=lambda slot: before[slot[0] + 5])
    for start, length in slots(before):
        for at in range(0, length, 5 * STEP if length > 40 else 1):
            memory = Memory(before)
            memory.data[start + at] ^= 0x40
            device = meter(memory)
            lost = start == newer[0]
            assert device.account.credit == (18500 if lost else 28500)
            assert _damages(device) == [int(lost)], (start, at)
            assert _damages(meter(memory)) == [int(lost)], "it is not told again"
    memory = Memory(before)
    memory.data[newer[0] : newer[0] + 512] = bytes(512)  # erased
    assert _damages(meter(memory)) == [1]


def test_a_write_that_was_cut_at_any_number_of_a_slot_is_no_damage():
    from meter.store.damage import may_be_cut

    for good in (1, 2, 255, 256, 257, 65535, 65536, 0xFFFFFF):
        for fill in (0, 0xFF):
            for cut in range(1, 9):
                made = bytearray(struct.pack(">HIH", 3, good + 1, 60))
                old = struct.pack(">HIH", 3, good - 1, 60) if good > 1 else bytes([fill]) * 8
                made[cut:] = old[cut:]
                if bytes(made) != old:
                    assert may_be_cut(made, good), (good, cut)
        if good > 1:
            assert not may_be_cut(struct.pack(">HIH", 3, good - 1, 60), good)
        assert not may_be_cut(struct.pack(">HIH", 3, good + 0x2000000, 60), good)


def test_memory_that_cannot_be_read_is_a_fault():
    memory = Memory(_used_once())
    memory.unreadable = True
    assert meter(memory).ledger.fault


def test_a_token_that_cannot_be_stored_is_not_taken():
    memory = Memory(_used_once())
    device = meter(memory)
    memory.broken = True
    assert device.enter_token(token(100, 2), 78) == results.NONE
    assert device.account.credit == 18500
    assert device.tokens.bus_ref == 77
    assert device.supply.reasons == 0 and device.status() & codes.STATUS_LEDGER_FAULT
    memory.broken = False
    again = meter(memory)
    assert again.supply.reasons == 0
    assert again.enter_token(token(100, 2), 78) == results.ACCEPT
    assert again.account.credit == 28500


def _new_key_tokens(**changes):
    wanted = {"kt": 2, "krn": 2, "ti": 7, "ken": 200, "ro": False, "sgc": 123456}
    wanted.update(changes)
    old_bdt = "93" if wanted["ro"] else "14"
    return vendor.key_change(KEY, 7, NEW_KEY, minute=1, bdt="14", old_bdt=old_bdt, **wanted)


def test_a_changed_key_lives_in_the_ledger():
    memory = Memory()
    device = meter(memory)
    first, second = _new_key_tokens()
    assert device.enter_token(first) == results.FIRST_KCT
    assert screen(device)[0] == "Next token      "
    assert device.enter_token(second) == results.ACCEPT
    assert screen(device) == ("Accepted        ", "Key changed     ")
    key = meter(memory).tokens.key
    assert (key.key, key.krn, key.ti, key.ken) == (NEW_KEY, 2, 7, 200)
    again = meter(memory)
    assert again.enter_token(token()) == results.CRC_ERROR
    assert again.enter_token(token(key=NEW_KEY)) == results.ACCEPT


def test_a_set_to_the_present_key_makes_no_used_token_usable():
    """With the rollover bit, keyed in again after each credit."""
    memory = Memory()
    device = meter(memory)
    assert device.enter_token(token(200, 1)) == results.ACCEPT
    sections = vendor.key_change_fields(KEY, 2, 2, 7, 200, True, 123456)
    replay = [sts_token.make(2, subclass, KEY, 7, **values) for subclass, values in sections]
    for _ in range(3):
        assert device.enter_token(replay[0]) == results.FIRST_KCT
        assert device.enter_token(replay[1]) == results.RANGE_ERROR
        assert device.enter_token(token(200, 1)) == results.USED_ERROR
    again = meter(memory)
    assert (again.account.credit, again.tokens.key.krn) == (20000, 1)
    assert not again.tokens.key_from_token
    assert again.tokens.tids.contains(5001)


def test_a_key_that_is_not_changed_stays_out_of_the_memory():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token())
    assert KEY not in bytes(memory.data)


def test_a_key_change_that_cannot_be_stored_did_not_happen():
    memory = Memory()
    device = meter(memory)
    first, second = _new_key_tokens(ro=True)
    device.enter_token(token(200, 1))
    device.enter_token(second)
    memory.broken = True
    assert device.enter_token(first) == results.NONE
    key = device.tokens.key
    assert (key.key, key.krn, key.ti) == (KEY, 1, 1)
    assert not device.tokens.key_from_token
    assert device.tokens.tids.contains(5001)


def test_a_key_change_cut_at_any_byte_is_whole_or_not_at_all():
    memory = Memory()
    device = meter(memory)
    first, second = _new_key_tokens(ro=True)
    device.enter_token(token(200, 1))
    before = bytes(memory.data)
    for cut in range(0, 300, 5 * STEP):
        memory = Memory(before)
        device = meter(memory)
        device.enter_token(first)
        memory.cut_after = cut
        try:
            device.enter_token(second)
        except PowerCut:
            pass
        memory.cut_after = None
        again = meter(memory)
        key = again.tokens.key
        found = (key.key, key.krn, key.ti, again.tokens.tids.contains(5001))
        assert found in ((KEY, 1, 1, True), (NEW_KEY, 2, 7, False)), cut
        assert again.account.credit == 20000
