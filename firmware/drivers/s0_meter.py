"""Energy and power from a counter of S0 pulses (IEC 62053-31)."""

from .pulse_power import PulsePower
from .reading import Reading

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_WRAP = 1 << 32
# More pulses than a meter outputs within the timeout of the watchdog: the counter was restarted or
# disturbed between two reads, and the number of pulses is unknown.
_MOST_PULSES = const(10000)


class S0Meter:
    """A metering part as described in boards/README.md. `counter.value()`: pulses modulo 2^32.

    PULSES_PER_KWH: the constant printed on the meter, which also is its calibration. The reading
    has the power only. Pulses have no direction: there is no export, and a meter that outputs
    pulses for both directions counts both as import.
    """

    def __init__(self, counter, pulses_per_kwh=1000):
        self.PULSES_PER_KWH = pulses_per_kwh
        self.reading = Reading()
        self.reading.w_x10 = 0
        self._power = PulsePower(1, pulses_per_kwh)
        self._counter = counter
        self._seen = counter.value()
        self._waiting = 0

    def take(self, limit):
        """Return the pulses since the last call, at most `limit`; the next call has the rest."""
        self._read_counter()
        pulses = min(limit, self._waiting)
        self._waiting -= pulses
        return pulses

    def take_export(self):
        """Return 0: see above."""
        return 0

    def elapsed(self, ms):
        """Compute the power. `ms` have elapsed since the last call."""
        self._read_counter()
        if self._power.elapsed(ms):
            self.reading.w_x10 = self._power.w_x10
            self.reading.changed()

    def _read_counter(self):
        now = self._counter.value()
        if now == self._seen:
            return
        new = now - self._seen
        if new < 0:
            new += _WRAP
        self._seen = now
        if new > _MOST_PULSES:
            return
        self._waiting += new
        self._power.add(new)
