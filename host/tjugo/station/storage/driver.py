"""Statements given to the database's driver, in the transaction of a session, with the errors of
SQLAlchemy.

A sale takes thirty statements, and SQLAlchemy's own way as long for each of them as SQLite. A
server is worse: each answer that is waited for takes longer than most of the statements.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tjugo.station.storage.server import Server

# In Connection.info: the statements of a server; within `pipelined`, text and values by table.
_SERVER, _INSERTIONS = "server", "insertions"


class Asked(NamedTuple):
    """A statement that returns rows. named: whether the names of its columns are needed, which the
    driver makes anew each time."""

    text: str
    values: Any
    named: bool = True


class Rows(NamedTuple):
    """What a statement returned: its rows, and the names of their columns where asked for."""

    rows: Sequence[Any]
    columns: Sequence[str]


def read(connection: Connection, asked: Asked) -> Rows:
    """Execute a statement that returns rows."""
    if not on_server(connection):
        with _cursor(connection, asked.text) as cursor:
            cursor.execute(asked.text, asked.values)
            names = [column[0] for column in cursor.description] if asked.named else ()
            return Rows(cursor.fetchall(), names)
    return read_together(connection, [asked])[0]


def read_together(connection: Connection, statements: Sequence[Asked]) -> list[Rows]:
    """Execute statements that return rows on a server, one after the other, and wait once for all
    answers."""
    with pipelined(connection), _errors(connection, "several statements"):
        _insert_waiting(connection)
        server = _server(connection)
        for asked in statements:
            server.send(asked.text, asked.values)
        results = server.answers()
        results = results[len(results) - len(statements) :]  # before them, of what was written
        return [
            Rows(server.rows(result), server.columns(result) if asked.named else ())
            for result, asked in zip(results, statements, strict=True)
        ]


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Within the block, do not wait for the answers to `write` where the database is a server.
    The error of a statement may then be raised by a later one, or at the end of the block.
    Statements are given to this module only: SQLAlchemy cannot execute any there."""
    if not on_server(connection) or _server(connection).open:  # a block around this one waits
        yield
        return
    server = _server(connection)
    with _errors(connection, "a pipeline"):
        server.begin()
        connection.info[_INSERTIONS] = {}
        try:
            yield
            _insert_waiting(connection)
            server.answers()
        finally:
            del connection.info[_INSERTIONS]
            server.end()


def on_server(connection: Connection) -> bool:
    """Return whether the database is a server."""
    return connection.dialect.name != "sqlite"


def _server(connection: Connection) -> Server:
    """Return what sends a connection's statements; it ends with the connection."""
    server = connection.info.get(_SERVER)
    if server is None:
        driver: Any = connection.connection.driver_connection
        server = connection.info[_SERVER] = Server(driver)
    assert isinstance(server, Server)
    return server


def write(connection: Connection, text: str, values: Any = ()) -> None:
    """Execute a statement once."""
    if not on_server(connection):
        with _cursor(connection, text) as cursor:
            cursor.execute(text, values)
        return
    with pipelined(connection), _errors(connection, text):
        _insert_waiting(connection)
        server = _server(connection)
        server.send(text, values)
        server.flush()


def insert(connection: Connection, table: str, text: str, values: Sequence[Any]) -> None:
    """Execute an INSERT. Within `pipelined`, those into several tables become one statement, which
    is executed before the next one that is not an INSERT: a statement costs more than a few rows.
    """
    waiting = connection.info.get(_INSERTIONS)
    if waiting is None:
        write(connection, text, values)
        return
    if table in waiting:  # one statement changes a row once
        _insert_waiting(connection)
    waiting[table] = (text, values)


def _insert_waiting(connection: Connection) -> None:
    waiting = connection.info.get(_INSERTIONS)
    if not waiting:
        return
    # PostgreSQL executes the last statement first, and then the others from the last WITH to the
    # first. So the order is that of the calls, in which all transactions lock the rows they share.
    first, *others = waiting.values()
    waiting.clear()
    names = [f"part_{number} AS ({text})" for number, (text, _) in enumerate(others)]
    begin = f"WITH {', '.join(reversed(names))} " if names else ""
    values = [value for _, given in (*reversed(others), first) for value in given]
    write(connection, begin + first[0], values)


def write_many(connection: Connection, text: str, rows: Sequence[Any]) -> None:
    """Execute a statement once for each row of values, on SQLite."""
    with _cursor(connection, text) as cursor:
        cursor.executemany(text, rows)


def settle(connection: Connection) -> None:
    """Wait for the answers within `pipelined`; an error of what was executed is raised here."""
    if on_server(connection) and _server(connection).open:
        with _errors(connection, "a pipeline"):
            _insert_waiting(connection)
            _server(connection).answers()


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
