"""Counts pulses of an S0 output by reading a pin, for chips without a counter in hardware.

IEC 62053-31: a pulse and the pause after it last 30 ms or more each. The pin is pulled up and the
meter pulls it down. Read at least every 15 ms, none is missed; a level counts when it was there
for `min_ms`, so contact bounce and spikes do not.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


MIN_MS = const(10)


class PulseInput:
    """`pin`: a function that returns the level, such as a Pin."""

    def __init__(self, pin, min_ms=MIN_MS):
        self._pin = pin
        self._min_ms = min_ms
        self._level = pin()
        self._other_ms = -1  # how long the other level has been there, -1 it is not
        self._count = 0

    def scan(self, ms):
        """Read the pin; `ms` have passed since the last call."""
        level = self._pin()
        if level == self._level:
            self._other_ms = -1
            return
        # The first sight of a new level only starts the time: it may have changed just now.
        self._other_ms = 0 if self._other_ms < 0 else self._other_ms + ms
        if self._other_ms < self._min_ms:
            return
        self._level = level
        self._other_ms = -1
        if not level:
            self._count += 1

    def value(self):
        """Return the pulses since the start."""
        return self._count
