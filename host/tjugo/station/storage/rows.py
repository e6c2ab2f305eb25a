"""Plain rows into a table, in one statement: the fastest way that each database has.

On SQLite the driver runs one prepared statement per row; on PostgreSQL one statement gets all rows
as JSON, so that a batch is one round trip. The statement's text is always the same.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.orm import Session

from tjugo.station.storage import driver
from tjugo.station.storage.tables.base import Base


class Rows:
    """An INSERT of rows with these columns. conflict: what follows ON CONFLICT, "" for none."""

    def __init__(self, table: type[Base], columns: Sequence[str], conflict: str = "") -> None:
        self._name = table.__tablename__
        self._types = [table.__table__.columns[name].type for name in columns]
        self._columns = tuple(columns)
        self._conflict = f" ON CONFLICT {conflict}" if conflict else ""
        self._made: dict[str, tuple[str, list[Any]]] = {}

    def insert(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows in the given order. Rows that others write too must be sorted by their key:
        two transactions lock them in the same order then."""
        if not rows:
            return
        connection = session.connection()
        dialect = connection.dialect
        made = self._made.get(dialect.name)
        if made is None:
            binds = [kind.dialect_impl(dialect).bind_processor(dialect) for kind in self._types]
            made = self._made[dialect.name] = self._statement(dialect), binds
        statement, binds = made
        sqlite = dialect.name == "sqlite"
        if sqlite and not any(binds):
            driver.write_many(connection, statement, rows)
            return
        by_column = [
            values if bind is None else _bound(values, bind)
            for values, bind in zip(zip(*rows, strict=True), binds, strict=True)
        ]
        bound = list(zip(*by_column, strict=True))
        if sqlite:
            driver.write_many(connection, statement, bound)
        else:  # the server reads dates from their text
            objects = [dict(zip(self._columns, row, strict=True)) for row in bound]
            values = (json.dumps(objects, default=str),)
            driver.insert(connection, self._name, statement, values)

    def _statement(self, dialect: Dialect) -> str:
        columns = ", ".join(self._columns)
        into = f"INSERT INTO {self._name} ({columns})"
        if dialect.name == "sqlite":
            marks = ", ".join("?" * len(self._columns))
            return f"{into} VALUES ({marks}){self._conflict}"
        rows = f"json_populate_recordset(NULL::{self._name}, %s::json)"
        return f"{into} SELECT {columns} FROM {rows}{self._conflict}"


def _bound(values: Sequence[Any], bind: Any) -> Sequence[Any]:
    """Return a column's values as the driver takes them."""
    bound: dict[Any, Any] = {}  # most values of a column are alike
    return [bound[v] if v in bound else bound.setdefault(v, bind(v)) for v in values]
