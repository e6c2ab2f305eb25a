"""A ledger that is lost, or of a later form, and the technician's order to begin a new one."""

from binascii import crc32

from meter_rig import FIRST_TID, STEP, Mark, PowerCut, meter, reading, slots, token
from meter_rig import Memory as Whole

from meter.store.slots import FORM, place
from meterbus import codes
from sts_portable import results


class Memory(Whole):
    """A memory with the places of the first events only: several are in the heap at once."""

    size = 2560


ORDER = {"tid_floor": FIRST_TID + 100, "by": "A. Meyer", "at": 1790000000}


def _used():
    """Return memory and mark of a meter that accepted tokens."""
    memory, mark = Memory(), Mark()
    device = meter(memory, mark=mark)
    for number in (0, 100):
        assert device.enter_token(token(200, number)) == results.ACCEPT
    return bytes(memory.data), mark


def _lost():
    """Yield memories of that meter in which its ledger is lost."""
    data, _ = _used()
    size = len(data)
    half = bytearray(data)
    half[place(0) + 20] ^= 1
    both = bytearray(half)
    both[place(1) + 20] ^= 1
    yield both
    yield bytes(size)
    yield b"\xff" * size
    yield half[: place(1)] + bytes(size - place(1))
    yield b"\xff" * place(1) + both[place(1) :]
    yield bytes(place(0)) + both[place(0) :]


def _is_lost(device):
    return (
        device.ledger.fault
        and device.supply.reasons == codes.LEDGER_FAULT
        and device.relay_command(0) is False
        and device.enter_token(token(200, 100)) == results.NONE
        and not device.known() & codes.KNOWN_LEDGER
    )


def test_a_first_start_leaves_a_mark():
    mark = Mark()
    device = meter(mark=mark)
    assert device.ledger.fault == "" and mark.values == {"ledger": "created"}


def test_a_mark_that_cannot_be_written_is_written_at_the_next_start():
    mark = Mark()
    mark.broken = True
    memory = Memory()
    assert meter(memory, mark=mark).enter_token(token()) == results.ACCEPT
    mark.broken = False
    assert meter(memory, mark=mark).ledger.fault == ""
    assert mark.values == {"ledger": "created"}


def test_with_a_mark_a_blank_ledger_is_lost_and_left_alone():
    _, mark = _used()
    for data in _lost():
        memory = Memory(data)
        assert _is_lost(meter(memory, mark=mark))
        assert bytes(memory.data) == bytes(data) and memory.writes == 0


def test_a_mark_that_cannot_be_read_is_a_fault_and_no_order_clears_it():
    used, mark = _used()
    mark.damaged = True
    for data in (bytes(len(used)), used):
        memory = Memory(data)
        device = meter(memory, mark=mark, ledger_reset=ORDER)
        assert device.ledger.fault == "store.json cannot be read"
        assert _is_lost(device)
        assert bytes(memory.data) == data and memory.writes == 0
    mark.damaged = False
    assert meter(Memory(used), mark=mark).account.credit == 40000


def test_without_one_it_is_a_new_meter():
    for data in (bytes(Memory.size), b"\xff" * Memory.size):
        assert meter(Memory(data), mark=Mark()).enter_token(token()) == results.ACCEPT


def test_the_first_start_may_be_cut_before_the_mark():
    whole = Memory()
    meter(whole)
    for cut in range(0, whole.written, STEP):
        memory, mark = Memory(), Mark()
        memory.cut_after = cut
        try:
            meter(memory, mark=mark)
        except PowerCut:
            pass
        memory.cut_after = None
        assert not mark.values
        assert meter(memory, mark=mark).ledger.fault == "" and mark.values


def test_an_order_begins_a_new_ledger_in_which_old_tokens_stay_used():
    for data in _lost():
        _order(data)  # its meters leave the heap before the next ones are made


def _order(data):
    _, mark = _used()
    memory = Memory(data)
    device = meter(memory, mark=mark, ledger_reset=ORDER)
    assert device.ledger.fault == ""
    assert device.account.credit == 0
    for number in (0, 1, 50, 51, 99, 100):
        result = device.enter_token(token(200, number))
        assert result in (results.USED_ERROR, results.OLD_ERROR), number
    assert device.enter_token(token(200, 101)) == results.ACCEPT
    assert device.account.credit == 20000
    assert mark.values["reset_done"] and mark.values["reset_by"] == "A. Meyer"
    assert mark.values["reset_tid_floor"] == FIRST_TID + 100
    again = meter(memory, mark=mark, ledger_reset=ORDER)
    assert again.account.credit == 20000
    ledger = again.ledger
    assert (ledger.reset_at, ledger.reset_tid_floor) == (ORDER["at"], FIRST_TID + 100)
    assert again.enter_token(token(200, 100)) == results.USED_ERROR


def test_an_order_is_carried_out_once():
    _, mark = _used()
    memory = Memory(next(_lost()))
    meter(memory, mark=mark, ledger_reset=ORDER).enter_token(token(200, 101))
    for slot in (0, 1):
        memory.data[place(slot) + 20] ^= 1
    assert _is_lost(meter(memory, mark=mark, ledger_reset=ORDER))
    later = dict(ORDER)
    later.update({"at": 1790000001, "tid_floor": FIRST_TID + 101})
    device = meter(memory, mark=mark, ledger_reset=later)
    assert device.ledger.fault == ""
    assert device.enter_token(token(200, 101)) == results.USED_ERROR


