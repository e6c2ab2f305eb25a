"""The files of a new station: its folder, its database and its sample vending keys."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL

from tjugo.errors import TjugoError, Unavailable, reason
from tjugo.lock_file import waiting
from tjugo.paths import DATABASE, VENDING_KEYS
from tjugo.sealed_keys import Secret
from tjugo.station.keys.backend import SoftBackend
from tjugo.station.storage import create as new_files
from tjugo.station.storage import databases
from tjugo.station.storage.databases import PostgresDatabase, SqliteFile


def ensure_files(
    folder: Path,
    url: URL | None,
    with_keys: bool,
    tid_floor: datetime | None,
    opened_by: Sequence[Secret],
    sandbox: bool,
    tenant_id: int,
) -> None:
    """Make the files unless there is a station in the folder; see `Station.create`. url: of an
    empty database on a server, None for one in the folder. tid_floor: given, a database is made
    also beside vending keys, and issues no TID up to then. Raise TjugoError."""
    _make_folder(folder)
    with waiting(folder):
        found = databases.of(folder)
        if found is None:
            wanted = (
                SqliteFile(folder / DATABASE) if url is None else PostgresDatabase(url, folder)
            )
            _check_lost(folder, wanted, tid_floor)
            new_files.begin(wanted)
            if with_keys:
                SoftBackend.create_sample(folder / VENDING_KEYS, opened_by)
            new_files.finish(wanted, tenant_id, tid_floor, sandbox)
            return
        if url is not None and getattr(found, "url", None) != url:
            raise reason(
                "station_exists", f"The station in {folder} has its data in {found.name}."
            )
        if with_keys and not (folder / VENDING_KEYS).exists():
            raise Unavailable(
                f"The vending key file {folder / VENDING_KEYS} is missing. Restore it: "
                "tokens made with new keys would be refused by the meters."
            )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise TjugoError(f"{folder} is a file, not a folder.") from error
    except OSError as error:
        raise Unavailable(f"The folder {folder} cannot be made: {error.strerror}.") from error


def _check_lost(
    folder: Path, wanted: SqliteFile | PostgresDatabase, tid_floor: datetime | None
) -> None:
    """Raise Unavailable when the folder has parts of a lost station."""
    keys, log = folder / VENDING_KEYS, folder / f"{DATABASE}-wal"
    if log.exists():
        raise Unavailable(
            f"The database {folder / DATABASE} is missing, but its log {log} is there: restore it "
            "from a backup, or move the log to another folder."
        )
    unfinished = new_files.unfinished(wanted.marker).exists()
    if keys.exists() and not unfinished and tid_floor is None:
        raise Unavailable(
            f"The database {wanted.marker} is missing beside {keys}: restore it from a backup. "
            "Without a backup, `tjugo init --new-database` makes an empty one, whose TIDs begin "
            "tomorrow."
        )
