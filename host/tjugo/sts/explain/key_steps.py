"""The steps of a decoder key's derivation: MeterPAN, blocks, message, result."""

from sts_portable import dkga, ea, pan
from tjugo.sts.explain.key import KEY_TYPES, DecoderKey, Derivation
from tjugo.sts.explain.model import Fact, Step, Table, hexed

# The DKGA04 message: the number of bytes of each part, and its meaning.
_MESSAGE = (
    (1, "items in the label"),
    (3, "length 2, DKGA code"),
    (3, "length 2, base date code"),
    (3, "length 2, encryption algorithm"),
    (3, "length 2, TI"),
    (1, "end of the label"),
    (1, "items in the context"),
    (7, "length 6, SGC"),
    (2, "length 1, KT"),
    (2, "length 1, KRN"),
    (19, "length 18, MeterPAN"),
    (4, "length of the decoder key in bits"),
)


def key_steps(key: DecoderKey) -> list[Step]:
    """Return the steps of the derivation, or one step with the origin of a given key."""
    how = key.derivation
    if key.hidden:
        say = (
            "The key is the station's secret. Its key store derived it from the vending key, the"
            " MeterPAN and the key parameters below; it is used here and not shown.",
        )
        return [Step("key", "Decoder key", say, _register(key))]
    if how is None:
        facts = (Fact("decoder key", hexed(key.key), "as given"), *_register(key))
        return [Step("key", "Decoder key", facts=facts)]
    derived = _dkga04(key, how) if how.dkga == "04" else _des(key, how)
    return [_meter_pan(how.pan), derived]


def _register(key: DecoderKey) -> tuple[Fact, ...]:
    return (
        Fact("EA", f"{key.ea:02d}"),
        Fact("KT", f"{key.kt}", KEY_TYPES[key.kt]),
        Fact("SGC", f"{key.sgc:06d}", "supply group code"),
        Fact("TI", f"{key.ti:02d}", "tariff index"),
        Fact("KRN", f"{key.krn}", "key revision number"),
        Fact("KEN", f"{key.ken}", "key expiry number; 255 never expires"),
        Fact("base date", key.bdt),
    )


def _meter_pan(number: str) -> Step:
    drn = pan.drn_from_pan(number)
    iin = number[: 17 - len(drn)]
    say = (
        "The meter's identity: issuer (IIN), the number printed on the meter (DRN), and a check"
        " digit. Both check digits are Luhn's: from the right every other digit is doubled, 9"
        " taken off above 9, and the check digit makes the sum a multiple of 10.",
    )
    facts = (
        Fact("IIN", iin, "600727 for an 11-digit DRN, 0000 for a 13-digit one"),
        Fact("DRN", drn, f"manufacturer {drn[:-9]}, serial {drn[-9:-1]}, check digit {drn[-1]}"),
        Fact("check digit", number[-1], f"of {number[:-1]}"),
        Fact("MeterPAN", number),
    )
    return Step("pan", "MeterPAN", say, facts)


def _dkga04(key: DecoderKey, how: Derivation) -> Step:
    replaced = key.kt == 3 and how.variant == "pan-600727"
    number = "600727000000000000" if replaced else how.pan
    size = ea.KEY_BYTES[key.ea]
    text = dkga.message(number, key.kt, key.sgc, key.ti, key.krn, key.bdt, key.ea, size)
    digest = dkga.hmac_sha256(how.vk, text)
    say = (
        "DKGA04: HMAC-SHA-256, with the vending key, of a message with the meter and its key"
        " parameters. The decoder key is the beginning of the result.",
    )
    facts = (
        Fact("vending key", hexed(how.vk), "160 bits"),
        Fact("message", hexed(text), f"{len(text)} bytes, taken apart below"),
        Fact("HMAC-SHA-256", hexed(digest)),
        Fact("decoder key", hexed(key.key), f"its first {size} bytes"),
    )
    return Step("key", "Decoder key, DKGA04", say, facts, table=_parts(text))


def _parts(text: bytes) -> Table:
    rows = []
    for size, meaning in _MESSAGE:
        part, text = text[:size], text[size:]
        shown = part[1:] if part[:1] and 1 < size != 4 else b""
        rows.append((part.hex(), shown.decode(), meaning))
    return Table(("bytes", "text", "what it is"), tuple(rows))


def _des(key: DecoderKey, how: Derivation) -> Step:
    pan_block = dkga.pan_block(how.pan, key.kt, how.variant)
    control = dkga.control_block(key.kt, key.sgc, key.ti, key.krn)
    data = _xor(pan_block, control)
    pan_note = "MeterPAN without its first and last digit, a digit a nibble"
    facts: tuple[Fact, ...] = (
        Fact("vending key", hexed(how.vk), "odd parity in every byte"),
        Fact("PANBlock", hexed(pan_block), pan_note if key.kt != 3 else "KT 3: no DRN"),
        Fact("CONTROLBlock", hexed(control), "KT, SGC, TI, KRN as digits, then FFFFFF"),
        Fact("D", hexed(data), "PANBlock XOR CONTROLBlock"),
    )
    rows = tuple((what, hexed(value)) for what, value in _DES[how.dkga](how.vk, data, how.variant))
    legacy = " Legacy: only for keys of revision 1." if how.dkga == "01" else ""
    say = (f"DKGA{how.dkga}: DES mixes the vending key and D.{legacy}",)
    facts = (*facts, Fact("decoder key", hexed(key.key), "the last line below"))
    table = Table(("operation", "result"), rows)
    return Step("key", f"Decoder key, DKGA{how.dkga}", say, facts, table=table)


_Rows = list[tuple[str, bytes]]


def _dkga01(vk: bytes, data: bytes, variant: str | None) -> _Rows:
    out = ea.encrypt(9, data, vk)
    rows = [("DES of VK with key D", out)]
    return [*rows, ("XOR VK", _xor(out, vk))] if variant == "xor-vk" else rows


def _dkga02(vk: bytes, data: bytes, _variant: str | None) -> _Rows:
    out = ea.encrypt(9, vk, data)
    mixed = _xor(out, data)
    return [("DES of D with key VK", out), ("XOR D", mixed), ("XOR VK", _xor(mixed, vk))]


def _dkga03(vk: bytes, data: bytes, variant: str | None) -> _Rows:
    first = ea.encrypt(9, vk[:8], data)
    second = ea.decrypt(9, vk[8:], first)
    third = ea.encrypt(9, vk[:8], second)
    rows = [
        ("DES of D with VK1", first),
        ("DES backwards with VK2", second),
        ("DES with VK1", third),
    ]
    return [*rows, ("XOR D", _xor(third, data))] if variant == "xor-d" else rows


_DES = {"01": _dkga01, "02": _dkga02, "03": _dkga03}


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))
