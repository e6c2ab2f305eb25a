"""The server on its line: receives bytes, separates frames by silence, answers. In real time."""

import asyncio
import select
import time

_LISTEN_MS = 2  # how often the line is read while a frame comes in
_DEAD_LINE_MS = 500
_CHUNK = 64


class Listener:
    """`rs485`: see boards/README.md. `server`: meterbus.server.Server.

    sending: the driver of this board is on. Code that may block for milliseconds waits until it is
    off: the next frame on the line may begin 3.5 characters after the last bit of the reply.
    """

    def __init__(self, rs485, server):
        self._rs485 = rs485
        self._server = server
        self._stream = rs485.stream
        self._poller = select.poll()
        self._poller.register(self._stream, select.POLLIN)
        self.sending = False
        self._data = bytearray(_CHUNK)
        self._turns = 0
        self._turns_seen = 0
        self._deaf_ms = 0

    async def run(self):
        """Receive and answer without end."""
        reader = asyncio.StreamReader(self._stream)
        count = 0  # a silence first: the bytes after it begin a frame
        while True:
            try:
                await self._burst(count)
                count = await reader.readinto(self._data)
                if not count:
                    raise OSError
            except OSError:  # the line is gone: the meter continues and tries again
                count = 0
                await asyncio.sleep_ms(_DEAD_LINE_MS)

    def deaf_ms(self, ms):
        """Let real time pass. Return for how long bytes have waited on the line, ms."""
        if self._turns != self._turns_seen or not self._waits():
            self._turns_seen = self._turns
            self._deaf_ms = 0
        else:
            self._deaf_ms += ms
        return self._deaf_ms

    def _waits(self):
        """Return whether there are bytes on the line."""
        for _ in self._poller.ipoll(0):
            return True
        return False

    async def _burst(self, count):
        """Receive from the first bytes to the silence that ends a frame. count: of those that were
        read."""
        heard_at = time.ticks_ms()
        while count or time.ticks_diff(time.ticks_ms(), heard_at) < self._rs485.gap_ms:
            self._turns = self._turns + 1 & 0xFFFF
            if count:
                reply = self._server.receive(self._data, count)
                if reply is not None:
                    await self._send(reply)
                heard_at = time.ticks_ms()
            # Also while bytes come: a flooded line must not block the other tasks.
            await asyncio.sleep_ms(0 if count else _LISTEN_MS)
            count = self._stream.readinto(self._data) if self._waits() else 0
        reply = self._server.gap()
        if reply is not None:
            await self._send(reply)

    async def _send(self, reply):
        rs485 = self._rs485
        await asyncio.sleep_ms(rs485.turn_ms)
        self.sending = True
        try:
            await asyncio.sleep_ms(rs485.begin(reply))
        finally:
            rs485.end()
            self.sending = False
