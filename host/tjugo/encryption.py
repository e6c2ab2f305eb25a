"""Encryption of secrets at rest: keys from passphrases by Argon2id (RFC 9106), and AES-256-GCM."""

import secrets
from typing import Any

from argon2.exceptions import Argon2Error
from argon2.low_level import Type, hash_secret_raw
from Crypto.Cipher import AES

# The second recommended option of RFC 9106: 64 MiB, 3 passes, 4 lanes. What is stored names its
# own costs, so that they may differ from these.
COSTS = {"time_cost": 3, "memory_cost": 64 * 1024, "parallelism": 4}
MOST_COSTS = {"time_cost": 20, "memory_cost": 1024 * 1024, "parallelism": 64}
KEY_BYTES = 32
_SALT, _NONCE, _TAG = 16, 12, 16


def new_kdf() -> dict[str, Any]:
    """Return the parameters of a new key, with a random salt."""
    return {**COSTS, "salt": secrets.token_hex(_SALT)}


def check_kdf(kdf: dict[str, Any]) -> None:
    """Raise ValueError, TypeError or KeyError if the parameters are invalid or their costs exceed
    the limits."""
    bytes.fromhex(kdf["salt"])
    if any(not 1 <= kdf[name] <= most for name, most in MOST_COSTS.items()):
        raise ValueError(kdf)


def derive(passphrase: str, kdf: dict[str, Any]) -> bytes:
    """Return the key of a passphrase, 32 bytes. Raise ValueError for impossible parameters."""
    costs = {name: kdf[name] for name in COSTS}
    salt = bytes.fromhex(kdf["salt"])
    try:
        return hash_secret_raw(
            passphrase.encode(), salt, hash_len=KEY_BYTES, type=Type.ID, **costs
        )
    except Argon2Error as error:
        raise ValueError(str(error)) from None


def encrypt(key: bytes, content: bytes, head: bytes) -> bytes:
    """Return nonce, tag and the encrypted content; head is authenticated with it."""
    nonce = secrets.token_bytes(_NONCE)
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
    cipher.update(head)
    encrypted, tag = cipher.encrypt_and_digest(content)
    return nonce + tag + encrypted


def decrypt(key: bytes, sealed: bytes, head: bytes) -> bytes | None:
    """Return the content; None for a wrong key or changed bytes."""
    nonce, tagged = sealed[:_NONCE], sealed[_NONCE:]
    try:
        cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
        cipher.update(head)
        return cipher.decrypt_and_verify(tagged[_TAG:], tagged[:_TAG])
    except ValueError:
        return None
