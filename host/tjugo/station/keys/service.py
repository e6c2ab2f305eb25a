"""Changes of the vending keys of a station, on record."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tjugo import key_file, sealed_keys
from tjugo.errors import TjugoError, reason
from tjugo.key_register import RegisteredKey, VendingKey
from tjugo.paths import VENDING_KEYS
from tjugo.sealed_keys import Secret
from tjugo.station.audit import chain
from tjugo.station.keys import holders, store
from tjugo.station.keys.backend import SoftBackend
from tjugo.station.keys.holders import Holder
from tjugo.station.station import Station

UNLOCK, EDIT = "keys.unlock", "keys.edit"
SUBJECT = "vending keys"
IN_CLEAR = "real keys are stored unsealed"
_WAYS = {str: "unlock by passphrase", bytes: "unlock by key file"}


def soft(station: Station) -> SoftBackend:
    """Return the station's back end. Raise TjugoError when its keys are not in a file."""
    if not isinstance(station.backend, SoftBackend):
        raise TjugoError("The vending keys of this station are not in a file.")
    return station.backend


def unlock(station: Station, actor: str, secret: Secret) -> None:
    """Unlock the vending keys of this process. Both outcomes are recorded. Raise TjugoError."""
    way = _WAYS[type(secret)]
    try:
        soft(station).unlock(secret)
    except TjugoError as error:
        _record(station, actor, UNLOCK, f"{way}: {error.code}", chain.REFUSED)
        raise
    _record(station, actor, UNLOCK, way)


def lock(station: Station, actor: str) -> None:
    """Lock the vending keys of this process. Raise TjugoError; Conflict (`lock_refused`) when no
    passphrase opens them: nobody could unlock them but by a start of the station. That is
    recorded."""
    sealed = soft(station).sealed
    if sealed is not None and sealed_keys.PASSPHRASE not in sealed.kinds:
        _record(station, actor, UNLOCK, "lock: lock_refused", chain.REFUSED)
        raise reason(
            "lock_refused",
            f"Nothing was locked. {sealed_keys.KEY_FILE_ONLY} {sealed_keys.ADD_PASSPHRASE}",
        )
    soft(station).lock()
    _record(station, actor, UNLOCK, "lock")


def unlock_unattended(station: Station, actor: str) -> None:
    """Unlock the vending keys by the secret of unattended service, where one is given and they
    are locked. Raise TjugoError."""
    if station.backend.locked:
        secret = key_file.secret_of_service()
        if secret is not None:
            unlock(station, actor, secret)


@contextmanager
def on_record(station: Station, actor: str, events: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Record what the block does before it does it: no key comes or goes without a record. When
    it raises TjugoError, that is recorded as well.

    events: subject and detail of each.
    """
    with station.work(actor) as work:
        for subject, detail in events:
            chain.record(work, EDIT, subject, detail)
    try:
        yield
    except TjugoError as error:
        _record(station, actor, EDIT, error.code, chain.REFUSED)
        raise


def import_keys(
    station: Station, actor: str, keys: Sequence[VendingKey], people: Sequence[Holder], source: str
) -> list[VendingKey]:
    """Add the keys of a key file that two people opened, each with a component; return those that
    were not there. Raise TjugoError when they are one person, or another key is in the place of
    one; Conflict as check_sandbox() does."""
    check_sandbox(station, actor, keys)
    events = [
        (SUBJECT, f"import from {source}: component {number} typed by {person}")
        for number, person in enumerate(holders.two(people), 1)
    ]
    events += [event_of(key, "import") for key in keys]
    return _add(station, actor, keys, events)


def add_key(station: Station, actor: str, key: VendingKey) -> bool:
    """Add one key; return whether it was not there. Raise TjugoError when another one is in its
    place; Conflict as check_sandbox() does."""
    check_sandbox(station, actor, [key])
    return bool(_add(station, actor, [key], [event_of(key, "add")]))


def in_clear(station: Station, keys: Sequence[RegisteredKey]) -> bool:
    """Return whether real keys among these are stored in a file that is not sealed."""
    return soft(station).sealed is None and not all(key.sample for key in keys)


def check_sandbox(station: Station, actor: str, keys: Sequence[RegisteredKey]) -> None:
    """Raise Conflict (`key_not_sample`) when real keys are to come to a sandbox: it sells for
    nothing, and real meters accept its tokens. The refusal is recorded."""
    real = [key for key in keys if not key.sample]
    with station.view() as view:
        if not real or not view.tenant.sandbox:
            return
    with station.work(actor) as work:
        for key in real:
            subject, _ = event_of(key, "")
            chain.record(work, EDIT, subject, "key_not_sample", chain.REFUSED)
    raise reason(
        "key_not_sample",
        f"This station is a sandbox, and the vending key of {real[0].name} is no sample. Real "
        "keys are only for a real station.",
    )


def by_both(people: Sequence[Holder], detail: str) -> list[tuple[str, str]]:
    """Return the records of what two people do with all keys: one for each of them. Raise
    TjugoError when they are one person."""
    return [(SUBJECT, f"{detail}, present: {person}") for person in holders.two(people)]


def event_of(key: RegisteredKey, what: str) -> tuple[str, str]:
    """Return subject and detail of a record about a key. what: is done with it."""
    return f"vending key {key.name}", f"{what}, KCV {key.kcv}"


def _add(
    station: Station, actor: str, keys: Sequence[VendingKey], events: Sequence[tuple[str, str]]
) -> list[VendingKey]:
    unsealed = [(SUBJECT, IN_CLEAR)] if in_clear(station, keys) else []
    with on_record(station, actor, [*events, *unsealed]):
        return store.add_keys(station.state_dir / VENDING_KEYS, keys, soft(station).data_key())


def _record(
    station: Station, actor: str, action: str, detail: str = "", outcome: str = chain.DONE
) -> None:
    with station.work(actor) as work:
        chain.record(work, action, SUBJECT, detail, outcome)
