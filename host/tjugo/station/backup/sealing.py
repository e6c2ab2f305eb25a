"""Encryption of a station's secrets with a passphrase: Argon2id (RFC 9106) and AES-256-GCM."""

import base64
import json
import secrets
from typing import Any

from argon2.exceptions import Argon2Error
from argon2.low_level import Type, hash_secret_raw
from Crypto.Cipher import AES

from tjugo.errors import TjugoError

# The second recommended option of RFC 9106: 64 MiB, 3 passes, 4 lanes.
COSTS = {"time_cost": 3, "memory_cost": 64 * 1024, "parallelism": 4}
MOST_COSTS = {"time_cost": 20, "memory_cost": 1024 * 1024, "parallelism": 64}
_SALT, _NONCE, _TAG, _KEY = 16, 12, 16, 32


def new_kdf() -> dict[str, Any]:
    """Return the parameters of a new key, with a random salt."""
    return {**COSTS, "salt": secrets.token_hex(_SALT)}


def check_kdf(kdf: dict[str, Any]) -> None:
    """Raise ValueError, TypeError or KeyError if the parameters are invalid or their costs exceed
    the limits."""
    bytes.fromhex(kdf["salt"])
    if any(not 1 <= kdf[name] <= most for name, most in MOST_COSTS.items()):
        raise ValueError(kdf)


def _key(passphrase: str, kdf: dict[str, Any]) -> bytes:
    costs = {name: kdf[name] for name in COSTS}
    salt = bytes.fromhex(kdf["salt"])
    return hash_secret_raw(passphrase.encode(), salt, hash_len=_KEY, type=Type.ID, **costs)


def seal(files: dict[str, bytes], passphrase: str, kdf: dict[str, Any], head: bytes) -> bytes:
    """Return nonce, tag and the encrypted files; head is authenticated with them."""
    if not passphrase:
        raise TjugoError("A backup needs a passphrase.", 2)
    content = {name: base64.b64encode(data).decode() for name, data in files.items()}
    nonce = secrets.token_bytes(_NONCE)
    cipher = AES.new(_key(passphrase, kdf), AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
    cipher.update(head)
    encrypted, tag = cipher.encrypt_and_digest(json.dumps(content).encode())
    return nonce + tag + encrypted


def unseal(
    sealed: bytes, passphrase: str, kdf: dict[str, Any], head: bytes
) -> dict[str, bytes] | None:
    """Return {file name: content}; None for a wrong passphrase or changed bytes."""
    nonce, tagged = sealed[:_NONCE], sealed[_NONCE:]
    try:
        cipher = AES.new(_key(passphrase, kdf), AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
        cipher.update(head)
        content = cipher.decrypt_and_verify(tagged[_TAG:], tagged[:_TAG])
    except (ValueError, Argon2Error):
        return None
    return {name: base64.b64decode(text) for name, text in json.loads(content).items()}
