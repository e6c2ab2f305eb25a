"""Sales of concurrent clients, committed together.

A commit that is on the disk takes longer than the sale itself. One thread takes the purchases that
wait, sells up to a batch of them in one transaction, and answers all of them when it is committed.
A client alone does not wait for others.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

from tjugo.errors import TjugoError, Unavailable
from tjugo.station.station import Station
from tjugo.station.vending.batch import BATCH
from tjugo.station.vending.growth import Growth
from tjugo.station.vending.purchase import Purchase
from tjugo.station.vending.vend import sell_together
from tjugo.station.vending.views import Refusal, Sale

log = logging.getLogger(__name__)

_WAITING = 2000  # purchases; more are refused, because their clients would have given up

_GATHER_S = 0.005

_Outcome = Sale | Refusal
_Asked = Future[_Outcome] | asyncio.Future[_Outcome]
_Waiting = tuple[Purchase, _Asked]


class SaleQueue:
    """Sells for all threads of a process. close() answers what waits, and ends the thread."""

    def __init__(self, station: Station, most: int = BATCH) -> None:
        self._station = station
        self._most = most
        self._waiting: deque[_Waiting] = deque()
        self._change = threading.Condition()
        self._closed = False
        self._wanted = 1  # so many must wait before the thread is woken
        self._answered = 0  # in the batch before
        self._growth = Growth(station)
        self._thread: threading.Thread | None = None

    def submit(self, purchase: Purchase) -> Future[_Outcome]:
        """Return the future outcome of a purchase; its exception is a TjugoError, as of vend()."""
        future: Future[_Outcome] = Future()
        self._add(purchase, future)
        return future

    async def sold(self, purchase: Purchase) -> _Outcome:
        """Return the outcome of a purchase. Raise TjugoError as vend() does."""
        future: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()
        self._add(purchase, future)
        return await future

    def _add(self, purchase: Purchase, future: _Asked) -> None:
        with self._change:
            if self._closed or len(self._waiting) >= _WAITING:
                future.set_exception(Unavailable("The station is busy or stops; try again."))
                return
            self._waiting.append((purchase, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sales", daemon=True)
                self._thread.start()
            if len(self._waiting) >= self._wanted:
                self._change.notify()

    def close(self) -> None:
        """Sell what waits, and end the thread."""
        with self._change:
            self._closed = True
            self._change.notify()
            thread = self._thread
        if thread is not None:
            thread.join()
        self._growth.close()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._waiting and not self._closed:
                    self._change.wait()
                if not self._waiting:
                    return
                self._gather()
            self._answered = self._sell()
            self._growth.add(self._answered)

    def _gather(self) -> None:
        """Wait a moment for half of the clients that are likely to sell: those that were answered
        last, and those that wait. A batch costs more than a sale, and while its transaction begins
        more of them come. A client alone does not wait."""
        if self._answered > 1:
            likely = self._answered + len(self._waiting)
            self._wanted = min(self._most, (likely + 1) // 2)
            self._change.wait_for(
                lambda: self._closed or len(self._waiting) >= self._wanted, timeout=_GATHER_S
            )
            self._wanted = 1

    def _sell(self) -> int:
        """Sell a batch of what waits, and answer it. Return how many purchases it had."""
        batch: list[_Waiting] = []

        def take() -> list[Purchase]:
            with self._change:
                count = min(self._most, len(self._waiting))
                batch.extend(self._waiting.popleft() for _ in range(count))
            return [purchase for purchase, _ in batch]

        outcomes: Sequence[_Outcome | BaseException]
        try:
            outcomes = sell_together(self._station, take)
        except BaseException as error:
            if not batch:
                take()
            outcomes = self._singly([purchase for purchase, _ in batch], error)
        _answer([(future, found) for (_, future), found in zip(batch, outcomes, strict=True)])
        return len(batch)

    def _singly(
        self, purchases: list[Purchase], error: BaseException
    ) -> Sequence[_Outcome | BaseException]:
        """Return the outcomes of a batch that failed. One of its purchases may be the cause: each
        is sold by itself."""
        if len(purchases) == 1:
            if not isinstance(error, TjugoError):
                log.error("a sale failed", exc_info=error)
            return [error]
        found: list[_Outcome | BaseException] = []
        for purchase in purchases:
            try:
                found += sell_together(self._station, partial(list, [purchase]))
            except BaseException as failed:
                found += self._singly([purchase], failed)
        return found


_Answer = tuple[_Asked, _Outcome | BaseException]


def _answer(answers: list[_Answer]) -> None:
    """Set the outcomes. An event loop is woken once for all that wait in it."""
    loops: dict[asyncio.AbstractEventLoop, list[_Answer]] = {}
    for answer in answers:
        if isinstance(answer[0], Future):
            _set([answer])
        else:
            loops.setdefault(answer[0].get_loop(), []).append(answer)
    for loop, waiting in loops.items():
        with suppress(RuntimeError):  # it is closed: nobody waits any more
            loop.call_soon_threadsafe(_set, waiting)


def _set(answers: list[_Answer]) -> None:
    for future, found in answers:
        if future.done():  # cancelled: the client is gone
            continue
        if isinstance(found, BaseException):
            future.set_exception(found)
        else:
            future.set_result(found)
