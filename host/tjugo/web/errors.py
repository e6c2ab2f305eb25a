"""HTTP statuses of the station's errors."""

from tjugo.errors import Conflict, NotFound, TjugoError, Unavailable

_STATUS: tuple[tuple[type[TjugoError], int], ...] = (
    (Unavailable, 503),
    (Conflict, 409),
    (NotFound, 404),
    (TjugoError, 400),
)


def http_status(error: TjugoError) -> int:
    """Return the HTTP status of an error, by its kind."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))
