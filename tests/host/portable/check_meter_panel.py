"""Key pad, display, tokens and settings of the meter."""

from meter_rig import FIRST_TID, KEY, Memory, meter, press, reading, screen, shown, token

from meterbus import codes
from sts_portable import results, vendor


def test_a_keyed_token_is_credited_and_the_relay_closes():
    device = meter()
    assert device.relay_command(20) is False
    assert shown(device) == ("Credit   0.00kWh", "Off No credit")
    press(device, token(200) + "#")
    assert shown(device) == ("Accepted", "+20.0 kWh")
    assert device.relay_command(20) is True
    device.sensed(reading(230000, 8695, 20000, 5000), False, True)
    device.elapsed(0, 30000)
    assert shown(device) == ("Credit  20.00kWh", "On        2000 W")


def test_every_display_line_has_16_characters():
    device = meter()
    digits = token(200)
    for keys in ("", digits[:1], digits[1:], "1", "#", digits + "#", "801#", "999#", "804#"):
        press(device, keys)
        for line in screen(device):
            assert len(line) == 16, line


def test_entry_is_shown_in_fours():
    device = meter()
    press(device, "12345678901234567")
    assert screen(device) == ("1234 5678 9012  ", "3456 7     17/20")
    press(device, "890")
    assert screen(device) == ("1234 5678 9012  ", "3456 7890 #enter")
    press(device, "1")  # one too many: refused, and the entry is as it was
    assert screen(device) == ("1234 5678 9012  ", "3456 7890 20 max")
    press(device, "*")
    assert screen(device) == ("1234 5678 9012  ", "3456 789   19/20")


def test_two_quick_backspaces_clear_the_entry():
    for pause_ms, left in ((499, ""), (500, "12")):
        device = meter()
        press(device, "1234*")
        device.elapsed(0, pause_ms)
        press(device, "*")
        assert device.entry.digits == left


def test_backspace_of_nothing():
    device = meter()
    press(device, "***")
    assert shown(device)[0] == "Credit   0.00kWh"


def test_enter_of_nothing_scrolls_and_backspace_ends_it():
    device = meter(scroll=["804", "851"])
    for line in ("Meter number", "Total", "Credit   0.00kWh", "Meter number"):
        press(device, "#")
        assert shown(device)[0] == line
    press(device, "*")
    assert shown(device)[0] == "Credit   0.00kWh"
    press(device, "#")
    assert shown(device)[0] == "Meter number"


def test_a_forgotten_entry_is_cleared_after_20_seconds():
    device = meter()
    press(device, "12")
    device.elapsed(0, 19999)
    press(device, "3")
    device.elapsed(0, 19999)
    assert shown(device)[0] == "123"
    device.elapsed(0, 1)
    assert shown(device)[0] == "Credit   0.00kWh"


def test_a_message_ends_after_30_seconds_or_with_a_key():
    device = meter()
    press(device, "999#")
    device.elapsed(0, 29999)
    assert shown(device) == ("Unknown code", "999")
    device.elapsed(0, 1)
    assert shown(device)[0] == "Credit   0.00kWh"
    press(device, "999#")
    press(device, "*")
    assert shown(device)[0] == "Credit   0.00kWh"


def test_what_the_customer_reads_for_each_refusal():
    device = meter()
    good = token(200)
    press(device, good + "#")
    for digits, words in (
        (good, ("Used", "UsedError")),
        (good[:19], ("Not a token", "FormatError")),
        (good + "1", ("Used", "UsedError")),  # the last key was refused
        ("9" * 20, ("Not a token", "FormatError")),
        (token(200, 1, bytes(8)), ("Wrong token", "CRCError")),
        (vendor.meter_test(0, 1, 7), ("Other maker", "MfrCodeError")),
    ):
        press(device, digits + "#")
        assert shown(device) == words, (digits, shown(device))
        assert device.account.credit == 20000


def test_each_refusal_is_remembered_and_counted():
    memory = Memory()
    device = meter(memory)
    before = device.events.sequence
    device.enter_token(token(200, 1, bytes(8)))
    assert device.tokens.last_result == results.CRC_ERROR
    assert device.events.sequence == before + 1
    assert meter(memory).tokens.last_result == results.CRC_ERROR


def test_an_overflowing_token_is_not_consumed():
    device = meter()
    most = 18201624
    assert device.enter_token(token(most, 1)) == results.ACCEPT
    assert device.enter_token(token(most, 2)) == results.OVERFLOW_ERROR
    assert device.account.credit == most * 100
    assert device.enter_token(vendor.management(KEY, 7, 1, FIRST_TID + 3, 0, register=0)) == (
        results.ACCEPT
    )
    assert device.account.credit == 0
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
        assert device.account.credit == left
        number += 1
    assert device.supply.reasons == codes.NO_CREDIT


def test_a_token_this_meter_does_not_know():
    device = meter()
    digits = vendor.management(KEY, 7, 6, FIRST_TID, 0, mppul=1000)
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
    device.sensed(reading(230000, 0, 0, 5000), False, True)
    assert device.pulse_limit() == 100
    device.pulses(99)
    assert device.relay_command(20) is None
    device.pulses(device.pulse_limit())
    assert device.account.credit == 0
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
    device.sensed(reading(230400, 8695, 20010, 5000), False, True)
    for code, texts in (
        ("800", ("8" * 16, "8" * 16)),
        ("801", ("Credit", "19.266 kWh")),
        ("802", ("Last result", "1")),
        ("803", ("KRN KT TI", "1 2 01")),
        ("804", ("Meter number", "00000000000")),
        ("805", ("Supply group", "123456")),
        ("807", ("Voltage", "230.4 V")),
        ("808", ("Current", "8.6 A")),
        ("809", ("Power failures", "0")),
        ("812", ("Alarm", "Silent")),
        ("814", ("Power", "2001 W")),
        ("817", ("Last amount", "20.5 kWh")),
        ("851", ("Total", "1.23 kWh")),
    ):
        press(device, code + "#")
        assert shown(device) == texts, code
    assert device.keys.short_code("80") == ("Unknown code", "80")


