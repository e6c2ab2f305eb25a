"""The secrets of webhooks, encrypted as those of second factors are: by people.key."""

from pathlib import Path

from tjugo.errors import Unavailable
from tjugo.paths import PEOPLE_KEY
from tjugo.station.operators.totp import Vault
from tjugo.station.work import View


def seal(view: View, folder: Path, hook: str, secret: str) -> bytes:
    """Return a secret encrypted for its webhook. folder: the station's. Raise Unavailable."""
    return Vault(folder).seal(view, _name(hook), secret)


def unseal(folder: Path, hook: str, sealed: bytes) -> str:
    """Return a secret. Raise Unavailable when the key file is missing or of another station."""
    try:
        return Vault(folder).open(_name(hook), sealed)
    except Unavailable:
        raise Unavailable(
            f"The secret of webhook {hook} cannot be read with {folder / PEOPLE_KEY}: give it a "
            "new secret."
        ) from None


def _name(hook: str) -> str:
    return f"webhook {hook}"  # no operator has a name with a space
