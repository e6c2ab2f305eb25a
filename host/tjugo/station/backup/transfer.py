"""The rows of a station from one database to another: a backup has the form of a SQLite file,
whatever database it was made from and will be restored into."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, select, text

from tjugo.errors import Unavailable
from tjugo.station.storage import engine as storage
from tjugo.station.storage.databases import PostgresDatabase, check_empty, opened
from tjugo.station.storage.tables import Base

_ROWS = 5000  # read and written at a time


def from_server(database: PostgresDatabase, copy: Path) -> None:
    """Write the contents of a server's database at one moment into a new SQLite file, while
    others change it. Raise Unavailable when its schema is an older one."""
    storage.make_private(copy)
    file = storage.open_engine(copy)
    bulk, snapshot = {"immediate": True, "bulk": True}, {"snapshot": True}
    try:
        with (
            opened(database) as engine,
            engine.connect().execution_options(**snapshot) as source,
            source.begin(),
            storage.sentences(copy),
            file.connect().execution_options(**bulk) as target,
            target.begin(),
        ):
            found = storage.schema_of(source)
            if found != storage.SCHEMA:
                raise Unavailable(
                    f"The schema of {database.name} is {found}, that of this version is "
                    f"{storage.SCHEMA}: start the station once, which upgrades it."
                )
            storage.make_schema(target)
            _copy(source, target)
    finally:
        file.dispose()


def to_server(file: Path, database: PostgresDatabase) -> None:
    """Fill an empty database of a server with the contents of a SQLite file of this schema, in
    one transaction. Raise Conflict when it is not empty."""
    small = storage.open_engine(file)
    try:
        with (
            storage.sentences(file),
            small.connect() as source,
            source.begin(),
            opened(database) as engine,
            engine.connect().execution_options(migrating=True) as target,
            target.begin(),
        ):
            check_empty(
                database,
                target,
                "Make a new, empty database with `createdb`, and restore into that.",
            )
            storage.make_schema(target)
            _copy(source, target)
    finally:
        small.dispose()


def empty(database: PostgresDatabase) -> None:
    """Remove the tables that to_server made."""
    with opened(database) as engine, engine.begin() as connection:
        Base.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))


def _copy(source: Connection, target: Connection) -> None:
    """Copy the rows of every table, those that others refer to first. Rows of one table that refer
    to each other come in any order: SQLite compares them at the end, and COPY is one statement."""
    if target.dialect.name == "sqlite":
        target.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    write = _by_copy if target.dialect.name == "postgresql" else _by_insert
    for table in Base.metadata.sorted_tables:
        write(target, table, _portions(source, table))


def _portions(source: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    reading = source.execution_options(stream_results=True, yield_per=_ROWS)
    for rows in reading.execute(select(table)).partitions(_ROWS):
        yield [tuple(row) for row in rows]


def _by_insert(
    target: Connection, table: Table, portions: Iterator[list[tuple[Any, ...]]]
) -> None:
    names = list(table.columns.keys())
    for rows in portions:
        target.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _by_copy(target: Connection, table: Table, portions: Iterator[list[tuple[Any, ...]]]) -> None:
    binds = [_bind(column.type, target) for column in table.columns]
    names = ", ".join(f'"{name}"' for name in table.columns.keys())
    driver: Any = target.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy,
    ):
        for rows in portions:
            for row in rows:
                copy.write_row([bind(value) for bind, value in zip(binds, row, strict=True)])


def _bind(kind: Any, target: Connection) -> Callable[[Any], Any]:
    """Return the function that makes what the driver takes of a value of a column."""
    found = kind.dialect_impl(target.dialect).bind_processor(target.dialect)
    return found or (lambda value: value)
