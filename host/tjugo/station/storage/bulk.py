"""Writing many rows in one statement, whether they exist or not."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tjugo.station.storage.tables import Base


def upsert(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, or write their columns over the row that has the same primary key. All rows
    have the same columns."""
    if not rows:
        return
    made_for = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert = made_for.insert(table)
    key = [column.name for column in table.__table__.primary_key]
    others = {name: insert.excluded[name] for name in rows[0] if name not in key}
    if others:
        insert = insert.on_conflict_do_update(index_elements=key, set_=others)
    else:
        insert = insert.on_conflict_do_nothing(index_elements=key)
    session.connection().execute(insert, list(rows))
