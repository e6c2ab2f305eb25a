"""Faster functions for sts_portable on a computer, with the same results.

`register()` installs them: STA with wide tables, DES by pycryptodome, HMAC-SHA-256 by the
standard library. `unregister()` restores the portable ones.
"""

import hmac

from Crypto.Cipher import DES

from sts_portable import dkga, ea, sta_wide


def _des_encrypt(key: bytes, block: bytes) -> bytes:
    return DES.new(key, DES.MODE_ECB).encrypt(bytes(block))


def _des_decrypt(key: bytes, block: bytes) -> bytes:
    return DES.new(key, DES.MODE_ECB).decrypt(bytes(block))


def _hmac_sha256(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def register() -> None:
    """Use the fast functions in this process from now on."""
    ea.register(7, sta_wide.encrypt, sta_wide.decrypt)
    ea.register(9, _des_encrypt, _des_decrypt)
    dkga.register_hmac(_hmac_sha256)


def unregister() -> None:
    """Use the portable functions again."""
    ea.unregister(7)
    ea.unregister(9)
    dkga.register_hmac(None)
