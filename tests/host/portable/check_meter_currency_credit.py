"""Money as credit: alarms, emergency and friendly credit, days left, daily charge, its ends."""

import meter_rig  # noqa: F401  loaded first: MicroPython nests imports to a limited depth
from currency_rig import FIVE, MIDNIGHT, PRICES, UNIT, Clocked, carried, give, money, priced, use
from meter_rig import FIRST_TID, KEY, Memory, meter, press, shown

from meterbus import codes, energy_rows
from sts_portable import results, vendor

DAY_MS = 86400000


def test_a_daily_charge_for_each_day_of_supply_time():
    memory = Memory()
    device = meter(memory, **priced(daily=150000))
    device.enter_token(money(500000))
    device.elapsed(DAY_MS - 1, 0)
    assert device.account.credit == FIVE
    device.elapsed(60000, 0)
    assert device.account.credit == FIVE - 150000000
    device = meter(memory, **priced(daily=150000))
    device.elapsed(3 * DAY_MS, 0)
    assert device.account.credit == FIVE - 600000000 < 0
    assert device.supply.reasons == codes.NO_CREDIT


def test_credit_and_debt_have_an_end():
    device = meter(**priced())
    assert device.enter_token(money(10**14)) == results.OVERFLOW_ERROR
    assert device.enter_token(money(-(10**15), 1)) == results.OVERFLOW_ERROR
    assert device.account.credit == 0
    device.account.credit = 10**17 - carried(100000)
    assert device.enter_token(money(200000, 2)) == results.OVERFLOW_ERROR
    assert device.account.credit == 10**17 - carried(100000)
    assert device.enter_token(money(100000, 3)) == results.ACCEPT
    assert device.account.credit == 10**17
    device.account.credit = 5 - 10**17
    device.pulses(100)
    assert device.account.credit == -(10**17)


def test_a_debt_of_a_token_is_taken_off():
    device = meter(**priced())
    device.enter_token(money(500000))
    assert device.enter_token(money(-200000, 1)) == results.ACCEPT
    assert device.account.credit == FIVE + carried(-200000) < 4 * UNIT
    press(device, "817#")
    assert shown(device) == ("Last amount", "-1.99924 KES")


def test_clear_credit_of_the_money_register():
    device = meter(**priced())
    device.enter_token(money(500000))

    def clear(register, number):
        return device.enter_token(
            vendor.management(KEY, 7, 1, FIRST_TID + number, 0, register=register)
        )

    assert clear(0, 2) == results.RANGE_ERROR and device.account.credit == FIVE
    assert clear(4, 3) == results.ACCEPT and device.account.credit == 0
    device.enter_token(money(500000, 4))
    assert clear(0xFFFF, 5) == results.ACCEPT and device.account.credit == 0


def test_alarm_levels_are_money_and_by_default_the_price_of_five_and_one_kwh():
    device = meter(**priced())
    assert device.alarms.values[:2] == [125 * UNIT, 25 * UNIT]
    device = meter(**priced(low_credit_money=300000, lower_credit_money=100000))
    device.enter_token(money(500000))
    give(device, 5 * UNIT)
    assert device.alarms.level == 0
    use(device, 81)
    assert device.alarms.level == 1 and device.status() & codes.STATUS_LOW_CREDIT
    use(device, 80)
    assert device.alarms.level == 2


def test_emergency_credit_is_used_once_and_paid_back():
    memory = Memory()
    given = priced(emergency_money=200000)
    device = meter(memory, **given)
    device.enter_token(money(100000))
    give(device, UNIT)
    press(device, "#")
    assert not device.emergency.used
    use(device, 40)
    assert device.supply.reasons == codes.NO_CREDIT
    press(device, "#")
    assert shown(device) == ("Emergency", "2.00 KES")
    assert device.supply.reasons == 0 and device.account.reserve == 2 * UNIT
    entries = [device.events.entry(n) for n in range(1, device.events.sequence + 1)]
    assert (energy_rows.EVENT_EMERGENCY_MONEY, 2) in [one[1:] for one in entries if one]
    use(device, 80)
    assert device.supply.reasons == codes.NO_CREDIT and device.account.credit == -2 * UNIT
    device = meter(memory, **given)
    press(device, "#")
    assert device.supply.reasons == codes.NO_CREDIT
    device.enter_token(money(300000, 1))
    device.elapsed(20, 20)
    assert device.account.credit == carried(300000) - 2 * UNIT and not device.emergency.used


def test_friendly_hours_keep_the_supply():
    device = meter(unix=lambda: MIDNIGHT, friendly_days=1, **priced())
    device.enter_token(money(100000))
    device.elapsed(1000, 1000)
    use(device, 50)
    assert device.supply.reasons == 0 and device.account.credit < 0


def test_postpaid_by_the_flag_token():
    device = meter(**priced())
    flag = vendor.management(KEY, 7, 10, FIRST_TID, 0, index=63, flag=6, state=0)
    assert device.enter_token(flag) == results.ACCEPT
    use(device, 100)
    assert device.supply.reasons == 0 and device.account.credit == -100 * PRICES[0]


def test_days_left_are_those_of_the_money():
    device = meter(**priced([2500000], daily=500000))
    device.enter_token(money(100000000))
    give(device, 1000 * UNIT)
    assert device.forecast.days_left() is None
    for _ in range(48):
        device.pulses(500)
        device.elapsed(3600000, 3600000)
    # 12 kWh and 5 KES a day.
    assert device.account.credit == (1000 - 2 * 305) * UNIT
    assert device.forecast.days_left() == (1000 - 2 * 305) // 305


def test_days_left_are_those_at_the_mean_price_of_all_energy():
    rig = Clocked(MIDNIGHT + 7 * 3600)
    use(rig.meter, 300)
    rig.at(MIDNIGHT + 23 * 3600)
    use(rig.meter, 100)
    mean = (3 * PRICES[0] + PRICES[1]) // 4
    assert rig.meter.account.cost(400, 1) == 400 * mean
