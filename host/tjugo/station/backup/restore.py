"""`restore`: a station from the file of a backup, or the folder as it was."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from tjugo.errors import Conflict, TjugoError, Unavailable
from tjugo.paths import DATABASE, VENDING_KEYS
from tjugo.private_file import private_file, sync_folder
from tjugo.station import use as station_use
from tjugo.station.backup import archive as archives
from tjugo.station.backup import sealing, secret_files, transfer
from tjugo.station.backup.archive import NOT_ONE, Backup
from tjugo.station.backup.database import set_floor, sha256
from tjugo.station.backup.disk import disk
from tjugo.station.link import state as link_state
from tjugo.station.storage import databases
from tjugo.station.storage.databases import PostgresDatabase


def restore(
    file: Path,
    state_dir: Path,
    passphrase: str,
    now: datetime,
    force: bool = False,
    accept_clock: bool = False,
    database_url: str | None = None,
) -> Backup:
    """Restore a station from a backup. Raise TjugoError, and then nothing was changed.

    database_url: an empty database on a PostgreSQL server; a SQLite file in the folder without.
    Raise Conflict when the folder is not empty; with force, its contents are moved to a separate
    folder, never deleted. No TID up to `now` plus MARGIN will be issued; raise Conflict when that
    is before the newest token of the backup, unless accept_clock.
    """
    check_target(state_dir, force)
    url = None if database_url is None else databases.parse(database_url)
    new = state_dir.with_name(f".{state_dir.name}.{secrets.token_hex(4)}")
    with _alone(state_dir), disk(state_dir, new):
        state_dir.parent.mkdir(parents=True, exist_ok=True)
        new.mkdir(mode=0o700)
        try:
            with archives.opened(file) as archive:
                head = archives.member(archive, archives.MANIFEST, archives.MOST_MANIFEST)
                manifest = archives.read_manifest(file, head)
                sealed = archives.member(archive, archives.SECRETS, archives.MOST_SECRETS)
                hidden = _unseal(file, sealed, passphrase, manifest, head)
                archives.extract(archive, new / DATABASE)
            if sha256(new / DATABASE) != manifest["database_sha256"]:
                raise TjugoError(NOT_ONE.format(file))
            for name, content in hidden.items():
                with private_file(new / name) as written:
                    written.write(content)
            set_floor(new / DATABASE, now, accept_clock)
            if url is None:
                _move(new, state_dir, now)
            else:
                _move_to_server(PostgresDatabase(url, new), new, state_dir, now)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return archives.facts(manifest)


def check_target(state_dir: Path, force: bool) -> None:
    """Raise Conflict if a station would be replaced without force, or while it is in use."""
    with _alone(state_dir):
        pass
    try:
        used = state_dir.exists() and any(state_dir.iterdir())
    except NotADirectoryError:
        raise Conflict(f"{state_dir} is a file, not a folder.") from None
    except OSError as error:
        raise Unavailable(f"{state_dir} cannot be read: {error.strerror}.") from error
    if used and not force:
        raise Conflict(
            f"The folder {state_dir} is not empty. Restore into another one, or use --force, "
            "which moves its contents to another folder."
        )


def _unseal(
    file: Path, sealed: bytes, passphrase: str, manifest: dict[str, Any], head: bytes
) -> dict[str, bytes]:
    hidden = sealing.unseal(sealed, passphrase, manifest["kdf"], head)
    if hidden is None:
        raise TjugoError(
            f"The passphrase is not that of {file}, or the file was changed: nothing is restored."
        )
    if not {VENDING_KEYS} <= set(hidden) <= set(secret_files.NAMES):
        raise TjugoError(NOT_ONE.format(file))
    secret_files.check(hidden, file)
    return hidden


@contextmanager
def _alone(state_dir: Path) -> Iterator[None]:
    """Keep the station from being opened in the block. Raise Conflict when it is in use."""
    if link_state.held(state_dir):  # also by an earlier version, which holds no other lock
        raise Conflict(f"A program runs the station in {state_dir}. End it first.")
    try:
        is_folder = state_dir.is_dir()
    except OSError as error:
        raise Unavailable(f"{state_dir} cannot be read: {error.strerror}.") from error
    with station_use.alone(state_dir) if is_folder else nullcontext():
        yield


def _move_to_server(database: PostgresDatabase, new: Path, state_dir: Path, now: datetime) -> None:
    """Replace the folder as _move does, with its database on a server."""
    transfer.to_server(new / DATABASE, database)
    try:
        for path in new.glob(f"{DATABASE}*"):
            path.unlink()
        database.save()
        _move(new, state_dir, now)
    except BaseException:
        transfer.empty(database)
        raise


def _move(new: Path, state_dir: Path, now: datetime) -> None:
    """Replace the folder by the new one; keep the old one under another name."""
    sync_folder(new)
    if state_dir.exists() and any(state_dir.iterdir()):
        aside = state_dir.with_name(f"{state_dir.name}.replaced-{now:%Y%m%dT%H%M%S}")
        state_dir.rename(aside)
        try:
            new.rename(state_dir)
        except OSError:
            aside.rename(state_dir)
            raise
    else:
        new.rename(state_dir)  # over an empty folder, if there is one
    with suppress(OSError):
        sync_folder(state_dir.parent)
