"""Making a new database: complete under a temporary name, then renamed."""

import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from tjugo.errors import Unavailable
from tjugo.station.storage import engine as storage
from tjugo.station.storage.tables import Tenant

# A database that follows a lost one has no TID at or before the time at which it is made plus
# this. The lost station may have sold until then, and ahead of its clock: a token a minute of one
# meter.
MARGIN = timedelta(days=1)


def unfinished(database: Path) -> Path:
    """Return the name of a database while it is made. The file exists from before the vending keys
    are made until the database is complete: keys beside it are not those of a lost database."""
    return database.with_name(f".{database.name}.new")


def begin_database(database: Path) -> None:
    """Make the file of `unfinished`, empty. Raise Unavailable when it cannot be made."""
    new = unfinished(database)
    try:
        for path in _files(new):
            path.unlink(missing_ok=True)
        storage.make_private(new)
    except OSError as error:
        raise Unavailable(f"{database} cannot be opened: {error.strerror}.") from error


def finish_database(database: Path, tenant_id: int, tid_floor: datetime | None) -> None:
    """Fill the file of `unfinished` with the schema and a tenant, and rename it to `database`,
    which does not exist. Raise Unavailable when the disk fails or is full."""
    new = unfinished(database)
    engine = storage.open_engine(new)
    try:
        with storage.sentences(database):
            with engine.connect() as connection, connection.begin():
                storage.make_schema(connection)
            with Session(engine) as session, session.begin():
                session.merge(Tenant(tenant_id=tenant_id, name="Utility", tid_floor=tid_floor))
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
    try:
        os.rename(new, database)
    except OSError as error:
        raise Unavailable(f"{database} cannot be written: {error.strerror}.") from error
    for path in _files(new):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _files(new: Path) -> list[Path]:
    """Return the files that SQLite may leave of an interrupted creation, the marker last."""
    return [Path(f"{new}{suffix}") for suffix in ("-wal", "-shm", "-journal", "")]
