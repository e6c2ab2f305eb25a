"""Statements given to the database's driver, in the transaction of a session, with the errors of
SQLAlchemy.

A sale takes thirty statements, and SQLAlchemy's own way as long for each of them as SQLite.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def read(connection: Connection, text: str, values: Any) -> tuple[Sequence[Any], Sequence[str]]:
    """Execute a statement that returns rows; return them, and the names of their columns."""
    with _cursor(connection, text) as cursor:
        cursor.execute(text, values)
        return cursor.fetchall(), [column[0] for column in cursor.description]


def write(connection: Connection, text: str, values: Any = ()) -> None:
    """Execute a statement once."""
    with _cursor(connection, text) as cursor:
        cursor.execute(text, values)


def write_many(connection: Connection, text: str, rows: Sequence[Any]) -> None:
    """Execute a statement once for each row of values."""
    with _cursor(connection, text) as cursor:
        cursor.executemany(text, rows)


@contextmanager
def _cursor(connection: Connection, text: str) -> Iterator[Any]:
    dialect = connection.dialect
    errors: Any = dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except errors.Error as error:
        # Values are tokens: they do not belong in an error's text.
        raise DBAPIError.instance(
            text, None, error, errors.Error, hide_parameters=True, dialect=dialect
        ) from error
    finally:
        cursor.close()
