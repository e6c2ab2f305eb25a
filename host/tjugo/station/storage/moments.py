"""Times as text."""

from datetime import datetime
from functools import lru_cache


@lru_cache(maxsize=64)  # all sales of a batch have the same times
def iso(moment: datetime | None) -> str | None:
    """Return an aware datetime in UTC as ISO 8601 to the second, None for None."""
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
