"""Pages of lists by the key of the last row shown: the last page is as fast as the first."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, false, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from tjugo.errors import TjugoError, reason

Item = TypeVar("Item")

LIMIT = 50
MOST = 500
NUMBER = r"[0-9]{1,9}"
"""The pattern of a key that is a number."""


@dataclass(frozen=True)
class Page(Generic[Item]):
    """A page of a list. next: the value of `after` for the following page; None at the end."""

    items: list[Item]
    next: str | None


def bounded(limit: int) -> int:
    """Return the number of rows to show: limit, confined to 1 to MOST."""
    return max(1, min(limit, MOST))


def checked(after: str, pattern: str) -> str:
    """Return `after` of a list whose keys have the pattern. Raise TjugoError otherwise."""
    if re.fullmatch(pattern, after, re.A) is None:
        raise no_such_page()
    return after


def no_such_page() -> TjugoError:
    """Return the error for an `after` that is not the `next` of an earlier page."""
    return reason("page_invalid", "There is no such page of the list.")


def page(rows: Sequence[Any], limit: int, key: Callable[[Any], str]) -> Page[Any]:
    """Return a page. rows: up to one more than limit, which shows whether a page follows."""
    shown = list(rows[:limit])
    return Page(shown, key(shown[-1]) if len(rows) > limit else None)


def newest(
    session: Session,
    query: Select[Any],
    number: InstrumentedAttribute[int],
    after: str | None,
    limit: int,
    shown: Callable[[Any], Any],
) -> Page[Any]:
    """Return a page of a list, the highest number first. shown: of a row, with its number under
    the same name as the column."""
    if after is not None:
        query = query.where(number < int(checked(after, NUMBER)))
    limit = bounded(limit)
    rows = session.scalars(query.order_by(number.desc()).limit(limit + 1))
    return page([shown(row) for row in rows], limit, lambda row: str(getattr(row, number.key)))


def everything(fetch: Callable[..., Page[Item]], most: int | None = None) -> list[Item]:
    """Return all rows of a list, or the first `most`, page by page. fetch takes `after` and
    `limit`."""
    rows: list[Item] = []
    after = None
    while most is None or len(rows) < most:
        limit = MOST if most is None else min(MOST, most - len(rows))
        part = fetch(after=after, limit=limit)
        rows += part.items
        after = part.next
        if after is None:
            break
    return rows


def contains(search: str, *columns: Any) -> ColumnElement[bool]:
    """Return a condition: one of the columns contains the text, regardless of case.

    A text with a NUL is in no column: a database ends the pattern there, or refuses it.
    """
    if "\0" in search:
        return false()
    escaped = "".join(f"\\{char}" if char in "\\%_" else char for char in search)
    return or_(*(column.ilike(f"%{escaped}%", escape="\\") for column in columns))
