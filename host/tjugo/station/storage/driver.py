"""Statements given to the database's driver, in the transaction of a session, with the errors of
SQLAlchemy.

A sale takes thirty statements, and SQLAlchemy's own way as long for each of them as SQLite. A
server is worse: each answer that is waited for takes longer than most of the statements.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Rows = tuple[Sequence[Any], Sequence[str]]
"""What a statement returned: its rows, and the names of their columns."""


def read(connection: Connection, text: str, values: Any) -> Rows:
    """Execute a statement that returns rows; return them, and the names of their columns."""
    with _cursor(connection, text) as cursor:
        cursor.execute(text, values)
        return cursor.fetchall(), [column[0] for column in cursor.description]


def read_together(connection: Connection, statements: Sequence[tuple[str, Any]]) -> list[Rows]:
    """Execute statements that return rows, one after the other, and wait once for all answers."""
    found: list[Rows] = []
    with ExitStack() as open_ones, pipelined(connection):
        cursors = []
        for text, values in statements:
            cursor = open_ones.enter_context(_cursor(connection, text))
            cursor.execute(text, values)
            cursors.append(cursor)
        for cursor in cursors:
            found.append((cursor.fetchall(), [column[0] for column in cursor.description]))
    return found


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Within the block, do not wait for the answers to `write` where the database is a server.
    The error of a statement may then be raised by a later one, or at the end of the block.
    Statements are given to this module only: a query of SQLAlchemy finds no rows there."""
    if connection.dialect.name == "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    if driver.pgconn.pipeline_status:  # a block around this one waits
        yield
        return
    with _errors(connection, "a pipeline"), driver.pipeline():
        yield


def write(connection: Connection, text: str, values: Any = ()) -> None:
    """Execute a statement once."""
    with _cursor(connection, text) as cursor:
        cursor.execute(text, values)


def write_many(connection: Connection, text: str, rows: Sequence[Any]) -> None:
    """Execute a statement once for each row of values."""
    with _cursor(connection, text) as cursor:
        cursor.executemany(text, rows)


def settle(connection: Connection) -> None:
    """Wait for the answers within `pipelined`; an error of what was executed is raised here."""
    if connection.dialect.name != "sqlite":
        driver: Any = connection.connection.driver_connection
        if driver.pgconn.pipeline_status:
            with _errors(connection, "a pipeline"), driver.pipeline() as pipeline:
                pipeline.sync()


@contextmanager
def _cursor(connection: Connection, text: str) -> Iterator[Any]:
    cursor = connection.connection.cursor()
    try:
        with _errors(connection, text):
            yield cursor
    finally:
        cursor.close()


@contextmanager
def _errors(connection: Connection, text: str) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's."""
    dialect = connection.dialect
    errors: Any = dialect.loaded_dbapi
    try:
        yield
    except errors.Error as error:
        # Values are tokens: they do not belong in an error's text.
        raise DBAPIError.instance(
            text, None, error, errors.Error, hide_parameters=True, dialect=dialect
        ) from error
