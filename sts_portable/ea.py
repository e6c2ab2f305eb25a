"""Encryption algorithms by code: 7 STA, 9 DEA, 11 MISTY1. Each is imported when first used."""

from .errors import StsError

KEY_BYTES = {7: 8, 9: 8, 11: 16}
_loaded = {}


def _load(code):
    if code == 7:
        from . import sta as module
    elif code == 9:
        from . import dea as module
    else:
        from . import misty1 as module
    return module.encrypt, module.decrypt


def register(code: int, encrypt: object, decrypt: object) -> None:
    """Use these functions (key, block) -> 8 bytes for an EA code instead of the portable ones."""
    _loaded[code] = (encrypt, decrypt)


def unregister(code: int) -> None:
    """Restore the portable functions of an EA code."""
    _loaded.pop(code, None)


def check_key(code: int, key: bytes) -> None:
    """Raise StsError unless the EA code exists and the key has the length it requires."""
    if code not in KEY_BYTES:
        raise StsError("encryption algorithm %s is not one of 7, 9, 11" % (code,))
    if len(key) != KEY_BYTES[code]:
        text = "EA%02d needs a key of %d bytes, not %d"
        raise StsError(text % (code, KEY_BYTES[code], len(key)))


def _functions(code, key, block):
    pair = _loaded.get(code)
    if pair is None:
        check_key(code, key)
        pair = _loaded[code] = _load(code)
    check_key(code, key)
    if len(block) != 8:
        raise StsError("a block has 8 bytes, not %d" % len(block))
    return pair


def encrypt(code: int, key: bytes, block: "bytes | bytearray") -> bytes:
    """Encrypt an 8-byte block (most significant byte first) with algorithm `code`."""
    return _functions(code, key, block)[0](key, block)


def decrypt(code: int, key: bytes, block: "bytes | bytearray") -> bytes:
    """Decrypt an 8-byte block (most significant byte first) with algorithm `code`."""
    return _functions(code, key, block)[1](key, block)
