"""The meter's side: order of checks, TID store, key change. On both runtimes."""

from sts_portable import results, token, vendor
from sts_portable.decoder import KCT_TIMEOUT_MS, Decoder, KeyState, TidStore
from sts_portable.errors import StsError

_KEY = {
    7: bytes.fromhex("e653341f9d5bf36f"),
    11: bytes.fromhex("f94b6ed353c3bfdb113e2d3a7ea3c41d"),
}
_NEW = {
    7: bytes.fromhex("060b8643c59a27f1"),
    11: bytes.fromhex("14bd465dfa42bccf419b85f111d142f9"),
}
_BLOCK = 65536  # TIDs in one step of the key expiry number


def _meter(ea=7, **attributes):
    return Decoder(KeyState(_KEY[ea], ea, **attributes), TidStore(), mfr_code=21)


def _make(meter, cls=0, subclass=0, **values):
    return token.make(cls, subclass, meter.key.key, meter.key.ea, **values)


def _enter(meter, digits):
    """Enter a token as a meter does: check, execute (nothing here), commit. Return the final
    result's name."""
    result, found = meter.check(digits)
    if result == results.ACCEPT:
        result = meter.commit(found)
    return results.name(result)


def test_credit_is_accepted_once():
    for ea in (7, 11):
        meter = _meter(ea)
        digits = _make(meter, tid=5000, amount=200, rnd=9)
        result, found = meter.check(digits.encode())
        assert result == results.ACCEPT
        assert (found.cls, found.subclass, found.tid, found.value) == (0, 0, 5000, 200)
        assert found.field("rnd") == 9 and found.field("no such") is None
        assert _enter(meter, digits) == "Accept"
        assert _enter(meter, digits) == "UsedError"
        # RND does not make another token of it.
        assert _enter(meter, _make(meter, tid=5000, amount=200, rnd=3)) == "UsedError"
        # Class 0 and class 2 share one store.
        assert _enter(meter, _make(meter, 2, 0, tid=5000, mpl=1)) == "UsedError"


def test_a_token_that_is_not_committed_is_not_consumed():
    meter = _meter()
    digits = _make(meter, tid=5000, amount=65535)
    # The caller finds that the credit register would overflow, and does not commit.
    assert meter.check(digits)[0] == results.ACCEPT
    assert bytes(meter.tids.buf) == bytes(150)
    assert _enter(meter, digits) == "Accept"


def test_digits_as_a_person_writes_them():
    meter = _meter()
    digits = _make(meter, tid=5000, amount=200)
    parts = [digits[i : i + 4] for i in range(0, 20, 4)]
    for text in (" ".join(parts), "-".join(parts), "  " + " - ".join(parts) + "\n"):
        assert meter.check(text)[0] == results.ACCEPT
        assert meter.check(text.encode())[0] == results.ACCEPT
    assert meter.check(".".join(parts))[0] == results.FORMAT_ERROR


def test_entry_errors():
    meter = _meter()
    wrong = ("", "1" * 19, "x" * 20, "9" * 20, b"\xff" * 20, "\ud800" * 20, "\u0661" * 20, 7)
    for digits in wrong:
        assert meter.check(digits) == (results.FORMAT_ERROR, None)
    assert meter.check(token.join(3, bytes(8))) == (results.FUNCTION_ERROR, None)


def test_another_meters_token():
    digits = token.make(0, 0, _NEW[7], 7, tid=5000, amount=200)
    assert _meter().check(digits) == (results.CRC_ERROR, None)


def test_every_digit_counts():
    meter = _meter()
    digits = _make(meter, tid=5000, amount=200)
    for place in range(20):
        digit = "7" if digits[place] != "7" else "3"
        result = meter.check(digits[:place] + digit + digits[place + 1 :])[0]
        assert result in (results.CRC_ERROR, results.FORMAT_ERROR, results.FUNCTION_ERROR)


