"""Passwords: Argon2id, computed outside of any transaction.

A hash takes a tenth of a second and 64 MB on purpose, so that a stolen database is slow to search;
at most a few are computed at once, so that log-ins cannot take all of the machine.
"""

import secrets
import threading
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from tjugo.errors import reason

LEAST, MOST = 10, 200
_AT_ONCE = 2
# Without letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4  # 79 bits


@dataclass(frozen=True)
class Profile:
    """The cost of a hash. RFC 9106, 4: the second recommended option."""

    passes: int = 3
    memory_kib: int = 65536
    lanes: int = 4


class _Hashing:
    """The profile in use, with the hash that unknown names are compared with."""

    def __init__(self, profile: Profile) -> None:
        self.hasher = PasswordHasher(profile.passes, profile.memory_kib, profile.lanes)
        self._nobody: str | None = None

    def nobody(self) -> str:
        """Return the hash of a password that no one has."""
        if self._nobody is None:
            self._nobody = self.hasher.hash(secrets.token_hex(16))
        return self._nobody


_hashing = _Hashing(Profile())
_turn = threading.Semaphore(_AT_ONCE)


def use(profile: Profile) -> None:
    """Use another cost from now on. Older hashes keep theirs until they are renewed."""
    global _hashing
    _hashing = _Hashing(profile)


def hashed(password: str) -> str:
    """Return the hash of a password, with a new salt and its parameters."""
    with _turn:
        return _hashing.hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Return whether the password is that of the hash. None, for a name that does not exist,
    takes the same work and never matches."""
    with _turn:
        try:
            # A longer one is of no operator, and takes no longer.
            given = password if len(password) <= MOST else ""
            _hashing.hasher.verify(stored or _hashing.nobody(), given)
        except (Argon2Error, InvalidHashError):
            return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Return whether a hash has other parameters than new ones get."""
    return _hashing.hasher.check_needs_rehash(stored)


def check(password: str, operator: str) -> str:
    """Return a password that is long enough and not the operator's name. Raise TjugoError."""
    if not LEAST <= len(password) <= MOST:
        raise reason("password_invalid", f"A password has {LEAST} to {MOST} characters.")
    if len(set(password)) < 4 or operator.casefold() in password.casefold():
        raise reason(
            "password_invalid",
            "This password is easy to guess: it repeats a few characters, or has the log-in name.",
        )
    return password


def temporary() -> str:
    """Return a random password for a first log-in, such as `k3fm-9xwa-t2hp-ybd7`."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
