"""SQLite: its settings and its errors as sentences; and the schema of either database."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tjugo.errors import TjugoError, Unavailable
from tjugo.station.storage.tables import Base

SCHEMA = "0026"
"""The Alembic revision that `tables` describes."""

BUSY_MS = 10_000
_SAMPLE = 1000  # rows of each index
_MIGRATIONS = Path(__file__).parent / "migrations"

# https://sqlite.org/rescode.html, primary result codes
_SENTENCES = {
    sqlite3.SQLITE_BUSY: "The database {path} is locked by another program; try again.",
    sqlite3.SQLITE_LOCKED: "The database {path} is locked by another program; try again.",
    sqlite3.SQLITE_READONLY: "The database {path} cannot be written: it is read-only.",
    sqlite3.SQLITE_IOERR: "The disk failed or is full while using {path}; nothing was changed.",
    sqlite3.SQLITE_CORRUPT: "The database {path} is damaged; restore it from a backup.",
    sqlite3.SQLITE_FULL: "The disk is full: {path} cannot grow; nothing was changed.",
    sqlite3.SQLITE_CANTOPEN: "The database {path} cannot be opened.",
    sqlite3.SQLITE_NOTADB: "{path} is not a database of Tjugo, or it is damaged.",
}


_NAME = "the station's database"  # for those who do not administer it


def open_engine(path: Path) -> Engine:
    """Return an engine for the SQLite file: WAL, synchronous=FULL, foreign keys on.

    A transaction begun with the execution option `immediate` takes the write lock at once, so that
    what it reads cannot change before it writes. With the option `bulk` its commit does not wait
    for the disk: a power failure may undo it, whole, until the next other commit.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={
            "timeout": BUSY_MS / 1000,
            "check_same_thread": False,
            "cached_statements": 512,
        },
        hide_parameters=True,  # tokens do not belong in an error's text
        max_overflow=60,  # more than a web server has threads: no thread waits for a connection
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver must not begin transactions by itself: _begin does.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        immediate = options.get("immediate")
        # Not to be changed inside a transaction. A migration copies tables that others refer to.
        wanted = {
            "foreign_keys": "OFF" if options.get("migrating") else "ON",
            "synchronous": "NORMAL" if options.get("bulk") else "FULL",
        }
        # A pooled connection has the settings of its last use. They are changed only where they
        # differ: foreign_keys makes SQLite prepare all statements again.
        for name, value in wanted.items():
            if connection.info.get(name) != value:
                connection.exec_driver_sql(f"PRAGMA {name}={value}")
                connection.info[name] = value
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def count_rows(engine: Engine) -> None:
    """Have SQLite collect the statistics of its tables from a sample of each index.

    Without them it takes the order of a list for more selective than the account number that is
    asked for.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA analysis_limit={_SAMPLE}")
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _use_wal(connection: sqlite3.Connection) -> None:
    """Set the journal mode to WAL. The first connection to a new file changes the mode, and
    SQLite's busy time-out does not cover that, so the other connections wait here."""
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Convert errors of SQLite and the disk to TjugoError. IntegrityError passes: the caller
    handles violated keys."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, sqlite3.Error) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        sentence = _SENTENCES.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
        if sentence is None:
            raise
        raise _error(sentence, path) from error


def _error(form: str, path: Path | str) -> Unavailable:
    public = form.replace("The database {path}", _NAME).format(path=_NAME)
    return Unavailable(form.format(path=path), public=public[:1].upper() + public[1:])


def schema_of(connection: Connection) -> str | None:
    """Return the revision of the database; None when it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(engine: Engine, path: Path | str) -> None:
    """Upgrade the database to SCHEMA. One process does it while the others wait for the lock.
    path: its file, or how it is named in sentences.

    Raise Unavailable for a database without a revision, such as an empty file: it was emptied, and
    as a new one it would repeat TIDs.
    """
    with engine.connect() as connection:
        if schema_of(connection) == SCHEMA:
            return
    options = {"immediate": True, "migrating": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        found = schema_of(connection)
        if found == SCHEMA:
            return
        if found is None:
            raise _error(_SENTENCES[sqlite3.SQLITE_CORRUPT], path)
        migrate(connection, found, path)


def make_schema(connection: Connection) -> None:
    """Make all tables in a new database, at the revision SCHEMA. It is what the migrations make,
    as a test checks, and needs a tenth of their time."""
    Base.metadata.create_all(connection)
    key = "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"
    connection.execute(
        text(f"CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, {key})")
    )
    connection.execute(text("INSERT INTO alembic_version VALUES (:at)"), {"at": SCHEMA})


def migrate(
    connection: Connection, found: str | None, path: Path | str, revision: str = SCHEMA
) -> None:
    """Bring a database at the revision `found` to another, in the connection's transaction. Raise
    TjugoError when `found` is of a newer version."""
    # Only needed here, and slow to import: a command on an up-to-date database does not import it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise TjugoError(
            f"The database {path} was made by a newer version of Tjugo (schema {found}; this "
            f"version has {SCHEMA}). Install the newer version."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise _error(_SENTENCES[sqlite3.SQLITE_CORRUPT], path)


def check(engine: Engine, path: Path) -> None:
    """Raise Unavailable when SQLite's quick check finds the database damaged."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise _error(_SENTENCES[sqlite3.SQLITE_CORRUPT], path)


def make_private(path: Path) -> None:
    """Create the file with access for its owner only; SQLite gives its -wal and -shm files the
    same mode."""
    if not path.exists():  # closing a file drops SQLite's locks on it in the whole process
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
