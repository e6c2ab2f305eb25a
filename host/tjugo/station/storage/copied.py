"""What is shown of a row: its columns by name, times as text."""

from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from tjugo.station.storage.moments import iso

Shown = TypeVar("Shown")


def copied(kind: type[Shown], row: object, **more: Any) -> Shown:
    """Return a dataclass with the columns of a row that have the names of its fields, times as
    ISO 8601. more: fields that are no columns, or others than they are."""
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]  # a dataclass
    found = {name: _plain(getattr(row, name)) for name in names if name not in more}
    return kind(**found, **more)


def _plain(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value