def test_an_order_that_was_not_needed_is_not_carried_out_later():
    data, mark = _used()
    memory = Memory(data)
    device = meter(memory, mark=mark, ledger_reset=ORDER)
    assert device.account.credit == 40000 and mark.values["reset_done"] is False
    for slot in (0, 1):
        memory.data[place(slot) + 20] ^= 1
    assert _is_lost(meter(memory, mark=mark, ledger_reset=ORDER))


def test_an_order_cut_at_any_byte_is_whole_or_not_at_all():
    _, mark = _used()
    noted = dict(mark.values)
    for cut in range(0, 1200, 3 * STEP):
        memory, mark = Memory(next(_lost())), Mark(noted)
        memory.cut_after = cut
        try:
            meter(memory, mark=mark, ledger_reset=ORDER)
        except PowerCut:
            pass
        memory.cut_after = None
        device = meter(memory, mark=mark, ledger_reset=ORDER)
        assert device.ledger.fault == ""
        assert device.enter_token(token(200, 100)) == results.USED_ERROR


def test_orders_that_cannot_be_used():
    _, mark = _used()
    for order, word in (
        ([], "object"),
        ({}, "at"),
        ({"tid_floor": 1, "by": "x"}, "at"),
        ({"tid_floor": 0, "by": "x", "at": 1}, "tid_floor"),
        ({"tid_floor": 1 << 24, "by": "x", "at": 1}, "tid_floor"),
        ({"tid_floor": True, "by": "x", "at": 1}, "tid_floor"),
        ({"tid_floor": "1", "by": "x", "at": 1}, "tid_floor"),
        ({"tid_floor": 1, "by": "", "at": 1}, "by"),
        ({"tid_floor": 1, "by": "x" * 41, "at": 1}, "by"),
        ({"tid_floor": 1, "by": 5, "at": 1}, "by"),
    ):
        device = meter(Memory(next(_lost())), mark=mark, ledger_reset=order)
        assert _is_lost(device) and word in device.ledger.fault, order


def test_a_memory_that_does_not_answer_is_not_reset():
    data, mark = _used()
    memory = Memory(data)
    memory.unreadable = True
    assert _is_lost(meter(memory, mark=mark, ledger_reset=ORDER))
    memory.unreadable = False
    assert meter(memory, mark=mark).account.credit == 40000


def _seal(data, slot):
    """Correct the CRC of a changed slot."""
    start, length = slots(data)[slot]
    end = start + length - 4
    data[end : end + 4] = crc32(bytes(data[start:end])).to_bytes(4, "big")


def test_a_later_form_is_refused_and_left_alone():
    data, mark = _used()
    for slot in (0, 1):
        start = place(slot)
        for at, value in (
            (1, FORM + 1),  # a later form of slot
            (0, 1),
            (8, 99),  # a tag that is not known
            (9, 2),  # a later version of the first record
        ):
            later = bytearray(data)
            later[start + at] = value
            _seal(later, slot)
            memory = Memory(later)
            device = meter(memory, mark=mark, ledger_reset=ORDER)
            assert device.ledger.fault == "the ledger was written by a newer firmware"
            assert _is_lost(device)
            device.pulses(100)
            device.sensed(reading(230000, 0, 0, 5000), True, False)
            assert bytes(memory.data) == bytes(later) and memory.writes == 0


def test_records_that_do_not_fit_are_a_fault_and_left_alone():
    data, mark = _used()
    for tag in (1, 2, 3, 4, 5, 6, 200):
        for length in (1, 3, 40, 255):
            broken = bytearray(data)
            for slot in (0, 1):
                start = place(slot)
                broken[start + 8 : start + 11] = bytes((tag, 1, length))
                _seal(broken, slot)
            memory = Memory(broken)
            assert _is_lost(meter(memory, mark=mark, ledger_reset=ORDER)), (tag, length)
            assert bytes(memory.data) == bytes(broken)


def test_a_flipped_bit_anywhere_in_a_slot_is_seen():
    data, mark = _used()
    good = meter(Memory(data), mark=mark)
    (first, length), (second, other) = slots(data)
    if data[first + 5] < data[second + 5]:
        first, length = second, other
    for at in range(0, length, STEP):
        for bit in (0, 3, 7):
            memory = Memory(data)
            memory.data[first + at] ^= 1 << bit
            device = meter(memory, mark=mark)
            assert device.ledger.fault == ""
            assert device.account.credit == 20000  # that of the older slot
            assert device.enter_token(token(200, 0)) == results.USED_ERROR
    return good.account.credit


def test_tags_are_unique_and_all_records_fit():
    key = "f94b6ed353c3bfdb113e2d3a7ea3c41d"
    memory, mark = Memory(next(_lost())), _used()[1]
    device = meter(memory, mark=mark, ledger_reset=ORDER, key=key, ea=11)
    rows = [row for one in device.features for row in getattr(one, "records", ())]
    assert len({row[0] for row in rows}) == len(rows)
    device.tokens.key_from_token = True
    for _ in range(60):
        device.tokens.tids.add(FIRST_TID + 1000)
    device.pulses(10)
    again = meter(memory, mark=mark)
    assert again.ledger.fault == "" and again.account.energy_wh == 10
    assert again.tokens.key.ea == 11 and len(again.tokens.key.key) == 16
