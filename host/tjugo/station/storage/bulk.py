"""Writing many rows, given as dictionaries, in one statement, whether they exist or not."""

from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy.orm import Session

from tjugo.station.storage.rows import Rows
from tjugo.station.storage.tables import Base


def upsert(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, or write their columns over the row that has the same primary key. All rows
    have the same columns, and no two the same key."""
    _write(session, table, rows, over=True)


def insert(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, which all have the same columns. Raise IntegrityError where a key exists."""
    _write(session, table, rows, over=False)


def _write(
    session: Session, table: type[Base], rows: Sequence[dict[str, Any]], over: bool
) -> None:
    if rows:
        names = tuple(rows[0])
        values = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
        _statement(table, names, over).insert(session, list(map(values, rows)))


@lru_cache(maxsize=128)
def _statement(table: type[Base], names: tuple[str, ...], over: bool) -> Rows:
    if not over:
        return Rows(table, names)
    key = [column.name for column in table.__table__.primary_key]
    others = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    action = f"UPDATE SET {others}" if others else "NOTHING"
    return Rows(table, names, f"({', '.join(key)}) DO {action}")
