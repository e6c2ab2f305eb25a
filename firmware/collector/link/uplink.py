"""The connection to the broker: reconnects indefinitely, and moves messages both ways."""

import asyncio
import random

from runtime.elapsed import Elapsed
from uplink.codec import MAX_COMMAND
from uplink.kinds import OFFLINE

from . import mqtt
from .tcp import connect

_TICK_MS = 20
_RECONNECT_MS = (1000, 30000)  # first and longest wait between connections
_NODELAY = (6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY, on: the same numbers on Linux and lwIP


class Uplink:
    """Keeps a connection to the broker: one task reads, one writes, one watches the time."""

    def __init__(self, board, parts, idle, news):
        """parts: core.Core. idle: the lock of the bus. news: see Bus."""
        options = parts.options
        self._net = board.net
        self._address = (options.host, options.port)
        self._outbox = parts.outbox
        self._commands = parts.commands
        self._filter = parts.names.commands
        self._idle = idle
        self._news = news
        self._client = mqtt.Client(
            "tjugo-" + options.id,
            options.user,
            options.password,
            will=(parts.names.status, OFFLINE),
            keepalive_s=options.keepalive_s,
            max_packet=MAX_COMMAND + 128,
        )
        self._control = []  # packets that go before any publish
        self._failure = None
        self.online = False
        self.trouble = ""  # why the last connection ended
        self.still_ms = 0

    async def run(self):
        """Connect, and connect again, for ever."""
        wait_ms = _RECONNECT_MS[0]
        elapsed = Elapsed()
        while True:
            self.still_ms = 0
            elapsed()
            try:
                if not self._net.up():
                    raise mqtt.MqttError("no network")
                await self._connection(await connect(*self._address))
            except (OSError, mqtt.MqttError) as error:
                self.trouble = str(error)
            if elapsed() > 2 * wait_ms:
                wait_ms = _RECONNECT_MS[0]
            # A little chance, so that many collectors do not come back all at once.
            await asyncio.sleep_ms(wait_ms + random.getrandbits(10) * wait_ms // 4096)
            wait_ms = min(2 * wait_ms, _RECONNECT_MS[1])

    async def _connection(self, sock):
        tasks = []
        try:
            try:
                sock.setsockopt(*_NODELAY)
            except OSError:
                pass  # slower by a delayed acknowledgement, not wrong
            stream = asyncio.StreamReader(sock)
            self._failure = None
            self._control = [self._client.connect()]
            for coroutine in (self._read(stream), self._write(stream)):
                tasks.append(asyncio.create_task(self._guard(coroutine)))
            await self._watch()
        finally:
            self.online = False
            for task in tasks:
                task.cancel()
            self._outbox.lost()
            sock.close()

    async def _guard(self, coroutine):
        try:
            await coroutine
        except Exception as error:
            self._failure = error

    async def _watch(self):
        elapsed = Elapsed()
        while self._failure is None:
            self.still_ms = 0
            await asyncio.sleep_ms(100)
            ping = self._client.tick(elapsed())
            if ping:
                self._control.append(ping)
                self._news.set()
        raise self._failure

    async def _read(self, stream):
        while True:
            data = await stream.read(512)
            if not data:
                raise mqtt.MqttError("the broker closed the connection")
            for event in self._client.receive(data):
                await self._take(event)
            self._news.set()
            while len(self._control) > 8:  # read no faster than acknowledgements go out
                await asyncio.sleep_ms(_TICK_MS)

    async def _take(self, event):
        kind = event[0]
        if kind == mqtt.CONNECTED:
            self._control.append(self._client.subscribe(self._filter))
        elif kind == mqtt.SUBSCRIBED:
            self._outbox.connected()
            self.online = True
            self.trouble = ""
        elif kind == mqtt.PUBLISHED:
            self._outbox.sent()
        elif kind == mqtt.MESSAGE:
            _, topic, payload, packet_id, retained = event
            async with self._idle:
                self._commands.take(topic, payload, retained)
            if packet_id:
                self._control.append(self._client.puback(packet_id))

    async def _write(self, stream):
        while True:
            packet = self._next_packet()
            if packet:
                stream.write(packet)
                await stream.drain()
            else:
                await self._news.wait()
                self._news.clear()

    def _next_packet(self):
        if self._control:
            return self._control.pop(0)
        if not self.online or self._client.awaiting:
            return None
        message = self._outbox.next()
        if message is None:
            return None
        topic, payload, retained = message
        return self._client.publish(topic, payload, retain=retained)
