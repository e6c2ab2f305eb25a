"""Decoder keys from vending keys: DKGA01 (legacy), 02, 03 and 04.

Where public sources disagree the caller must choose: `variant` names the interpretation, and such
a derivation raises DkgaError without one. CHOICES lists them.
"""

from . import ea as _ea
from . import hmac as _hmac
from . import limits
from . import pan as _pan
from . import tid as _tid
from .digits import plain
from .errors import StsError

# Derivation: the permitted values of `variant`.
CHOICES = {
    "01": ("xor-vk", "no-xor"),
    "03": ("xor-d", "no-xor"),
    "02 KT 3 IIN 0000": ("zeros", "600727"),
    "04 KT 3": ("pan-given", "pan-600727"),
}
VK_BYTES = {"01": 8, "02": 8, "03": 16, "04": 20}
_registered = []


class DkgaError(StsError):
    """The inputs of a derivation are inconsistent, or a required `variant` is missing."""


def register_hmac(function: object) -> None:
    """Use function(key, message) -> 32 bytes for HMAC-SHA-256; None restores the built-in one."""
    _registered[:] = [function] if function else []


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """Return the HMAC-SHA-256 (FIPS 198-1) of a text. The key has at most 64 bytes."""
    if _registered:
        return _registered[0](key, text)
    return _hmac.hmac_sha256(key, text)


def pan_block(pan: str, kt: int, variant: "str | None" = None) -> bytes:
    """Return the PANBlock, 8 bytes: MeterPAN digits 2 to 17; KT 3 has zeros for the DRN."""
    if kt != 3:
        return _nibbles(pan[1:17])
    if pan.startswith(_pan.IIN_4_DIGIT):
        zeros = _choose("02 KT 3 IIN 0000", variant) == "zeros"
        return bytes(8) if zeros else _nibbles("0072700000000000")
    return _nibbles(pan[1:6] + "00000000000")


def control_block(kt: int, sgc: "int | str", ti: "int | str", krn: int) -> bytes:
    """Return the CONTROLBlock, 8 bytes: KT, SGC, TI, KRN as digits, then ones."""
    sgc, ti = _register(kt, sgc, ti, krn)
    return _nibbles("%d%06d%02d%dffffff" % (kt, sgc, ti, krn))


def message(
    pan: str,
    kt: int,
    sgc: "int | str",
    ti: "int | str",
    krn: int,
    bdt: "int | str",
    ea: "int | str",
    key_bytes: int,
) -> bytes:
    """Return the input of DKGA04's HMAC: label, a zero byte, context, key length in bits."""
    sgc, ti = _register(kt, sgc, ti, krn)
    label = b"\x04\x0204\x02%s\x02%02d\x02%02d" % (
        _tid.check_base(bdt).encode(),
        _ea.number(ea),
        ti,
    )
    context = b"\x04\x06%06d\x01%d\x01%d\x12%s" % (sgc, kt, krn, pan.encode())
    return label + b"\x00" + context + bytes((0, 0, 0, key_bytes * 8))


def decoder_key(
    dkga: "int | str",
    vk: bytes,
    pan: str,
    kt: int,
    sgc: "int | str",
    ti: "int | str",
    krn: int,
    bdt: "int | str",
    ea: "int | str" = 7,
    variant: "str | None" = None,
) -> bytes:
    """Derive the decoder key: 8 bytes for EA07 and EA09, 16 for EA11, first byte most significant.

    dkga 1..4; vk 8 bytes (01, 02), 16 (03) or 20 (04); pan the 18-digit MeterPAN, spaces and
    hyphens allowed; bdt 93, 14 or 35: an input of DKGA04, checked but not used by the others.
    dkga, sgc, ti, bdt and ea are numbers or text, such as 4 or "04". Raise DkgaError, RangeError
    for a number or a code, PanError.
    """
    pan = _pan.pan_from_drn(_pan.drn_from_pan(pan))
    dkga = "%02d" % limits.code("DKGA", dkga, (1, 2, 3, 4))
    bdt = _tid.check_base(bdt)
    ea = _ea.number(ea)
    sgc, ti = _register(kt, sgc, ti, krn)
    _check(dkga, vk, krn, ea)
    if dkga == "04":
        if kt == 3 and _choose("04 KT 3", variant) == "pan-600727":
            pan = "600727000000000000"
        size = _ea.KEY_BYTES[ea]
        return hmac_sha256(vk, message(pan, kt, sgc, ti, krn, bdt, ea, size))[:size]
    data = _xor(pan_block(pan, kt, variant), control_block(kt, sgc, ti, krn))
    return _DERIVE[dkga](vk, data, variant)


def _dkga01(vk, data, variant):
    out = _ea.encrypt(9, data, vk)
    return _xor(out, vk) if _choose("01", variant) == "xor-vk" else out


def _dkga02(vk, data, variant):
    return _xor(_xor(_ea.encrypt(9, vk, data), data), vk)


def _dkga03(vk, data, variant):
    out = _ea.encrypt(9, vk[:8], _ea.decrypt(9, vk[8:], _ea.encrypt(9, vk[:8], data)))
    return _xor(out, data) if _choose("03", variant) == "xor-d" else out


_DERIVE = {"01": _dkga01, "02": _dkga02, "03": _dkga03}


def _register(kt, sgc, ti, krn):
    """Return SGC and TI as integers. Raise RangeError for a number outside the key register."""
    limits.check("KT", kt)
    limits.check("KRN", krn)
    return _number("SGC", sgc), _number("TI", ti)


def _number(name, value):
    """Return a number given as digits or int. Raise RangeError if it is invalid or too large."""
    if isinstance(value, str) and value and plain(value).decode() == value:
        value = int(value)
    limits.check(name, value)
    return value


def _check(dkga, vk, krn, ea):
    if len(vk) != VK_BYTES[dkga]:
        text = "DKGA%s needs a vending key of %d bytes, not %d"
        raise DkgaError(text % (dkga, VK_BYTES[dkga], len(vk)))
    if ea == 11 and dkga != "04":
        raise DkgaError("EA11 needs DKGA04, not %s" % dkga)
    if dkga == "01" and (krn != 1 or ea != 7):
        text = "DKGA01 exists only for KRN 1 and EA07, not for KRN %d and EA%02d"
        raise DkgaError(text % (krn, ea))
    if dkga != "04" and not all(_is_odd(byte) for byte in vk):
        raise DkgaError("a DES vending key must have odd parity in every byte")


def _is_odd(byte):
    byte ^= byte >> 4
    return 0x6996 >> (byte & 15) & 1


def _choose(case, variant):
    if variant not in CHOICES[case]:
        text = "sources disagree about DKGA%s: choose variant %s"
        raise DkgaError(text % (case, " or ".join(CHOICES[case])))
    return variant


def _nibbles(digits):
    return bytes(int(digits[i : i + 2], 16) for i in range(0, 16, 2))


def _xor(a, b):
    return bytes(a[i] ^ b[i] for i in range(8))
