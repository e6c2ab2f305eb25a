"""The sealed form of the vending key file.

The register of the keys is readable. Their secrets are encrypted under one random data key, with
the register authenticated, so that neither is exchanged without the other. The data key is
encrypted under each lock: of a passphrase, or of a key file for unattended service.

    {"form": "tjugo-vending-keys", "version": 2, "keys": [register, ...], "secrets": hex,
     "locks": [{"kind": "passphrase", "kdf": {...}, "data_key": hex},
               {"kind": "key_file", "data_key": hex}],
     "shares": [{"set": "a1b2c3d4", "needed": 2, "of": 3, "made_on": "2026-11-26"}]}
"""

import hmac
import json
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tjugo import encryption
from tjugo.errors import TjugoError
from tjugo.key_register import RegisteredKey, VendingKey

FORM, VERSION = "tjugo-vending-keys", 2
PASSPHRASE, KEY_FILE = "passphrase", "key_file"
LEAST_PASSPHRASE = 8
DATA_KEY_BYTES = encryption.KEY_BYTES
_KEY_FILE_LABEL = b"tjugo key file"

KEY_FILE_ONLY = (
    "The vending keys have no passphrase: only their key file opens them, at the start of the "
    "station (`--key-file`, $TJUGO_KEY_FILE, or the systemd credential)."
)
ADD_PASSPHRASE = (
    "`tjugo key seal --key-file FILE --with-key-file FILE --passphrase-file NEW` adds one, where "
    "FILE is their key file and NEW has the passphrase in its first line."
)

Secret = str | bytes
"""What opens a lock: a passphrase, or the 32 bytes of a key file."""


@dataclass(frozen=True)
class Sealed:
    """A sealed key file. locks and shares: as in the file."""

    registers: tuple[RegisteredKey, ...]
    secrets: bytes
    locks: tuple[dict[str, Any], ...]
    shares: tuple[dict[str, Any], ...] = ()

    def data_key(self, secret: Secret) -> bytes | None:
        """Return the data key by one of the locks; None where the secret opens none."""
        kind = PASSPHRASE if isinstance(secret, str) else KEY_FILE
        for lock in self.locks:
            if lock["kind"] != kind:
                continue
            wrapping = _wrapping(secret, lock.get("kdf"))
            found = encryption.decrypt(wrapping, bytes.fromhex(lock["data_key"]), _lock_head(lock))
            if found is not None:
                return found
        return None

    def open(self, data_key: bytes) -> list[VendingKey] | None:
        """Return the vending keys; None for a wrong data key or a changed file."""
        content = encryption.decrypt(data_key, self.secrets, _head(self.registers))
        if content is None:
            return None
        found = json.loads(content)
        return [
            VendingKey(**register.public(), vk=vk)
            for register, vk in zip(self.registers, found, strict=True)
        ]

    def with_keys(self, keys: Sequence[VendingKey], data_key: bytes) -> "Sealed":
        """Return the file with other keys under the same data key."""
        registers = tuple(key.registered() for key in keys)
        content = json.dumps([key.vk for key in keys]).encode()
        hidden = encryption.encrypt(data_key, content, _head(registers))
        return replace(self, registers=registers, secrets=hidden)

    def with_lock(self, secret: Secret, data_key: bytes) -> "Sealed":
        """Return the file with a lock for this secret in the place of the one of its kind."""
        lock = new_lock(secret, data_key)
        others = tuple(one for one in self.locks if one["kind"] != lock["kind"])
        return replace(self, locks=(*others, lock))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the locks."""
        return tuple(lock["kind"] for lock in self.locks)

    def text(self) -> str:
        """Return the file's content."""
        content = {
            **_form(self.registers),
            "secrets": self.secrets.hex(),
            "locks": list(self.locks),
            "shares": list(self.shares),
        }
        return json.dumps(content, indent=2) + "\n"


def seal(keys: Sequence[VendingKey], opened_by: Sequence[Secret]) -> Sealed:
    """Return a sealed file with a new data key, which each of the secrets opens."""
    data_key = secrets.token_bytes(DATA_KEY_BYTES)
    locks = tuple(new_lock(secret, data_key) for secret in opened_by)
    return Sealed((), b"", locks).with_keys(keys, data_key)


def new_lock(secret: Secret, data_key: bytes) -> dict[str, Any]:
    """Return a lock: the data key encrypted under a secret. Raise TjugoError for a passphrase that
    is too short."""
    lock: dict[str, Any] = {"kind": KEY_FILE}
    if isinstance(secret, str):
        if len(_normal(secret)) < LEAST_PASSPHRASE:
            raise TjugoError(f"A passphrase has at least {LEAST_PASSPHRASE} characters.", 2)
        lock = {"kind": PASSPHRASE, "kdf": encryption.new_kdf()}
    wrapping = _wrapping(secret, lock.get("kdf"))
    hidden = encryption.encrypt(wrapping, data_key, _lock_head(lock))
    return lock | {"data_key": hidden.hex()}


def parse(content: dict[str, Any]) -> Sealed:
    """Return the sealed file in its JSON form. Raise ValueError, TypeError or KeyError if it is
    invalid; the caller has checked form and version."""
    registers = tuple(_register(one) for one in content["keys"])
    locks = tuple(content["locks"])
    for lock in locks:
        bytes.fromhex(lock["data_key"])
        if lock["kind"] == PASSPHRASE:
            encryption.check_kdf(lock["kdf"])
        elif lock["kind"] != KEY_FILE:
            raise ValueError(lock["kind"])
    return Sealed(registers, bytes.fromhex(content["secrets"]), locks, tuple(content["shares"]))


def _register(content: dict[str, Any]) -> RegisteredKey:
    return RegisteredKey(**content)


def _form(registers: Sequence[RegisteredKey]) -> dict[str, Any]:
    keys = [register.public() | {"kcv": register.kcv} for register in registers]
    return {"form": FORM, "version": VERSION, "keys": keys}


def _head(registers: Sequence[RegisteredKey]) -> bytes:
    """Return what is authenticated with the secrets."""
    return json.dumps(_form(registers), sort_keys=True).encode()


def _lock_head(lock: dict[str, Any]) -> bytes:
    known = {name: lock[name] for name in ("kind", "kdf") if name in lock}
    return json.dumps({"form": FORM, "version": VERSION, **known}, sort_keys=True).encode()


def _wrapping(secret: Secret, kdf: dict[str, Any] | None) -> bytes:
    if isinstance(secret, str):
        assert kdf is not None
        return encryption.derive(_normal(secret), kdf)
    return hmac.digest(secret, _KEY_FILE_LABEL, "sha256")


def _normal(passphrase: str) -> str:
    """Return a passphrase in one form, however it was typed."""
    return unicodedata.normalize("NFC", passphrase.strip())
