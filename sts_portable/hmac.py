"""HMAC-SHA-256 (FIPS 198-1) by hashlib alone, which boards have."""

import hashlib

_BLOCK = 64


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """Return the HMAC-SHA-256 of a text, 32 bytes. The key has at most 64 bytes."""
    padded = key + bytes(_BLOCK - len(key))
    inner = hashlib.sha256(bytes(x ^ 0x36 for x in padded))
    inner.update(text)
    outer = hashlib.sha256(bytes(x ^ 0x5C for x in padded))
    outer.update(inner.digest())
    return outer.digest()
