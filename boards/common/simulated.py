"""The simulated parts of a meter, controlled through the service port of the board."""

import gc
import sys
import time

from boards.common.mains import MAX_LOAD_W, Metering, Relay
from boards.common.service_port import Lines, ServicePort, whole_number
from drivers.display_layout import lines
from drivers.reading import IMPLAUSIBLE, STUCK
from meterbus import codes

MAX_SPEED = 100000
_MAX_KEYS = 64
_REPORT_MEMORY_MS = 1000
_BLINKS_MS = 200  # between two reports of the LED's blinks
_KEYS = "0123456789*#>!"  # the last two: a short and a long press of a button


class Keypad:
    def __init__(self):
        self._pressed = ""

    def press(self, keys):
        """Press keys, one after the other. Raise ValueError for a key that does not exist."""
        if not isinstance(keys, str) or any(key not in _KEYS for key in keys):
            raise ValueError("keys are " + _KEYS)
        self._pressed = (self._pressed + keys)[:_MAX_KEYS]

    def get(self):
        """Return the next key, or None."""
        if not self._pressed:
            return None
        key = self._pressed[0]
        self._pressed = self._pressed[1:]
        return key


class Display:
    """A display, 16x2. `say(message)` is called when one of the two lines changes."""

    def __init__(self, say):
        self._say = say
        self._serial = -1
        self._lines = None

    def show(self, items):
        """Show the items; all letters are displayed as they are."""
        if items.serial == self._serial:
            return
        self._serial = items.serial
        shown = lines(items, 16, 2, str)
        if shown != self._lines:
            self._lines = shown
            self._say({"display": shown})


class Tamper:
    """The switches of the covers and the sensor of a magnet."""

    def __init__(self):
        self._bits = 0

    def setter(self, bit):
        """Return a function that sets a bit of codes.TAMPER to True or False, and raises
        ValueError for any other value."""

        def put(value):
            if not isinstance(value, bool):
                raise ValueError("not true or false")
            self._bits = self._bits | bit if value else self._bits & ~bit

        return put

    def read(self):
        """Return the bits that are set."""
        return self._bits


class Memory:
    """A report of the heap in use, once a second of real time, passed to `say(message)`."""

    def __init__(self, say):
        self._say = say
        self._last = time.ticks_ms()
        self._lowest = 0

    def look(self):
        """Measure the free heap. Call it often: the lowest value of all calls is reported."""
        if not self._lowest:
            gc.collect()  # exclude the garbage left by the imports
            self._lowest = gc.mem_free()
        free = gc.mem_free()
        if free < self._lowest:
            self._lowest = free
        now = time.ticks_ms()
        if time.ticks_diff(now, self._last) < _REPORT_MEMORY_MS:
            return
        self._last = now
        gc.collect()
        memory = {"used": gc.mem_alloc(), "free": gc.mem_free(), "lowest_free": self._lowest}
        self._say({"mem": memory})


class Simulation:
    """All simulated parts. `stream`, `ready()` and `write(text)` are the service port.

    `clock` is a boards.common.clock.Clock; `port.say(dict)` writes a line.
    """

    def __init__(self, name, clock, stream, ready, write):
        self.keypad = Keypad()
        self.tamper = Tamper()
        commands = {
            "keys": self.keypad.press,
            "load_w": self.set_load,
            "cover": self.tamper.setter(codes.METER_COVER),
            "terminal_cover": self.tamper.setter(codes.TERMINAL_COVER),
            "magnet": self.tamper.setter(codes.MAGNET),
            "mains": self.set_mains,
            "lie": self.set_lie,
            "speed": self.set_speed,
            "unix": self.set_time,
        }
        self.port = ServicePort(Lines(stream, ready), write, commands)
        version = "%d.%d.%d" % sys.implementation[1][:3]
        self.port.say({"hello": {"board": name, "micropython": version}})
        self._clock = clock
        self._memory = Memory(self.port.say)
        self.display = Display(self.port.say)
        self._blinks = self._told = 0  # of the LED
        self._told_at = time.ticks_ms()
        self.metering = Metering(clock.stopwatch())
        self.relay = Relay(self._relay_moved)

    def set_load(self, watts):
        """Set the customer's load, W, negative to export. Raise ValueError above MAX_LOAD_W."""
        self.metering.put("load_w", whole_number(watts, -MAX_LOAD_W, MAX_LOAD_W))

    def set_mains(self, values):
        """Set Metering.mains, seven numbers. Raise ValueError, or TypeError for no list."""
        for number in values:
            whole_number(number, -MAX_LOAD_W, MAX_LOAD_W)
        if len(values) != 7 or values[0] < 1:
            raise ValueError("not seven numbers from volts on")
        self.metering.put("mains", values)

    def set_lie(self, fault):
        """Make the metering part lie: see Metering.lie. Raise ValueError for other numbers."""
        if whole_number(fault, 0, STUCK) not in (0, IMPLAUSIBLE, STUCK):
            raise ValueError("not 0, 4 or 5")
        self.metering.put("lie", fault)

    def set_speed(self, speed):
        """Set the ratio of supply time to real time. Raise ValueError outside 1..MAX_SPEED."""
        self._clock.set_speed(whole_number(speed, 1, MAX_SPEED))

    def set_time(self, unix):
        """Set the time of day. Raise ValueError before 2025 or after 2099."""
        self._clock.set(whole_number(unix, codes.FIRST_TIME, codes.END_OF_TIME - 1))

    def buzzer(self, on):
        """Switch the buzzer."""
        self.port.say({"buzzer": on})

    def led(self, on):
        """Switch the LED. Its blinks are counted and reported a few times a second."""
        self._blinks += on

    def service(self):
        """Execute commands, measure, report the memory. Raise SystemExit at the end of input."""
        self.port.poll()
        self.metering.elapsed(0)
        self._memory.look()
        now = time.ticks_ms()
        if self._blinks != self._told and time.ticks_diff(now, self._told_at) >= _BLINKS_MS:
            self._told_at = now
            self._told = self._blinks
            self.port.say({"blinks": self._blinks})

    def _relay_moved(self, closed):
        self.metering.relay_moved(closed)
        self.port.say({"relay": closed})
