"""Several worker processes that serve one listening socket.

The parent accepts nothing. It starts the workers, starts one that ended again, and ends all of
them when it is asked to. Each worker has the reading end of a pipe whose writing end only the
parent has: it reads the end of the file when the parent is gone, however it ended.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from tjugo.web.shares import Share, Shares

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Worker:
    """What a worker has of its parent: its number, from 0; the file descriptor that becomes
    readable when the parent is gone; and its share of the connections."""

    number: int
    alive: int
    share: Share


Serve = Callable[[Worker], None]
"""Serves until a signal or the end of the parent."""

_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
_AGAIN_S, _AGAIN_MOST_S = 1.0, 30.0  # between two starts of one worker, doubled while it fails
_LIVED_S = 10.0  # one that ran for so long has not failed at its start
_END_S = 20.0


class Workers:
    """The parent of `count` workers. It has one thread: a process with several must not fork."""

    def __init__(self, count: int, serve: Serve) -> None:
        self._count = count
        self._serve = serve
        self._alive, self._held = os.pipe()
        self._shares = Shares(count)
        self._numbers: dict[int, int] = {}  # of a worker by its process id
        self._started: dict[int, float] = {}  # when, by a worker's number
        self._pauses: dict[int, float] = {}  # between its starts
        self._waiting: set[int] = set()  # numbers of workers to be started

    def run(self) -> None:
        """Run the workers until SIGTERM or SIGINT."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            self._waiting = set(range(self._count))
            while True:
                self._start_due()
                got = signal.sigtimedwait(_SIGNALS, self._pause())
                if got is not None and got.si_signo != signal.SIGCHLD:
                    return
                self._reap()
        finally:
            self._end()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _start_due(self) -> None:
        for number in sorted(self._waiting):
            if self._due_in(number) <= 0:
                self._waiting.discard(number)
                self._started[number] = time.monotonic()
                self._start(number)

    def _due_in(self, number: int) -> float:
        if number not in self._started:
            return 0.0
        return self._started[number] + self._pauses[number] - time.monotonic()

    def _pause(self) -> float:
        """Return the seconds until a worker is due."""
        return max(0.0, min(map(self._due_in, self._waiting), default=3600.0))

    def _start(self, number: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self._numbers[pid] = number
            return
        status = 1
        try:
            os.close(self._held)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            self._serve(Worker(number, self._alive, Share(self._shares, number)))
            status = 0
        except KeyboardInterrupt:
            status = 130
        except BaseException:
            log.exception("worker %d ended", number)
        finally:
            sys.stdout.flush()
            os._exit(status)  # what the parent has to do at its end is not the worker's

    def _reap(self) -> None:
        for pid in list(self._numbers):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                number = self._numbers.pop(pid)
                self._shares.set(number, None)
                code = os.waitstatus_to_exitcode(status)
                log.error("worker %d ended with %d; it is started again", number, code)
                self._waiting.add(number)
                lived = time.monotonic() - self._started[number]
                longer = min(2 * self._pauses.get(number, _AGAIN_S / 2), _AGAIN_MOST_S)
                self._pauses[number] = _AGAIN_S if lived > _LIVED_S else longer

    def _end(self) -> None:
        """End the workers: by SIGTERM, and after a time by SIGKILL."""
        deadline = time.monotonic() + _END_S
        for pid in self._numbers:
            os.kill(pid, signal.SIGTERM)
        while self._numbers:
            for pid in list(self._numbers):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    del self._numbers[pid]
            if not self._numbers:
                break
            left = deadline - time.monotonic()
            if left <= 0:
                for pid in self._numbers:
                    os.kill(pid, signal.SIGKILL)
            signal.sigtimedwait({signal.SIGCHLD}, max(left, 1.0))
        os.close(self._alive)
        os.close(self._held)
