"""What fails on purpose in a sandbox, so that a program can test what it does after it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from tjugo.errors import TjugoError, Unavailable
from tjugo.station.registry.meters import checked_drn
from tjugo.station.setup.sandbox import NOT_SOLD_503, SLOW, SOLD_BUT_503
from tjugo.station.vending.purchase import Purchase

SLOW_S = 60.0
_MOST = 1000
_SENTENCE = "The sandbox fails on purpose: send the same request again."

Sleep = Callable[[float], Awaitable[None]]


class Trouble:
    """The failures of a sandbox: each with the first request of an id, in this process. sleep:
    takes seconds."""

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep
        self._seen: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    async def before(self, purchase: Purchase) -> None:
        """Fail before the sale. Raise Unavailable."""
        if self._first(purchase, NOT_SOLD_503):
            raise Unavailable(_SENTENCE)

    async def after(self, purchase: Purchase) -> None:
        """Fail or wait between the sale and the answer. Raise Unavailable."""
        if self._first(purchase, SOLD_BUT_503):
            raise Unavailable(_SENTENCE)
        if self._first(purchase, SLOW):
            await self._sleep(SLOW_S)

    def _first(self, purchase: Purchase, drn: str) -> bool:
        """Return whether a purchase is for this meter, and the first one of its id."""
        try:
            asked = checked_drn(purchase.drn)
        except TjugoError:  # the sale is refused for it
            return False
        key = (purchase.client, purchase.client_id, drn)
        if asked != drn or key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return True
