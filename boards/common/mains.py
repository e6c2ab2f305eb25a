"""Simulated mains: 230 V, and a load in watts that is converted to meter pulses."""

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
    """The energy through the relay in pulses. `elapsed_ms()`: supply time since its last call."""

    PULSES_PER_KWH = 1000

    def __init__(self, elapsed_ms):
        self._elapsed_ms = elapsed_ms
        self._load_w = 0
        self._flowing = False
        self._waiting = 0  # W * ms that are not a pulse yet, or not taken

    def set_load(self, watts):
        """Set the customer's load, 0..MAX_LOAD_W."""
        self._count()
        self._load_w = watts

    def relay_moved(self, closed):
        """Report the relay's position. Pulses not taken are discarded when it opens."""
        self._count()
        self._flowing = closed
        if not closed:
            self._waiting %= _W_MS_PER_KWH // self.PULSES_PER_KWH

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

    def read(self):
        """Return (mV, mA, W, Hz * 100)."""
        watts = self._load_w if self._flowing else 0
        return _VOLTAGE_MV, watts * 1000 * 1000 // _VOLTAGE_MV, watts, _FREQUENCY_X100
