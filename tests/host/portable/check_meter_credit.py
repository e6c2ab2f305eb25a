"""Credit: alarms, emergency credit, friendly times, days left, postpaid, the last ten tokens."""

import struct

from meter_rig import FIRST_TID, KEY, Memory, meter, press, reading, shown, token

from meterbus import codes
from sts_portable import results, vendor

DAY = 86400


def _flag(flag, value, number):
    return vendor.management(KEY, 7, 10, FIRST_TID + number, 0, index=63, flag=flag, state=value)


def _events(device):
    entries = [device.events.entry(n) for n in range(1, device.events.sequence + 1)]
    return [one[1:] for one in entries if one]


def _use(device, wh):
    """Let energy flow as the application does, up to `wh`."""
    left = wh
    while left:
        count = min(left, device.pulse_limit())
        device.pulses(count)
        device.elapsed(20, 20)
        left -= count


def test_two_alarms_of_a_low_credit():
    device = meter()
    device.enter_token(token(100, 1))
    device.elapsed(20, 20)
    _use(device, 4999)
    assert device.alarms.level == 0 and not device.status() & codes.STATUS_LOW_CREDIT
    _use(device, 2)
    assert device.alarms.level == 1 and device.status() & codes.STATUS_LOW_CREDIT
    _use(device, 4000)
    assert device.alarms.level == 2
    device.enter_token(token(100, 2))
    device.elapsed(20, 20)
    assert device.alarms.level == 0
    assert [e for e in _events(device) if e[0] == codes.EVENT_LOW_CREDIT] == [
        (codes.EVENT_LOW_CREDIT, 1),
        (codes.EVENT_LOW_CREDIT, 2),
    ]


def test_a_start_with_a_low_credit_is_no_new_event():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token(10, 1))
    device.elapsed(20, 20)
    again = meter(memory)
    again.elapsed(20, 20)
    assert again.alarms.level == 1
    assert not any(event[0] == codes.EVENT_LOW_CREDIT for event in _events(again))


def test_the_second_alarm_opens_once_if_set_so():
    device = meter(lower_credit_opens=1)
    device.enter_token(token(20, 1))
    device.elapsed(20, 20)
    _use(device, 1001)
    assert device.supply.reasons == codes.KEY_AWAITED
    press(device, "#")
    assert device.supply.reasons == 0
    _use(device, 500)
    assert device.supply.reasons == 0
    device.enter_token(token(20, 2))
    device.elapsed(20, 20)
    _use(device, 2000)
    assert device.supply.reasons == codes.KEY_AWAITED
    device.enter_token(token(20, 3))  # new credit closes it as well
    device.elapsed(20, 20)
    assert device.supply.reasons == 0


def test_emergency_credit_is_used_once_and_paid_back():
    memory = Memory()
    device = meter(memory, emergency_wh=2000)
    device.enter_token(token(10, 1))
    press(device, "#")
    assert not device.emergency.used  # there is credit
    _use(device, 1000)
    assert device.supply.reasons == codes.NO_CREDIT
    press(device, "#")
    assert device.supply.reasons == 0 and device.emergency.used
    _use(device, 1500)
    device = meter(memory, emergency_wh=2000)
    assert device.supply.reasons == 0 and device.account.credit == -1500
    _use(device, 500)
    assert device.supply.reasons == codes.NO_CREDIT
    press(device, "#")
    assert device.supply.reasons == codes.NO_CREDIT
    device.enter_token(token(15, 2))  # not enough
    device.elapsed(20, 20)
    assert device.supply.reasons == 0 and device.account.credit == -500
    _use(device, 1500)
    assert device.supply.reasons == codes.NO_CREDIT
    device.enter_token(token(30, 3))
    device.elapsed(20, 20)
    assert device.account.credit == 1000 and not device.emergency.used
    _use(device, 1000)
    press(device, "#")
    assert device.emergency.used and device.supply.reasons == 0
    assert (codes.EVENT_EMERGENCY, 200) in _events(device)


