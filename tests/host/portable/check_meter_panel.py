"""Key pad, display, tokens and settings of the meter."""

from meter_rig import FIRST_TID, KEY, Memory, meter, press, token

from meterbus import codes
from sts_portable import results, vendor


def _shown(device):
    return tuple(line.strip() for line in device.display())


def test_a_keyed_token_is_credited_and_the_relay_closes():
    device = meter()
    assert device.relay_command(20) is False
    assert _shown(device) == ("Credit   0.00kWh", "Off No credit")
    press(device, token(200) + "#")
    assert _shown(device) == ("Accepted", "+20.0 kWh")
    assert device.relay_command(20) is True
    device.sensed((230000, 8695, 2000, 5000), False, True)
    device.elapsed(0, 30000)
    assert _shown(device) == ("Credit  20.00kWh", "On        2000 W")


def test_every_display_line_has_16_characters():
    device = meter()
    digits = token(200)
    for keys in ("", digits[:1], digits[1:], "1", "#", digits + "#", "801#", "999#", "804#"):
        press(device, keys)
        for line in device.display():
            assert len(line) == 16, line


def test_entry_is_shown_in_fours():
    device = meter()
    press(device, "12345678901234567")
    assert device.display() == ("1234 5678 9012  ", "3456 7          ")
    press(device, "890")
    assert device.display() == ("1234 5678 9012  ", "3456 7890 #enter")
    press(device, "1")
    assert device.display() == ("1234 5678 9012  ", "3456 7890 1     ")
    press(device, "23**")  # no more than 21 are kept
    assert device.display() == ("1234 5678 9012  ", "3456 789        ")


def test_backspace_of_nothing():
    device = meter()
    press(device, "***#")
    assert _shown(device)[0] == "Credit   0.00kWh"


def test_a_forgotten_entry_is_cleared_after_20_seconds():
    device = meter()
    press(device, "12")
    device.elapsed(0, 19999)
    press(device, "3")
    device.elapsed(0, 19999)
    assert _shown(device)[0] == "123"
    device.elapsed(0, 1)
    assert _shown(device)[0] == "Credit   0.00kWh"


def test_a_message_ends_after_30_seconds_or_with_a_key():
    device = meter()
    press(device, "999#")
    device.elapsed(0, 29999)
    assert _shown(device) == ("Unknown code", "999")
    device.elapsed(0, 1)
    assert _shown(device)[0] == "Credit   0.00kWh"
    press(device, "999#")
    press(device, "*")
    assert _shown(device)[0] == "Credit   0.00kWh"


def test_what_the_customer_reads_for_each_refusal():
    device = meter()
    good = token(200)
    press(device, good + "#")
    for digits, words in (
        (good, ("Used", "UsedError")),
        (good[:19], ("Wrong token", "FormatError")),
        (good + "1", ("Wrong token", "FormatError")),
        ("9" * 20, ("Wrong token", "FormatError")),
        (token(200, 1, bytes(8)), ("Wrong token", "CRCError")),
        (vendor.meter_test(0, 1, 7), ("Wrong token", "MfrCodeError")),
    ):
        press(device, digits + "#")
        assert _shown(device) == words, (digits, _shown(device))
        assert device.account.credit_wh == 20000


def test_each_refusal_is_remembered_and_counted():
    memory = Memory()
    device = meter(memory)
    before = device.counters.sequence
    device.enter_token(token(200, 1, bytes(8)))
    assert device.tokens.last_result == results.CRC_ERROR
    assert device.counters.sequence == before + 1
    assert meter(memory).tokens.last_result == results.CRC_ERROR


def test_an_overflowing_token_is_not_consumed():
    device = meter()
    most = 18201624
    assert device.enter_token(token(most, 1)) == results.ACCEPT
    assert device.enter_token(token(most, 2)) == results.OVERFLOW_ERROR
    assert device.account.credit_wh == most * 100
    assert device.enter_token(vendor.management(KEY, 7, 1, FIRST_TID + 3, 0, register=0)) == (
        results.ACCEPT
    )
    assert device.account.credit_wh == 0
    assert device.enter_token(token(most, 2)) == results.ACCEPT


def test_clear_credit_of_registers_this_meter_has():
    device = meter()
    device.enter_token(token(200, 1))
    number = 2
    for register, result, left in (
        (1, results.RANGE_ERROR, 20000),
        (7, results.RANGE_ERROR, 20000),
        (0xFFFF, results.ACCEPT, 0),
    ):
        digits = vendor.management(KEY, 7, 1, FIRST_TID + number, 0, register=register)
        assert device.enter_token(digits) == result
        assert device.account.credit_wh == left
        number += 1
    assert device.supply.reasons == codes.NO_CREDIT


def test_a_token_this_meter_does_not_know():
    device = meter()
    digits = vendor.management(KEY, 7, 0, FIRST_TID, 0, mpl=1000)
    assert device.enter_token(digits) == results.FUNCTION_ERROR
    water = vendor.credit(KEY, 7, FIRST_TID, 0, 10, subclass=1)
    assert device.enter_token(water) == results.FUNCTION_ERROR
    assert device.enter_token(token(10)) == results.ACCEPT  # its TID was not consumed


