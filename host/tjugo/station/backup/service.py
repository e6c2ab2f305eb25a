"""`backup`: a running station to one file, from which restore.py makes a station.

The database in the archive is not encrypted; vending keys and STA tables are. The manifest is
authenticated with them and contains the hash of the database, so that with the passphrase a
changed archive is detected and refused.
"""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tjugo import __version__, encryption, foreign_json
from tjugo.errors import Conflict, TjugoError, Unavailable
from tjugo.paths import DATABASE, VENDING_KEYS
from tjugo.private_file import private_file
from tjugo.station import use as station_use
from tjugo.station.backup import archive as archives
from tjugo.station.backup import sealing, secret_files
from tjugo.station.backup.archive import FORM, NOT_ONE, VERSION, Backup
from tjugo.station.backup.database import copy_database, sha256
from tjugo.station.backup.disk import disk
from tjugo.station.storage import databases
from tjugo.station.storage.databases import PostgresDatabase, SqliteFile
from tjugo.station.storage.moments import iso

LAST = "backup.json"  # in the station's folder: when the last backup was made


def backup(state_dir: Path, file: Path, passphrase: str, now: datetime) -> Backup:
    """Write a backup of the station in a folder while it runs. Raise TjugoError.

    `file` is replaced at the end, or left unchanged. It is readable by its owner only. Only a
    backup is replaced, no other file.
    """
    database = check_source(state_dir)
    check_place(file, state_dir)
    copy = file.with_name(f".{file.name}.{secrets.token_hex(4)}.db")
    try:
        with station_use.during(state_dir), disk(file, copy), database.sentences():
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
    return archives.facts(manifest)


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
    with disk(file, file):
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


def check_file(file: Path) -> None:
    """Raise TjugoError unless the file is readable and has the form of a backup."""
    with disk(file, file), archives.opened(file) as archive:
        head = archives.member(archive, archives.MANIFEST, archives.MOST_MANIFEST)
        archives.read_manifest(file, head)
