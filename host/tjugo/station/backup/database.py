"""The database of a backup: copied from a running station, and prepared for a restored one."""

import hashlib
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tjugo.errors import Conflict, Unavailable
from tjugo.station.backup import transfer
from tjugo.station.storage import engine as storage
from tjugo.station.storage.create import MARGIN
from tjugo.station.storage.databases import PostgresDatabase, SqliteFile


def copy_database(database: SqliteFile | PostgresDatabase, copy: Path) -> str:
    """Copy the contents of a database at one moment to a SQLite file, while others write to it;
    return its schema."""
    if isinstance(database, SqliteFile):
        return _copy_file(database.path, copy)
    transfer.from_server(database, copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        return _check(connection, copy)


def _copy_file(database: Path, copy: Path) -> str:
    """Copy a SQLite file.

    All pages are copied in one step: in WAL mode that is one read transaction, which delays no
    writer, and the copy does not restart when they commit.
    """
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as source:
        source.execute(f"PRAGMA busy_timeout={storage.BUSY_MS}")
        with closing(sqlite3.connect(copy)) as target:
            source.backup(target, pages=-1)
            target.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            return _check(target, database)


def _check(database: sqlite3.Connection, name: Path) -> str:
    """Return the schema of an intact database. Raise TjugoError if it is damaged."""
    try:
        (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        (schema,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        raise Unavailable(f"{name} is not a database of Tjugo, or it is damaged.") from error
    if found != "ok":
        raise Unavailable(f"The database {name} is damaged: {found}.")
    return str(schema)


def set_floor(database: Path, now: datetime, accept_clock: bool) -> None:
    """Upgrade a restored database and record the time up to which no TID is issued."""
    engine = storage.open_engine(database)
    try:
        with storage.sentences(database):
            storage.upgrade(engine, database)
    finally:
        engine.dispose()
    with closing(sqlite3.connect(database)) as connection, connection:
        _check(connection, database)
        here = now.astimezone(UTC).replace(tzinfo=None)
        (latest,) = connection.execute("SELECT max(issued_at) FROM token").fetchone()
        if latest and datetime.fromisoformat(latest) > here and not accept_clock:
            raise Conflict(
                f"The newest token of the backup is of {latest[:16]} UTC, this machine's clock is "
                f"at {here:%Y-%m-%d %H:%M}. Set the clock, or use --accept-clock if it is right."
            )
        floor = (here + MARGIN).strftime("%Y-%m-%d %H:%M:%S.%f")
        connection.execute(
            "UPDATE tenant SET tid_floor = ? WHERE tid_floor IS NULL OR tid_floor < ?",
            (floor, floor),
        )
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
