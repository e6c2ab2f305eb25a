"""The task that sends messages, in each worker of `tjugo station`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

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

Post = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]


class Sender:
    """Sends the messages of a station. send: sends one, as post.post does."""

    def __init__(self, station: Station, send: Post = post) -> None:
        self._station = station
        self._send = send
        self._purged: datetime | None = None

    async def run(self) -> None:
        """Send what is due, until it is cancelled."""
        while True:
            try:
                count = await self.round()
            except TjugoError as error:
                log.error("webhooks: %s", error.message)
                count = 0
            except Exception:
                log.exception("webhooks: a round failed")
                count = 0
            if not count:
                await asyncio.sleep(_PAUSE_S)

    async def round(self) -> int:
        """Send the messages that are due, up to sending.TOGETHER at once; return how many."""
        claimed = await asyncio.to_thread(self._claim)
        if not claimed:
            return 0
        results = await asyncio.gather(*(self._attempt(one) for one in claimed))
        await asyncio.to_thread(self._record, results)
        return len(claimed)

    def _claim(self) -> list[Claimed]:
        now = self._station.clock()
        with self._station.view() as view:
            due = sending.any_due(view, now)
        if due:
            with self._station.work(_ACTOR) as work:
                return sending.claim(work)
        if self._purged is None or not timedelta(0) <= now - self._purged < _PURGE:
            self._purged = now
            with self._station.work(_ACTOR, bulk=True) as work:
                sending.purge(work)
        return []

    async def _attempt(self, one: Claimed) -> tuple[str, int | None, str | None]:
        """Send a message; return it with the status and the reason of a failure."""
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
            return one.message, None, str(error)
        except TjugoError as error:
            return one.message, None, error.message
        taken = 200 <= status < 300
        return one.message, status, None if taken else f"It answered with the status {status}."

    def _record(self, results: list[tuple[str, int | None, str | None]]) -> None:
        with self._station.work(_ACTOR) as work:
            for message, status, why in sorted(results):
                sending.record(work, message, status, why)