def _order(device, connect, number):
    assert device.enter_token(_flag(2, 0 if connect else 1, number)) == results.ACCEPT
    press(device, "*")


def test_emergency_credit_is_not_taken_where_it_cannot_help():
    device = meter(emergency_wh=2000)
    _order(device, False, 1)
    press(device, "#")
    assert shown(device) == ("No emergency", "By utility")
    press(device, "#")
    assert shown(device)[0] == "Credit"  # the scroll list: it was told
    assert not device.emergency.used and device.account.reserve == 0
    press(device, "!")
    assert shown(device) == ("No emergency", "By utility") and not device.emergency.used
    _order(device, True, 2)
    press(device, "#")
    assert device.emergency.used and device.supply.reasons == codes.KEY_AWAITED
    press(device, "#")
    assert device.supply.reasons == 0

    device = meter(emergency_wh=2000)  # postpaid: the supply is not open for want of credit
    device.enter_token(_flag(6, 0, 1))
    press(device, "*#")
    assert shown(device)[0] == "Credit" and not device.emergency.used
    press(device, "!")
    assert shown(device) == ("Emergency", "Not taken") and not device.emergency.used
    device.enter_token(_flag(6, 1, 2))
    press(device, "!")
    assert shown(device) == ("Emergency", "2.00 kWh") and device.emergency.used


def test_emergency_credit_is_not_taken_with_a_lost_ledger():
    memory = Memory()
    memory.data[:512] = bytes(range(256)) * 2
    device = meter(memory, emergency_wh=2000)
    press(device, "#")
    assert shown(device) == ("No emergency", "Memory fault")
    assert not device.emergency.used and device.supply.reasons == codes.LEDGER_FAULT


def test_without_the_setting_there_is_no_emergency_credit():
    device = meter()
    press(device, "#")
    assert device.supply.reasons == codes.NO_CREDIT


def test_friendly_hours_keep_the_supply_and_do_not_give_it_back():
    now = [DAY * 21000 + 21 * 3600]  # 21:00

    def unix():
        return now[0]

    given = {"friendly_from_min": 18 * 60, "friendly_to_min": 8 * 60}
    device = meter(unix=unix, **given)
    device.elapsed(1000, 1000)
    assert device.supply.reasons == codes.NO_CREDIT  # it was open before
    device.enter_token(token(10, 1))
    device.elapsed(1000, 1000)
    _use(device, 3000)
    assert device.account.credit == -2000 and device.supply.reasons == 0
    now[0] += 11 * 3600 - 1  # 07:59:59
    device.elapsed(1000, 1000)
    assert device.supply.reasons == 0
    now[0] += 1
    device.elapsed(1000, 1000)
    assert device.supply.reasons == codes.NO_CREDIT
    now[0] += 12 * 3600
    device.elapsed(1000, 1000)
    assert device.supply.reasons == codes.NO_CREDIT


def test_a_friendly_day_is_that_of_the_local_clock():
    monday = 1793577600  # 2026-11-02 00:00 UTC
    for offset, at, friendly in ((0, 0, True), (60, -3600, True), (0, -1, False), (-60, 0, False)):
        device = meter(unix=lambda at=at: monday + at, friendly_days=1, utc_offset_min=offset)
        device.enter_token(token(10, 1))
        device.elapsed(1000, 1000)
        _use(device, 1000)
        assert (device.supply.reasons == 0) == friendly, (offset, at)


def test_without_a_clock_there_are_no_friendly_times():
    device = meter(friendly_days=127)
    device.enter_token(token(10, 1))
    device.elapsed(1000, 1000)
    _use(device, 1000)
    assert device.supply.reasons == codes.NO_CREDIT


