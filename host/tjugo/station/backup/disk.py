"""Errors of the disk while a backup is written or restored, as errors for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tjugo.errors import TjugoError, Unavailable


@contextmanager
def disk(path: Path, temporary: Path) -> Iterator[None]:
    """Convert errors of the disk to TjugoError; name `path` in place of its temporary name."""
    try:
        yield
    except TjugoError as error:
        error.message = error.message.replace(str(temporary), str(path))
        raise
    except OSError as error:
        name = str(error.filename or path).replace(str(temporary), str(path))
        raise Unavailable(f"{name} cannot be used: {error.strerror or error}.") from error
