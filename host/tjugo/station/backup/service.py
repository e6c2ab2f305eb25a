"""`backup` and `restore`: a running station to one file, and a station from such a file.

The database in the archive is not encrypted; vending keys and STA tables are. The manifest is
authenticated with them and contains the hash of the database, so that with the passphrase a
changed archive is detected and refused.
"""

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tjugo import __version__, encryption, foreign_json
from tjugo.errors import Conflict, TjugoError, Unavailable
from tjugo.paths import DATABASE, VENDING_KEYS
from tjugo.private_file import private_file, sync_folder
from tjugo.station import use as station_use
from tjugo.station.backup import archive as archives
from tjugo.station.backup import sealing, secret_files, transfer
from tjugo.station.backup.archive import FORM, NOT_ONE, VERSION
from tjugo.station.backup.database import copy_database, set_floor, sha256
from tjugo.station.link import state as link_state
from tjugo.station.storage import databases
from tjugo.station.storage.databases import PostgresDatabase, SqliteFile
from tjugo.station.storage.moments import iso

LAST = "backup.json"  # in the station's folder: when the last backup was made


@dataclass(frozen=True)
class Backup:
    """A backup. made_at: the time of the database's contents. version: of the program that made
    it."""

    made_at: datetime
    version: str
    schema: str


def backup(state_dir: Path, file: Path, passphrase: str, now: datetime) -> Backup:
    """Write a backup of the station in a folder while it runs. Raise TjugoError.

    `file` is replaced at the end, or left unchanged. It is readable by its owner only. Only a
    backup is replaced, no other file.
    """
    database = check_source(state_dir)
    check_place(file, state_dir)
    copy = file.with_name(f".{file.name}.{secrets.token_hex(4)}.db")
    try:
        with station_use.during(state_dir), _disk(file, copy), database.sentences():
            schema = copy_database(database, copy)
            files = secret_files.read(state_dir)  # after the rows that need them
            kdf = encryption.new_kdf()
            manifest: dict[str, Any] = {
                "form": FORM,
                "version": VERSION,
                "program": __version__,
                "made_at": iso(now),
                "schema": schema,
                "database_sha256": sha256(copy),
                "kdf": kdf,
            }
            head = json.dumps(manifest, indent=2).encode()
            sealed = sealing.seal(files, passphrase, kdf, head)
            with private_file(file) as opened:
                archives.write_archive(opened, head, sealed, copy)
        note = {"form": FORM, "version": VERSION, "made_at": iso(now), "file": str(file)}
        with private_file(state_dir / LAST) as noted:
            noted.write(json.dumps(note).encode())
    finally:
        for path in (copy, Path(f"{copy}-wal"), Path(f"{copy}-shm"), Path(f"{copy}-journal")):
            path.unlink(missing_ok=True)
    return _facts(manifest)


def check_source(state_dir: Path) -> SqliteFile | PostgresDatabase:
    """Return the database of a station. Raise TjugoError unless the folder has a station with its
    vending keys, and its files of secrets are intact."""
    database = databases.of(state_dir)
    if database is None:
        raise TjugoError(f"There is no station in {state_dir}.")
    if not (state_dir / VENDING_KEYS).exists():
        raise Unavailable(f"The vending key file {state_dir / VENDING_KEYS} is missing.")
    secret_files.read(state_dir)
    return database


def check_place(file: Path, state_dir: Path) -> None:
    """Raise Conflict if a backup written to `file` would replace something that is no backup, or
    be in the station's folder under a name that one of its files may have."""
    with _disk(file, file):
        if file.parent.resolve() == state_dir.resolve() and file.suffix.lower() != ".zip":
            raise Conflict(
                f"{file} may be a file of the station itself: write the backup to another folder, "
                "or to a name that ends in .zip."
            )
        if not (file.exists() or file.is_symlink()):
            return
        database = state_dir / DATABASE
        # The database is not even read: SQLite's locks of this process would end.
        same = database.exists() and file.exists() and file.samefile(database)
        try:
            if same or not file.is_file():
                raise TjugoError(NOT_ONE.format(file))
            check_file(file)
        except TjugoError as error:
            raise Conflict(
                f"There is another file at {file}, which a backup does not replace. "
                f"{error.message} Remove it, or give another name."
            ) from error


def last(state_dir: Path) -> datetime | None:
    """Return when the last backup of this station was made, None if none was made."""
    try:
        note = foreign_json.loads((state_dir / LAST).read_bytes())
        return datetime.fromisoformat(note["made_at"]).astimezone(UTC)
    except (OSError, ValueError, TypeError, KeyError):
        return None


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
    with _alone(state_dir), _disk(state_dir, new):
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
    return _facts(manifest)


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


def _facts(manifest: dict[str, Any]) -> Backup:
    made_at = datetime.fromisoformat(manifest["made_at"]).astimezone(UTC)
    return Backup(made_at, manifest["program"], manifest["schema"])


@contextmanager
def _disk(path: Path, temporary: Path) -> Iterator[None]:
    """Convert errors of the disk to TjugoError; name `path` in place of its temporary name."""
    try:
        yield
    except TjugoError as error:
        error.message = error.message.replace(str(temporary), str(path))
        raise
    except OSError as error:
        name = str(error.filename or path).replace(str(temporary), str(path))
        raise Unavailable(f"{name} cannot be used: {error.strerror or error}.") from error


def check_file(file: Path) -> None:
    """Raise TjugoError unless the file is readable and has the form of a backup."""
    with _disk(file, file), archives.opened(file) as archive:
        head = archives.member(archive, archives.MANIFEST, archives.MOST_MANIFEST)
        archives.read_manifest(file, head)


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
