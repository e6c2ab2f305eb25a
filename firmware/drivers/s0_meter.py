"""Energy and power from a counter of S0 pulses (IEC 62053-31)."""

from .limits import per_s
from .pulse_power import PulsePower
from .reading import IMPLAUSIBLE, OK, Reading

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_WRAP = 1 << 32
_ROOM_S = const(10)  # the counter is read within the timeout of the watchdog
_LEAST_ROOM = const(100)
_LIE, _LIES = const(2), const(6)  # leaky: two more for a false read, one less for a good second
_SECOND_MS = const(1000)


class S0Meter:
    """A metering part as described in boards/README.md. `counter.value()`: pulses modulo 2^32.

    PULSES_PER_KWH: the constant printed on the meter, which also is its calibration. The reading
    has the power only. Pulses have no direction: there is no export, and a meter that outputs
    pulses for both directions counts both as import. More pulses than the greatest power has are a
    disturbed counter or noise: they do not count, and if they go on, the reading fails.
    """

    def __init__(self, counter, pulses_per_kwh=1000):
        self.PULSES_PER_KWH = pulses_per_kwh
        self.reading = Reading()
        self.reading.w_x10 = 0
        self._power = PulsePower(1, pulses_per_kwh)
        self._counter = counter
        self._seen = counter.value()
        self._waiting = 0
        self._rate = per_s("s0", pulses_per_kwh)
        self._most = max(_LEAST_ROOM, self._rate * _ROOM_S)
        self._room = self._most  # pulses that may have come since the last ones
        self._lies = 0
        self._ms = 0

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
        self._ms += ms
        if self._ms >= _SECOND_MS:
            self._room = min(self._room + self._rate * (self._ms // _SECOND_MS), self._most)
            self._ms %= _SECOND_MS
            if self._lies:
                self._lies -= 1
        self._read_counter()
        if self._lies and self.reading.fault:
            return
        if self._power.elapsed(ms) or self.reading.fault:
            self.reading.fault = OK
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
        if new > self._room:
            self._lies = min(self._lies + _LIE, _LIES)
            if self._lies == _LIES:
                self.reading.failed(IMPLAUSIBLE)
            return
        self._room -= new
        if self._lies and self.reading.fault:
            return
        self._waiting += new
        self._power.add(new)