def _pass_days(device, days, wh_a_day):
    for _ in range(24 * days):
        device.pulses(wh_a_day // 24)
        device.elapsed(3600000, 3600000)


def test_days_left_follow_the_last_seven_days():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token(2000, 1))
    assert device.forecast.days_left() is None
    press(device, "822#")
    assert shown(device)[1] == "---"
    _pass_days(device, 2, 12000)
    assert device.forecast.days_left() == (200000 - 24000) // 12000
    again = meter(memory)
    assert again.forecast.days_left() == device.forecast.days_left()
    _pass_days(again, 7, 2400)
    assert again.forecast.days_left() == again.account.credit // 2400


def test_the_days_of_earlier_firmware_are_read():
    """Version 1 of record 14 had 32 bits for each day; seven bytes more than there is room for."""
    device = meter()
    device.enter_token(token(2000, 1))
    used = (12000, 70000, 1 << 24, 0, 0, 0, 0)
    ((tag, version, pack, unpack),) = device.forecast.records
    unpack(struct.pack(">IHB7I", 5, 1439, 3, *used), 1)
    left = 200000 * 3 // (82000 + 0xFFFFFF)
    assert device.forecast.days_left() == left
    buf = bytearray(40)
    assert (tag, version, pack(buf, 0)) == (14, 2, 28)
    unpack(bytes(buf[:28]), 2)
    assert device.forecast.days_left() == left
    again = bytearray(40)
    assert pack(again, 0) == 28 and again == buf


def test_a_meter_without_the_forecast_starts_with_a_ledger_that_has_its_record():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token(2000, 1))
    device = None
    device = meter(memory, features="core")
    assert device.ledger.fault == "" and device.account.credit == 200000


def test_a_token_makes_the_meter_postpaid_and_prepaid_again():
    memory = Memory()
    device = meter(memory)
    assert device.enter_token(_flag(6, 0, 1)) == results.ACCEPT
    assert device.supply.reasons == 0
    _use(device, 5000)
    again = meter(memory)
    assert again.supply.reasons == 0 and again.account.credit == -5000
    assert again.alarms.level is None
    assert again.enter_token(_flag(6, 1, 2)) == results.ACCEPT
    assert again.supply.reasons == codes.NO_CREDIT


def test_flags_of_tokens():
    memory = Memory()
    device = meter(memory, tamper_detects=0, overload_w=1000)
    device.enter_token(token(1000, 90))
    for number, (flag, value) in enumerate(((1, 1), (3, 1), (4, 0)), 1):
        assert device.enter_token(_flag(flag, value, number)) == results.ACCEPT
    again = meter(memory, tamper_detects=0, overload_w=1000)
    value = reading()
    for _ in range(5):
        again.sensed(value, codes.MAGNET, True)
        again.elapsed(100, 100)
    assert again.tamper.latched == codes.MAGNET and again.supply.reasons == codes.TAMPERED
    value.w_x10 = 50000
    again.elapsed(60000, 60000)
    assert again.limiter.trips == 0
    assert again.enter_token(_flag(2, 1, 10)) == results.ACCEPT
    assert again.supply.reasons == codes.TAMPERED | codes.REMOTE
    assert again.enter_token(_flag(2, 0, 11)) == results.ACCEPT
    for flag in (0, 5, 7, 10, 11, 400):
        assert again.enter_token(_flag(flag, 1, 20)) == results.FUNCTION_ERROR
    assert meter(memory).flags.given == {1: 1, 3: 1, 4: 0}


def test_the_last_ten_tokens_are_kept_with_their_results():
    memory = Memory()
    device = meter(memory)
    tokens = [token(10, number) for number in range(12)]
    for digits in tokens:
        device.enter_token(digits)
    device.enter_token(tokens[3])
    device.enter_token("1234")
    again = meter(memory)
    assert again.history.entry(0) == (tokens[3], results.USED_ERROR)
    assert [again.history.entry(n)[0] for n in range(1, 10)] == tokens[:2:-1]
    assert again.history.entry(10) is None
    press(again, "301#")
    assert shown(again) == ("Token", "1 ..%s = 10" % tokens[3][-4:])
    assert meter().keys.short_code("302") == ("Token", None)
    assert meter().keys.short_code("311")[0] == "Unknown code"
