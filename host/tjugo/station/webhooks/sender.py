"""The task that sends messages, in each worker of `tjugo station`."""

import asyncio
import logging
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import tjugo
from tjugo.errors import TjugoError
from tjugo.station.station import Station
from tjugo.station.webhooks import secrets, sending, signature
from tjugo.station.webhooks.post import NotSent, post
from tjugo.station.webhooks.sending import Claimed

log = logging.getLogger(__name__)

_ACTOR = "webhooks"
_PAUSE_S = 1.0
_PURGE = timedelta(hours=1)

_TURN = timedelta(seconds=5)  # with the time of an answer less than sending.CLAIMED

Post = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]


class _Result(NamedTuple):
    """An attempt. status: of the answer; why: it failed, None for a message that was taken."""

    one: Claimed
    status: int | None
    why: str | None


class Sender:
    """Sends the messages of a station: a task for each webhook with messages that are due, so that
    no receiver waits for another one. send: sends one, as post.post does."""

    def __init__(self, station: Station, send: Post = post) -> None:
        self._station = station
        self._send = send
        self._purged: datetime | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Send what is due, until it is cancelled."""
        try:
            while True:
                if await self._begun():
                    continue
                if self._tasks:
                    await asyncio.wait(
                        self._tasks.values(), timeout=_PAUSE_S, return_when=FIRST_COMPLETED
                    )
                else:
                    await asyncio.sleep(_PAUSE_S)
        finally:
            for task in self._tasks.values():
                task.cancel()

    async def _begun(self) -> int:
        try:
            return await self._begin()
        except TjugoError as error:
            log.error("webhooks: %s", error.message)
        except Exception:
            log.exception("webhooks: claiming failed")
        return 0

    async def round(self) -> int:
        """Send the messages that are due, up to sending.TOGETHER of each webhook; return how many
        were claimed."""
        count = await self._begin()
        await asyncio.gather(*self._tasks.values())
        return count

    async def _begin(self) -> int:
        """Start a task for each webhook with messages that are due; return how many messages."""
        self._tasks = {hook: task for hook, task in self._tasks.items() if not task.done()}
        queues = await asyncio.to_thread(self._claim, list(self._tasks))
        for queue in queues:
            self._tasks[queue[0].hook] = asyncio.create_task(self._deliver(queue))
        return sum(map(len, queues))

    def _claim(self, busy: list[str]) -> list[list[Claimed]]:
        now = self._station.clock()
        free = sending.HOOKS - len(busy)
        if free <= 0:
            return []
        with self._station.view() as view:
            due = sending.any_due(view, now, busy)
        if due:
            with self._station.work(_ACTOR) as work:
                return sending.claim(work, busy, free)
        if self._purged is None or not timedelta(0) <= now - self._purged < _PURGE:
            self._purged = now
            with self._station.work(_ACTOR, bulk=True) as work:
                sending.purge(work)
        return []

    async def _deliver(self, queue: list[Claimed]) -> None:
        """Send messages of a webhook one after another; give back the rest when the receiver is
        slow: their claim would end."""
        try:
            end = self._station.clock() + _TURN
            results = []
            for one in queue:
                results.append(await self._attempt(one))
                if self._station.clock() >= end:
                    break
            await asyncio.to_thread(self._record, results, queue[len(results) :])
        except TjugoError as error:
            log.error("webhook %s: %s", queue[0].hook, error.message)
        except Exception:
            log.exception("webhook %s: sending failed", queue[0].hook)

    async def _attempt(self, one: Claimed) -> _Result:
        """Send a message."""
        body = one.body.encode()
        try:
            secret = await asyncio.to_thread(
                secrets.unseal, self._station.state_dir, one.hook, one.secret
            )
            unix_s = int(self._station.clock().timestamp())
            headers = {
                "content-type": "application/json",
                "user-agent": f"tjugo/{tjugo.__version__}",
                **signature.headers(secret, one.message, unix_s, body),
            }
            status = await self._send(one.url, headers, body)
        except NotSent as error:
            return _Result(one, None, str(error))
        except TjugoError as error:
            return _Result(one, None, error.message)
        taken = 200 <= status < 300
        return _Result(one, status, None if taken else f"It answered with the status {status}.")

    def _record(self, results: list[_Result], left: list[Claimed]) -> None:
        with self._station.work(_ACTOR) as work:
            for one, status, why in results:
                sending.record(work, one, status, why)
            for one in left:
                sending.release(work, one)
