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


def register(code, encrypt, decrypt):
    """Use these functions (key, block) -> 8 bytes for an EA code instead of the portable ones."""
    _loaded[code] = (encrypt, decrypt)


def unregister(code):
    """Go back to the portable functions."""
    _loaded.pop(code, None)


def _functions(code, key):
    pair = _loaded.get(code)
    if pair is None:
        if code not in KEY_BYTES:
            raise StsError("encryption algorithm %s is not one of 7, 9, 11" % code)
        pair = _loaded[code] = _load(code)
    if len(key) != KEY_BYTES[code]:
        raise StsError("EA%02d needs a key of %d bytes" % (code, KEY_BYTES[code]))
    return pair


def encrypt(code, key, block):
    """Encrypt an 8-byte block (most significant byte first) with algorithm `code`."""
    return _functions(code, key)[0](key, block)


def decrypt(code, key, block):
    """Decrypt an 8-byte block (most significant byte first) with algorithm `code`."""
    return _functions(code, key)[1](key, block)
