"""Statements of which each sale runs many: their text is made once for each database.

SQLAlchemy makes a statement anew whenever it is executed, which takes longer than SQLite needs to
run it. A `Statement` keeps the text, and gives the driver nothing but values. A server is asked
several queries at once with `read_ahead`, before the services ask them one by one.
"""

import json
from collections import namedtuple
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Dialect,
    Executable,
    Integer,
    Select,
    Text,
    bindparam,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator

from tjugo.station.storage import driver


class _List(TypeDecorator[Sequence[Any]]):
    """A list of texts or integers as one value: JSON on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, of: type[Text | BigInteger]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(Text() if sqlite else ARRAY(self.of()))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        values = list(value)
        return json.dumps(values) if dialect.name == "sqlite" else values


class _AnyOf(FunctionElement[Any]):
    type = NullType()  # a Boolean would be compared with 1 on SQLite, and no index used
    inherit_cache = True


def any_of(column: Any, name: str) -> ColumnElement[bool]:
    """Return the condition that a column has one of the values of a parameter, a sequence of texts
    or integers: one value of any length, so that the statement's text does not depend on it."""
    of = BigInteger if isinstance(column.type, Integer) else Text
    return _AnyOf(column, bindparam(name, type_=_List(of)))


@compiles(_AnyOf, "sqlite")
def _by_json(element: _AnyOf, compiler: Any, **options: Any) -> str:
    column, given = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({given}))"


@compiles(_AnyOf)
def _by_array(element: _AnyOf, compiler: Any, **options: Any) -> str:
    column, given = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY({given})"


class _Made:
    """A statement for one database: its text, its values in the driver's order, and how they are
    converted both ways."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self.names: list[str] | None = compiled.positiontup
        binds = {name: bind for name, bind in compiled.binds.items() if name in compiled.params}
        self.given = {name: bind.value for name, bind in binds.items() if not bind.required}
        self.binds = {
            name: convert
            for name, bind in binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        found = [c.type.dialect_impl(dialect).result_processor(dialect, None) for c in columns]
        self.results = [(place, convert) for place, convert in enumerate(found) if convert]
        self.row: Any = None  # the type of its rows, once they are known

    def asked(self, given: dict[str, Any]) -> driver.Asked:
        """Return the statement with its values, for the driver."""
        values = {**self.given, **given}
        for name, convert in self.binds.items():
            values[name] = convert(values[name])
        placed = values if self.names is None else tuple([values[name] for name in self.names])
        return driver.Asked(self.text, placed, named=self.row is None)

    def named(self, found: driver.Rows) -> list[Any]:
        """Return the driver's rows as named tuples."""
        if self.row is None:
            self.row = namedtuple("row", found.columns, rename=True)  # type: ignore[misc]
        rows = found.rows
        if self.results:
            rows = [_converted(row, self.results) for row in rows]
        return list(map(self.row._make, rows))


class Statement:
    """A statement whose parameters (`bindparam`) are the keywords of `all`. others: what is
    executed instead of it, by the name of a dialect, with the same parameters and columns."""

    def __init__(self, statement: Executable, **others: Executable) -> None:
        self._statement = statement
        self._others = others
        self._made: dict[str, _Made] = {}

    def all(self, session: Session, **given: Any) -> list[Any]:
        """Execute the statement, and return its rows as named tuples."""
        known = _taken_ahead(session, Query(self, given))
        if known is not None:
            return known
        session.flush()  # as a query of the session does
        connection = session.connection()
        made = self.made(connection.dialect)
        return made.named(driver.read(connection, made.asked(given)))

    def made(self, dialect: Dialect) -> _Made:
        """Return the statement for a database."""
        made = self._made.get(dialect.name)
        if made is None:
            statement = self._others.get(dialect.name, self._statement)
            made = self._made[dialect.name] = _Made(statement, dialect)
        return made

    def of(self, **given: Any) -> "Query":
        """Return the statement with its values, to be read ahead."""
        return Query(self, given)

    def first(self, session: Session, **given: Any) -> Any:
        """Return the first row, None where there is none."""
        found = self.all(session, **given)
        return found[0] if found else None


class Query(NamedTuple):
    """A statement with its values."""

    statement: Statement
    given: dict[str, Any]

    def all(self, session: Session) -> list[Any]:
        """Execute the statement, and return its rows as named tuples."""
        return self.statement.all(session, **self.given)

    def first(self, session: Session) -> Any:
        """Return the first row, None where there is none."""
        return self.statement.first(session, **self.given)


_AHEAD = "read_ahead"  # in Session.info: queries with their rows


def read_ahead(session: Session, queries: Sequence[Query]) -> None:
    """Execute queries in their order, waiting once for a server's answers. The next `all` with the
    same values returns the rows, unless `forget_ahead` is called before. Where there is no server
    to wait for, nothing is read."""
    session.flush()
    connection = session.connection()
    if not driver.on_server(connection):
        return
    made = [query.statement.made(connection.dialect) for query in queries]
    found = driver.read_together(
        connection,
        [one.asked(query.given) for one, query in zip(made, queries, strict=True)],
    )
    kept = session.info.setdefault(_AHEAD, [])
    for query, one, rows in zip(queries, made, found, strict=True):
        kept.append((query, one.named(rows)))


def forget_ahead(session: Session) -> None:
    """Forget what was read ahead: call it before what was read is changed."""
    session.info.pop(_AHEAD, None)


def _taken_ahead(session: Session, query: Query) -> list[Any] | None:
    """Return the rows that were read ahead for a query, once; None if there are none."""
    kept: list[tuple[Query, list[Any]]] = session.info.get(_AHEAD, [])
    for place, (known, rows) in enumerate(kept):
        if known.statement is query.statement and known.given == query.given:
            del kept[place]
            return rows
    return None


def _converted(row: Sequence[Any], results: Sequence[tuple[int, Any]]) -> list[Any]:
    values = list(row)
    for place, convert in results:
        values[place] = convert(values[place])
    return values
