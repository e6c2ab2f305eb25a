"""The meter on a board: the only file with asyncio and real time."""

import asyncio
import gc
import select
import time

from meterbus.server import Server

from .busview import BusView
from .core import Meter

_TICK_MS = 20
_LISTEN_MS = 2  # how often the line is looked at while a frame comes in
_REPORT_TICKS = 10
_DEAD_LINE_MS = 500
_CHUNK = 64
_GARBAGE_BYTES = 16384


class App:
    """Two tasks: the bus, and a tick for everything else."""

    def __init__(self, board):
        self._board = board
        self._meter = Meter(board.settings(), board.store, board.metering.PULSES_PER_KWH)
        self._view = BusView(self._meter, board.NAME)
        self._server = Server(self._meter.settings.address, self._view)
        self._reported = None
        self._ticks = 0

    async def run(self):
        """Until the board raises SystemExit. A task that fails takes the meter down with it."""
        tasks = [asyncio.create_task(self._listen())]
        try:
            while not tasks[0].done():
                self._tick()
                await asyncio.sleep_ms(_TICK_MS)
            await tasks[0]
        finally:
            tasks[0].cancel()

    def _tick(self):
        board, meter = self._board, self._meter
        board.service()
        passed_ms = board.clock.elapsed_ms()
        key = board.keypad.get()
        while key:
            meter.key(key)
            key = board.keypad.get()
        self._view.work()
        meter.pulses(board.metering.take(meter.pulse_limit()))
        meter.elapsed(passed_ms)
        meter.sensed(board.metering.read(), board.cover.is_open(), board.relay.closed())
        command = meter.relay_command(passed_ms)
        if command is not None:
            (board.relay.close if command else board.relay.open)()
        board.display.show(*meter.display())
        self._ticks += 1
        if self._ticks % _REPORT_TICKS == 0:
            self._report()

    def _report(self):
        report = self._meter.report()
        if report != self._reported:
            self._reported = report
            self._board.report(report)

    async def _listen(self):
        """Hear the line for ever and answer."""
        stream = self._board.rs485.stream
        reader = asyncio.StreamReader(stream)
        poller = select.poll()
        poller.register(stream, select.POLLIN)
        data = b""  # a silence first: what comes after it begins a frame
        while True:
            try:
                await self._burst(data, stream, poller)
                data = await reader.read(_CHUNK)
                if not data:
                    raise OSError
            except OSError:  # the line is gone; the meter goes on and looks again
                data = b""
                await asyncio.sleep_ms(_DEAD_LINE_MS)

    async def _burst(self, data, stream, poller):
        """From the first bytes to the silence that ends a frame."""
        rs485 = self._board.rs485
        heard_at = time.ticks_ms()
        while data or time.ticks_diff(time.ticks_ms(), heard_at) < rs485.gap_ms:
            if data:
                reply = self._server.receive(data)
                if reply is not None:
                    await self._send(reply)
                heard_at = time.ticks_ms()
            await asyncio.sleep_ms(0 if data else _LISTEN_MS)
            data = stream.read(_CHUNK) if poller.poll(0) else None
        reply = self._server.gap()
        if reply is not None:
            await self._send(reply)

    async def _send(self, reply):
        rs485 = self._board.rs485
        await asyncio.sleep_ms(rs485.turn_ms)
        try:
            await asyncio.sleep_ms(rs485.begin(reply))
        finally:
            rs485.end()


def run(board):
    """Be the meter of this board."""
    # Collect early and often: the heap stays in one piece, and the free part of it known.
    gc.threshold(_GARBAGE_BYTES)
    asyncio.run(App(board).run())
