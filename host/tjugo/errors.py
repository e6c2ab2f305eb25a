"""Errors that a person caused or can mend."""


class TjugoError(Exception):
    """A sentence for the person at the keyboard or screen.

    message: what is wrong and, where it helps, what to do. status: exit status of a command (2 for
    wrong use). http: status of a web answer.
    """

    http = 400

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class NotFound(TjugoError):
    """What was named does not exist."""

    http = 404


class Conflict(TjugoError):
    """It contradicts what is recorded already."""

    http = 409


class Unavailable(TjugoError):
    """Nothing wrong with the request: disk, database or key store cannot serve it now."""

    http = 503


def plain(error: Exception) -> str:
    """The text of an StsError as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
