"""The collector on a board: starts the tasks of the bus and of the uplink, and supervises them.

Housekeeping ends the program when one of the tasks ends or stands still; the board then starts it
again. docs/collector.md lists what happens on every kind of loss.
"""

import asyncio
import gc
import random
import sys

from runtime.bus_client import BusClient
from runtime.elapsed import Elapsed
from uplink import codec

from . import VERSION, core
from .link.uplink import Uplink
from .options import OptionError

_TICK_MS = 20
_GARBAGE_BYTES = 16384
_REPORT_MS = 1000
_STANDSTILL_MS = 120000  # without progress; the program then ends


class Collector:
    """Serves the board, reports, and supervises the other tasks."""

    def __init__(self, board, parts, health):
        """health: runtime.boot.Health."""
        news = asyncio.Event()
        self._board = board
        self._health = health
        self._parts = parts
        self._news = news
        parts.outbox.about = codec.encode(
            "about",
            {"version": VERSION, "crash": health.last or None, "instance": parts.instance},
        )
        self._bus = BusClient(board, parts.poller, parts.options.reply_timeout_ms, news)
        self._uplink = Uplink(board, parts, self._bus.idle, news)
        self._tasks = []
        self._failure = None

    async def run(self):
        """Run the tasks. Raise SystemExit when the board stops, or the exception of a task."""
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
        """Return True while every task has reported; else the watchdog is not fed."""
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
                raise RuntimeError("a task makes no progress")
        self._parts.second(elapsed_ms, self._board.clock.unix())
        self._news.set()
        report = self._parts.report()
        report["online"] = self._uplink.online
        report["broker"] = self._uplink.trouble
        report["clock_fault"] = self._board.clock.fault()
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
    """Run until the board stops. Report settings that cannot be used, and exit with status 2."""
    try:
        parts = core.load(board, random.getrandbits(32))
    except OptionError as error:
        board.report(_selftest(board, health, str(error)), "selftest")
        board.report({"error": str(error)})
        sys.exit(2)
    board.report(_selftest(board, health, ""), "selftest")
    # Frequent collections keep the heap in one piece.
    gc.threshold(_GARBAGE_BYTES)
    asyncio.run(Collector(board, parts, health).run())
