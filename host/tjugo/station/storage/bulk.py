"""Writing many rows in one statement, whether they exist or not."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tjugo.station.storage.tables import Base


def upsert(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, or write their columns over the row that has the same primary key. All rows
    have the same columns."""
    if not rows:
        return
    names = list(rows[0])
    dialect = session.get_bind().dialect
    made_for = sqlite if dialect.name == "sqlite" else postgresql
    insert = made_for.insert(table)
    key = [column.name for column in table.__table__.primary_key]
    others = {name: insert.excluded[name] for name in names if name not in key}
    if others:
        insert = insert.on_conflict_do_update(index_elements=key, set_=others)
    else:
        insert = insert.on_conflict_do_nothing(index_elements=key)
    connection = session.connection()
    if made_for is postgresql:
        connection.execute(insert, list(rows))
        return
    # Handing the driver its own form halves the processor time of 10,000 readings a second.
    compiled = insert.compile(dialect=dialect, column_keys=names)
    order = [str(name) for name in compiled.positiontup or ()]
    columns = [_bound([row[name] for row in rows], table, name, dialect) for name in order]
    connection.exec_driver_sql(str(compiled), list(zip(*columns, strict=True)))


def _bound(values: list[Any], table: type[Base], name: str, dialect: Dialect) -> list[Any]:
    """Return the values of a column as the driver takes them."""
    kind = table.__table__.columns[name].type.dialect_impl(dialect)
    bind: Callable[[Any], Any] | None = kind.bind_processor(dialect)
    if bind is None:
        return values
    bound: dict[Any, Any] = {}  # most values of a column are alike
    return [bound[v] if v in bound else bound.setdefault(v, bind(v)) for v in values]
