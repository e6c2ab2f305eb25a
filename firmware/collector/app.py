"""The collector on a board: the only file with asyncio, sockets and real time.

The bus, the uplink, and housekeeping, which ends the program when one of the others ends or stands
still; the board then starts it again. docs/collector.md says what happens on every kind of loss.
"""

import asyncio
import gc
import random
import select
import sys
import time

from meterbus.client import ReplyParser

from . import VERSION, core, mqtt
from .options import OptionError
from .topics import MAX_COMMAND, OFFLINE, about

_TICK_MS = 20
_GARBAGE_BYTES = 16384
_REPORT_MS = 1000
_STANDSTILL_MS = 120000  # a task that did nothing for so long will do nothing any more
_LONGEST_REPLY = 64  # bytes: a poll's reply has 61
_CONNECT_MS = 10000
_RECONNECT_MS = (1000, 30000)  # first and longest wait between connections
_NODELAY = (6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY, on: the same numbers on Linux and lwIP
_EINPROGRESS = (115, 119)  # Linux; lwIP on ESP32


class Elapsed:
    """Real milliseconds between calls."""

    def __init__(self):
        self._last = time.ticks_ms()

    def __call__(self):
        now = time.ticks_ms()
        passed = time.ticks_diff(now, self._last)
        self._last = now
        return passed


class Bus:
    """Sends the poller's requests, one at a time, and gives it the replies."""

    def __init__(self, board, poller, timeout_ms, news):
        """news: the event to set when there may be something to publish."""
        self._clock = board.clock
        self._rs485 = board.rs485
        self._poller = poller
        self._timeout_ms = timeout_ms + _LONGEST_REPLY * 11000 // board.rs485.baudrate
        self._news = news
        self._parser = None
        self._complete = asyncio.Event()
        # Held while a request is out. Who writes to flash takes it first: on some boards nothing
        # is received during a flash write.
        self.idle = asyncio.Lock()
        self.still_ms = 0

    async def listen(self):
        """Receive for ever. What comes while nothing was asked is dropped."""
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
        """Ask the meters for ever."""
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
        """Send, and wait for the reply: True if it came."""
        self._complete.clear()
        self._parser = parser
        try:
            await asyncio.sleep_ms(self._rs485.begin(request))
        finally:
            self._rs485.end()
        try:
            await asyncio.wait_for_ms(self._complete.wait(), self._timeout_ms)
        except asyncio.TimeoutError:
            pass
        self._parser = None
        return self._complete.is_set()


async def _connect(host, port):
    """A connected non-blocking socket. OSError. The system's name look-up blocks."""
    import socket  # a board without a network does not have it, and never gets here

    info = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    sock = socket.socket(info[0], info[1], info[2])
    try:
        sock.setblocking(False)
        try:
            sock.connect(info[-1])
        except OSError as error:
            if error.errno not in _EINPROGRESS:
                raise
        waiter = select.poll()
        waiter.register(sock, select.POLLOUT)
        for _ in range(_CONNECT_MS // _TICK_MS):
            for ready in waiter.poll(0):
                if ready[1] & ~select.POLLOUT:
                    raise OSError("refused")
                return sock
            await asyncio.sleep_ms(_TICK_MS)
        raise OSError("no answer")
    except BaseException:  # also when cancelled: a socket is not left open
        sock.close()
        raise


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
                await self._connection(await _connect(*self._address))
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


class Collector:
    """Serves the board, lets the outbox's time pass, reports, and watches the other tasks."""

    def __init__(self, board, parts, health):
        """health: boards.common.recovery.Health."""
        news = asyncio.Event()
        self._board = board
        self._health = health
        self._parts = parts
        self._news = news
        parts.outbox.about = about(VERSION, health.last)
        self._bus = Bus(board, parts.poller, parts.options.reply_timeout_ms, news)
        self._uplink = Uplink(board, parts, self._bus.idle, news)
        self._tasks = []
        self._failure = None

    async def run(self):
        """Start the tasks and stay. Ends with SystemExit, or with the exception of a task."""
        for coroutine in (self._bus.listen(), self._bus.run(), self._uplink.run()):
            self._tasks.append(asyncio.create_task(self._guard(coroutine)))
        elapsed = Elapsed()
        since_ms = 0
        while self._failure is None:
            ms = elapsed()
            since_ms += ms
            well = self._well()
            if well:
                self._health.beat(ms)
            self._board.service(well)
            if since_ms >= _REPORT_MS:
                self._second(since_ms)
                since_ms = 0
            await asyncio.sleep_ms(_TICK_MS)
        raise self._failure

    def _well(self):
        """True while every task has reported; else the watchdog goes hungry."""
        return max(self._bus.still_ms, self._uplink.still_ms) <= _STANDSTILL_MS

    async def _guard(self, coroutine):
        try:
            await coroutine
        except Exception as error:
            self._failure = error

    def _second(self, elapsed_ms):
        for task in (self._bus, self._uplink):
            task.still_ms += elapsed_ms
            if task.still_ms > _STANDSTILL_MS:
                raise RuntimeError("a task stands still")
        self._parts.second(elapsed_ms)
        self._news.set()
        report = self._parts.report()
        report["online"] = self._uplink.online
        report["broker"] = self._uplink.trouble
        report["crashes"] = self._health.crashes
        report["last_crash"] = self._health.last
        self._board.report(report)


def _selftest(board, health, wrong):
    gc.collect()
    return {
        "role": "collector",
        "version": VERSION,
        "board": board.NAME,
        "micropython": "%d.%d.%d" % sys.implementation[1][:3],
        "free": gc.mem_free(),
        "settings": wrong or "ok",
        "crashes": health.crashes,
        "last_crash": health.last,
    }


def run(board, health):
    """Run until the board is to stop. Settings that cannot be used: a report, and status 2."""
    try:
        parts = core.load(board)
    except OptionError as error:
        board.report(_selftest(board, health, str(error)), "selftest")
        board.report({"error": str(error)})
        sys.exit(2)
    board.report(_selftest(board, health, ""), "selftest")
    # Collect early and often: garbage left lying would scatter what is kept over the heap.
    gc.threshold(_GARBAGE_BYTES)
    asyncio.run(Collector(board, parts, health).run())
