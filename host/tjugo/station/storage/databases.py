"""The database of a station: a SQLite file in its folder, or one of a PostgreSQL server.

What differs between the two is here; services use neither. The folder of a station on a server
has the private file database.json with the address.
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from tjugo import foreign_json
from tjugo.errors import TjugoError, Unavailable, reason
from tjugo.paths import DATABASE, DATABASE_ADDRESS, WRITE_LOCK
from tjugo.private_file import private_file
from tjugo.station.storage import engine as sqlite
from tjugo.station.storage import postgres
from tjugo.station.storage.queue import WriteQueue

GIVEN_AS = "The database is given as postgresql://[USER[:PASSWORD]@]HOST[:PORT]/NAME."
FORM, VERSION = "tjugo-database", 1
_DRIVER = "postgresql+psycopg"
_SCHEMES = ("postgresql", "postgres", _DRIVER)


class Database(Protocol):
    """A database; name is how sentences name it, marker the file that shows that a folder has
    it."""

    name: str
    marker: Path

    def open_engine(self) -> Engine:
        """Return an engine; see sqlite.open_engine and postgres.open_engine for its options."""
        ...

    def queue(self) -> WriteQueue | None:
        """Return a queue for the writers of a process, None where the database needs none."""
        ...

    def sentences(self) -> AbstractContextManager[None]:
        """Return a context in which errors of the database become TjugoError."""
        ...

    def prepare(self, engine: Engine) -> None:
        """Check the database and upgrade its schema. Raise TjugoError."""
        ...

    def count_rows(self, engine: Engine) -> None:
        """Have the tables counted that grew: plans are made by their size."""
        ...


class SqliteFile:
    """A SQLite file: one writer at a time, and others wait."""

    def __init__(self, path: Path) -> None:
        self.path = self.marker = path
        self.name = str(path)

    def open_engine(self) -> Engine:
        """See Database."""
        return sqlite.open_engine(self.path)

    def queue(self) -> WriteQueue | None:
        """See Database."""
        return WriteQueue(sqlite.BUSY_MS / 1000, self.path.with_name(WRITE_LOCK))

    def sentences(self) -> AbstractContextManager[None]:
        """See Database."""
        return sqlite.sentences(self.path)

    def prepare(self, engine: Engine) -> None:
        """See Database."""
        sqlite.check(engine, self.path)
        sqlite.upgrade(engine, self.path)

    def count_rows(self, engine: Engine) -> None:
        """See Database."""
        sqlite.count_rows(engine)


class PostgresDatabase:
    """A database of a PostgreSQL server: writers lock rows. folder: of the station."""

    def __init__(self, url: URL, folder: Path) -> None:
        self.url = url
        self.marker = folder / DATABASE_ADDRESS
        self.name = named(url)

    def open_engine(self) -> Engine:
        """See Database."""
        return postgres.open_engine(self.url)

    def queue(self) -> WriteQueue | None:
        """See Database."""
        return None

    def sentences(self) -> AbstractContextManager[None]:
        """See Database."""
        return postgres.sentences(self.name)

    def prepare(self, engine: Engine) -> None:
        """See Database. The server checks its pages itself, where it was set up to."""
        if not has_station(engine):
            raise Unavailable(
                f"There is no station in {self.name}: restore it from a backup, or correct the "
                f"address in {self.marker}."
            )
        sqlite.upgrade(engine, self.name)

    def count_rows(self, engine: Engine) -> None:
        """See Database."""
        postgres.count_rows(engine)

    def save(self) -> None:
        """Write the address into the station's folder. Raise Unavailable."""
        text = self.url.render_as_string(hide_password=False)
        with private_file(self.marker) as file:
            content = {"form": FORM, "version": VERSION, "url": text}
            file.write(json.dumps(content, indent=2).encode())


def parse(text: str) -> URL:
    """Return the address postgresql://[USER[:PASSWORD]@]HOST[:PORT]/NAME of a database. Raise
    TjugoError, which never has the password."""
    try:
        given = make_url(text)
        url = given.set(drivername=_DRIVER) if given.drivername in _SCHEMES else None
        if url is not None:
            url.get_dialect()().create_connect_args(url)  # checks the port
    except (ArgumentError, ValueError):
        url = None
    if url is None or not url.database:
        raise TjugoError(GIVEN_AS, 2)
    unknown = sorted(name for name in url.query if name not in postgres.parameters())
    if unknown:
        raise TjugoError(
            f"The address of the database has a parameter that is not known: {unknown[0][:40]}.", 2
        )
    return url


def named(url: URL) -> str:
    """Return how sentences name a database: never with its password."""
    host = url.host or url.query.get("host") or "this machine"
    return f"the database {url.database} on {host}"


def has_station(engine: Engine) -> bool:
    """Return whether a database has the tables of a station."""
    with engine.connect() as connection:
        return sqlite.schema_of(connection) is not None


def check_empty(database: PostgresDatabase, connection: Connection, otherwise: str) -> None:
    """Raise Conflict unless a database has no tables. otherwise: what to do where they are those
    of a station."""
    found = postgres.tables(connection)
    if {"alembic_version", "tenant"} <= found:
        sentence = f"There is a station in {database.name} already. {otherwise}"
        raise reason("station_exists", sentence)
    if found:
        name = f"{database.name[:1].upper()}{database.name[1:]}"
        raise reason(
            "database_not_empty", f"{name} has other tables; make an empty one with `createdb`."
        )


def of(folder: Path) -> SqliteFile | PostgresDatabase | None:
    """Return the database of the station in a folder, None if there is no station. Raise
    Unavailable when its address cannot be read."""
    if (folder / DATABASE_ADDRESS).exists():
        return PostgresDatabase(_address(folder / DATABASE_ADDRESS), folder)
    return SqliteFile(folder / DATABASE) if (folder / DATABASE).is_file() else None


def _address(path: Path) -> URL:
    try:
        found = foreign_json.loads(path.read_bytes())
        if found["form"] != FORM:
            raise ValueError(found["form"])
        version, text = found["version"], found["url"]
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError):
        raise Unavailable(f"{path} is not the address of a database.") from None
    if version != VERSION:
        raise Unavailable(f"{path} was written by a newer version of Tjugo.")
    return parse(text)


@contextmanager
def opened(database: Database) -> Iterator[Engine]:
    """Open an engine for the block, in which errors of the database become TjugoError."""
    engine = database.open_engine()
    try:
        with database.sentences():
            yield engine
    finally:
        engine.dispose()
