"""Reasons that people give for the record."""

from tjugo.errors import reason


def checked_why(why: str) -> str:
    """Return a reason without spaces around it. Raise TjugoError unless it has 1 to 200
    characters."""
    why = why.strip()
    if not 0 < len(why) <= 200 or not why.isprintable():
        raise reason("reason_invalid", "Give a reason of 1 to 200 characters that can be printed.")
    return why