def test_manufacturer_code():
    meter = _meter()
    for subclass in (0, 1):
        assert _enter(meter, vendor.meter_test(subclass, 1)) == "Accept"
        assert _enter(meter, vendor.meter_test(subclass, 1, mfr=21)) == "Accept"
        assert _enter(meter, vendor.meter_test(subclass, 1, mfr=22)) == "MfrCodeError"


def test_reserved_and_foreign_functions():
    meter = _meter()
    for cls, subclass in ((0, 8), (0, 15), (1, 3), (1, 15)):
        block = bytearray((subclass << 4, 0, 0, 9, 0, 0, 0, 0))
        found = token.Token(cls, block)
        assert found.row() is None and found.tid is None and found.field("tid") is None
        assert _sealed(meter, cls, block) == "FunctionError"
    assert _enter(meter, _make(meter, 2, 9, sgcho=1)) == "FunctionError"  # not for 64-bit keys
    digits = _make(meter, 2, 11, tid=77, value=5)
    assert _enter(meter, digits) == "FunctionError"
    meter.extra = (0x2B,)
    assert _enter(meter, digits) == "Accept"
    assert _enter(meter, _make(meter, 2, 12, tid=78)) == "FunctionError"


def _sealed(meter, cls, block):
    """Give a block its CRC, encrypt it if its class is, and enter it."""
    from sts_portable import crc, ea

    check = crc.field(cls, block)
    block[6], block[7] = check >> 8, check & 0xFF
    if token.is_encrypted(cls):
        block = ea.encrypt(meter.key.ea, meter.key.key, block)
    return _enter(meter, token.join(cls, bytes(block)))


def test_elements():
    meter = _meter()
    assert _enter(meter, _make(meter, 2, 1, tid=10, register=8)) == "RangeError"
    assert _enter(meter, _make(meter, 2, 1, tid=10, register=0xFFFF)) == "Accept"
    assert _enter(meter, _make(meter, 2, 5, tid=11, pad=1)) == "FormatError"
    assert _enter(meter, _make(meter, 2, 5, tid=11)) == "Accept"
    assert _enter(meter, _make(meter, 2, 3, krn=0, kt=2)) == "RangeError"
    assert _enter(meter, _make(meter, 2, 4, ti=100)) == "RangeError"


def test_used_comes_before_expired():
    meter = _meter()
    digits = _make(meter, tid=5 * _BLOCK, amount=1)
    assert _enter(meter, digits) == "Accept"
    meter.key.ken = 4
    assert _enter(meter, digits) == "UsedError"
    assert _enter(meter, _make(meter, tid=5 * _BLOCK + 1, amount=1)) == "KeyExpiredError"


def test_old_comes_before_expired_and_expired_before_ddtk():
    meter = _meter(kt=1, ken=2)
    late = _make(meter, tid=5 * _BLOCK, amount=1)
    assert _enter(meter, late) == "KeyExpiredError"
    for n in range(50):
        meter.tids.add(6 * _BLOCK + n)
    assert _enter(meter, late) == "OldError"


def test_ddtk_comes_before_elements_but_only_for_credit():
    for kt, credit in ((0, "Accept"), (1, "DDTKError"), (2, "Accept"), (3, "Accept")):
        meter = _meter(kt=kt)
        assert _enter(meter, _make(meter, tid=3, amount=1)) == credit
        assert _enter(meter, _make(meter, 2, 0, tid=4, mpl=1)) == "Accept"


def test_validation_comes_before_elements():
    meter = _meter()
    assert _enter(meter, _make(meter, tid=10, amount=1)) == "Accept"
    assert _enter(meter, _make(meter, 2, 1, tid=10, register=8)) == "UsedError"


def test_key_expiry_limits():
    for ken, tid, result in (
        (0, _BLOCK - 1, "Accept"),
        (0, _BLOCK, "KeyExpiredError"),
        (85, 5916090, "KeyExpiredError"),
        (90, 5916090, "Accept"),
        (255, 0xFFFFFF, "Accept"),
    ):
        meter = _meter(ken=ken)
        assert _enter(meter, _make(meter, tid=tid, amount=1)) == result