def test_a_debt_below_what_is_displayed_is_no_minus_zero():
    device = meter()
    for credit, text in ((-5, "0.00kWh"), (-10, "-0.01kWh"), (5, "0.00kWh")):
        device.account.credit = credit
        assert shown(device)[0].split()[1] == text
    assert device.keys.short_code("801") == ("Credit", "0.005 kWh")


def test_no_power_limit_is_told_in_words():
    assert meter().keys.short_code("819") == ("Power limit", "No limit")
    assert meter(overload_w=5000).keys.short_code("819") == ("Power limit", "5000 W")


def test_what_the_board_cannot_measure_is_not_made_up():
    device = meter()
    for code in ("807", "808", "814"):
        press(device, code + "#")
        assert shown(device)[1] == "---"


def test_people_need_real_time_at_60_times_the_speed():
    device = meter()
    press(device, "12")
    device.elapsed(60 * 19999, 19999)
    assert shown(device)[0] == "12"
    press(device, "#")
    assert shown(device) == ("Unknown code", "12")
    device.elapsed(60 * 29999, 29999)
    assert shown(device) == ("Unknown code", "12")
    device.elapsed(0, 1)
    assert shown(device)[0] == "Credit   0.00kWh"


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
    assert shown(device) == ("Credit       ---", "Off Memory fault")
    for code in ("801", "802", "803", "805", "809", "817", "851"):
        press(device, code + "#")
        assert shown(device)[1] == "---", code
    press(device, "804#")
    assert shown(device)[1] == "00000000000"


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
        assert shown(device) == ("Not set up", "Check " + wrong), changes
        assert device.relay_command(0) is False
        assert device.enter_token(token()) == results.NONE
        press(device, token() + "#")
        assert shown(device) == ("Token not taken", "Not set up")
        assert device.account.credit == 0


def test_no_settings_at_all():
    from meter.core import Meter

    device = Meter({}, Memory())
    assert shown(device) == ("Not set up", "Check settings")
    device.elapsed(0, 30000)
    assert shown(device) == ("Credit   0.00kWh", "Off Not set up")
    assert device.settings.address == 247


def _shown_one_by_one(device):
    found = []
    for _ in range(80):
        found.append(shown(device)[0])
        device.elapsed(0, 1000)
    return [label for n, label in enumerate(found) if n == 0 or label != found[n - 1]]


def test_public_test_tokens_of_class_1_show_what_they_are_for():
    """Tokens as a maker of meters prints them in its manual."""
    for digits, label in (
        ("00000000000167774880", "8888888888888888"),
        ("00000000000201328896", "Total"),
        ("18446744073843772416", "KRN KT TI"),
        ("36893488147553322496", "KRN KT TI"),
        ("00000000001207974400", "Power limit"),
    ):
        _test_token_shows(digits, label)  # its meter leaves the heap before the next one


def _test_token_shows(digits, label):
    device = meter()
    assert device.enter_token(digits) == results.ACCEPT, digits
    assert label in _shown_one_by_one(device), digits


def test_all_tests_at_once_show_each_display_and_open_the_switch_for_a_moment():
    device = meter()
    device.enter_token(token(10, 1))
    sequence = device.events.sequence
    assert device.enter_token("56493153725450313471") == results.ACCEPT
    assert device.supply.reasons == codes.SWITCH_TEST
    device.elapsed(2000, 2000)
    assert device.supply.reasons == 0
    labels = _shown_one_by_one(device)
    for label in ("Total", "KRN KT TI", "Power limit", "Tamper", "Power", "Version", "Algorithm"):
        assert label in labels, label
    for label in ("Key expiry", "Supply group", "Key tokens", "Meter number"):
        assert label in labels, label
    assert device.events.sequence > sequence
    assert device.account.credit == 1000


def test_the_load_switch_is_tested_once_in_five_minutes_whoever_asks():
    from sts_portable import token as sts_token

    device = meter()
    device.enter_token(token(10, 1))
    switch = sts_token.make(1, 0, control=1, mfr=0)
    opened = 0
    for second in range(600):
        result = device.enter_token(switch)
        opened += device.supply.reasons == codes.SWITCH_TEST
        assert result == (results.FUNCTION_ERROR if second % 300 else results.ACCEPT), second
        if second == 10:
            assert shown(device) == ("Not supported", "Wait 290 s")
            assert device.enter_token("56493153725450313471") == results.ACCEPT  # all displays
            assert device.supply.reasons == 0
        device.elapsed(1000, 1000)
    assert opened == 4  # of 600 seconds


def test_a_test_token_of_what_the_meter_does_not_have_is_refused():
    from sts_portable import token as sts_token

    device = meter()
    water = sts_token.make(1, 0, control=1 << 11, mfr=0)
    assert device.enter_token(water) == results.FUNCTION_ERROR
    other = sts_token.make(1, 0, control=1, mfr=99)
    assert device.enter_token(other) == results.MFR_CODE_ERROR
