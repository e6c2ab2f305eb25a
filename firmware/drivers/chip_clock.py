"""The time of day from a clock chip that may be absent, stopped or wrong.

The chip is read once a minute; in between the board counts. Every reading must agree with that
count. When three in a row do not, the time is unknown: until the chip agrees again or the clock is
set. A chip whose time jumped, or stands still, is not believed before that: the time decides about
friendly hours, and whoever can reach the two wires could change it there.
"""

from .ds3231 import OK, WRONG

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_FIRST_MS = const(4500)  # a chip that stands still is found soon after the start
_PERIOD_MS = const(60000)
_TRIES = const(3)
_TOLERANCE_S = const(2)
_DRIFT = const(4096)  # one second more for so many since the last good reading


class ChipClock:
    """A clock. `chip` has read, write and fault: see ds3231.py.

    fault: of the chip, 0 none. It may have a fault while the time is known: when the clock was set
    although the chip did not take it, the board alone counts until its power fails.
    """

    def __init__(self, chip):
        self._chip = chip
        self._unix = None  # UTC seconds at the last good reading, None: there was none
        self._ms = 0  # since
        self._wait_ms = _FIRST_MS  # until the next reading
        self._failures = 0
        self._known = False
        self._alone = False  # the chip has not taken the time that was set
        before = chip.read()
        self._unix = chip.read()
        self.fault = chip.fault
        if before is not None and self._unix is not None:
            self._known = 0 <= self._unix - before <= 1
            self.fault = OK if self._known else WRONG

    def unix(self):
        """Return UTC seconds since 1970, None while the time is unknown."""
        if not self._known or self._unix is None:
            return None
        return self._unix + self._ms // 1000

    def set(self, unix):
        """Set the clock and the chip."""
        self._alone = not self._chip.write(unix)
        self.fault = self._chip.fault
        self._unix = unix
        self._ms = self._failures = 0
        self._wait_ms = _FIRST_MS
        self._known = True

    def elapsed(self, ms):
        """Count `ms` of real time, and compare with the chip when it is due."""
        self._ms += ms
        self._wait_ms -= ms
        if self._wait_ms <= 0:
            self._compare()

    def _compare(self):
        found = self._chip.read()
        fault = self._chip.fault
        if found is not None and self._unix is not None:
            passed = self._ms // 1000
            if abs(found - self._unix - passed) > _TOLERANCE_S + passed // _DRIFT:
                fault = WRONG
        if fault != OK:
            self._failed(fault)
            return
        self._known = self._unix is not None  # a first reading must be followed by another
        self._unix = found
        self._ms = self._failures = 0
        self.fault = OK
        self._alone = False
        self._wait_ms = _PERIOD_MS if self._known else _FIRST_MS

    def _failed(self, fault):
        self._failures += 1
        if self._failures < _TRIES:
            return  # read again at the next call: one damaged answer means nothing
        self._failures = 0
        self._wait_ms = _PERIOD_MS
        self.fault = fault
        if not self._alone:
            self._known = False
