"""What the drivers of metering chips have in common: counts, gains, and a reading that fails."""

from binascii import crc32

from .ratio import Ratio
from .reading import OK, Reading

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


ONE = const(1000000)
GAINS = (ONE, ONE, ONE)  # of voltage, current and power, in parts per million
_FAILURES = const(3)  # bad measurements in a row that make the reading unknown
_LEAST_VA_X10 = const(50)  # below this a power factor is noise


class Part:
    """A metering part: see boards/README.md. A driver extends it.

    Energy counts from the chip's first answers after the start of the driver. A count of the chip
    is `numerator` / `denominator` of a pulse; the power's gain applies to energy as well. Import
    and export each keep the remainder, so that the pulses of any number of counts are their exact
    energy, rounded down.
    """

    PULSES_PER_KWH = 10000

    def __init__(self, numerator, denominator, gains):
        """gains: as GAINS. Raise ValueError if one is not positive or is out of range."""
        self._import = Ratio(numerator * gains[2], denominator * ONE)
        self._export = Ratio(numerator * gains[2], denominator * ONE)
        self._imported = 0
        self._exported = 0
        self._failures = 0
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
            self._exported += self._export.add(counts)
        else:
            self._imported += self._import.add(counts)

    def _measured(self):
        """Note that the reading has the values of a good measurement."""
        self._failures = 0
        self.reading.fault = OK
        self.reading.changed()

    def _failed(self, fault):
        """Note a bad measurement; several in a row make the reading unknown."""
        self._failures += 1
        if self._failures >= _FAILURES:
            self.reading.failed(fault)


def gains_crc(gains):
    """Return the checksum that is stored beside three gains."""
    return crc32(("%d,%d,%d" % tuple(gains)).encode()) & 0xFFFFFFFF


def signed(ratio, value):
    """Return `value`, which may be negative, times a Ratio, rounded towards 0."""
    return -ratio.of(-value) if value < 0 else ratio.of(value)


def power_factor(w_x10, mv, ma):
    """Return active by apparent power, 0 to 1000, None for too small an apparent power.

    mv: below 1,000,000; ma: below 1,000,000; w_x10: below 1,000,000 without its sign.
    """
    # In two steps for less than 2^30: 0.1 V times 1 mA, or times 10 mA.
    va_x10 = (mv // 100) * ma // 1000 if ma < 100000 else (mv // 100) * (ma // 10) // 100
    if va_x10 < _LEAST_VA_X10:
        return None
    return min(1000, abs(w_x10) * 1000 // va_x10)
