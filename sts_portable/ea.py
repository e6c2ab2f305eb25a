"""Encryption algorithms by code: 7 STA, 9 DEA, 11 MISTY1. Each is imported when first used."""

from . import limits
from .errors import StsError

KEY_BYTES = {7: 8, 9: 8, 11: 16}
_CODES = (7, 9, 11)
_loaded = {}


def _load(code):
    if code == 7:
        from . import sta

        return sta.encrypt, sta.decrypt
    if code == 9:
        from . import dea

        return dea.encrypt, dea.decrypt
    from . import misty1

    return misty1.encrypt, misty1.decrypt


def register(code: int, encrypt: object, decrypt: object) -> None:
    """Use these functions (key, block) -> 8 bytes for an EA code instead of the portable ones."""
    _loaded[code] = (encrypt, decrypt)


def unregister(code: int) -> None:
    """Restore the portable functions of an EA code."""
    _loaded.pop(code, None)


def number(code: "int | str") -> int:
    """Return an EA code given as a number or as text, such as "07". Raise RangeError."""
    return limits.code("encryption algorithm", code, _CODES)


def check_key(code: "int | str", key: bytes) -> int:
    """Return the EA code as a number. Raise StsError unless it exists and the key has its length.

    The code is a number or text, such as 7 or "07".
    """
    if code not in _CODES:  # numbers need no more: every block passes here
        code = number(code)
    size = KEY_BYTES[code]
    if len(key) != size:
        raise StsError("EA%02d needs a key of %d bytes, not %d" % (code, size, len(key)))
    return code


def _functions(code, key, block):
    code = check_key(code, key)
    pair = _loaded.get(code)
    if pair is None:
        pair = _loaded[code] = _load(code)
    if len(block) != 8:
        raise StsError("a block has 8 bytes, not %d" % len(block))
    return pair


def encrypt(code: "int | str", key: bytes, block: "bytes | bytearray") -> bytes:
    """Encrypt an 8-byte block (most significant byte first) with algorithm `code`."""
    return _functions(code, key, block)[0](key, block)


def decrypt(code: "int | str", key: bytes, block: "bytes | bytearray") -> bytes:
    """Decrypt an 8-byte block (most significant byte first) with algorithm `code`."""
    return _functions(code, key, block)[1](key, block)
