"""Times as text."""

from datetime import datetime


def iso(moment: datetime | None) -> str | None:
    """Return an aware datetime in UTC as ISO 8601 to the second, None for None."""
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
