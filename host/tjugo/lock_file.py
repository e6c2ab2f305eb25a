"""Locks of files and folders: one process at a time, or several that share one."""

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tjugo.errors import TjugoError, Unavailable


@contextmanager
def exclusive(path: Path, busy: str, kind: type[TjugoError] = TjugoError) -> Iterator[None]:
    """Hold the lock file, mode 0600, alone while the block runs.

    Raise `kind` with the sentence `busy` when another process holds it, Unavailable when the
    file cannot be opened.
    """
    lock = _locked(path, fcntl.LOCK_EX, kind(busy))
    try:
        yield
    finally:
        os.close(lock)


class Shared:
    """A lock file, mode 0600, held together with others until close(), or until this object and
    the process are gone. A forked process holds it too, until it closes its own.

    Raise Unavailable with the sentence `busy` while another process holds it alone, and when the
    file cannot be opened.
    """

    def __init__(self, path: Path, busy: str) -> None:
        lock = _locked(path, fcntl.LOCK_SH, Unavailable(busy))
        self._end = weakref.finalize(self, os.close, lock)

    def close(self) -> None:
        """Give the lock back; a second call does nothing."""
        self._end()


def _locked(path: Path, how: int, busy: TjugoError) -> int:
    """Return the descriptor of a locked file."""
    while True:
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(f"{path} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
            # The folder may have been replaced in between, and the lock would be of the old one.
            if os.path.samestat(os.fstat(lock), os.stat(path)):
                return lock
        except BlockingIOError as error:
            os.close(lock)
            raise busy from error
        except FileNotFoundError:
            pass
        except OSError as error:
            os.close(lock)
            raise Unavailable(f"{path} cannot be locked: {error.strerror}.") from error
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
