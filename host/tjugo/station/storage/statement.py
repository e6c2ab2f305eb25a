"""Statements of which each sale runs many: their text is made once for each database.

SQLAlchemy makes a statement anew whenever it is executed, which takes longer than SQLite needs to
run it. A `Statement` keeps the text, and gives the driver nothing but values.
"""

import json
from collections import namedtuple
from collections.abc import Sequence
from typing import Any

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


class Statement:
    """A statement whose parameters (`bindparam`) are the keywords of `all`."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._made: dict[str, _Made] = {}

    def all(self, session: Session, **given: Any) -> list[Any]:
        """Execute the statement, and return its rows as named tuples."""
        session.flush()  # as a query of the session does
        connection = session.connection()
        made = self._made.get(connection.dialect.name)
        if made is None:
            made = _Made(self._statement, connection.dialect)
            self._made[connection.dialect.name] = made
        values = {**made.given, **given}
        for name, convert in made.binds.items():
            values[name] = convert(values[name])
        names = made.names
        bound = values if names is None else tuple([values[name] for name in names])
        rows, columns = driver.read(connection, made.text, bound)
        if made.row is None:
            made.row = namedtuple("row", columns, rename=True)  # type: ignore[misc]
        if made.results:
            rows = [_converted(row, made.results) for row in rows]
        return list(map(made.row._make, rows))

    def first(self, session: Session, **given: Any) -> Any:
        """Return the first row, None where there is none."""
        found = self.all(session, **given)
        return found[0] if found else None


def _converted(row: Sequence[Any], results: Sequence[tuple[int, Any]]) -> list[Any]:
    values = list(row)
    for place, convert in results:
        values[place] = convert(values[place])
    return values
