"""Properties over full ranges: round trips, dates, and what a 16-bit CRC lets through."""

import random
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from sts_portable import amount, fields, layouts, results, tid, token
from sts_portable.decoder import Decoder, KeyState, TidStore

KEY_BYTES = {7: 8, 9: 8, 11: 16}


def width(field):
    return field[2] + (field[4] if len(field) > 3 else 0)


def content(field):
    if field is layouts.NK:
        return st.binary(min_size=4, max_size=4)
    return st.integers(0, (1 << width(field)) - 1)


@st.composite
def tokens(draw):
    """(class, subclass, EA, key, field values) of any token with a public layout."""
    code = draw(st.sampled_from(sorted(layouts.TOKENS)))
    ea = draw(st.sampled_from([7, 9] if code > 0xFF else [11] if code == 0x28 else [7, 9, 11]))
    key = draw(st.binary(min_size=KEY_BYTES[ea], max_size=KEY_BYTES[ea]))
    values = {field[0]: draw(content(field)) for field in layouts.TOKENS[code][1]}
    return code >> 4 & 15, code & 15, ea, key, values


@settings(max_examples=300, deadline=None)
@given(tokens())
def test_every_token_comes_back(made):
    cls, subclass, ea, key, values = made
    digits = token.make(cls, subclass, key, ea, **values)
    assert len(digits) == 20 and digits.isdigit()
    found = token.decode(digits, key, ea)
    assert (found.cls, found.subclass) == (cls, subclass)
    assert {name: found.field(name) for name in values} == values
    assert fields.decode(cls, subclass, found.block, KEY_BYTES[ea]) == values


@given(st.integers(0, amount.MAX_TENTHS))
def test_an_amount_is_never_less_than_paid_for(tenths):
    field = amount.encode(tenths)
    assert amount.decode(field) >= tenths
    assert field == 0 or amount.decode(field - 1) < tenths


@given(st.integers(-(10**34), 10**34))
def test_a_currency_amount_is_never_to_the_customers_harm(units):
    field = amount.encode_currency(units)
    value = amount.decode_currency(field)
    assert value >= units
    sign, size = field >> 19, field & 0x7FFFF
    closer = size + 1 if sign else size - 1
    if 0 <= closer <= 0x7FFFF:
        assert amount.decode_currency(sign << 19 | closer) < units


def test_every_amount_field():
    values = [amount.decode(field) for field in range(65536)]
    assert values == sorted(set(values))
    assert [amount.encode(value) for value in values] == list(range(65536))


def test_every_day_of_every_base_date():
    for bdt, year in tid.BASE_YEARS.items():
        base = datetime(year, 1, 1)
        for minute in [*range(0, tid.MAX_TID, 1440), tid.MAX_TID]:
            then = base + timedelta(minutes=minute)
            parts = (then.year, then.month, then.day, then.hour, then.minute)
            assert tid.civil(bdt, minute) == parts
            assert tid.minutes(bdt, *parts) == minute


def test_changed_digits_pass_no_more_often_than_the_crc_lets_them(record_property):
    """One wrong digit scrambles the block, so it is accepted once in 2^16 at most."""
    rng = random.Random(16)
    key = KeyState(bytes.fromhex("e653341f9d5bf36f"))
    tries = 20000
    accepted = 0
    for n in range(tries):
        meter = Decoder(key, TidStore())
        digits = token.make(0, 0, key.key, 7, rnd=n % 16, tid=2 + n, amount=n % 16384)
        place = rng.randrange(20)
        other = rng.choice([d for d in "0123456789" if d != digits[place]])
        result, _ = meter.check(digits[:place] + other + digits[place + 1 :])
        accepted += result == results.ACCEPT
    record_property("expected", tries / 65536)
    record_property("seen", accepted)
    # 0.3 expected; the seed is fixed, and even with another one 6 would come once in 10^6 runs.
    assert accepted < 6
