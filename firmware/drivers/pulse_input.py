"""Pulses of an S0 output counted by polling a pin, for chips without a hardware counter.

IEC 62053-31: a pulse and the pause after it last 30 ms or more each. The pin is pulled up and the
meter pulls it low. No pulse is missed if the pin is read at least every 15 ms. A level is accepted
after `min_ms`, so contact bounce and spikes are ignored.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


MIN_MS = const(10)


class PulseInput:
    """A pulse counter. `pin` is a function that returns the level (a Pin is suitable)."""

    def __init__(self, pin, min_ms=MIN_MS):
        self._pin = pin
        self._min_ms = min_ms
        self._level = pin()
        self._other_ms = -1  # duration of the opposite level, -1 if the pin does not have it
        self._count = 0

    def scan(self, ms):
        """Read the pin; `ms` have passed since the last call."""
        level = self._pin()
        if level == self._level:
            self._other_ms = -1
            return
        # The first read of a new level only starts the time: it may have changed just now.
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