def _stored(store):
    buf = store.buf
    return [buf[i] << 16 | buf[i + 1] << 8 | buf[i + 2] for i in range(0, 150, 3)]


def test_tids_out_of_order_until_the_store_is_full():
    store = TidStore()
    order = [(n * 17) % 50 + 2 for n in range(50)]  # 2..51, each once
    for n in order:
        assert not store.is_old(n) and not store.contains(n)
        store.add(n)
        assert store.contains(n)
    assert _stored(store) == list(range(2, 52))
    assert store.is_old(1) and not store.is_old(2)


def test_a_full_store_drops_the_smallest_tid_not_the_first_to_come():
    store = TidStore()
    for n in range(150, 100, -1):
        store.add(n)
    store.add(200)
    assert not store.contains(101) and store.contains(150)
    assert store.is_old(101)
    store.add(101)  # too old: nothing happens
    assert _stored(store) == list(range(102, 151)) + [200]
    store.add(120)  # known: nothing happens
    assert _stored(store) == list(range(102, 151)) + [200]
    store.clear()
    assert bytes(store.buf) == bytes(150)


def test_the_store_is_its_bytes():
    store = TidStore()
    for n in (0xFFFFFF, 2, 0x010203):
        store.add(n)
    assert bytes(store.buf[-9:]) == b"\0\0\x02\x01\x02\x03\xff\xff\xff"
    again = TidStore(bytearray(store.buf))
    assert again.contains(2) and again.contains(0x010203) and again.contains(0xFFFFFF)
    assert not again.contains(0x0203FF)  # bytes of two entries


def test_tid_zero_is_never_accepted():
    meter = _meter()
    digits = _make(meter, tid=0, amount=1)
    assert _enter(meter, digits) == "OldError"
    meter.tids.add(0)
    assert bytes(meter.tids.buf) == bytes(150)
    assert not meter.tids.contains(0)
    for n in range(2, 52):
        meter.tids.add(n)
    assert _enter(meter, digits) == "OldError"


def test_the_meter_refuses_tokens_older_than_its_full_store():
    meter = _meter()
    for n in range(50):
        assert _enter(meter, _make(meter, tid=1000 + n, amount=1)) == "Accept"
    assert _enter(meter, _make(meter, tid=999, amount=1)) == "OldError"
    assert _enter(meter, _make(meter, tid=2000, amount=1)) == "Accept"
    assert _enter(meter, _make(meter, tid=1000, amount=1)) == "OldError"
    assert _enter(meter, _make(meter, tid=1001, amount=1)) == "UsedError"


_PART = {0: "1stKCT", 1: "2ndKCT", 2: "3rdKCT", 3: "4thKCT"}


def _change(ea=7, ro=0, kct3=0, kt=2, sgc=123457):
    return _set(_KEY[ea], _NEW[ea], ea, ro, kt, 7, 42, 0x5A, sgc, kct3)


def _set(old, new, ea=7, ro=0, kt=2, krn=1, ti=1, ken=255, sgc=123456, kct3=0):
    """Return the tokens of any key change, those that vendor.key_change() refuses to make
    included."""
    sections = vendor.key_change_fields(new, kt, krn, ti, ken, ro, sgc, kct3)
    return [token.make(2, subclass, old, ea, **values) for subclass, values in sections]


def _orders(count):
    """Return every order of 0..count-1."""
    if count == 0:
        return [[]]
    return [o[:i] + [count - 1] + o[i:] for o in _orders(count - 1) for i in range(count)]


def _new_state(meter):
    key = meter.key
    return key.key, key.kt, key.krn, key.ti, key.ken, key.sgc


