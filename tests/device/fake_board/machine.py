"""A fake `machine`: pins and buses that a test can read and drive.

It replaces the real module on MicroPython's unix port, where its folder is first in sys.path.
"""

import io
import time

PWRON_RESET, HARD_RESET, WDT_RESET = 1, 2, 3


class Registers(dict):
    def __getitem__(self, address):
        return self.get(address, 0)


mem32 = Registers()
cause = PWRON_RESET
resets = []


def reset_cause():
    return cause


def reset():
    resets.append(True)


class Pin:
    """One object per GPIO. `level`: the input or output level; `rises`: edges from 0 to 1."""

    IN, OUT, OPEN_DRAIN, PULL_UP = 0, 1, 2, 3
    made = {}

    def __new__(cls, gpio, *_arguments, **_options):
        if gpio not in cls.made:
            cls.made[gpio] = object.__new__(cls)
        return cls.made[gpio]

    def __init__(self, gpio, mode=None, pull=None, value=None):
        if not hasattr(self, "rises"):
            self.gpio = gpio
            self.rises = 0
            self.mode = self.pull = None
            self.level = 1  # pulled up
            self.read = None
        if mode is not None:
            self.mode, self.pull = mode, pull
        if value is not None:
            self(value)

    def __call__(self, value=None):
        if value is None:
            return self.read() if self.read else self.level
        self.rises += value > self.level
        self.level = value


class UART(io.IOBase):
    """A line without received bytes."""

    made = []

    def __init__(self, number, **options):
        self.number = number
        self.options = options
        self.made.append(self)

    def write(self, data):
        return len(data)

    def read(self, _size):
        return None

    def readinto(self, _buf):
        return None

    def txdone(self):
        return True

    def ioctl(self, _request, _argument):
        return 0  # nothing to read


class I2C:
    """`memory`: {address: bytearray}, `small`: those with register addresses of 8 bits; `sent`:
    everything written with writeto."""

    memory = {}
    small = {}
    displays = ()
    sent = []

    def __init__(self, number, sda, scl, freq):
        self.number = number
        self.pins = (sda.gpio, scl.gpio)
        self.freq = freq

    def writeto(self, address, data):
        if address not in self.displays:
            raise OSError(5)
        self.sent.append(bytes(data))

    def readfrom_mem_into(self, address, offset, buf, addrsize=8):
        memory = self._memory(address, addrsize)
        buf[:] = memory[offset : offset + len(buf)]

    def writeto_mem(self, address, offset, buf, addrsize=8):
        memory = self._memory(address, addrsize)
        memory[offset : offset + len(buf)] = buf

    def _memory(self, address, addrsize):
        chips = self.memory if addrsize == 16 else self.small
        if address not in chips:
            raise OSError(5)
        return chips[address]


class SPI:
    made = []

    def __init__(self, number, **options):
        self.number = number
        self.options = options
        self.made.append(self)


class Counter:
    FALLING = 2
    made = []

    def __init__(self, number, pin, edge=None, filter_ns=0):
        assert edge == self.FALLING and filter_ns <= 12787
        self.number = number
        self.filter_ns = filter_ns
        self.pin = pin
        self.pulses = 0
        self.made.append(self)

    def value(self):
        return self.pulses


class Timer:
    ONE_SHOT, PERIODIC = 0, 1
    made = []

    def __init__(self, number):
        self.number = number
        self.callback = None
        self.made.append(self)

    def init(self, mode, period, callback):
        self.period = period
        self.callback = callback
        if mode == self.PERIODIC:
            time.periodic.append((period, lambda: callback(self)))

    def fire(self):
        """Call the callback, as the interrupt does after the period."""
        callback, self.callback = self.callback, None
        callback(self)


class WDT:
    made = []

    def __init__(self, timeout):
        assert timeout <= 8388
        self.fed = 0
        self.made.append(self)

    def feed(self):
        self.fed += 1


class RTC:
    was_set = None

    def datetime(self, when):
        RTC.was_set = when
