"""Properties over full ranges: round trips, dates, DES, the TID store against a set."""

from datetime import datetime, timedelta

from Crypto.Cipher import DES
from hypothesis import given, settings
from hypothesis import strategies as st

from sts_portable import amount, dea, fields, layouts, tid, token
from sts_portable.decoder import TidStore

KEY_BYTES = {7: 8, 9: 8, 11: 16}


def width(field):
    return field[2] + (field[4] if len(field) > 3 else 0)


def content(field):
    if field == fields.NK:
        return st.binary(min_size=4, max_size=4)
    return st.integers(0, (1 << width(field)) - 1)


@st.composite
def tokens(draw):
    """Draw (class, subclass, EA, key, field values) of a token with a public layout."""
    code = draw(st.sampled_from(sorted(fields.tokens())))
    ea = draw(st.sampled_from([7, 9] if code > 0xFF else [11] if code == 0x28 else [7, 9, 11]))
    key = draw(st.binary(min_size=KEY_BYTES[ea], max_size=KEY_BYTES[ea]))
    values = {field[0]: draw(content(field)) for field in fields.tokens()[code][1]}
    if code & 0xFF == 0x2A:  # the index chooses the form
        values["index"] = 63 if code == 0x2A else draw(st.integers(0, 62))
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


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_ea09_is_pycryptodomes_des(key, block):
    cipher = DES.new(key, DES.MODE_ECB).encrypt(block)
    assert dea.encrypt(key, block) == cipher
    assert dea.decrypt(key, cipher) == block


@given(st.integers(0, (1 << 64) - 1), st.integers(0, 63), st.data())
def test_bits_of_a_block(number, low, data):
    width = data.draw(st.integers(1, 64 - low))
    assert layouts.bits(number.to_bytes(8, "big"), low, width) == number >> low & (1 << width) - 1


@given(st.lists(st.integers(1, 80) | st.integers(1, 0xFFFFFF), max_size=120))
def test_the_tid_store_is_the_fifty_largest(tids):
    store, model = TidStore(), set()
    for number in tids:
        full = len(model) == 50
        assert store.contains(number) == (number in model)
        assert store.is_old(number) == (full and number < min(model))
        store.add(number)
        model = set(sorted(model | {number})[-50:])
    stored = [int.from_bytes(store.buf[i : i + 3], "big") for i in range(0, 150, 3)]
    assert stored == [0] * (50 - len(model)) + sorted(model)