def test_key_change_in_any_order():
    for ea, kct3, parts, sgc in ((7, 0, 2, 123456), (7, 1, 3, 123457), (11, 0, 4, 123457)):
        digits = _change(ea, kct3=kct3)
        assert len(digits) == parts
        for order in _orders(parts):
            meter = _meter(ea)
            before = _new_state(meter)
            for i in order[:-1]:
                assert _enter(meter, digits[i]) == _PART[i]
                assert _new_state(meter) == before
            assert _enter(meter, digits[order[-1]]) == "Accept"
            assert _new_state(meter) == (_NEW[ea], 2, 7, 42, 0x5A, sgc)
            # Under the new key they are no tokens any more.
            assert _enter(meter, digits[0]) == "CRCError"


def test_a_part_entered_twice_counts_once():
    meter = _meter()
    first, second = _change()
    assert _enter(meter, first) == "1stKCT"
    assert _enter(meter, first) == "1stKCT"
    assert _enter(meter, second) == "Accept"


def test_a_later_set_replaces_parts_of_an_earlier_one():
    meter = _meter()
    other = bytes(range(8))
    assert _enter(meter, _change()[0]) == "1stKCT"
    first, second = _set(_KEY[7], other, kt=1, krn=3, ti=5)
    assert _enter(meter, first) == "1stKCT"
    assert _enter(meter, second) == "Accept"
    assert _new_state(meter) == (other, 1, 3, 5, 255, 123456)


def test_a_partial_set_is_forgotten_in_time():
    meter = _meter()
    first, second = _change()
    assert _enter(meter, first) == "1stKCT"
    meter.elapsed(KCT_TIMEOUT_MS - 1)
    meter.elapsed(1)
    assert _enter(meter, second) == "2ndKCT"
    assert meter.key.key == _KEY[7]
    assert _enter(meter, first) == "Accept"


def test_each_part_of_a_key_change_starts_the_time_anew():
    meter = _meter(11)
    parts = _change(11)
    for digits in parts[:3]:
        assert _enter(meter, digits) != "Accept"
        meter.elapsed(KCT_TIMEOUT_MS - 1)
    assert _enter(meter, parts[3]) == "Accept"


def test_credit_between_the_parts():
    meter = _meter()
    first, second = _change()
    assert _enter(meter, first) == "1stKCT"
    assert _enter(meter, _make(meter, tid=7, amount=1)) == "Accept"
    assert _enter(meter, second) == "Accept"
    assert meter.tids.contains(7)


def test_rollover_empties_the_store_and_nothing_else_does():
    for ro in (0, 1):
        meter = _meter()
        meter.tids.add(900000)
        for digits in _change(ro=ro):
            _enter(meter, digits)
        assert meter.key.key == _NEW[7]
        assert meter.tids.contains(900000) == (ro == 0)


def test_key_types_that_may_follow_each_other():
    allowed = {0: (0, 1, 2), 1: (1, 2), 2: (1, 2), 3: (1, 2, 3)}
    for old in range(4):
        for new in range(4):
            meter = _meter(kt=old)
            wanted = "1stKCT" if new in allowed[old] else "KeyTypeError"
            assert _enter(meter, _change(kt=new)[0]) == wanted


def test_a_set_that_leads_to_the_present_key_is_refused():
    """Keyed in again and again it would empty the TID store each time."""
    for ea in (7, 11):
        meter = _meter(ea)
        credit = _make(meter, tid=5000, amount=200)
        assert _enter(meter, credit) == "Accept"
        before = _new_state(meter)
        for _ in range(2):
            for digits in _set(_KEY[ea], _KEY[ea], ea, ro=1, krn=2, ken=9):
                name = _enter(meter, digits)
            assert name == "RangeError"
            assert _new_state(meter) == before
            assert _enter(meter, credit) == "UsedError"
        # The sections are dropped: a set to another key starts anew.
        for digits in _change(ea):
            name = _enter(meter, digits)
        assert name == "Accept" and meter.key.key == _NEW[ea]


