"""The simulated board: what boards/README.md asks for, on MicroPython's unix port."""

import gc
import os
import select
import sys
import time

from boards.common.rs485 import RS485
from sim_clock import Clock
from sim_files import FileStore, load_settings, make_folder, save_settings as _save
from sim_mains import MAX_LOAD_W, Metering, Relay
from sim_port import Lines, ServicePort, whole_number
from sim_uart import PtyUart, private_files

NAME = "sim"

_SETTINGS = "settings.json"
_FRAM_SIZE = 8192
_COARSE_MS = 20  # a pause of the PC's scheduler is no silence on the line
_MAX_SPEED = 100000
_MAX_KEYS = 64
_REPORT_MEMORY_MS = 1000
_KEYS = "0123456789*#"


class _Keypad:
    def __init__(self):
        self._pressed = ""

    def press(self, keys):
        """Presses, one after the other; ValueError for what is not on the keypad."""
        if not isinstance(keys, str) or any(key not in _KEYS for key in keys):
            raise ValueError("keys are " + _KEYS)
        self._pressed = (self._pressed + keys)[:_MAX_KEYS]

    def get(self):
        key = self._pressed[:1]
        self._pressed = self._pressed[1:]
        return key or None


class _Display:
    def __init__(self, say):
        self._say = say
        self._shown = None

    def show(self, line0, line1):
        if (line0, line1) != self._shown:
            self._shown = (line0, line1)
            self._say({"display": [line0, line1]})


class _Cover:
    def __init__(self):
        self._open = False

    def set(self, value):
        """True: open."""
        if not isinstance(value, bool):
            raise ValueError("want true or false")
        self._open = value

    def is_open(self):
        return self._open


class _Net:
    def up(self):
        """The simulated link is always there."""
        return True


class _Memory:
    """Says once a second of real time how much of the heap is used."""

    def __init__(self, say):
        self._say = say
        self._last = time.ticks_ms()
        self._lowest = 0

    def look(self):
        if not self._lowest:
            gc.collect()  # what importing left behind does not count
            self._lowest = gc.mem_free()
        self._lowest = min(self._lowest, gc.mem_free())
        now = time.ticks_ms()
        if time.ticks_diff(now, self._last) < _REPORT_MEMORY_MS:
            return
        self._last = now
        gc.collect()
        self._say(
            {
                "mem": {
                    "used": gc.mem_alloc(),
                    "free": gc.mem_free(),
                    "lowest_free": self._lowest,
                }
            }
        )


def settings():
    """The dict in settings.json, or {}."""
    return load_settings(_SETTINGS)


def save_settings(values):
    """Replace settings.json."""
    _save(_SETTINGS, values)


def report(values):
    """Tell whoever listens on the service port."""
    _port.say({"report": values})


def service():
    """Take commands, report the memory. SystemExit at the end of standard input."""
    _port.poll()
    _memory.look()


def _bytes_waiting():
    return bool(_stdin_poll.poll(0))


def _set_load(watts):
    metering.set_load(whole_number(watts, 0, MAX_LOAD_W))


def _set_speed(speed):
    clock.set_speed(whole_number(speed, 1, _MAX_SPEED))


def _relay_moved(closed):
    metering.relay_moved(closed)
    _port.say({"relay": closed})


def _environment(name, fallback=None):
    value = os.getenv(name)
    if value is None and fallback is None:
        sys.stderr.write("board sim: %s is not set, see boards/sim/README.md\n" % name)
        raise SystemExit(2)
    return fallback if value is None else value


private_files()
_stdin_poll = select.poll()
_stdin_poll.register(sys.stdin.buffer, select.POLLIN)
keypad = _Keypad()
cover = _Cover()
net = _Net()
_port = ServicePort(
    Lines(sys.stdin.buffer, _bytes_waiting),
    sys.stdout.write,
    {
        "keys": keypad.press,
        "load_w": _set_load,
        "cover": cover.set,
        "speed": _set_speed,
    },
)
_port.say({"hello": {"board": NAME, "micropython": "%d.%d.%d" % sys.implementation[1][:3]}})
display = _Display(_port.say)
_memory = _Memory(_port.say)
_uart = PtyUart(_environment("TJUGO_UART"))
rs485 = RS485(_uart, settings().get("baudrate", 9600), coarse_ms=_COARSE_MS)
rs485.stream = _uart.file
clock = Clock(time.ticks_ms, time.ticks_diff, lambda: int(time.time()))
_set_speed(int(_environment("TJUGO_SPEED", "1")))
metering = Metering(clock.stopwatch())
relay = Relay(_relay_moved)
store = FileStore("ledger.bin", _FRAM_SIZE)
data_dir = make_folder("jobs")
