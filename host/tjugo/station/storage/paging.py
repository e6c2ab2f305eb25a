"""Parts of lists, by the key of the last row shown: as quick at the end as at the beginning."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, or_

Item = TypeVar("Item")

LIMIT = 50
MOST = 500


@dataclass(frozen=True)
class Page(Generic[Item]):
    """A part of a list. next: what to give as `after` for the part that follows; None: the end."""

    items: list[Item]
    next: str | None


def bounded(limit: int) -> int:
    """Return how many rows to show: limit, from 1 to MOST."""
    return max(1, min(limit, MOST))


def page(rows: Sequence[Any], limit: int, key: Callable[[Any], str]) -> Page[Any]:
    """Return a page of rows, of which one more than limit was read to see if there are more."""
    shown = list(rows[:limit])
    return Page(shown, key(shown[-1]) if len(rows) > limit else None)


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
    """Return a condition: one of the columns has the text in it, in capitals or not."""
    escaped = "".join(f"\\{char}" if char in "\\%_" else char for char in search)
    return or_(*(column.ilike(f"%{escaped}%", escape="\\") for column in columns))
