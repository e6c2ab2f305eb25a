"""The client of a line: sends one request at a time and waits for its reply. In real time."""

import asyncio

from meterbus.client import ReplyParser, longest_reply

from .elapsed import Elapsed

_TICK_MS = 20
_BITS = 11  # of a character


class BusClient:
    """Sends the poller's requests, one at a time, and gives it the replies."""

    def __init__(self, board, poller, timeout_ms, news):
        """news: the event to set when there may be something to publish."""
        self._clock = board.clock
        self._rs485 = board.rs485
        self._poller = poller
        self._timeout_ms = timeout_ms  # from the end of the request to the first byte of the reply
        self._news = news
        self._parser = None
        self._complete = asyncio.Event()
        # Held while a request is out. Who writes to flash takes it first: on some boards nothing
        # is received during a flash write.
        self.idle = asyncio.Lock()
        self.still_ms = 0

    async def listen(self):
        """Receive indefinitely. Bytes that come while nothing was asked are dropped."""
        reader = asyncio.StreamReader(self._rs485.stream)
        while True:
            try:
                data = await reader.read(64)
            except OSError:
                data = None
            if not data:
                await asyncio.sleep_ms(_TICK_MS)
            elif self._parser and self._parser.receive(data):
                self._parser = None
                self._complete.set()

    async def run(self):
        """Send requests indefinitely."""
        elapsed = Elapsed()
        while True:
            self.still_ms = 0
            request = self._poller.next(elapsed())
            if request is None:
                await asyncio.sleep_ms(min(self._poller.due_ms + 1, 50))
                continue
            async with self.idle:
                parser = ReplyParser(request)
                if await self._transact(request, parser):
                    self._poller.reply(parser, self._clock.unix())
                else:
                    self._poller.timeout()
            self._news.set()
            await asyncio.sleep_ms(self._rs485.turn_ms)

    async def _transact(self, request, parser):
        """Send, and wait for the reply; return True if it came."""
        reply_ms = longest_reply(request) * _BITS * 1000 // self._rs485.baudrate
        self._complete.clear()
        self._parser = parser
        try:
            await asyncio.sleep_ms(self._rs485.begin(request))
        finally:
            self._rs485.end()
        try:
            await asyncio.wait_for_ms(self._complete.wait(), self._timeout_ms + reply_ms)
        except asyncio.TimeoutError:
            pass
        self._parser = None
        return self._complete.is_set()
