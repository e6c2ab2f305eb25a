"""TM1637: six digits of seven segments, on two wires of its own kind (it has no address).

Titan Micro's data sheet: bits are sent from the lowest, the data line changes while the clock is
low, and the chip pulls the data line low at the ninth clock. Start: data falls while the clock is
high; end: data rises while it is high.
"""

from .display_layout import ENTRY, STATE, VALUE, is_quantity, plain, squeezed

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


DIGITS = const(6)
_WRITE = const(0x40)  # data command: addresses count by themselves
_ADDRESS = const(0xC0)
_ON = const(0x8C)  # display on, brightness 4 of 7
_DOT = const(0x80)
_ACCEPT = const(1)  # TokenResult
_NEXT = (2, 3, 17, 18)
_RETRY_CALLS = const(50)
# Of the usual modules: the chip's address of each digit from the left.
_ORDER = (2, 1, 0, 5, 4, 3)
# Bit 0 is segment a. Letters without a form of their own are left dark.
_CHARS = " -0123456789abcdefghijlnopqrstuyz"
_SEGMENTS = (
    b"\x00\x40\x3f\x06\x5b\x4f\x66\x6d\x7d\x07\x7f\x6f"
    b"\x77\x7c\x58\x5e\x79\x71\x3d\x74\x04\x1e\x38\x54\x5c\x73\x67\x50\x6d\x78\x1c\x6e\x5b"
)
_OVERFLOW = "oFL"
_UNITS = (("kWh", "h"), ("W", "P"), ("V", "u"), ("A", "A"))


def segments(text):
    """Return the segments of the first six digits; a point belongs to the digit before it."""
    made = bytearray(DIGITS)
    at = 0
    for char in plain(text).lower():
        if char == "." and at and not made[at - 1] & _DOT:
            made[at - 1] |= _DOT
        elif at < DIGITS:
            found = _CHARS.find(char)
            made[at] = _SEGMENTS[found] if found >= 0 else 0
            at += 1
    return made


def _quantity(text):
    """Return a number in five digits and the sign of its unit in the sixth, if it fits; _OVERFLOW
    for one that has more than six digits before its point."""
    number, _, unit = text.partition(" ")
    sign = " "
    for name, hint in _UNITS:
        if unit == name:
            sign = hint
    number = squeezed(number, DIGITS if "." in number else DIGITS - 1)
    spare = DIGITS - 1 - len(number.replace(".", ""))
    if spare < -1 and "-" not in number[1:]:  # the first digits of a date are what they are
        return _OVERFLOW
    return number if spare < 0 else " " * spare + number + sign


def text_of(items):
    """Return what six digits can show of the items."""
    if items.kind == ENTRY:
        if items.status and items.status[0] != "#":
            return "full"
        first = (items.progress - 1) // 4 * 4
        return "%d. %s" % (first // 4 + 1, items.value[first:])
    if items.result >= 0:
        if items.result == _ACCEPT:
            return "acc"
        return "net" if items.result in _NEXT else "e %d" % items.result
    if items.kind in (STATE, VALUE):
        value = items.value
        if value.isdigit():
            return value[-DIGITS:]
        if is_quantity(value) and value.count(" ") <= 1:
            return _quantity(value)
        return value
    return items.label


class Tm1637:
    """A display. `clock` and `data` are called with a level; `data()` returns it (open drain).

    A missing display does not block the caller: it is tried again every _RETRY_CALLS calls.
    working: True while it answers.
    """

    def __init__(self, clock, data):
        self._clock = clock
        self._data = data
        self._serial = -1
        self._shown = None
        self._wanted = segments("")
        self._calls = 0
        self.working = False
        clock(1)
        data(1)

    def show(self, items):
        """Show the items (boards/README.md), about 1 ms when they have changed."""
        if items.serial != self._serial:
            self._serial = items.serial
            self._wanted = segments(text_of(items))
        if self.working and self._wanted == self._shown:
            return
        self._calls -= 1
        if not self.working and self._calls >= 0:
            return
        self._calls = _RETRY_CALLS
        self.working = self._write()
        self._shown = self._wanted

    def _write(self):
        """Send the digits; return whether the chip acknowledged every byte."""
        well = self._command(_WRITE)
        self._begin()
        well = self._byte(_ADDRESS) and well
        for place in range(DIGITS):
            well = self._byte(self._wanted[_ORDER.index(place)]) and well
        self._end()
        return self._command(_ON) and well

    def _command(self, value):
        self._begin()
        well = self._byte(value)
        self._end()
        return well

    def _begin(self):
        self._data(0)
        self._clock(0)

    def _end(self):
        self._data(0)
        self._clock(1)
        self._data(1)

    def _byte(self, value):
        clock, data = self._clock, self._data
        for _ in range(8):
            data(value & 1)
            clock(1)
            clock(0)
            value >>= 1
        data(1)  # released: the chip answers
        clock(1)
        well = not data()
        clock(0)
        return well
