"""Digits, frame, CRC, fields, amounts, TID and meter numbers: on both runtimes."""

from sts_portable import amount, crc, fields, layouts, pan, results, tid, token
from sts_portable.errors import FormatError, RangeError

_CREDIT = bytes.fromhex("2572e218c0024380")  # 02_CTSA22 step 9: gas, TID 7528984
_ALL_TESTS = "56493153725450313471"
# Class 1 tokens as a maker prints them in its meter's manual: digits, test number.
_PRINTED = (
    ("00000000000150997584", 1),
    ("00000000000167774880", 2),
    ("00000000000201328896", 3),
    ("18446744073843772416", 4),
    ("36893488147553322496", 5),
    ("00000000001207974400", 7),
)


def _raises(error, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except error as raised:
        return str(raised)
    raise AssertionError("%s was not raised" % error.__name__)


def test_class_insertion_is_its_own_inverse():
    for cls in range(4):
        for high in (0x00, 0x08, 0x10, 0x18, 0xFF):
            block = bytes((0x81, 2, 3, 4, high, 6, 7, 0xFF))
            digits = token.join(cls, block)
            assert len(digits) == 20
            back, found = token.split(digits)
            assert (back, bytes(found)) == (cls, block)


def test_digits_as_str_and_as_bytes():
    assert token.split(_ALL_TESTS) == token.split(_ALL_TESTS.encode())
    assert token.split(bytearray(_ALL_TESTS.encode())) == token.split(_ALL_TESTS)
    assert token.split(memoryview(_ALL_TESTS.encode())) == token.split(_ALL_TESTS)


def test_what_is_no_token():
    right = "1" * 20
    assert token.split(right)
    wrong = ("", "1" * 19, "1" * 21, "1" * 19 + "a", "1" * 19 + " ", "+" + "1" * 19, "-" * 20)
    for text in wrong + ("1_1" + "1" * 17, "\u0661" * 20, "\u0661" * 10, "-" + "1" * 19):
        _raises(FormatError, token.split, text)
    assert token.split("73786976294838206463")
    _raises(FormatError, token.split, "73786976294838206464")
    _raises(FormatError, token.split, "9" * 20)
    _raises(FormatError, token.split, "\ud800" * 20)
    _raises(FormatError, token.split, 12345678901234567890)
    text = _raises(FormatError, token.split, "123")
    assert text == "a token is exactly 20 decimal digits, not '123'"
    assert token.split(" 1111-1111 1111 1111-1111\t") == token.split(right)
    _raises(FormatError, token.join, 4, bytes(8))
    _raises(FormatError, token.join, 0, bytes(7))


def test_crc_of_the_all_tests_token():
    found = token.decode(_ALL_TESTS)
    assert (found.cls, found.subclass, found.tid) == (1, 0, None)
    assert found.field("control") == found.value == (1 << 36) - 1
    assert found.field("mfr") == 0
    assert token.make(1, 0, control=(1 << 36) - 1) == _ALL_TESTS


def test_every_bit_of_a_block_is_under_the_crc():
    assert crc.matches(0, _CREDIT)
    assert not crc.matches(2, _CREDIT)
    for bit in range(64):
        broken = bytearray(_CREDIT)
        broken[bit >> 3] ^= 1 << (bit & 7)
        assert not crc.matches(0, broken)


def test_currency_has_its_own_crc():
    block = bytes.fromhex("4268dc6bf1e13f73")
    assert fields.crc_message(0, block) == bytes.fromhex("004268dc6bf1e101")
    assert crc.matches(0, block)
    assert fields.crc_message(2, block) == bytes.fromhex("024268dc6bf1e1")
    assert not crc.matches(2, block)


def test_tokens_printed_in_a_manual():
    for digits, test in _PRINTED:
        found = token.decode(digits)
        assert (found.cls, found.subclass, found.field("mfr")) == (1, 0, 0)
        assert found.value == 1 << (test - 1), digits


def test_every_layout_round_trips():
    """Each field in turn all ones, the others zero: no two fields share a bit."""
    tokens = fields.tokens()
    for code in tokens:
        key_bytes = 8 if code > 0xFF else 16
        cls, subclass = code >> 4 & 15, code & 15
        layout = tokens[code][1]
        fixed = {"index": layouts.FLAG_INDEX} if code == 0x2A else {}
        for chosen in layout:
            ones = (1 << chosen[2] + (chosen[4] if len(chosen) > 3 else 0)) - 1
            value = b"\xff\xff\xff\xff" if chosen == fields.NK else ones
            zero = {f[0]: b"\0\0\0\0" if f == fields.NK else 0 for f in layout}
            zero[chosen[0]] = value
            if code == 0x12A and chosen[0] == "index":
                zero["index"] = 31  # all ones is the index of the flags
            zero.update(fixed)
            block = fields.encode(cls, subclass, **zero)
            assert block[0] >> 4 == subclass and crc.matches(cls, block)
            assert fields.decode(cls, subclass, block, key_bytes) == zero
            found = token.Token(cls, block, key_bytes)
            assert {f[0]: found.field(f[0]) for f in layout} == zero


def test_fields_refuse_what_does_not_fit():
    _raises(RangeError, fields.encode, 0, 0, rnd=16)
    _raises(RangeError, fields.encode, 0, 0, amount=65536)
    _raises(RangeError, fields.encode, 0, 0, tid=-1)
    _raises(RangeError, fields.encode, 0, 4, amount=1 << 20)
    _raises(RangeError, fields.encode, 2, 3, nk=b"\0")
    _raises(FormatError, fields.encode, 0, 4, rnd=1)
    _raises(FormatError, fields.encode, 0, 0, colour=1)
    _raises(RangeError, fields.encode, 0, 0, tid="5")
    _raises(FormatError, fields.encode, 2, 10, index=62, flag=1)
    _raises(FormatError, fields.encode, 2, 10, index=63, data=1)
    for cls, subclass in ((0, 8), (0, 15), (1, 3), (3, 0)):
        _raises(FormatError, fields.encode, cls, subclass)
        _raises(FormatError, fields.decode, cls, subclass, bytes(8))
    _raises(FormatError, token.decode, token.join(3, bytes(8)))


def test_amount_boundaries():
    cases = (
        (0, 0, 0),
        (16383, 16383, 16383),
        (16384, 16384, 16384),
        (20000, 16746, 20004),
        (180214, 32767, 180214),
        (180215, 32768, 180224),
        (180223, 32768, 180224),
        (1818524, 49151, 1818524),
        (1818525, 49152, 1818624),
        (1818623, 49152, 1818624),
        (18200625, 65535, 18201624),
        (18201624, 65535, 18201624),
    )
    for tenths, field, decoded in cases:
        assert amount.encode(tenths) == field, tenths
        assert amount.decode(field) == decoded, tenths
    _raises(RangeError, amount.encode, 18201625)
    _raises(RangeError, amount.encode, -1)
    _raises(RangeError, amount.decode, 65536)
    _raises(RangeError, amount.decode_currency, 1 << 20)


def test_amounts_never_shrink_and_are_tight():
    previous = -1
    for field in range(0, 65536, 7):
        value = amount.decode(field)
        assert value > previous
        assert amount.encode(value) == field
        if field:
            assert amount.encode(amount.decode(field - 1) + 1) == field
        previous = value


def test_currency_amounts_round_in_the_customers_favour():
    cases = ((1, 1), (16383, 16383), (100000, 100004), (-100000, -99994), (-180225, -180224))
    for units, decoded in cases:
        field = amount.encode_currency(units)
        assert amount.decode_currency(field) == decoded >= units
    assert amount.encode_currency(0) == 0
    largest = amount.decode_currency(0x7FFFF)
    assert amount.encode_currency(largest) == 0x7FFFF
    _raises(RangeError, amount.encode_currency, largest + 1)
    assert amount.decode_currency(amount.encode_currency(-largest)) == -largest


def test_tid_and_its_civil_time():
    assert tid.minutes("93", 1996, 3, 25, 13, 55) == 1698595
    assert tid.civil("93", 1698595) == (1996, 3, 25, 13, 55)
    assert tid.civil("14", 0) == (2014, 1, 1, 0, 0)
    assert tid.civil("93", tid.MAX_TID) == (2024, 11, 24, 20, 15)
    assert tid.minutes("35", 2066, 11, 24, 20, 15) == tid.MAX_TID
    _raises(RangeError, tid.minutes, "35", 2066, 11, 24, 20, 16)
    for place in range(5):
        parts = [2014, 1, 1, 0, 0]
        parts[place] += 0.5
        assert "%r is not" % parts[place] in _raises(RangeError, tid.minutes, "14", *parts)
    _raises(RangeError, tid.minutes, "14", 2013, 12, 31, 23, 59)
    _raises(RangeError, tid.minutes, "20", 2020, 1, 1, 0, 0)
    for date in ((2014, 2, 30), (2014, 13, 1), (2014, 0, 1), (2015, 2, 29), (2014, 4, 31)):
        text = _raises(RangeError, tid.minutes, "14", date[0], date[1], date[2], 0, 0)
        assert text == "%d-%02d-%02d is not a date" % date
    assert tid.civil("14", tid.minutes("14", 2016, 2, 29, 23, 59)) == (2016, 2, 29, 23, 59)
    text = _raises(RangeError, tid.minutes, "14", 2014, 1, 1, 24, 0)
    assert text == "24:00 is not a time of day"
    _raises(RangeError, tid.minutes, "14", 2014, 1, 1, 0, 60)
    _raises(RangeError, tid.minutes, "14", 2014, 1, 1, -1, 0)
    for day in range(0, tid.MAX_TID, 1440 * 13 + 7):
        assert tid.minutes("35", *tid.civil("35", day)) == day


def test_reserved_minute_and_zero():
    assert [n for n in range(4000) if tid.is_reserved(n)] == [1, 1441, 2881]
    assert tid.from_minutes(6749281) == 6749282
    assert [tid.from_minutes(n) for n in (0, 1, 2, 3)] == [2, 2, 2, 3]
    assert tid.from_minutes(tid.MAX_TID) == tid.MAX_TID
    _raises(RangeError, tid.from_minutes, tid.MAX_TID + 1)
    _raises(RangeError, tid.from_minutes, -1)


def test_meter_numbers():
    for drn, number in (
        ("00000000000", "600727000000000009"),
        ("0100000000008", "000001000000000082"),
        ("11111111115", "600727111111111153"),
    ):
        assert pan.drn_valid(drn)
        assert pan.pan_from_drn(drn) == number
        assert pan.drn_from_pan(number) == drn
    assert pan.with_check("0000000000") == "00000000000"
    assert pan.pan_from_drn("0") == "600727000000000009"  # printed without its zeros
    assert pan.pan_from_drn("111-1111 1115") == "600727111111111153"
    assert pan.drn_from_pan("600727 11111111115-3") == "11111111115"
    assert not pan.drn_valid("111-1111 1115")  # for what a person wrote there is normal()


def test_wrong_meter_numbers_get_a_sentence():
    text = _raises(pan.PanError, pan.pan_from_drn, "11111111116")
    assert text == "meter number 11111111116 has a wrong check digit: compare all its digits"
    wrong = ("", "1111111111a", "\u0661" * 11, "0" * 12, "0" * 14, "11111111151", "\ud800" * 11)
    for drn in wrong:
        _raises(pan.PanError, pan.pan_from_drn, drn)
        assert not pan.drn_valid(drn)
    for number in ("600727000000000008", "60072700000000000", "700727000000000006", "x" * 18):
        _raises(pan.PanError, pan.drn_from_pan, number)
    # The outer check digit is right here, the DRN's own is not.
    body = "600727" + "11111111116"
    _raises(pan.PanError, pan.drn_from_pan, body + str(pan.luhn(body)))


def test_one_wrong_digit_in_a_meter_number_is_always_seen():
    right = "58000079523"
    for place in range(11):
        for digit in "0123456789":
            text = right[:place] + digit + right[place + 1 :]
            assert pan.drn_valid(text) == (text == right)


def test_result_names():
    assert results.name(results.NONE) == "None"
    assert results.name(results.ACCEPT) == "Accept"
    assert results.name(results.SECOND_KCT) == "2ndKCT"
    assert results.name(results.CRC_ERROR) == "CRCError"
    assert results.name(results.FOURTH_KCT) == "4thKCT"
    assert results.name(19) == "Result19"
    assert len([results.name(n) for n in range(19)]) == 19
