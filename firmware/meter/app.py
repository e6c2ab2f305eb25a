"""The meter on a board: the only file of the meter with asyncio and real time."""

import asyncio
import gc
import sys

from meterbus import codes
from meterbus.server import Server
from runtime import overlay
from runtime.bus_server import Listener
from runtime.elapsed import Elapsed
from sts_portable import sta

from . import VERSION
from .busview import BusView
from .core import Meter

_TICK_MS = 20
_REPORT_TICKS = 10
_DEAF_MS = 4000  # with bytes waiting for so long, the bus task has failed
_GARBAGE_BYTES = 16384
_ENOENT = 2
_STA_TABLES = "sta_tables.bin"


class App:
    """Two tasks: the bus, and a tick for all else. `health`: runtime.boot.Health."""

    ONCE = ("started", "_selftest", "_load_tables")  # see runtime/overlay.py

    def __init__(self, board, health):
        self._board = board
        self._health = health
        # The first use of a part imports its driver: before the meter fills the heap.
        self._keypad, self._display = board.keypad, board.display
        self._buzzer = getattr(board, "buzzer", None)
        self._led = getattr(board, "led", None)
        wrong = self._load_tables(_STA_TABLES) or board.wrong
        constant = board.metering.PULSES_PER_KWH
        given, unix = board.settings(), board.clock.unix
        self._meter = Meter(given, board.store, constant, wrong, board.mark, unix)
        meter, name, crash = self._meter, board.NAME, health.last
        meter.act = self._drive
        if hasattr(meter, "orders"):
            meter.orders.board = board
        self._view = BusView(meter, name, crash, board.clock.set, self._set_address)
        self._server = Server(meter.settings.address, self._view)
        self._bus = Listener(board.rs485, self._server)
        self._local = None
        if "page" in given or "home_assistant" in given:
            from .local.start import Local  # heap only where it is wanted

            self._local = Local(meter, board, given)
        self._sounds = self._lit = False
        self._reported = None
        self._clock_fault = 0
        self._ticks = 0
        self._elapsed = Elapsed()

    def _load_tables(self, path):
        """Load a licensee's own EA07 tables, if the flash has them: 96 bytes, S1, S2, P.

        Return "" or, if the file cannot be used, what is wrong: with other tables every token
        would be wrong.
        """
        try:
            with open(path, "rb") as source:
                sta.set_tables(source.read())
        except OSError as error:
            return "" if error.errno == _ENOENT else "STA tables"
        except ValueError:
            return "STA tables"
        return ""

    def started(self):
        """Report the self-test, and free what only the start needs."""
        self._board.report(self._selftest(), "selftest")
        meter = self._meter
        more = [self, meter, self._view, self._server, self._bus, self._health]
        overlay.finish(meter.features + more)

    async def run(self):
        """Run until the board raises SystemExit. A task that fails ends the meter."""
        bus = asyncio.create_task(self._bus.run())
        try:
            while not bus.done():
                if not self._bus.sending:
                    self._tick()
                await asyncio.sleep_ms(_TICK_MS)
            await bus
        finally:
            bus.cancel()

    def _tick(self):
        board, meter = self._board, self._meter
        real_ms = self._serve()
        supply_ms = board.clock.elapsed_ms()
        key = self._keypad.get()
        while key:
            meter.key(key)
            key = self._keypad.get()
        self._view.work()
        meter.energy(board.metering)
        meter.elapsed(supply_ms, real_ms)
        meter.sensed(board.metering.reading, board.tamper.read(), board.relay.closed())
        self._drive(supply_ms)
        self._display.show(meter.display())
        self._signal()
        if self._local:
            self._local.tick(real_ms)
        self._ticks += 1
        if self._ticks % _REPORT_TICKS == 0:
            self._report()

    def _drive(self, supply_ms=0):
        """Carry out the command for the relay."""
        command = self._meter.relay_command(supply_ms)
        if command is not None:
            (self._board.relay.close if command else self._board.relay.open)()

    def _serve(self):
        """Let the board work; return the real time since the last call, ms.

        Its watchdog is fed only while the bus task works too.
        """
        ms = self._elapsed()
        well = self._bus.deaf_ms(ms) < _DEAF_MS
        if well:
            self._health.beat(ms)
        self._board.service(well)
        return ms

    def _check_clock(self, fault):
        """Note a fault of the board's clock chip. Tokens do not depend on the time."""
        if fault != self._clock_fault:
            self._clock_fault = fault
            if fault:
                self._meter.events.note(codes.EVENT_CLOCK_FAULT, fault, 2)

    def _set_address(self, address):
        """Store the address on the bus, and use it. What cannot be stored is not changed."""
        args = self._board, self._meter.settings, address
        if overlay.call("meter.readdress", "store", *args):
            self._server.address = address

    def _signal(self):
        """Switch the board's buzzer and LED, if it has them."""
        signals = self._meter.signals
        if self._buzzer and signals.buzzer != self._sounds:
            self._sounds = signals.buzzer
            self._buzzer(self._sounds)
        if self._led and signals.led != self._lit:
            self._lit = signals.led
            self._led(self._lit)

    def _report(self):
        self._check_clock(self._board.clock.fault())
        report = self._meter.report()
        if self._local:
            report["local_fault"] = self._local.fault
        if report != self._reported:
            self._reported = report
            self._board.report(report)

    def _selftest(self):
        gc.collect()
        ledger = self._meter.ledger
        return {
            "role": "meter",
            "version": VERSION,
            "board": self._board.NAME,
            "micropython": "%d.%d.%d" % sys.implementation[1][:3],
            "free": gc.mem_free(),
            "settings": self._meter.settings.wrong or "ok",
            "clock_fault": self._board.clock.fault(),
            "local": self._local.wrong or "ok" if self._local else "off",
            "ledger": "fault" if ledger.trouble() else "ok",
            "ledger_fault": ledger.trouble(),
            "crashes": self._health.crashes,
            "last_crash": self._health.last,
        }


def run(board, health):
    """Run the meter application on `board`: see boards/README.md."""
    # Collected early and often, the heap stays in one piece.
    gc.threshold(_GARBAGE_BYTES)
    app = App(board, health)
    app.started()
    asyncio.run(app.run())
