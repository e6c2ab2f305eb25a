"""The vending keys that are in use, and the decoder keys derived from them.

A ring is never changed: when the keys are locked or replaced it is dropped, and its decoder keys
with it. Secrets are in memory only, and in no other place of the program.
"""

import threading
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sts_portable import dkga, tid
from sts_portable.errors import StsError
from tjugo.errors import TjugoError, plain, reason
from tjugo.key_register import DDTK, MeterConfig, RegisteredKey, VendingKey

MOST_READY = 8192
"""How many decoder keys are kept; the oldest one is dropped first."""
_SAMPLE_VK = {name: b"\x01" * size for name, size in dkga.VK_BYTES.items()}


class Ready(NamedTuple):
    """What tokens of a meter need: its decoder key, the KEN that ends it, and the first and last
    TID that the terms of the vending key permit."""

    key: bytes
    ken: int
    first_tid: int
    last_tid: int


class Ring:
    """Vending keys. Safe for several threads."""

    def __init__(self, keys: Iterable[VendingKey]) -> None:
        self._keys = {key.place: key for key in keys}
        self._ready: dict[MeterConfig, Ready] = {}
        self._lock = threading.Lock()

    def ready(self, m: MeterConfig) -> Ready:
        """Return the decoder key of a meter and its limits, derived at most once while it is
        kept. Raise TjugoError."""
        found = self._ready.get(m)
        if found is not None:
            return found
        key = matching(self._keys.get((m.sgc, m.krn, m.kt)), m)
        derived = derive(bytes.fromhex(key.vk), m)
        ken = min(m.ken, key.ken)  # neither the meter's nor the vending key's has passed
        found = Ready(derived, ken, *_tids(key))
        with self._lock:
            if len(self._ready) >= MOST_READY:
                self._ready.pop(next(iter(self._ready)))
            self._ready[m] = found
        return found

    def has(self, registers: Sequence[RegisteredKey]) -> bool:
        """Return whether these are exactly the keys of the ring."""
        return {key.registered() for key in self._keys.values()} == set(registers)


def matching(key: VendingKey | None, m: MeterConfig) -> VendingKey:
    """Return a vending key if it is that of the meter's register. Raise TjugoError."""
    check_match(key, m)
    assert key is not None
    return key


def check_match(key: RegisteredKey | None, m: MeterConfig) -> None:
    """Raise TjugoError unless the vending key with the meter's SGC, KT and KRN exists and has its
    DKGA and base date."""
    if key is None:
        wanted = RegisteredKey(sgc=m.sgc, kt=m.kt, krn=m.krn)
        raise reason("vending_key_missing", f"There is no vending key for {wanted.name}.")
    if (key.dkga, key.bdt) != (m.dkga, m.bdt):
        raise reason(
            "vending_key_missing",
            f"The vending key of {key.name} is for DKGA {key.dkga}, base date {key.bdt}; "
            f"meter {m.drn} has {m.dkga}, {m.bdt}.",
        )


def derive(vk: bytes, m: MeterConfig) -> bytes:
    """Return the decoder key of a meter. Raise TjugoError."""
    try:
        return dkga.decoder_key(m.dkga, vk, m.pan, m.kt, m.sgc, m.ti, m.krn, m.bdt, m.ea)
    except StsError as error:
        raise reason("key_register_invalid", plain(error)) from error


def check_derivation(m: MeterConfig) -> None:
    """Raise TjugoError unless a decoder key can be derived for this register. The vending key is
    not needed."""
    derive(_SAMPLE_VK[m.dkga], m)


def check_day(key: RegisteredKey, day: date) -> None:
    """Raise TjugoError if no token may be made with the key on this day (UTC)."""
    if key.active_from and day < date.fromisoformat(key.active_from):
        raise reason(
            "key_not_active",
            f"The vending key of {key.name} is not in use before {key.active_from}.",
        )
    if key.issue_until and day > date.fromisoformat(key.issue_until):
        raise reason(
            "key_ended",
            f"The vending key of {key.name} was permitted until {key.issue_until}. An "
            "administrator has to renew it before anything can be sold with it.",
        )


def day_of(bdt: str, minute: int) -> date:
    """Return the day of a minute since a base date."""
    return date(tid.BASE_YEARS[bdt], 1, 1) + timedelta(minutes=minute)


def check_type(m: MeterConfig) -> None:
    """Raise TjugoError for a meter that accepts no credit under its key."""
    if m.kt == DDTK:
        raise reason(
            "key_is_default",
            f"Meter {m.drn} has a default key (KT 1), under which it refuses credit; it needs a "
            "key change before anything can be sold.",
        )


def check_tid(key: RegisteredKey | None, number: int) -> TjugoError | None:
    """Return why the terms of a key do not permit a TID, None where they do."""
    try:
        if key is not None:
            check_day(key, day_of(key.bdt, number))
    except TjugoError as error:
        return error
    return None


def _tids(key: RegisteredKey) -> tuple[int, int]:
    """Return the first and the last TID that the terms of a key permit."""
    base = date(tid.BASE_YEARS[key.bdt], 1, 1)
    first, last = 0, tid.MAX_TID
    if key.active_from:
        first = (date.fromisoformat(key.active_from) - base).days * 1440
    if key.issue_until:
        last = (date.fromisoformat(key.issue_until) - base).days * 1440 + 1439
    return first, last
