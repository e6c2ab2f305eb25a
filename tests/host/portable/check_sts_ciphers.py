"""STA, DES, MISTY1 and the decoder-key algorithms: on both runtimes."""

from sts_portable import dkga, ea, pan, sta
from sts_portable.errors import RangeError, StsError

_VK2 = b"\xab" * 8
_VK4 = bytes.fromhex("abababababababab949494949494949401234567")
_PAN = "600727000000000009"


def _raises(error, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except error as raised:
        return str(raised)
    raise AssertionError("%s was not raised" % error.__name__)


def _stream(count, size):
    """Return `count` pseudo-random byte strings, the same on every runtime (xorshift16)."""
    state = 0x2545
    for _ in range(count):
        out = bytearray(size)
        for i in range(size):
            state ^= state << 7 & 0xFFFF
            state ^= state >> 9
            state ^= state << 8 & 0xFFFF
            out[i] = state & 0xFF
        yield bytes(out)


def test_decrypt_undoes_encrypt():
    answer = []
    for code, key_bytes in ((7, 8), (9, 8), (11, 16)):
        for data in _stream(20, key_bytes + 8):
            key, block = data[:key_bytes], data[key_bytes:]
            cipher = ea.encrypt(code, key, block)
            assert cipher != block and len(cipher) == 8
            assert ea.decrypt(code, key, cipher) == block
            assert ea.decrypt(code, key, bytearray(cipher)) == block
        answer.append(cipher)
    return answer  # compared between the runtimes


def test_published_cipher_answers():
    cases = (
        # RFC 2994, section 4, both blocks
        (11, "00112233445566778899aabbccddeeff", "0123456789abcdef", "8b1da5f56ab3d07c"),
        (11, "00112233445566778899aabbccddeeff", "fedcba9876543210", "04b68240b13be95d"),
        # FIPS 81, first block of the ECB example
        (9, "0123456789abcdef", "4e6f772069732074", "3fa40e8a984d4815"),
        (7, "17f5e837d70820fe", "451abd81f1d69ed6", "19abe3c214b77bc8"),
    )
    for code, key, plain, cipher in cases:
        got = ea.encrypt(code, bytes.fromhex(key), bytes.fromhex(plain))
        assert got == bytes.fromhex(cipher), code


def test_parity_bits_do_not_matter_to_des():
    key = bytes.fromhex("0123456789abcdef")
    other = bytes(byte ^ 1 for byte in key)
    assert ea.encrypt(9, key, bytes(8)) == ea.encrypt(9, other, bytes(8))


def test_every_key_bit_and_data_bit_of_sta_counts():
    base = sta.encrypt(bytes(8), bytes(8))
    seen = {base}
    for bit in range(64):
        one = bytearray(8)
        one[bit >> 3] = 1 << (bit & 7)
        seen.add(sta.encrypt(bytes(one), bytes(8)))
        seen.add(sta.encrypt(bytes(8), bytes(one)))
    assert len(seen) == 129


def _sta_by_the_book(source, key, block):
    """Encrypt by STA bit by bit, as the standard describes it."""
    s1, s2, moves = source[:16], source[16:32], source[32:]
    ones = (1 << 64) - 1
    data = int.from_bytes(block, "big")
    k = ones ^ int.from_bytes(key, "big")
    k = k >> 12 | k << 52 & ones
    for _ in range(16):
        substituted = 0
        for i in range(16):
            box = s2 if k >> (4 * i + 3) & 1 else s1
            substituted |= box[data >> 4 * i & 15] << 4 * i
        data = 0
        for bit in range(64):
            data |= (substituted >> bit & 1) << moves[bit]
        k = k << 1 & ones | k >> 63
    return data.to_bytes(8, "big")


def test_a_licensees_tables():
    key, block = bytes.fromhex("17f5e837d70820fe"), bytes.fromhex("451abd81f1d69ed6")
    # S1 and S2 that are not each other's inverses, unlike the sample's.
    s1 = bytes((5 * i + 3) & 15 for i in range(16))
    s2 = bytes((11 * i + 6) & 15 for i in range(16))
    source = s1 + s2 + bytes((29 * i + 13) & 63 for i in range(64))
    sample = sta.encrypt(key, block)
    try:
        sta.set_tables(source)
        for data in _stream(5, 16):
            cipher = sta.encrypt(data[:8], data[8:])
            assert cipher == _sta_by_the_book(source, data[:8], data[8:])
            assert sta.decrypt(data[:8], cipher) == data[8:]
        for place in (0, 16, 32):
            broken = bytearray(source)
            broken[place] = broken[place + 1]
            _raises(ValueError, sta.set_tables, broken)
        _raises(ValueError, sta.set_tables, source[:95])
        _raises(ValueError, sta.set_tables, source + b"\0")
        assert sta.encrypt(data[:8], data[8:]) == cipher  # still the licensee's
    finally:
        sta.set_tables()
    assert sta.encrypt(key, block) == sample


def test_registry():
    text = _raises(StsError, ea.encrypt, 8, bytes(8), bytes(8))
    assert text == "encryption algorithm 8 is not one of 7, 9, 11"
    _raises(StsError, ea.encrypt, 11, bytes(8), bytes(8))
    _raises(StsError, ea.decrypt, 7, bytes(16), bytes(8))
    plain = ea.encrypt(7, bytes(8), bytes(8))
    ea.register(7, lambda key, block: b"another!", None)
    try:
        assert ea.encrypt(7, bytes(8), bytes(8)) == b"another!"
    finally:
        ea.unregister(7)
    assert ea.encrypt(7, bytes(8), bytes(8)) == plain


def test_hmac_sha256():
    # RFC 4231, test case 2
    digest = dkga.hmac_sha256(b"Jefe", b"what do ya want for nothing?")
    wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert digest == bytes.fromhex(wanted)


def test_dkga02_and_its_blocks():
    assert dkga.pan_block(_PAN, 2) == bytes.fromhex("0072700000000000")
    assert dkga.control_block(2, "123456", "01", 1) == bytes.fromhex("2123456011ffffff")
    key = dkga.decoder_key("02", _VK2, _PAN, 2, "123456", "01", 1, "93")
    assert key == bytes.fromhex("e653341f9d5bf36f")
    assert key == dkga.decoder_key("02", _VK2, _PAN, 2, 123456, 1, 1, "14")
    spaced = dkga.decoder_key("02", _VK2, "600727 0000000000-09", 2, 123456, 1, 1, "93")
    assert spaced == key


def test_dkga04_key_sizes():
    for code, size in ((7, 8), (9, 8), (11, 16)):
        assert len(dkga.decoder_key("04", _VK4, _PAN, 2, 123457, 1, 1, "14", code)) == size
    # Every input that names the key changes it.
    base = (_PAN, 2, 123457, 1, 1, "14", 7)
    others = ("600727111111111153", 1, 123456, 2, 2, "93", 9)
    keys = {dkga.decoder_key("04", _VK4, *base)}
    for i in range(7):
        keys.add(dkga.decoder_key("04", _VK4, *(base[:i] + (others[i],) + base[i + 1 :])))
    assert len(keys) == 8


def test_open_choices_must_be_made():
    key3 = _VK2 + bytes.fromhex("0123456789abcdef")
    far = "000001000000000082"
    cases = (
        ("01", _VK2, _PAN, 2, 7, dkga.CHOICES["01"]),
        ("03", key3, _PAN, 2, 7, dkga.CHOICES["03"]),
        ("02", _VK2, far, 3, 7, dkga.CHOICES["02 KT 3 IIN 0000"]),
        ("04", _VK4, _PAN, 3, 7, dkga.CHOICES["04 KT 3"]),
    )
    for family, vk, number, kt, code, variants in cases:
        given = (family, vk, number, kt, 123456, 1, 1, "93", code)
        text = _raises(dkga.DkgaError, dkga.decoder_key, *given)
        assert "choose variant" in text
        _raises(dkga.DkgaError, dkga.decoder_key, *(given + ("something",)))
        keys = {dkga.decoder_key(*(given + (variant,))) for variant in variants}
        assert len(keys) == len(variants) == 2


def test_common_key_with_the_usual_iin_is_settled():
    assert dkga.pan_block("600727111111111153", 3) == bytes.fromhex("0072700000000000")
    one = dkga.decoder_key("02", _VK2, "600727111111111153", 3, 123456, 1, 1, "93")
    assert one == dkga.decoder_key("02", _VK2, _PAN, 3, 123456, 1, 1, "93")


def test_codes_are_numbers_or_text():
    numbers = (_PAN, 2, 123457, 1, 1)
    key = dkga.decoder_key("04", _VK4, *(numbers + ("14", 7)))
    for family in (4, "4", "04"):
        for base in (14, "14"):
            for code in (7, "7", "07"):
                assert dkga.decoder_key(family, _VK4, *(numbers + (base, code))) == key
    message = dkga.message(_PAN, 2, 123457, 1, 1, "14", 7, 8)
    assert dkga.message(_PAN, 2, 123457, 1, 1, 14, "07", 8) == message
    block = bytes(range(8))
    for code in (7, 9):
        cipher = ea.encrypt(code, key, block)
        assert ea.encrypt("%02d" % code, key, block) == cipher
        assert ea.decrypt(str(code), key, cipher) == block
    for wrong in (0, 5, "", "4 ", "004", "x", None, True, 4.0, [4]):
        text = _raises(RangeError, dkga.decoder_key, wrong, _VK4, *(numbers + ("14",)))
        assert text == "DKGA %r is not one of 1, 2, 3, 4" % (wrong,)
    for wrong in ("8", "x", None, True, 7.5, [7]):
        derived = _raises(RangeError, dkga.decoder_key, "04", _VK4, *(numbers + ("14", wrong)))
        for text in (derived, _raises(RangeError, ea.encrypt, wrong, key, block)):
            assert text == "encryption algorithm %r is not one of 7, 9, 11" % (wrong,)


def test_a_base_date_is_given_and_exists():
    for family, vk in (("02", _VK2), ("04", _VK4)):
        for wrong in ("2014", "99", "", "014", 15, None, True, 14.0):
            text = _raises(RangeError, dkga.decoder_key, family, vk, _PAN, 2, 123457, 1, 1, wrong)
            assert text == "base date code %r is not one of 93, 14, 35" % (wrong,)
        _raises(TypeError, dkga.decoder_key, family, vk, _PAN, 2, 123457, 1, 1)
    _raises(RangeError, dkga.message, _PAN, 2, 123457, 1, 1, "2014", 7, 8)
    for wrong in ("1 2", "", "1_0", "\u0661", "-1", "\ud800", 1000000):
        _raises(RangeError, dkga.control_block, 2, wrong, 1, 1)


def test_triple_des_with_equal_halves_is_single_des():
    out = dkga.decoder_key("03", _VK2 + _VK2, _PAN, 2, 123456, 1, 1, "93", variant="no-xor")
    data = bytes.fromhex("2151356011ffffff")
    pan_block, control = dkga.pan_block(_PAN, 2), dkga.control_block(2, 123456, 1, 1)
    assert data == bytes(pan_block[i] ^ control[i] for i in range(8))
    assert out == ea.encrypt(9, _VK2, data)


def test_impossible_derivations_get_a_sentence():
    good = ("02", _VK2, _PAN, 2, 123456, 1, 1, "93", 7)
    changes = (
        (0, "05"), (1, bytes(7)), (1, bytes(8)), (3, 4), (4, 1000000), (5, 100), (6, 0),
        (6, 10), (8, 8), (8, 11),
    )  # fmt: skip
    assert dkga.decoder_key(*good)
    for place, value in changes:
        text = _raises(StsError, dkga.decoder_key, *(good[:place] + (value,) + good[place + 1 :]))
        assert place == 1 or str(value) in text, text
    number = (2, 123456, 1, 1, "14")
    _raises(pan.PanError, dkga.decoder_key, "02", _VK2, "600727000000000008", *number)
    text = _raises(dkga.DkgaError, dkga.decoder_key, "04", _VK2, _PAN, *number)
    assert text == "DKGA04 needs a vending key of 20 bytes, not 8"
    old = ("01", _VK2, _PAN, 2, 123456, 1)
    _raises(dkga.DkgaError, dkga.decoder_key, *(old + (2, "93", 7, "xor-vk")))
    _raises(dkga.DkgaError, dkga.decoder_key, *(old + (1, "93", 9, "xor-vk")))
