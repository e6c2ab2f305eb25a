"""Locks of files and folders: one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tjugo.errors import TjugoError, Unavailable


@contextmanager
def exclusive(path: Path, busy: str) -> Iterator[None]:
    """Hold the lock file, mode 0600, while the block runs.

    Raise TjugoError with the sentence `busy` when another process holds it, Unavailable when the
    file cannot be opened.
    """
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"{path} cannot be used: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TjugoError(busy) from error
        yield
    finally:
        os.close(lock)


@contextmanager
def waiting(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder while the block runs, after waiting until it is free. Raise
    Unavailable when the folder cannot be used."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def held(path: Path) -> bool:
    """Return whether a process holds the lock file."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
