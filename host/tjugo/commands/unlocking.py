"""Opening a station with its vending keys: by a key file, a credential, or a typed passphrase."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from tjugo import key_file, sealed_keys
from tjugo.commands.output import actor
from tjugo.commands.secret import ask, read_secret
from tjugo.key_register import RegisteredKey
from tjugo.paths import VENDING_KEYS
from tjugo.sealed_keys import Sealed, Secret
from tjugo.station.keys import service
from tjugo.station.station import Station

PASSPHRASE = "passphrase of the vending keys"

key_file_option = click.option(
    "--key-file",
    envvar="TJUGO_KEY_FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The key file that unlocks sealed vending keys.",
)


@contextmanager
def opened(state: Path, file: Path | None) -> Iterator[Station]:
    """Open the station in a folder, with its vending keys unlocked where the secret is given, as
    unlock() takes it."""
    with Station.open(state) as station:
        unlock(station, file)
        yield station


def unlock(station: Station, file: Path | None) -> None:
    """Unlock the vending keys by a key file, the systemd credential, or a passphrase typed at the
    terminal; without any of these they stay locked. Raise TjugoError for a wrong secret."""
    if not station.backend.locked:
        return
    if file is not None:
        service.unlock(station, actor(), key_file.read_secret_file(file))
        return
    service.unlock_unattended(station, actor())
    sealed = service.soft(station).sealed
    if station.backend.locked and sealed and _typed(sealed):
        service.unlock(station, actor(), ask(PASSPHRASE, "give --key-file"))


def try_secret(station: Station, file: Path | None) -> None:
    """Open the vending keys for this program alone by a key file or the systemd credential, where
    one is given, to see whether it opens them: it is not recorded. Raise TjugoError for a wrong
    secret."""
    secret = key_file.secret_of_service() if file is None else key_file.read_secret_file(file)
    if secret is not None and station.backend.locked:
        service.soft(station).unlock(secret)


def warn_in_clear(station: Station, keys: Sequence[RegisteredKey]) -> None:
    """Print a warning when real keys among these, just added, are stored unsealed."""
    if service.in_clear(station, keys):
        path = station.state_dir / VENDING_KEYS
        seal = shlex.join(["tjugo", "key", "seal", "--state", str(station.state_dir)])
        click.echo(f"Warning: real vending keys are now in clear in {path}.", err=True)
        click.echo(f"Seal them: {seal}", err=True)


def secret_for(sealed: Sealed, file: Path | None) -> Secret | None:
    """Return the secret for a sealed key file that is no station's, as for unlock()."""
    if file is not None:
        return key_file.read_secret_file(file)
    found = key_file.secret_of_service()
    return ask(PASSPHRASE, "give --key-file") if found is None and _typed(sealed) else found


def new_secrets(file: Path | None, passphrase_file: Path | None, question: bool) -> list[Secret]:
    """Return the secrets that are to open sealed keys: of a key file, which is made where there
    is none, and of a passphrase from a file or, with `question`, typed twice."""
    found: list[Secret] = []
    if file is not None:
        made = not file.exists()
        found.append(key_file.create_secret_file(file))
        if made:
            click.echo(f"{file} is made. Keep a copy of it in another place.", err=True)
    if passphrase_file is not None:
        found.append(read_secret(passphrase_file, "passphrase"))
    elif question:
        found.append(ask(PASSPHRASE, "give --passphrase-file or --key-file", confirm=True))
    return found


def _typed(sealed: Sealed) -> bool:
    return sealed_keys.PASSPHRASE in sealed.kinds and sys.stdin.isatty()
