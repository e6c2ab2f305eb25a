"""Turns among the writers of a database.

SQLite has one writer at a time, and its waiting is unfair: the lock goes to whichever connection
retries at the right moment, so others can wait for seconds. Here the writers of a process wait in
the order of arrival, and processes wait at a lock file, whose lock is noticed to be free at once.
"""

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tjugo.errors import Unavailable

_PAUSE_S = 0.0005


class WriteQueue:
    """A lock that is granted in the order of arrival. Bulk work is served when no other writer
    waits. wait_s: how long a writer waits for its turn before it gives up; file: the lock file of
    the database's processes."""

    def __init__(self, wait_s: float, file: Path | None = None) -> None:
        self._wait_s = wait_s
        self._file = file
        self._mutex = threading.Lock()
        self._owner: int | None = None
        self._waiting: tuple[deque[_Ticket], deque[_Ticket]] = (deque(), deque())

    @contextmanager
    def turn(self, bulk: bool = False) -> Iterator[None]:
        """Hold the lock for the block. Raise Unavailable when it was not free in time."""
        self._enter(bulk)
        try:
            with self._alone() if self._file else nullcontext():
                yield
        finally:
            self._leave()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process writes. One that stopped in the middle is not waited for
        longer than others: the database's own lock decides."""
        try:
            lock = os.open(str(self._file), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:  # a folder that cannot be written has a sentence from the database
            yield
            return
        try:
            _wait_for(lock, time.monotonic() + self._wait_s)
            yield
        finally:
            os.close(lock)

    def waiting(self) -> int:
        """Return the number of waiting writers."""
        return sum(map(len, self._waiting))

    def _enter(self, bulk: bool) -> None:
        ticket = _Ticket()
        with self._mutex:
            if self._owner == ticket.thread:
                raise RuntimeError("a unit of work is begun inside another one")
            if self._owner is None:
                self._owner = ticket.thread
                return
            self._waiting[bulk].append(ticket)
        if ticket.called.wait(self._wait_s):
            return
        with self._mutex:
            if ticket.called.is_set():
                return  # called between the time-out and here
            self._waiting[bulk].remove(ticket)
        raise Unavailable("The station is busy: too many changes wait for their turn; try again.")

    def _leave(self) -> None:
        with self._mutex:
            line = self._waiting[0] or self._waiting[1]
            if not line:
                self._owner = None
                return
            ticket = line.popleft()
            self._owner = ticket.thread
            ticket.called.set()


def _wait_for(lock: int, until: float) -> None:
    while time.monotonic() < until:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            time.sleep(_PAUSE_S)


class _Ticket:
    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.called = threading.Event()
