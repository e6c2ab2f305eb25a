"""The vending keys as they are shown: public parts, use, state, and what needs attention."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sts_portable import tid, vendor
from sts_portable.errors import StsError
from tjugo.key_register import RegisteredKey, written
from tjugo.sealed_keys import KEY_FILE_ONLY, PASSPHRASE
from tjugo.station.keys import use
from tjugo.station.keys.backend import SoftBackend
from tjugo.station.keys.protocol import TokenBackend
from tjugo.station.work import View

WARN_DAYS = 30
WARN_PERCENT = 90
ACTIVE, NOT_ACTIVE, ENDED, LIMIT_REACHED = "active", "not_active", "ended", "limit_reached"
UNSEALED = "The vending keys are stored unsealed: `tjugo key seal` encrypts them."
LOCKED = (
    "The vending keys are locked: a supervisor or administrator unlocks them on the page /unlock."
)
LOCKED_BY_FILE = f"The vending keys are locked. {KEY_FILE_ONLY}"


@dataclass(frozen=True)
class KeyView:
    """A vending key. used_tenths, limit_tenths: in 0.1 kWh; state: active, not_active, ended or
    limit_reached; warnings: sentences."""

    sgc: str
    kt: int
    krn: int
    ken: int
    bdt: str
    dkga: str
    kcv: str
    active_from: str | None
    issue_until: str | None
    limit_tenths: int | None
    used_tenths: int
    sample: bool
    state: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ShareSet:
    """A set of recovery shares that was made: `needed` of `of` give the data key."""

    set: str
    needed: int
    of: int
    made_on: str


@dataclass(frozen=True)
class KeysView:
    """The vending keys of a station. locks: what opens them, `passphrase` or `key_file`."""

    sealed: bool
    locked: bool
    locks: tuple[str, ...]
    shares: tuple[ShareSet, ...]
    keys: tuple[KeyView, ...]


def keys(view: View, backend: TokenBackend, now: datetime) -> KeysView:
    """Return the vending keys, by SGC, KT and KRN."""
    used = use.used(view)
    registers = sorted(backend.registers(), key=lambda key: (key.sgc, key.kt, key.krn))
    rows = tuple(_view(key, used.get(key.place, 0), now) for key in registers)
    sealed = backend.sealed if isinstance(backend, SoftBackend) else None
    protected = sealed is not None or not isinstance(backend, SoftBackend)
    locks = sealed.kinds if sealed else ()
    shares = tuple(ShareSet(**one) for one in sealed.shares) if sealed else ()
    return KeysView(protected, backend.locked, locks, shares, rows)


def by_person(backend: TokenBackend) -> bool:
    """Return whether a person can unlock the vending keys on a page: not where a key file alone
    opens them."""
    sealed = backend.sealed if isinstance(backend, SoftBackend) else None
    return sealed is None or PASSPHRASE in sealed.kinds


def locked_sentence(backend: TokenBackend) -> str:
    """Return that the vending keys are locked, and what unlocks them."""
    return LOCKED if by_person(backend) else LOCKED_BY_FILE


def problems(
    view: View, backend: TokenBackend, now: datetime, locked: bool | None = None
) -> list[str]:
    """Return what needs attention, a sentence each. locked: whether a running server has the
    vending keys locked, None where those of this process are meant."""
    found = keys(view, backend, now)
    is_locked = found.locked if locked is None else locked
    said = [locked_sentence(backend)] if is_locked else []
    if not found.sealed and not all(key.sample for key in found.keys):
        said.append(UNSEALED)
    return said + [warning for key in found.keys for warning in key.warnings]


def _view(key: RegisteredKey, used: int, now: datetime) -> KeyView:
    today = now.astimezone(UTC).date()
    return KeyView(
        sgc=written("sgc", key.sgc),
        kt=key.kt,
        krn=key.krn,
        ken=key.ken,
        bdt=key.bdt,
        dkga=key.dkga,
        kcv=key.kcv,
        active_from=key.active_from,
        issue_until=key.issue_until,
        limit_tenths=key.limit_tenths,
        used_tenths=used,
        sample=key.sample,
        state=_state(key, used, today),
        warnings=tuple(_warnings(key, used, now)),
    )


def _state(key: RegisteredKey, used: int, today: date) -> str:
    if key.active_from and today < date.fromisoformat(key.active_from):
        return NOT_ACTIVE
    if key.issue_until and today > date.fromisoformat(key.issue_until):
        return ENDED
    if key.limit_tenths is not None and used >= key.limit_tenths:
        return LIMIT_REACHED
    return ACTIVE


def _warnings(key: RegisteredKey, used: int, now: datetime) -> list[str]:
    today = now.astimezone(UTC).date()
    name, said = f"Vending key {key.name}", []
    if key.active_from and today < date.fromisoformat(key.active_from):
        said.append(f"{name} is not in use before {key.active_from}.")
    if key.issue_until:
        last = date.fromisoformat(key.issue_until)
        if today > last:
            said.append(f"{name} was permitted until {last}: no token is made with it.")
        elif today + timedelta(days=WARN_DAYS) >= last:
            said.append(f"{name} is permitted until {last} only.")
    limit = key.limit_tenths
    if limit is not None and used * 100 >= limit * WARN_PERCENT:
        said.append(
            f"{name}: {Decimal(used) / 10} of {Decimal(limit) / 10} kWh of its credit limit."
        )
    expiry = _expiry(key, now)
    return [*said, f"{name}: {expiry}."] if expiry else said


def _expiry(key: RegisteredKey, now: datetime) -> str:
    here = now.astimezone(UTC)
    try:
        minute = tid.minutes(key.bdt, here.year, here.month, here.day, here.hour, here.minute)
    except StsError:
        begun = here.year >= tid.BASE_YEARS[key.bdt]
        return f"base date {key.bdt} has ended" if begun else f"base date {key.bdt} is to come"
    return vendor.expiry_warning(minute, key.ken, key.bdt)
