"""Orders and power cuts at every write, and orders of prices to a currency meter."""

from binascii import crc32

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from currency_rig import PRICES, UNIT, money, priced
from meter_rig import STEP, Memory, PowerCut
from orders_rig import FEATURES, Board, Line, order

from meter.malignant import feature as _feature  # noqa: F401  while there are large pieces of heap
from meterbus import orders


def change(sequence, pairs, kind=orders.SETTINGS):
    return order(sequence, kind, orders.body(pairs))


def state(line):
    """Return what orders change, as the meter uses it."""
    one = line.meter
    found = [getattr(one, feature).values for feature in FEATURES if hasattr(one, feature)]
    prices = getattr(one.account, "prices", None)
    return found, prices, getattr(one.account, "daily", None), one.supply.remote


def cut_everywhere(line, data):
    """Cut the power at every write of an order that is written again after the start. Return how
    many cuts there were. At every cut the old or the new state is used, wholly."""
    memory, given = bytes(line.memory.data), line.board.settings()
    old, sequence = state(line), orders.head(data)[0]
    assert line.give(data) == orders.DONE
    new = state(line)
    assert old != new
    line.start()
    assert state(line) == new
    cuts = 0
    places = [(0, None), (1, None)] if line.board.given != given else []
    places += [(None, at) for at in range(0, 5000, STEP)]
    line.meter = line.view = line.server = None
    for cut, at in places:
        one = Line(Memory(memory), Board(given))
        one.board.cut, one.memory.cut_after = cut, at
        try:
            assert one.write(data) == 0
            one.view.work()
            one.board.cut = one.memory.cut_after = None
            break
        except PowerCut:
            cuts += 1
        one.start()
        assert not one.meter.settings.wrong and not one.meter.ledger.fault
        assert state(one) in (old, new), (cut, at)
        done = one.meter.orders.sequence == sequence
        assert not done or state(one) == new, (cut, at)
        saves = one.board.saves
        assert one.give(data) == orders.DONE
        assert state(one) == new
        assert one.board.saves == saves or not done  # not carried out twice
        one.start()
        assert state(one) == new and one.give(data) == orders.DONE
        one = None
    return cuts


def test_settings_are_old_or_new_after_a_cut_at_every_write():
    line = Line(malignant={"mode": 1})
    data = change(5, [(1, 3000), (10, 9000), (30, 2), (36, 100), (37, 200), (20, 250)])
    assert cut_everywhere(line, data) > 250 // STEP


def test_open_is_old_or_new_after_a_cut_at_every_write():
    assert cut_everywhere(Line(), order(5, orders.OPEN)) > 250 // STEP


def test_prices_are_old_or_new_after_a_cut_at_every_write():
    line = Line(**priced([2500000]))
    data = change(5, [(orders.DAILY, 700), (1, 3000000), (4, 1)], orders.PRICES)
    assert cut_everywhere(line, data) > 250 // STEP


def test_prices():
    line = Line(**priced(PRICES, 5))
    line.meter.enter_token(money(500000))
    alarms = line.meter.alarms.values
    assert line.give(change(5, [(2, 400), (orders.DAILY, 6)], orders.PRICES)) == orders.DONE
    account = line.meter.account
    assert account.prices == (PRICES[0], 400, PRICES[2], PRICES[3]) and account.daily == 6
    text = "KES,%d,400,%d,%d,6" % (PRICES[0], PRICES[2], PRICES[3])
    assert account.crc == line.board.given["currency_crc"] == crc32(text.encode())
    assert line.meter.alarms.values == alarms
    assert line.give(change(6, [(1, 1000000)], orders.PRICES)) == orders.DONE
    assert account.price() == 1000000
    assert line.meter.alarms.values[:2] == [50 * UNIT, 10 * UNIT]  # of 5 and 1 kWh at that price
    before = state(line)
    line.start()
    assert state(line) == before and not line.meter.settings.wrong


def test_prices_that_cannot_be():
    line = Line(**priced(PRICES))
    before = line.board.settings()
    for sequence, pair in enumerate(((1, 0), (1, 1 << 32), (orders.DAILY, 1 << 32)), 5):
        assert line.give(change(sequence, [(2, 7), pair], orders.PRICES)) == orders.RANGE
    assert line.give(change(9, [(5, 1)], orders.PRICES)) == orders.FUNCTION
    assert line.board.settings() == before and line.meter.account.prices == tuple(PRICES)


def test_alarm_levels_of_a_currency_meter_are_money():
    line = Line(**priced(PRICES))
    assert line.give(change(5, [(10, 300000), (11, 100000)])) == orders.DONE
    assert line.meter.alarms.values == [3 * UNIT, UNIT, 0]
    assert line.board.given["low_credit_money"] == 300000
    assert "low_credit_wh" not in line.board.given
    assert line.give(change(6, [(11, 300001)])) == orders.RANGE
    assert line.give(change(7, [(10, 10**14 + 1)])) == orders.RANGE
    line.start()
    assert line.meter.alarms.values == [3 * UNIT, UNIT, 0] and not line.meter.settings.wrong
