# The meter on the emulated board: the start, and the most frequent operations.
# ruff: noqa: E402  the heap's threshold is set before anything is imported
import gc
import time

gc.threshold(8192)  # as firmware/runtime/boot.py sets it

import board
import counter
from counter import measure, tell

counter.room_blocks = 640  # a whole meter leaves no 48 KB, and its calls need less than 2

from meter.app import App
from runtime.boot import Health

app = App(board, Health())
_BOOT_US = time.ticks_us()  # since power-on

from meter.busview import BusView
from meter.core import Meter
from meterbus import client
from meterbus.registers import STATE_COUNT, STATE_START
from meterbus.server import Server

_ROUNDS = 100
_POLL = client.read_request(1, client.READ_INPUT_REGISTERS, STATE_START, STATE_COUNT)

gc.collect()
_ALL = gc.mem_alloc() + gc.mem_free()
tell("app.meter.boot", _BOOT_US * 1000 // 1024, gc.mem_alloc())

settings = board.settings()
meter = Meter(settings, board.store, board.metering.PULSES_PER_KWH)
server = Server(1, BusView(meter, board.NAME))
server.gap()
tokens = iter(settings["tokens"])
lowest = _ALL


def poll():
    if server.receive(_POLL) is None:
        raise ValueError("no reply to a poll")


def enter():
    if meter.enter_token(next(tokens)) != 1:
        raise ValueError("a token was refused")


def refresh():
    board.display.show(meter.display())


measure("app.modbus_poll", poll)  # refused: the power is not known yet
measure("app.token_to_ledger", enter)
measure("app.pulse", lambda: meter.pulses(1))
meter.pulses(9)
measure("app.pulse_to_ledger", lambda: meter.pulses(10))
measure("app.display_refresh", refresh)

# The lowest free heap in ticks like the application's, with one poll per tick.
for _ in range(_ROUNDS):
    poll()
    meter.pulses(3)
    meter.elapsed(20, 20)
    refresh()
    lowest = min(lowest, gc.mem_free())
tell("app.meter.peak", 0, _ALL - lowest)

meter.sensed(board.metering.reading, 0, True)
if server.receive(_POLL)[1] & 0x80:
    raise ValueError("a poll was refused")
measure("app.modbus_answer", poll)
