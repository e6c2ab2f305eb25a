"""Making a new database: complete under a temporary name, then renamed; on a server in one
transaction, and then its address is written."""

import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tjugo.errors import Unavailable
from tjugo.station.storage import databases
from tjugo.station.storage import engine as storage
from tjugo.station.storage.databases import PostgresDatabase, SqliteFile, has_station, opened
from tjugo.station.storage.tables import Tenant

# A database that follows a lost one has no TID at or before the time at which it is made plus
# this. The lost station may have sold until then, and ahead of its clock: a token a minute of one
# meter.
MARGIN = timedelta(days=1)


def unfinished(marker: Path) -> Path:
    """Return the name of a database, or of the file with its address, while it is made. The file
    exists from before the vending keys are made until the database is complete: keys beside it
    are not those of a lost database."""
    return marker.with_name(f".{marker.name}.new")


def check_server(database: PostgresDatabase) -> None:
    """Raise TjugoError unless a station can be made in a database of a server: Unavailable when
    it does not answer, Conflict when it has a station or other tables."""
    with opened(database) as engine:
        if has_station(engine) and unfinished(database.marker).exists():
            return  # of an interrupted attempt
        with engine.connect() as connection:
            databases.check_empty(
                database,
                connection,
                f"To use it from this folder, copy vending_keys.json, {database.marker.name} and, "
                "where there is one, people.key of its folder here.",
            )


def begin(database: SqliteFile | PostgresDatabase) -> None:
    """Make the file of `unfinished`, empty. Raise Unavailable when it cannot be made; see
    check_server for the errors of a server."""
    new = unfinished(database.marker)
    if isinstance(database, PostgresDatabase):
        check_server(database)
    try:
        if isinstance(database, SqliteFile):
            for path in _files(new):
                path.unlink(missing_ok=True)
        storage.make_private(new)
    except OSError as error:
        raise Unavailable(f"{database.marker} cannot be opened: {error.strerror}.") from error


def finish(
    database: SqliteFile | PostgresDatabase,
    tenant_id: int,
    tid_floor: datetime | None,
    sandbox: bool = False,
) -> None:
    """Make the schema and a tenant where `begin` was called, and the database's marker. Raise
    Unavailable when the disk or the server fails."""
    tenant = Tenant(tenant_id=tenant_id, name="Utility", tid_floor=tid_floor, sandbox=sandbox)
    new = unfinished(database.marker)
    if isinstance(database, PostgresDatabase):
        with opened(database) as engine:
            _fill(engine, tenant)
        database.save()
    else:
        _finish_file(database.path, new, tenant)
    for path in _files(new):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _fill(engine: Engine, tenant: Tenant) -> None:
    """Make schema and tenant in one transaction, unless an interrupted attempt has."""
    migrating = {"immediate": True, "migrating": True}
    with engine.connect().execution_options(**migrating) as connection, connection.begin():
        if storage.schema_of(connection) is None:
            storage.make_schema(connection)
            with Session(connection) as session:
                session.add(tenant)
                session.flush()


def _finish_file(database: Path, new: Path, tenant: Tenant) -> None:
    engine = storage.open_engine(new)
    try:
        with storage.sentences(database):
            _fill(engine, tenant)
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
    try:
        os.rename(new, database)
    except OSError as error:
        raise Unavailable(f"{database} cannot be written: {error.strerror}.") from error


def _files(new: Path) -> list[Path]:
    """Return the files that SQLite may leave of an interrupted creation, the marker last."""
    return [Path(f"{new}{suffix}") for suffix in ("-wal", "-shm", "-journal", "")]
