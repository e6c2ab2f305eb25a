"""Turns among the writers of one process.

SQLite has one writer at a time, and its waiting is unfair: the lock goes to whichever connection
retries at the right moment, so others can wait for seconds. Here writers wait in the order of
arrival. Other processes rely on SQLite's busy time-out.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from tjugo.errors import Unavailable


class WriteQueue:
    """A lock that is granted in the order of arrival. Bulk work is served when no other writer
    waits. wait_s: how long a writer waits for its turn before it gives up."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._mutex = threading.Lock()
        self._owner: int | None = None
        self._waiting: tuple[deque[_Ticket], deque[_Ticket]] = (deque(), deque())

    @contextmanager
    def turn(self, bulk: bool = False) -> Iterator[None]:
        """Hold the lock for the block. Raise Unavailable when it was not free in time."""
        self._enter(bulk)
        try:
            yield
        finally:
            self._leave()

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


class _Ticket:
    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.called = threading.Event()
