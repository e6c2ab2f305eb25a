"""What the drivers of metering chips have in common: counts, gains, and a reading that fails."""

from binascii import crc32

from .limits import Limits
from .ratio import Ratio
from .reading import IMPLAUSIBLE, OK, STUCK, Reading

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


ONE = const(1000000)
GAINS = (ONE, ONE, ONE)  # of voltage, current and power, in parts per million
_FAILURES = const(3)  # bad measurements in a row that make the reading unknown
# Leaky count of false answers: two more for one, one less for a good one. Three in a row, or more
# than a third of them, are no glitch; after that six good ones in a row are the end of it.
_LIE = const(2)
_LIES = const(6)
_MOST = const(1000000)
_LEAST_VA_X10 = const(50)  # below this a power factor is noise


class Part:
    """A metering part: see boards/README.md. A driver extends it.

    Energy counts from the chip's first answers after the start of the driver. A count of the chip
    is `numerator` / `denominator` of a pulse; the power's gain applies to energy as well. Import
    and export each keep the remainder, so that the pulses of any number of counts are their exact
    energy, rounded down. What is counted since the last good answer waits for the next one.
    """

    PULSES_PER_KWH = 10000

    def __init__(self, name, numerator, denominator, gains):
        """name: its row of LIMITS. gains: as GAINS. Raise ValueError if one is not positive or is
        out of range."""
        self._import = Ratio(numerator * gains[2], denominator * ONE)
        self._export = Ratio(numerator * gains[2], denominator * ONE)
        self._imported = 0
        self._exported = 0
        self._held = self._held_export = 0
        self._counted = 0  # since the last answer was judged
        self._false = False  # that answer was
        self._failures = 0
        self._lies = 0
        self._limits = Limits(name, gains, self.PULSES_PER_KWH)
        self._found = Reading()  # what an answer has, before it is judged
        self.reading = Reading()

    def take(self, limit):
        """Return the imported pulses since the last call, at most `limit`; the rest stays."""
        pulses = min(limit, self._imported)
        self._imported -= pulses
        return pulses

    def take_export(self):
        """Return all exported pulses since the last call."""
        pulses = self._exported
        self._exported = 0
        return pulses

    def _count(self, counts, exported=False):
        """Add counts of the chip."""
        if exported:
            pulses = self._export.add(counts)
            self._held_export += pulses
        else:
            pulses = self._import.add(counts)
            self._held += pulses
        self._counted += pulses

    def _good(self, load_x10):
        """Judge the values in `_found`. Return False if they cannot be: nor is there energy then.

        load_x10: as in Limits.judge. A false answer is no part of the reading; once there are too
        many of them, the reading fails, and what energy they have is not taken.
        """
        fault = self._limits.judge(self._found, self._counted, load_x10)
        self._counted = 0
        self._false = fault != OK
        if fault:
            self._lies = min(self._lies + _LIE, _LIES)
            if self._lies == _LIES:
                self._fail(STUCK if fault == STUCK else IMPLAUSIBLE)
        elif self._lies:
            self._lies -= 1
        if fault != IMPLAUSIBLE:
            return True
        if self._lying():
            self._held = self._held_export = 0
        return False

    def _lying(self):
        return self._lies and self.reading.fault >= IMPLAUSIBLE

    def _measured(self):
        """Take the values and the energy of a good answer."""
        self._failures = 0
        if self._lying():
            if self._false:
                self._held = self._held_export = 0
            return
        self._imported += self._held
        self._exported += self._held_export
        self._held = self._held_export = 0
        if self._false:
            return
        reading, found = self.reading, self._found
        reading.mv, reading.ma, reading.neutral_ma = found.mv, found.ma, found.neutral_ma
        reading.w_x10, reading.var_x10 = found.w_x10, found.var_x10
        reading.pf_x1000, reading.hz_x100 = found.pf_x1000, found.hz_x100
        reading.fault = OK
        reading.changed()

    def _failed(self, fault):
        """Note a bad measurement; several in a row make the reading unknown."""
        self._failures += 1
        if self._failures >= _FAILURES:
            self._fail(fault)

    def _fail(self, fault):
        """Make the reading unknown."""
        self._found.clear()
        self.reading.failed(fault)


def gains_crc(gains):
    """Return the checksum that is stored beside three gains."""
    return crc32(("%d,%d,%d" % tuple(gains)).encode()) & 0xFFFFFFFF


def signed(ratio, value):
    """Return `value`, which may be negative, times a Ratio, rounded towards 0."""
    return -ratio.of(-value) if value < 0 else ratio.of(value)


def power_factor(w_x10, mv, ma):
    """Return active by apparent power, 0 to 1000, None for too small an apparent power.

    It is None too unless mv, ma and w_x10 without its sign are below 1,000,000.
    """
    if mv >= _MOST or ma >= _MOST or abs(w_x10) >= _MOST:
        return None
    # In two steps for less than 2^30: 0.1 V times 1 mA, or times 10 mA.
    va_x10 = (mv // 100) * ma // 1000 if ma < 100000 else (mv // 100) * (ma // 10) // 100
    if va_x10 < _LEAST_VA_X10:
        return None
    return min(1000, abs(w_x10) * 1000 // va_x10)
