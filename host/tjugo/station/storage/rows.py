"""Plain rows into a table, in one statement: the fastest way that each database has.

On SQLite the driver runs one prepared statement per row; on PostgreSQL one statement gets a whole
column as an array, so that a batch is one round trip. The statement's text is always the same.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Dialect, String, Text
from sqlalchemy.orm import Session

from tjugo.station.storage.tables.base import Base


class Rows:
    """An INSERT of rows with these columns. conflict: what follows ON CONFLICT, "" for none."""

    def __init__(self, table: type[Base], columns: Sequence[str], conflict: str = "") -> None:
        self._name = table.__tablename__
        self._table = table.__table__
        self._columns = tuple(columns)
        self._conflict = f" ON CONFLICT {conflict}" if conflict else ""
        self._made: dict[str, str] = {}

    def insert(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows in the given order. Rows that others write too must be sorted by their key:
        two transactions lock them in the same order then."""
        if not rows:
            return
        dialect = session.get_bind().dialect
        statement = self._made.get(dialect.name)
        if statement is None:
            statement = self._made[dialect.name] = self._statement(dialect)
        by_column = [
            _bound(values, self._table.columns[name].type, dialect)
            for name, values in zip(self._columns, zip(*rows, strict=True), strict=True)
        ]
        connection = session.connection()
        if dialect.name == "sqlite":
            connection.exec_driver_sql(statement, list(zip(*by_column, strict=True)))
        else:
            connection.exec_driver_sql(statement, tuple(map(list, by_column)))

    def _statement(self, dialect: Dialect) -> str:
        into = f"INSERT INTO {self._name} ({', '.join(self._columns)})"
        if dialect.name == "sqlite":
            marks = ", ".join("?" * len(self._columns))
            return f"{into} VALUES ({marks}){self._conflict}"
        types = [self._array(name, dialect) for name in self._columns]
        return f"{into} SELECT * FROM unnest({', '.join(types)}){self._conflict}"

    def _array(self, name: str, dialect: Dialect) -> str:
        kind = self._table.columns[name].type
        # A cast to VARCHAR(n) would cut a text that is too long instead of refusing it.
        text = isinstance(kind, String | Text)
        return f"%s::{'TEXT' if text else kind.compile(dialect)}[]"


def _bound(values: Sequence[Any], kind: Any, dialect: Dialect) -> Sequence[Any]:
    """Return a column's values as the driver takes them."""
    bind = kind.dialect_impl(dialect).bind_processor(dialect)
    if bind is None:
        return values
    bound: dict[Any, Any] = {}  # most values of a column are alike
    return [bound[v] if v in bound else bound.setdefault(v, bind(v)) for v in values]
