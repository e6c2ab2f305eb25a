"""Energy and power from a counter of S0 pulses (IEC 62053-31)."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_WINDOW_MS = const(2000)  # the loop reads the counter every 20 ms: an error of 1 % of 2 s
_LONGEST_MS = const(3600000)
_WRAP = 0xFFFFFFFF
# More pulses than a meter outputs within the timeout of the watchdog: the counter was restarted or
# disturbed between two reads, and the number of pulses is unknown.
_MOST_PULSES = const(10000)


class S0Meter:
    """A metering part as described in boards/README.md. `counter.value()`: pulses modulo 2^32.

    PULSES_PER_KWH: the constant printed on the meter. Voltage and current cannot be derived from
    pulses: they are None. Power is the mean between pulses 2 s or more apart; without a pulse it
    falls to the value that a pulse at this moment would give.
    """

    def __init__(self, counter, pulses_per_kwh=1000):
        self.PULSES_PER_KWH = pulses_per_kwh
        self._counter = counter
        self._seen = counter.value()
        self._waiting = 0
        self._w_ms = 3600000000 // pulses_per_kwh  # W times ms of one pulse
        self._pulses = 0
        self._ms = 0
        self._fresh = False  # a pulse came since the last call of elapsed
        self._running = False  # there was a pulse to measure from
        self._watts = 0

    def take(self, limit):
        """Return the pulses since the last call, at most `limit`; the next call has the rest."""
        self._read_counter()
        pulses = min(limit, self._waiting)
        self._waiting -= pulses
        return pulses

    def read(self):
        """Return (mV, mA, W, Hz * 100), None for what the part does not measure."""
        return None, None, self._watts, None

    def elapsed(self, ms):
        """Compute the power. `ms` have elapsed since the last call."""
        self._read_counter()
        self._ms = min(self._ms + ms, _LONGEST_MS)
        if not self._fresh:
            if self._watts and self._ms > _WINDOW_MS:
                self._watts = min(self._watts, self._w_ms // self._ms)
            return
        self._fresh = False
        if self._running and self._ms < _WINDOW_MS:
            return
        if self._running:
            self._watts = self._pulses * self._w_ms // self._ms
        self._running = True
        self._pulses = 0
        self._ms = 0

    def _read_counter(self):
        now = self._counter.value()
        if now == self._seen:
            return
        new = now - self._seen & _WRAP
        self._seen = now
        if new > _MOST_PULSES:
            return
        self._waiting += new
        self._pulses += new
        self._fresh = True