def test_a_way_back_without_the_rollover_bit_makes_nothing_usable_again():
    """From A to B and to A again: harmless, because the store is kept."""
    meter = _meter()
    credit = _make(meter, tid=5000, amount=200)
    assert _enter(meter, credit) == "Accept"
    there, back = _set(_KEY[7], _NEW[7], krn=2), _set(_NEW[7], _KEY[7], krn=1)
    for _ in range(2):
        assert [_enter(meter, digits) for digits in there + back] == ["1stKCT", "Accept"] * 2
        assert _enter(meter, credit) == "UsedError"


def test_extended_tokens():
    meter = _meter()
    for digits, index in (("0230 5843 0093 4791 4912", 0), ("0344 0750 1154 4527 9822", 63)):
        result, found = meter.check(digits)
        assert (result, found.cls, found.subclass) == (results.ACCEPT, 1, 2)
        assert (found.value, found.field("index"), found.field("data")) == (index, index, 0)
        assert found.field("mfr") == 0
    assert _enter(meter, vendor.extended_read(5, mfr=21)) == "Accept"
    assert _enter(meter, vendor.extended_read(5, mfr=22)) == "MfrCodeError"
    found = meter.check(_make(meter, 2, 10, tid=5, index=0, data=123))[1]
    assert (found.field("index"), found.field("data"), found.value) == (0, 123, 123)
    assert found.field("flag") is None and found.tid == 5
    found = meter.check(_make(meter, 2, 10, tid=5, index=63, flag=61, state=1))[1]
    assert (found.field("flag"), found.field("state"), found.field("data")) == (61, 1, None)


def test_what_cannot_be_a_store_or_a_key_is_refused_when_made():
    for wrong in (
        bytes(150),
        bytearray(149),
        bytearray(0),
        bytearray(151),
        memoryview(bytes(150)),
        [0] * 150,
        tuple([0] * 150),
        "0" * 150,
    ):
        assert _refused(TidStore, wrong).startswith("a TID store ")
    assert _refused(TidStore, bytearray(7)) == "a TID store has 150 bytes, not 7"
    buf = bytearray(150)
    TidStore(memoryview(buf)).add(5)
    assert buf[149] == 5
    key = _KEY[7]
    assert KeyState(key, "07").ea == 7
    assert _refused(KeyState, key[:7]) == "EA07 needs a key of 8 bytes, not 7"
    assert _refused(KeyState, key, 11) == "EA11 needs a key of 16 bytes, not 8"
    for wrong in ("abcdefgh", [1] * 8, None, 8):
        assert _refused(KeyState, wrong).startswith("a key is bytes, not ")
    assert _refused(KeyState, key, 8) == "encryption algorithm 8 is not one of 7, 9, 11"
    for wrong in ({"kt": 4}, {"krn": 0}, {"sgc": 1000000}, {"ti": 100}, {"ken": 256}, {"ti": "1"}):
        name = next(iter(wrong))
        text = _refused(KeyState, key, **wrong)
        assert text.startswith("%s %s is not a number from " % (name.upper(), wrong[name])), text


def _refused(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except StsError as error:
        return str(error)
    raise AssertionError("not refused")


def test_a_key_is_not_shown():
    key = KeyState(_KEY[7], kt=1, krn=3)
    assert repr(key) == "KeyState(key=<hidden>, ea=7, kt=1, krn=3, sgc=123456, ti=1, ken=255)"
    assert str(key) == repr(key)


def test_a_supply_group_that_does_not_exist():
    for ea, sections in ((7, ((8, {"sgc": 1000000}),)), (11, ((8, {"sgclo": 0}), (9, {})))):
        meter = _meter(ea)
        before = _new_state(meter)
        listed = vendor.key_change_fields(_NEW[ea], 2, 7, 42, 9, 0, 0, True)[:2]
        for subclass, values in list(sections) + listed:
            values = dict(values)
            if subclass == 9:
                values["sgcho"] = 0xFFF
            if subclass in (8, 9) and ea == 11:
                values["nk"] = b"\1\2\3\4"
            name = _enter(meter, _make(meter, 2, subclass, **values))
        assert name == "RangeError"
        assert _new_state(meter) == before