def test_ea11_and_ken_and_default_keys():
    key = bytes.fromhex("f94b6ed353c3bfdb113e2d3a7ea3c41d")
    text = "f94b6ed353c3bfdb113e2d3a7ea3c41d"
    digits = vendor.credit(key, 11, FIRST_TID, 1, 55)
    assert meter(key=text, ea=11).enter_token(digits) == results.ACCEPT
    assert meter(key=text, ea=11, kt=1).enter_token(digits) == results.DDTK_ERROR
    late = vendor.credit(KEY, 7, 70000, 1, 55)
    assert meter(ken=0).enter_token(late) == results.KEY_EXPIRED_ERROR
    assert meter(ken=1).enter_token(late) == results.ACCEPT


def test_running_out_opens_the_relay_at_zero():
    device = meter()
    device.enter_token(token(1))
    device.relay_command(0)
    device.sensed((230000, 0, 0, 5000), False, True)
    assert device.pulse_limit() == 100
    device.pulses(99)
    assert device.relay_command(20) is None
    device.pulses(device.pulse_limit())
    assert device.account.credit_wh == 0
    assert device.supply.control_state() == codes.READY_FOR_RECONNECTION
    assert device.relay_command(20) is False
    assert device.pulse_limit() == 1


def test_credit_at_zero_stays_off_after_a_restart():
    memory = Memory()
    device = meter(memory)
    device.enter_token(token(1))
    device.pulses(100)
    assert meter(memory).relay_command(0) is False


def test_short_codes():
    device = meter()
    press(device, token(205) + "#")
    device.pulses(1234)
    device.sensed((230400, 8695, 2001, 5000), False, True)
    for code, shown in (
        ("800", ("8" * 16, "8" * 16)),
        ("801", ("Credit", "19.266 kWh")),
        ("802", ("Last result", "1")),
        ("803", ("KRN KT TI", "1 2 01")),
        ("804", ("Meter number", "00000000000")),
        ("805", ("Supply group", "123456")),
        ("807", ("Voltage", "230.4 V")),
        ("808", ("Current", "8.6 A")),
        ("809", ("Power failures", "0")),
        ("814", ("Power", "2001 W")),
        ("817", ("Last amount", "20.5 kWh")),
        ("851", ("Total", "1.23 kWh")),
    ):
        press(device, code + "#")
        assert _shown(device) == shown, code
    codes_there = [row for one in device.features for row in getattr(one, "CODES", ())]
    assert len({row[0] for row in codes_there}) == len(codes_there) == 14
    assert device.short_code("80") == ("Unknown code", "80")


def test_what_the_board_cannot_measure_is_not_made_up():
    device = meter()
    for code in ("807", "808", "814"):
        press(device, code + "#")
        assert _shown(device)[1] == "---"


def test_people_need_real_time_at_60_times_the_speed():
    device = meter()
    press(device, "12")
    device.elapsed(60 * 19999, 19999)
    assert _shown(device)[0] == "12"
    press(device, "#")
    assert _shown(device) == ("Unknown code", "12")
    device.elapsed(60 * 29999, 29999)
    assert _shown(device) == ("Unknown code", "12")
    device.elapsed(0, 1)
    assert _shown(device)[0] == "Credit   0.00kWh"


def test_a_key_change_waits_10_minutes_for_its_second_token():
    new = bytes.fromhex("060b8643c59a27f1")
    for real_ms, last in ((599999, results.ACCEPT), (600000, results.SECOND_KCT)):
        device = meter()
        wanted = {"kt": 2, "krn": 2, "ti": 1, "ken": 255, "ro": False, "sgc": 123456}
        sections = vendor.key_change(KEY, 7, new, minute=1, bdt="14", old_bdt="14", **wanted)
        assert device.enter_token(sections[0]) == results.FIRST_KCT
        device.elapsed(60 * real_ms, real_ms)
        assert device.enter_token(sections[1]) == last


def test_what_a_lost_ledger_leaves_unknown_is_not_displayed():
    memory = Memory()
    memory.data[:512] = bytes(range(256)) * 2
    device = meter(memory)
    assert _shown(device) == ("Credit       ---", "Off Memory fault")
    for code in ("801", "802", "803", "805", "809", "817", "851"):
        press(device, code + "#")
        assert _shown(device)[1] == "---", code
    press(device, "804#")
    assert _shown(device)[1] == "00000000000"


def test_wrong_settings_are_said_and_nothing_is_taken():
    for changes, wrong in (
        ({"drn": "00000000001"}, "drn"),
        ({"drn": 5}, "drn"),
        ({"address": 0}, "address"),
        ({"address": 248}, "address"),
        ({"address": "1"}, "address"),
        ({"key": "e6"}, "key"),
        ({"key": None}, "key"),
        ({"key": "zz53341f9d5bf36f"}, "key"),
        ({"ea": 11}, "key"),
        ({"ea": 8}, "key"),
        ({"krn": 0}, "krn"),
        ({"krn": True}, "krn"),
        ({"ti": 100}, "ti"),
        ({"kt": 4}, "kt"),
        ({"ken": 256}, "ken"),
        ({"sgc": 1000000}, "sgc"),
    ):
        device = meter(**changes)
        assert _shown(device) == ("Not set up", "Check " + wrong), changes
        assert device.relay_command(0) is False
        assert device.enter_token(token()) == results.NONE
        press(device, token() + "#")
        assert _shown(device) == ("Token not taken", "Not set up")
        assert device.account.credit_wh == 0


def test_no_settings_at_all():
    from meter.core import Meter

    device = Meter({}, Memory())
    assert _shown(device) == ("Not set up", "Check settings")
    device.elapsed(0, 30000)
    assert _shown(device) == ("Credit   0.00kWh", "Off Not set up")
    assert device.settings.address == 247
