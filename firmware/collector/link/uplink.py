"""The connection to the broker: reconnects indefinitely, and moves messages both ways."""

import asyncio
import random

from net import mqtt
from runtime.elapsed import Elapsed
from runtime.resolver import LookupFailed, Resolver
from uplink.codec import MAX_COMMAND, instance
from uplink.kinds import OFFLINE

from .presence import Presence
from .tcp import connect

_TICK_MS = 20
_RECONNECT_MS = (1000, 30000)  # first and longest wait between connections
_SECOND_CLIENT_MS = 120000  # wait while another client has this collector's place
_NODELAY = (6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY, on: the same numbers on Linux and lwIP


class Closed(Exception):
    """The broker closed the connection."""


class Uplink:
    """Keeps a connection to the broker: one task reads, one writes, one watches the time."""

    def __init__(self, board, parts, idle, news):
        """parts: core.Core. idle: the lock of the bus. news: see runtime.bus_client."""
        options = parts.options
        self._net = board.net
        self._clock = board.clock
        self._id = options.id
        self._client_id = f"tjugo-{options.tenant}-{options.id}"
        self._port = options.port
        self._resolver = Resolver(options.host, board.net, options.dns)
        self._outbox = parts.outbox
        self._commands = parts.commands
        self._names = parts.names
        self._presence = Presence(parts.instance, options.keepalive_s * 1000)
        self._idle = idle
        self._news = news
        self._client = mqtt.Client(
            self._client_id,
            options.user,
            options.password,
            will=(parts.names.status, OFFLINE),
            keepalive_s=options.keepalive_s,
            max_packet=MAX_COMMAND + 128,
        )
        self._control = []  # packets that go before any publish
        self._filters = []  # still to be subscribed to
        self._failure = None
        self.online = False
        self.trouble = ""  # why the last connection ended, or what is wrong with this one
        self.still_ms = 0

    def _beat(self):
        self.still_ms = 0

    async def run(self):
        """Connect and reconnect indefinitely."""
        wait_ms = _RECONNECT_MS[0]
        elapsed = Elapsed()
        while True:
            elapsed()
            try:
                await self._connection(await self._connect())
            except (OSError, LookupFailed, mqtt.MqttError, Closed) as error:
                self._presence.ended(isinstance(error, Closed))
                self.trouble = self._second_client() or str(error)
            passed = elapsed()
            self._resolver.elapsed(passed)
            if passed > 2 * wait_ms:
                wait_ms = _RECONNECT_MS[0]
            await self._pause(_SECOND_CLIENT_MS if self._second_client() else wait_ms)
            wait_ms = min(2 * wait_ms, _RECONNECT_MS[1])

    def _second_client(self):
        return self._presence.trouble(self._id, self._client_id)

    async def _pause(self, ms):
        """Wait. A little chance, so that many collectors do not come back all at once."""
        ms += random.getrandbits(10) * ms // 4096
        elapsed = Elapsed()
        while ms > 0:
            self._beat()
            await asyncio.sleep_ms(min(ms, 1000))
            passed = elapsed()
            self._resolver.elapsed(passed)
            ms -= passed

    async def _connect(self):
        """Return a socket to one of the broker's addresses. OSError, LookupFailed."""
        self._beat()
        if not self._net.up():
            raise OSError("no network")
        elapsed = Elapsed()
        try:
            addresses = self._resolver.step()
            while addresses is None:
                self._beat()
                await asyncio.sleep_ms(_TICK_MS)
                self._resolver.elapsed(elapsed())
                addresses = self._resolver.step()
        finally:
            self._resolver.close()
        try:
            return await connect(addresses, self._port, self._beat)
        except OSError:
            self._resolver.doubt()
            raise

    async def _connection(self, sock):
        tasks = []
        try:
            try:
                sock.setsockopt(*_NODELAY)
            except OSError:
                pass  # slower by a delayed acknowledgement, not wrong
            stream = asyncio.StreamReader(sock)
            self._failure = None
            names = self._names
            self._filters = [names.about, names.echo, names.commands]
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
            self._beat()
            await asyncio.sleep_ms(100)
            ms = elapsed()
            self._resolver.elapsed(ms)
            ping = self._client.tick(ms)
            if ping:
                self._control.append(ping)
                self._news.set()
            if self._presence.tick(ms):
                self._outbox.introduce()
                self._news.set()
        raise self._failure

    async def _read(self, stream):
        while True:
            data = await stream.read(512)
            if not data:
                raise Closed("the broker closed the connection")
            for event in self._client.receive(data):
                await self._take(event)
            self._news.set()
            while len(self._control) > 8:  # read no faster than acknowledgements go out
                await asyncio.sleep_ms(_TICK_MS)

    async def _take(self, event):
        kind = event[0]
        if kind == mqtt.PUBLISHED:
            self._outbox.sent()
        elif kind == mqtt.MESSAGE:
            await self._message(*event[1:])
        elif self._filters:  # CONNECTED, SUBSCRIBED
            self._control.append(self._client.subscribe(self._filters.pop(0)))
        else:
            self._outbox.connected()
            self._presence.online()
            self.online = True
            self.trouble = self._second_client()

    async def _message(self, topic, payload, packet_id, retained):
        if topic == self._names.about and payload != b"":  # an empty one removes what is retained
            self._presence.take(instance(payload), retained)
            self.trouble = self._second_client()
        elif topic == self._names.echo:
            self._commands.echo(payload, retained)
        elif topic != self._names.about:
            async with self._idle:
                self._commands.take(topic, payload, retained, self._clock.unix())
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
