"""Locking and unlocking the vending keys of a station, on record."""

from tjugo import key_file
from tjugo.errors import TjugoError
from tjugo.sealed_keys import Secret
from tjugo.station.audit import chain
from tjugo.station.keys.backend import SoftBackend
from tjugo.station.station import Station

UNLOCK, LOCK = "key_unlock", "key_lock"
SUBJECT = "vending keys"
_WAYS = {str: "by passphrase", bytes: "by key file"}


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
    """Lock the vending keys of this process. Raise TjugoError."""
    soft(station).lock()
    _record(station, actor, LOCK)


def unlock_unattended(station: Station, actor: str) -> None:
    """Unlock the vending keys by the secret of unattended service, where one is given and they
    are locked. Raise TjugoError."""
    if station.backend.locked:
        secret = key_file.secret_of_service()
        if secret is not None:
            unlock(station, actor, secret)


def _record(
    station: Station, actor: str, action: str, detail: str = "", outcome: str = chain.DONE
) -> None:
    with station.work(actor) as work:
        chain.record(work, action, SUBJECT, detail, outcome)
