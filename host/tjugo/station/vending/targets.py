"""The key register that a key change leads to, and the rules for it (IEC 62055-41 6.5)."""

import json
from collections.abc import Mapping
from typing import Any

from sts_portable import tid, vendor
from sts_portable.decoder import KEY_TYPES
from sts_portable.errors import StsError
from tjugo.errors import plain, reason
from tjugo.key_register import FIELDS, KeyRegister, MeterConfig, given_fields
from tjugo.station.work import Work

CHANGEABLE = tuple(name for name in FIELDS if name != "ea")


def target_of(work: Work, config: MeterConfig, changes: Mapping[str, Any]) -> KeyRegister:
    """Return the register that a meter has after the given changes; None is not given.

    KEN, base date and DKGA that are not given are those of the new vending key. Raise TjugoError
    when the meter would not take the change, or could not be sold to afterwards.
    """
    given = {name: found for name, found in given_fields(changes).items() if name != "ea"}
    place = KeyRegister(**{**config.register(), **given})
    key = work.backend.vending_register(place.sgc, place.kt, place.krn)
    of_key = {} if key is None else {"dkga": key.dkga, "bdt": key.bdt, "ken": key.ken}
    target = KeyRegister(**{**config.register(), **of_key, **given})
    check(work, config, target)
    return target


def check(work: Work, config: MeterConfig, target: KeyRegister) -> None:
    """Raise TjugoError unless the meter can be changed to the target now."""
    name = f"Meter {config.drn}"
    if target.register() == config.register():
        raise reason("key_change_refused", f"{name} has this key register already.")
    same = ("sgc", "krn", "kt", "ti", "bdt", "dkga")
    if all(getattr(target, field) == getattr(config, field) for field in same):
        raise reason(
            "key_change_refused",
            f"{name}: only the KEN differs, so the key would be the one that the meter has.",
        )
    if target.kt not in KEY_TYPES[config.kt]:
        raise reason(
            "key_change_refused",
            f"{name} takes no key change from key type {config.kt} to {target.kt}.",
        )
    begins = tid.BASE_YEARS[target.bdt]
    if begins > work.now().year:
        raise reason(
            "key_change_refused", f"{name}: the base date {begins} has not come yet; wait for it."
        )
    work.backend.check_register(with_register(config, target))
    try:
        vendor.check_rollover(target.bdt != config.bdt, target.bdt, config.bdt)
        vendor.check_expiry(minute_of(work, target), target.ken)
    except StsError as error:
        raise reason("key_change_refused", f"{name}: {plain(error)}") from error


def minute_of(work: Work, register: KeyRegister) -> int:
    """Return the present minute since the register's base date. Raise RangeError outside its
    range."""
    now = work.now()
    return tid.minutes(register.bdt, now.year, now.month, now.day, now.hour, now.minute)


def with_register(config: MeterConfig, target: KeyRegister) -> MeterConfig:
    """Return the meter with another key register."""
    return MeterConfig(config.drn, config.tct, **target.register())


def as_text(register: KeyRegister) -> str:
    """Return a register as it is stored."""
    return json.dumps(register.register(), sort_keys=True)


def from_text(text: str) -> KeyRegister:
    """Return a stored register; unknown fields, of a later version, are ignored."""
    return KeyRegister(**given_fields(json.loads(text)))


def differences(before: KeyRegister, after: KeyRegister) -> str:
    """Return what a key change changes, such as `KRN 1 to 2, base date 93 to 14`."""
    titles = {"bdt": "base date"}
    return ", ".join(
        f"{titles.get(name, name.upper())} {getattr(before, name)} to {getattr(after, name)}"
        for name in CHANGEABLE
        if getattr(before, name) != getattr(after, name)
    )
