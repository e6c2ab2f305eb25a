"""Errors caused by the user or to be resolved by the user."""


class TjugoError(Exception):
    """An error with a sentence for the user.

    message: what is wrong and, where useful, what to do. status: exit status of a command (2 for
    wrong usage). http: status of the HTTP response.
    """

    http = 400

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class NotFound(TjugoError):
    """The named object does not exist."""

    http = 404


class Conflict(TjugoError):
    """The request contradicts recorded data."""

    http = 409


class Unavailable(TjugoError):
    """The request is valid, but disk, database or key store cannot serve it now."""

    http = 503


def plain(error: Exception) -> str:
    """Return the text of an StsError as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
