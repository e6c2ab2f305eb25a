"""Simulated mains: 230 V, and a load in watts that is converted to meter pulses."""

from drivers.reading import Reading

_VOLTAGE_MV = 230000
_FREQUENCY_X100 = 5000
_W_MS_PER_KWH = 3600 * 1000 * 1000
MAX_LOAD_W = 100000


class Relay:
    """The contact. `changed(closed)` is called when it moves; it is open at the start."""

    def __init__(self, changed):
        self._changed = changed
        self._closed = False
        changed(False)

    def _move(self, closed):
        if closed != self._closed:
            self._closed = closed
            self._changed(closed)

    def open(self):
        self._move(False)

    def close(self):
        self._move(True)

    def closed(self):
        """Return whether the contact is closed."""
        return self._closed


class Metering:
    """The energy through the relay in pulses. `elapsed_ms()`: supply time since its last call.

    The load has power factor 1, and no energy is exported.
    """

    PULSES_PER_KWH = 1000

    def __init__(self, elapsed_ms):
        self._elapsed_ms = elapsed_ms
        self._load_w = 0
        self._flowing = False
        self._waiting = 0  # W * ms that are not a pulse yet, or not taken
        self.reading = Reading()
        self._measure()

    def set_load(self, watts):
        """Set the customer's load, 0..MAX_LOAD_W."""
        self._count()
        self._load_w = watts
        self._measure()

    def relay_moved(self, closed):
        """Report the relay's position. Pulses not taken are discarded when it opens."""
        self._count()
        self._flowing = closed
        if not closed:
            self._waiting %= _W_MS_PER_KWH // self.PULSES_PER_KWH
        self._measure()

    def _count(self):
        passed = self._elapsed_ms()
        if self._flowing:
            self._waiting += passed * self._load_w

    def take(self, limit):
        """Return the pulses since the last call, at most `limit`."""
        self._count()
        a_pulse = _W_MS_PER_KWH // self.PULSES_PER_KWH
        pulses = min(limit, self._waiting // a_pulse)
        self._waiting -= pulses * a_pulse
        return pulses

    def take_export(self):
        """Return 0: see above."""
        return 0

    def elapsed(self, _ms):
        """Measure; the time that counts is that of `elapsed_ms`."""
        self._measure()

    def _measure(self):
        watts = self._load_w if self._flowing else 0
        reading = self.reading
        reading.mv = _VOLTAGE_MV
        reading.ma = watts * 100 // (_VOLTAGE_MV // 10000)
        reading.w_x10 = 10 * watts
        reading.var_x10 = 0
        reading.pf_x1000 = 1000 if watts else None
        reading.hz_x100 = _FREQUENCY_X100
        reading.changed()
