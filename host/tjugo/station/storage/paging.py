"""Pages of lists by the key of the last row shown: the last page is as fast as the first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, or_

Item = TypeVar("Item")

LIMIT = 50
MOST = 500


@dataclass(frozen=True)
class Page(Generic[Item]):
    """A page of a list. next: the value of `after` for the following page; None at the end."""

    items: list[Item]
    next: str | None


def bounded(limit: int) -> int:
    """Return the number of rows to show: limit, confined to 1 to MOST."""
    return max(1, min(limit, MOST))


def page(rows: Sequence[Any], limit: int, key: Callable[[Any], str]) -> Page[Any]:
    """Return a page. rows: up to one more than limit, which shows whether a page follows."""
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
    """Return a condition: one of the columns contains the text, regardless of case."""
    escaped = "".join(f"\\{char}" if char in "\\%_" else char for char in search)
    return or_(*(column.ilike(f"%{escaped}%", escape="\\") for column in columns))
