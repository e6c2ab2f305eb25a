"""The maximum credit: of every way that a token comes, in energy and in money."""

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
import modbus_rig
from currency_rig import carried, money, priced
from meter_rig import FIRST_TID, KEY, Memory, meter, press, shown, token

from meterbus import codes
from sts_portable import results, vendor

LIMIT = 30000  # Wh


def _clear(number):
    return vendor.management(KEY, 7, 1, FIRST_TID + number, 0, register=0)


def test_a_token_beyond_it_is_refused_and_is_not_used_up():
    memory = Memory()
    device = meter(memory, maximum_credit_wh=LIMIT)
    assert device.enter_token(token(200, 1)) == results.ACCEPT
    assert device.enter_token(token(101, 2)) == results.OVERFLOW_ERROR
    assert device.enter_token(token(100, 3)) == results.ACCEPT
    assert device.account.credit == LIMIT
    assert device.enter_token(token(1, 4)) == results.OVERFLOW_ERROR
    device.pulses(101)
    device = None
    again = meter(memory, maximum_credit_wh=LIMIT)
    assert again.enter_token(token(1, 4)) == results.ACCEPT
    assert again.enter_token(token(1, 4)) == results.USED_ERROR
    again.pulses(11000)
    assert again.enter_token(token(101, 2)) == results.ACCEPT
    assert again.account.credit <= LIMIT


def test_from_the_key_pad_and_from_the_bus():
    device = meter(maximum_credit_wh=LIMIT)
    press(device, token(301, 1) + "#")
    assert shown(device)[0] == "Too much credit" and device.account.credit == 0
    device = None
    line = modbus_rig.Line(maximum_credit_wh=LIMIT)
    for tenths, number, result in ((301, 1, results.OVERFLOW_ERROR), (300, 2, results.ACCEPT)):
        line.enter(token(tenths, number), 7 + number)
        line.view.work()
        assert line.result() == (result, 7 + number)
    assert line.meter.account.credit == LIMIT


def test_the_greatest_tokens_overflow_nothing():
    greatest = 18201624  # tenths of a kWh, which a token can have
    for given, most in (({}, 0x7FFFFFFF), ({"maximum_credit_wh": LIMIT}, LIMIT)):
        device = meter(**given)
        device.account.credit = -0x80000000
        for number in range(5):
            before = device.account.credit
            result = device.enter_token(token(greatest, number))
            fits = before + 100 * greatest <= most
            assert result == (results.ACCEPT if fits else results.OVERFLOW_ERROR)
            assert device.account.credit <= most
        device = None


def test_a_limit_below_the_credit_takes_nothing_away():
    memory = Memory()
    meter(memory).enter_token(token(400, 1))
    device = meter(memory, maximum_credit_wh=LIMIT)
    assert device.account.credit == 40000
    assert device.enter_token(token(1, 2)) == results.OVERFLOW_ERROR
    assert device.enter_token(_clear(3)) == results.ACCEPT and device.account.credit == 0
    assert device.enter_token(token(300, 4)) == results.ACCEPT


def test_what_cannot_be_a_limit_is_a_wrong_setting():
    for wrong in (-1, 0x80000000, "30", True, 1.5, None):
        assert meter(maximum_credit_wh=wrong).settings.wrong == "maximum_credit_wh"
    given = priced(maximum_credit_wh=1)
    assert meter(**given).settings.wrong == "maximum_credit_wh"


def test_money():
    device = meter(**priced(maximum_credit_money=1000000))
    assert device.enter_token(money(600000, 1)) == results.ACCEPT
    assert device.enter_token(money(500000, 2)) == results.OVERFLOW_ERROR
    before = device.account.credit
    assert before == carried(600000)
    assert device.enter_token(money(-200000, 3)) == results.ACCEPT
    assert device.enter_token(money(500000, 2)) == results.ACCEPT
    assert device.account.credit == before + carried(-200000) + carried(500000)
    assert device.enter_token(money(10**13, 4)) == results.OVERFLOW_ERROR
    device.account.credit = 3 * 10**9  # of an earlier setting: a correction is taken
    assert device.enter_token(money(-200000, 5)) == results.ACCEPT
    assert device.account.credit > 2 * 10**9
    assert not device.status() & codes.STATUS_NOT_CONFIGURED
