"""Which of several workers takes a new connection: one that has no more than the others.

The kernel wakes all workers that wait for connections. Without an agreement the first one to run
takes most of those that come together, and serves them alone while the others have nothing to do.
"""

import mmap
import socket
import time
from typing import Any

_ABSENT = -1
_LEAVE_MOST = 20
_PAUSE_S = 0.0005


class Shares:
    """How many connections each worker has, in memory that forked processes share. Made by the
    parent."""

    def __init__(self, workers: int) -> None:
        self._open = memoryview(mmap.mmap(-1, 4 * workers)).cast("i")
        for number in range(workers):
            self.set(number, None)

    def set(self, number: int, count: int | None) -> None:
        """Record how many connections a worker has; None while it serves none."""
        self._open[number] = _ABSENT if count is None else count

    def fewest(self, number: int) -> bool:
        """Return whether no worker has fewer connections than this one."""
        return not any(0 <= other < self._open[number] for other in self._open)


class Share:
    """What one worker has of them."""

    def __init__(self, shares: Shares, number: int) -> None:
        self._shares = shares
        self._number = number

    def set(self, count: int | None) -> None:
        """Record how many connections this worker has; None while it serves none."""
        self._shares.set(self._number, count)

    def fewest(self) -> bool:
        """Return whether no other worker has fewer."""
        return self._shares.fewest(self._number)


class SharedSocket(socket.socket):
    """A listening socket of several workers, of which this one has `share`."""

    def __init__(self, listening: socket.socket, share: Share) -> None:
        family, kind, protocol = listening.family, listening.type, listening.proto
        super().__init__(family, kind, protocol, fileno=listening.dup().detach())
        self._share = share
        self._left = 0
        self._patience = _LEAVE_MOST

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection. Raise BlockingIOError, as if there were none, when it is another
        worker's turn. One that hangs and does not take it is waited for less each time."""
        if self._share.fewest():
            self._patience = _LEAVE_MOST
        elif self._left < self._patience:
            self._left += 1
            time.sleep(_PAUSE_S)  # the event loop asks again at once
            raise BlockingIOError
        else:
            self._patience = max(1, self._patience // 2)
        self._left = 0
        return super().accept()
