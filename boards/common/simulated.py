"""The parts of a meter that a board without any simulates, worked through its service port."""

import gc
import sys
import time

from boards.common.mains import MAX_LOAD_W, Metering, Relay
from boards.common.service_port import Lines, ServicePort, whole_number

MAX_SPEED = 100000
_MAX_KEYS = 64
_REPORT_MEMORY_MS = 1000
_KEYS = "0123456789*#"


class Keypad:
    def __init__(self):
        self._pressed = ""

    def press(self, keys):
        """Presses, one after the other; ValueError for what is not on the keypad."""
        if not isinstance(keys, str) or any(key not in _KEYS for key in keys):
            raise ValueError("keys are " + _KEYS)
        self._pressed = (self._pressed + keys)[:_MAX_KEYS]

    def get(self):
        """The next key, or None."""
        if not self._pressed:
            return None
        key = self._pressed[0]
        self._pressed = self._pressed[1:]
        return key


class Display:
    """`say` is told when the two lines change."""

    def __init__(self, say):
        self._say = say
        self._line0 = self._line1 = None

    def show(self, line0, line1):
        """Two lines of 16 ASCII characters."""
        if line0 != self._line0 or line1 != self._line1:
            self._line0, self._line1 = line0, line1
            self._say({"display": [line0, line1]})


class Cover:
    def __init__(self):
        self._open = False

    def set(self, value):
        """True: open. ValueError for what is neither True nor False."""
        if not isinstance(value, bool):
            raise ValueError("want true or false")
        self._open = value

    def is_open(self):
        return self._open


class Memory:
    """Says once a second of real time how much of the heap is used."""

    def __init__(self, say):
        self._say = say
        self._last = time.ticks_ms()
        self._lowest = 0

    def look(self):
        """Call it often: the lowest free heap seen by any call is reported."""
        if not self._lowest:
            gc.collect()  # what importing left behind does not count
            self._lowest = gc.mem_free()
        free = gc.mem_free()
        if free < self._lowest:
            self._lowest = free
        now = time.ticks_ms()
        if time.ticks_diff(now, self._last) < _REPORT_MEMORY_MS:
            return
        self._last = now
        gc.collect()
        said = {"used": gc.mem_alloc(), "free": gc.mem_free(), "lowest_free": self._lowest}
        self._say({"mem": said})


class Simulation:
    """Everything simulated. `stream`, `ready()` and `write(text)` are the service port.

    `clock` is a boards.common.clock.Clock; `port.say(dict)` says a line.
    """

    def __init__(self, name, clock, stream, ready, write):
        self.keypad = Keypad()
        self.cover = Cover()
        commands = {
            "keys": self.keypad.press,
            "load_w": self.set_load,
            "cover": self.cover.set,
            "speed": self.set_speed,
        }
        self.port = ServicePort(Lines(stream, ready), write, commands)
        version = "%d.%d.%d" % sys.implementation[1][:3]
        self.port.say({"hello": {"board": name, "micropython": version}})
        self._clock = clock
        self._memory = Memory(self.port.say)
        self.display = Display(self.port.say)
        self.metering = Metering(clock.stopwatch())
        self.relay = Relay(self._relay_moved)

    def set_load(self, watts):
        """What the customer has switched on; ValueError outside 0..MAX_LOAD_W."""
        self.metering.set_load(whole_number(watts, 0, MAX_LOAD_W))

    def set_speed(self, speed):
        """Supply time runs so many times faster; ValueError outside 1..MAX_SPEED."""
        self._clock.set_speed(whole_number(speed, 1, MAX_SPEED))

    def service(self):
        """Take commands, report the memory. SystemExit at the end of the port's input."""
        self.port.poll()
        self._memory.look()

    def _relay_moved(self, closed):
        self.metering.relay_moved(closed)
        self.port.say({"relay": closed})
