"""A meter whose credit is money: each Wh is charged by its own prices, and nothing is rounded."""

import struct
from binascii import crc32

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from currency_rig import (
    FIVE,
    MIDNIGHT,
    PRICES,
    UNIT,
    Clocked,
    carried,
    give,
    money,
    priced,
    use,
)
from meter_rig import FIRST_TID, KEY, Memory, meter, shown, token

from meterbus import codes
from sts_portable import results, vendor


def test_a_token_of_money_is_credited_once_and_one_of_energy_refused():
    memory = Memory()
    device = meter(memory, **priced())
    digits = money(500000)
    assert carried(500000) == FIVE
    assert device.enter_token(token(200, 1)) == results.FUNCTION_ERROR
    assert device.account.credit == 0
    assert device.enter_token(digits) == results.ACCEPT
    assert shown(device) == ("Accepted", "+5.00 KES")
    assert device.enter_token(digits) == results.USED_ERROR
    for subclass in (1, 2, 3):
        other = vendor.credit(KEY, 7, FIRST_TID + 2, 5, 100, subclass)
        assert device.enter_token(other) == results.FUNCTION_ERROR
    for subclass in (5, 6, 7):
        other = vendor.currency(KEY, 7, FIRST_TID + 2, 100, subclass)
        assert device.enter_token(other) == results.FUNCTION_ERROR
    assert device.account.credit == FIVE
    assert meter(memory, **priced()).account.credit == FIVE
    energy = meter()
    assert energy.enter_token(digits) == results.FUNCTION_ERROR
    assert energy.account.credit == 0 and energy.account.currency == ""


def test_each_wh_costs_its_price_and_the_supply_ends_with_the_credit():
    device = meter(**priced())
    device.enter_token(money(500000))
    assert device.supply.reasons == 0
    give(device, 5 * UNIT)
    use(device, 1)
    assert device.account.credit == 5 * UNIT - 2500000
    use(device, 198)
    assert device.supply.reasons == 0 and device.account.credit == 2500000
    use(device, 1)
    assert device.supply.reasons == codes.NO_CREDIT and device.account.credit == 0


def test_a_started_wh_that_the_credit_does_not_pay_is_a_debt():
    for constant in (800, 1000, 3200):
        account = meter(pulses_per_kwh=constant, **priced([1200033])).account
        account.credit = 7000000
        pulses = 0
        while account.pulses_left():
            assert account.credit > 0
            count = min(7, account.pulses_left())
            account.count(count)
            pulses += count
        assert account.energy_wh == 6 and account.credit == 7000000 - 6 * 1200033 < 0
        assert pulses == -(-6 * constant // 1000)


def test_energy_is_charged_at_the_rate_of_its_time():
    rig = Clocked(MIDNIGHT + 7 * 3600)
    rig.meter.enter_token(money(10000000))
    use(rig.meter, 100)
    rig.at(MIDNIGHT + 23 * 3600)
    use(rig.meter, 10)
    assert carried(10000000) - rig.meter.account.credit == 100 * PRICES[0] + 10 * PRICES[1]
    assert [rig.meter.tariffs.energy_wh(rate) for rate in (1, 2)] == [100, 10]


def test_a_lost_clock_refuses_no_token_and_energy_has_the_price_of_unknown_time():
    rig = Clocked(None, tariff_no_time=3)
    assert rig.meter.enter_token(money(10000000)) == results.ACCEPT
    rig.meter.pulses(50)
    assert carried(10000000) - rig.meter.account.credit == 50 * 3
    assert rig.meter.supply.reasons == 0
    rig.at(MIDNIGHT + 23 * 3600)
    use(rig.meter, 10)
    assert carried(10000000) - rig.meter.account.credit == 50 * 3 + 10 * PRICES[1]


def test_the_first_pulses_after_a_start_have_the_rate_that_their_register_counts():
    rig = Clocked(MIDNIGHT + 23 * 3600)
    rig.meter.pulses(20)
    assert rig.meter.account.credit == -20 * PRICES[1]
    assert rig.meter.tariffs.energy_wh(2) == 20


def test_without_tariffs_the_first_price_is_that_of_all_energy():
    device = meter(unix=lambda: MIDNIGHT, **priced())
    device.pulses(3)
    assert device.account.credit == -3 * PRICES[0]


def test_tariff_sums_that_cannot_be_read_leave_the_price_of_unknown_time():
    rig = Clocked(MIDNIGHT + 23 * 3600, tariff_no_time=4)
    use(rig.meter, 10)
    entry = bytearray(26)
    struct.pack_into(">IB", entry, 0, 9, 2)  # of a newer firmware
    struct.pack_into(">I", entry, 22, crc32(entry[:22]))
    rig.memory.data[1664 + 26 : 1664 + 52] = entry
    rig.start()
    before = rig.meter.account.credit
    rig.meter.pulses(2)
    assert rig.meter.account.credit == before - 2 * PRICES[3]


def test_new_prices_count_from_the_start_with_them():
    memory = Memory()
    meter(memory, **priced([100])).pulses(20)
    device = meter(memory, **priced([7]))
    assert device.account.credit == -2000
    device.pulses(20)
    assert device.account.credit == -2140


def test_a_token_that_cannot_be_stored_did_nothing():
    memory = Memory()
    device = meter(memory, **priced())
    device.enter_token(money(500000))
    memory.broken = True
    assert device.enter_token(money(500000, 1)) == results.NONE
    assert device.account.credit == FIVE and device.account.units() == 500024
