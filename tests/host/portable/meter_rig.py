"""The shared parts of the meter's checks: a memory that fails on demand, a meter, its tokens."""

import sys

from drivers.display_layout import lines
from drivers.reading import Reading
from meter.core import Meter
from meter.store.slots import place
from sts_portable import vendor

KEY = bytes.fromhex("e653341f9d5bf36f")
DRN = "00000000000"
FIRST_TID = 5000
# Power is cut at each byte on CPython, and at a sample of them on MicroPython, which is slower.
STEP = 1 if sys.implementation.name == "cpython" else 7


class PowerCut(Exception):
    """A power failure in the middle of a write."""


class Memory:
    """Non-volatile memory, filled up with zeros.

    cut_after: bytes until the power is cut; broken: writes fail; written: bytes written so far.
    """

    size = 4096  # the places of all events

    def __init__(self, data=None):
        self.data = bytearray(max(self.size, len(data or b"")))
        if data:
            self.data[: len(data)] = data
        self.cut_after = None
        self.broken = False
        self.unreadable = False
        self.writes = self.written = 0

    def read(self, offset, buf):
        if self.unreadable:
            raise OSError(5)
        buf[:] = self.data[offset : offset + len(buf)]

    def write(self, offset, buf):
        if self.broken:
            raise OSError(28)
        self.writes += 1
        count = len(buf)
        if self.cut_after is not None and self.cut_after < count:
            count = self.cut_after
        self.data[offset : offset + count] = buf[:count]
        self.written += count
        if count < len(buf):
            raise PowerCut
        if self.cut_after is not None:
            self.cut_after -= count


class Mark:
    """A board's mark about its ledger. `broken`: nothing can be written; `damaged`: unreadable."""

    def __init__(self, values=None):
        self.values = dict(values or {})
        self.broken = self.damaged = False

    def get(self, name):
        if self.damaged:
            raise ValueError("store.json cannot be read")
        return self.values.get(name)

    def put(self, values):
        if self.broken:
            raise OSError(28)
        self.values.update(values)


def slots(data):
    """Return (start, length) of the ledger's two slots in a memory."""
    starts = place(0), place(1)
    return [(start, data[start + 6] << 8 | data[start + 7]) for start in starts]


def settings(**changes):
    """Return the settings of a meter that works."""
    given = {"drn": DRN, "address": 1, "key": "e653341f9d5bf36f", "features": "full"}
    given.update(changes)
    return given


def meter(memory=None, pulses_per_kwh=1000, mark=None, unix=None, **changes):
    """Return a meter with these settings, on this memory or a new one."""
    given = settings(**changes)
    return Meter(given, memory or Memory(), pulses_per_kwh, "", mark, unix or (lambda: None))


def reading(mv=None, ma=None, w_x10=None, hz_x100=None):
    """Return the Reading of a part that measures this and nothing else."""
    made = Reading()
    made.mv, made.ma, made.w_x10, made.hz_x100 = mv, ma, w_x10, hz_x100
    return made


def token(tenths=200, number=0, key=KEY):
    """Return a credit token of `tenths` of a kWh; the same number gives the same token."""
    return vendor.credit(key, 7, FIRST_TID + number, 5, tenths)


def press(device, keys):
    for key in keys:
        device.key(key)


def screen(device):
    """Return the two lines of a display of 16 characters."""
    return tuple(lines(device.display(), 16, 2))


def shown(device):
    """Return the two lines without the spaces around them."""
    return tuple(line.strip() for line in screen(device))
