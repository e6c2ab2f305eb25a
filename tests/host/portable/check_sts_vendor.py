"""The vendor's side: TIDs, expiry, and the tokens a point of sale makes. On both runtimes."""

from sts_portable import amount, fields, meaning, tid, token, vendor
from sts_portable.errors import FormatError, KeyExpiredError, RangeError
from sts_portable.vendor import KeyChangeError

_KEY = bytes.fromhex("e653341f9d5bf36f")


def _raises(error, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except error as raised:
        return str(raised)
    raise AssertionError("%s was not raised" % error.__name__)


def test_the_first_token_takes_its_minute():
    assert vendor.allocate(None, 5000) == 5000


def test_three_tokens_within_the_minute_after_midnight():
    """CTSA09: 00:01 is reserved, and equal minutes go up by one."""
    midnight = 1440 * 365
    last = vendor.allocate(None, midnight + 1)
    assert last == midnight + 2
    taken = [last]
    for _ in range(2):
        last = vendor.allocate(last, midnight + 1)
        taken.append(last)
    assert taken == [midnight + 2, midnight + 3, midnight + 4]


def test_tids_rise_whatever_the_clock_does():
    last = None
    seen = []
    for minute in (1438, 1438, 1438, 1438, 1438, 10, 9000, 8999, 9000):
        last = vendor.allocate(last, minute)
        seen.append(last)
    assert seen == [1438, 1439, 1440, 1442, 1443, 1444, 9000, 9001, 9002]
    assert not any(tid.is_reserved(n) for n in seen)


def test_the_base_date_ends():
    assert vendor.allocate(tid.MAX_TID - 1, 0) == tid.MAX_TID
    _raises(RangeError, vendor.allocate, tid.MAX_TID, 0)
    _raises(RangeError, vendor.allocate, None, tid.MAX_TID + 1)
    _raises(RangeError, vendor.allocate, None, -1)


def test_one_special_token_a_day():
    day = 1440 * 100
    first = vendor.allocate_special(None, day + 700)
    assert first == day + 1 and tid.is_reserved(first)
    _raises(RangeError, vendor.allocate_special, first, day + 1439)
    assert vendor.allocate_special(first, day + 1440) == first + 1440
    _raises(RangeError, vendor.allocate_special, None, tid.MAX_TID + 1440)
    _raises(RangeError, vendor.allocate_special, None, -5)


def test_an_expired_key_sells_nothing():
    text = _raises(KeyExpiredError, vendor.credit, _KEY, 7, 5916090, 5, 10, ken=85)
    assert text == "the key expired: TID 5916090 lies beyond its key expiry number 85"
    assert vendor.credit(_KEY, 7, 5916090, 5, 10, ken=90)
    assert vendor.credit(_KEY, 7, 0xFFFFFF, 5, 10, ken=255)
    _raises(KeyExpiredError, vendor.currency, _KEY, 7, 65536, 1, ken=0)
    _raises(KeyExpiredError, vendor.management, _KEY, 7, 5, 65536, 1, ken=0)


def test_no_token_with_a_tid_that_every_meter_refuses():
    for wrong in (0, -1, 1 << 24):
        for function, values in (
            (vendor.credit, (wrong, 5, 1)),
            (vendor.currency, (wrong, 1)),
            (vendor.management, (5, wrong, 3)),
        ):
            text = _raises(RangeError, function, _KEY, 7, *values)
            assert text == "TID %d is outside 1 to 16777215" % wrong


def test_base_dates_and_algorithms_are_numbers_or_text():
    assert vendor.credit(_KEY, "07", 4000, 5, 1) == vendor.credit(_KEY, 7, 4000, 5, 1)
    assert _change(bdt=14) == _change(old_bdt=14) == _change()
    assert _change(bdt=14, old_bdt="93", ro=1)
    text = vendor.expiry_warning(tid.MAX_TID - 1440, 255, "93", 7)
    assert vendor.expiry_warning(tid.MAX_TID - 1440, 255, 93, 7) == text


def test_credit_rounds_up_and_has_limits():
    found = token.decode(vendor.credit(_KEY, 7, 4000, 5, 20000, subclass=2), _KEY)
    assert (found.subclass, found.tid, found.field("rnd")) == (2, 4000, 5)
    assert amount.decode(found.value) == 20004
    _raises(RangeError, vendor.credit, _KEY, 7, 4000, 5, 18201625)
    _raises(RangeError, vendor.credit, _KEY, 7, 4000, 16, 1)
    _raises(FormatError, vendor.credit, _KEY, 7, 4000, 5, 1, subclass=4)


def test_currency_and_management():
    found = token.decode(vendor.currency(_KEY, 7, 4000, -1234567, 5), _KEY)
    assert amount.decode_currency(found.value) >= -1234567
    _raises(FormatError, vendor.currency, _KEY, 7, 4000, 1, subclass=0)
    found = token.decode(vendor.management(_KEY, 7, 0, 4000, 3, mpl=16385), _KEY)
    assert found.row()[0] == "SetMaximumPowerLimit"
    assert amount.decode(found.field("mpl")) == 16394
    found = token.decode(vendor.management(_KEY, 7, 10, 4000, 3, index=63, flag=2, state=1), _KEY)
    assert (found.field("index"), found.field("flag"), found.value) == (63, 2, 1)
    _raises(FormatError, vendor.management, _KEY, 7, 3, 4000, 3)


def test_no_management_token_is_made_that_every_meter_refuses():
    refused = _raises(RangeError, vendor.management, _KEY, 7, 1, 4000, 3, register=8)
    assert "register 8" in refused
    assert "pad 1" in _raises(RangeError, vendor.management, _KEY, 7, 5, 4000, 3, pad=1)


def test_what_a_management_token_sets_must_be_given():
    """A limit that is left out would be one of 0 W."""
    for subclass, name in ((0, "mpl"), (6, "mppul")):
        assert "needs " + name in _raises(
            FormatError, vendor.management, _KEY, 7, subclass, 4000, 3
        )


def _change(new=bytes(8), ken=255, ro=0, minute=6780240, bdt="14", old_bdt="14"):
    return vendor.key_change(
        _KEY, 7, new, 2, 1, 1, ken, ro, 123456, minute=minute, bdt=bdt, old_bdt=old_bdt
    )


def test_key_change_limits():
    good = (2, 1, 1, 255, 0, 123456)
    now = {"minute": 6780240, "bdt": "14", "old_bdt": "14"}
    assert len(vendor.key_change(_KEY, 7, bytes(8), *good, **now)) == 2
    for place, value in ((0, 4), (1, 0), (1, 10), (2, 100), (3, 256), (5, 1000000)):
        bad = good[:place] + (value,) + good[place + 1 :]
        text = _raises(RangeError, vendor.key_change, _KEY, 7, bytes(8), *bad, **now)
        assert " %d is not a number from " % value in text
    _raises(FormatError, vendor.key_change, _KEY, 7, bytes(16), *good, **now)


def test_a_key_change_to_the_same_key_is_refused():
    _raises(KeyChangeError, _change, _KEY)
    _raises(KeyChangeError, _change, _KEY, ro=1, old_bdt="93")


def test_a_key_change_to_an_expired_key_is_refused():
    text = _raises(KeyExpiredError, _change, ken=0)
    assert text == "the key expired: TID 6780240 lies beyond its key expiry number 0"
    # 6780240 >> 16 is 103: the last KEN that is too low, and the first that is not.
    _raises(KeyExpiredError, _change, ken=102)
    assert _change(ken=103)
    _raises(RangeError, _change, minute=-1)
    _raises(RangeError, _change, minute=1 << 24)


def test_the_rollover_bit_goes_with_a_later_base_date_and_with_nothing_else():
    assert _change(old_bdt="93", ro=1) and _change(old_bdt="93", bdt="35", minute=5, ro=1)
    text = _raises(KeyChangeError, _change, old_bdt="93", ro=0)
    assert text == "base date 93 to 14 needs the rollover bit: every later token would be old"
    _raises(KeyChangeError, _change, ro=1)
    for ro in (0, 1):
        text = _raises(KeyChangeError, _change, old_bdt="35", ro=ro)
        assert text.startswith("the base date goes back from 35 to 14: ")
    _raises(RangeError, _change, bdt="2014")
    _raises(RangeError, _change, old_bdt="99")


def test_a_warning_before_a_key_expires():
    assert [vendor.last_tid(ken) for ken in (0, 1, 255)] == [0xFFFF, 0x1FFFF, tid.MAX_TID]
    assert vendor.expiry_warning(0, 0, "14", 45) == ""
    text = "the key expires after 2014-02-15 12:15: its key expiry number is 0"
    assert vendor.expiry_warning(0, 0, "14", 46) == text
    assert vendor.expiry_warning(0xFFFF, 0, "14") == text
    assert vendor.expiry_warning(0x10000, 0, "14") == text.replace("expires", "expired")
    assert vendor.expiry_warning(0, 255, "14") == ""
    text = "the key expires after 2024-11-24 20:15: the end of base date 93"
    assert vendor.expiry_warning(tid.MAX_TID - 1440, 255, "93", 7) == text
    _raises(RangeError, vendor.expiry_warning, 0, 256, "14")
    _raises(RangeError, vendor.expiry_warning, 0, 0, "99")


def test_extended_reads():
    for index in (0, 63):
        assert token.decode(vendor.extended_read(index, 7)).field("index") == index
    _raises(RangeError, vendor.extended_read, 64)
    _raises(RangeError, vendor.extended_read, -1)


def test_meter_tests():
    for subclass, width in ((0, 36), (1, 28)):
        for test in range(width + 1):
            found = token.decode(vendor.meter_test(subclass, test, 7))
            wanted = [test]
            assert meaning.tests_of(found.value, width) == wanted
            assert found.field("mfr") == 7
        _raises(RangeError, vendor.meter_test, subclass, width + 1)
    _raises(FormatError, vendor.meter_test, 2, 1)


def test_meanings_name_real_things():
    assert set(meaning.UNITS) | set(meaning.PROVISIONAL) <= set(fields.tokens())
    assert max(meaning.TESTS) <= 36
    assert all(flag < 512 for flag in meaning.FLAGS)
