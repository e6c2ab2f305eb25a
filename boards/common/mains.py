"""Simulated mains: a voltage, and loads that are converted to meter pulses."""

from drivers.reading import Reading

VOLTAGE_V = 230
_FREQUENCY_X100 = 5000
_X10_MS_PER_KWH = 10 * 3600 * 1000 * 1000
_MEASURED_MS = 800  # supply time between two measurements, as those of a metering chip
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

    It measures as a chip with reactive power and the current in the neutral wire. The reading has
    the values of now at all times; its number changes with each measurement.
    """

    PULSES_PER_KWH = 1000
    EXPORTS = True

    def __init__(self, elapsed_ms):
        self._elapsed_ms = elapsed_ms
        self.load_w = 0
        self.mains = (VOLTAGE_V, 0, 0, 0, 0, 0, 0)
        self.lie = 0
        self._flowing = False
        self._waiting = self._exported = 0  # 0.1 W * ms that are not a pulse yet, or not taken
        self._measured_ms = 0
        self.reading = Reading()
        self._measure()

    def put(self, name, value):
        """Set one of these attributes.

        load_w: the customer's load, a resistance, W at 230 V; a generator if it is negative.
        mains: (V; what is switched on besides, at 230 V: W of resistances, W of electronics and
        motors, var, VA of harmonics; a resistance past the meter in W, whose current is in the
        neutral wire only; 1 if the current flows in the other direction, else 0). The power of a
        resistance varies as the square of the voltage.
        lie: what a driver finds in a part that answers nonsense, IMPLAUSIBLE or STUCK of
        drivers/reading.py, 0 for none.
        """
        self._count()
        self.reading.fault = 0
        setattr(self, name, value)
        self._measure()

    def relay_moved(self, closed):
        """Report the relay's position. Pulses not taken are discarded when it opens."""
        self._count()
        self._flowing = closed
        if not closed:
            self._waiting %= _X10_MS_PER_KWH // self.PULSES_PER_KWH
        self._measure()

    def _count(self):
        passed = self._elapsed_ms()
        self._measured_ms += passed
        if self.lie:
            return  # what it counts is not taken
        if self.reading.w_x10 < 0:
            self._exported -= passed * self.reading.w_x10
        else:
            self._waiting += passed * self.reading.w_x10

    def take(self, limit):
        """Return the pulses since the last call, at most `limit`."""
        self._count()
        a_pulse = _X10_MS_PER_KWH // self.PULSES_PER_KWH
        pulses = min(limit, self._waiting // a_pulse)
        self._waiting -= pulses * a_pulse
        return pulses

    def take_export(self):
        """Return the exported pulses since the last call."""
        self._count()
        a_pulse = _X10_MS_PER_KWH // self.PULSES_PER_KWH
        pulses, self._exported = divmod(self._exported, a_pulse)
        return pulses

    def elapsed(self, _ms):
        """Measure, if it is time; the time that counts is that of `elapsed_ms`."""
        self._count()
        if self._measured_ms >= _MEASURED_MS:
            self._measured_ms = 0
            self.reading.changed()

    def _measure(self):
        if self.lie:
            self.reading.failed(self.lie)
            return
        volts, resistive, constant, reactive, harmonic, bypass_w, turned = self.mains
        mv = 1000 * volts
        p = q = s = 0  # 0.1 W
        if self._flowing:
            p = 10 * (resistive + self.load_w) * volts * volts // 52900 + 10 * constant
            q = 10 * reactive * volts * volts // 52900
            s = max(abs(p), int((p * p + q * q + 100 * harmonic * harmonic) ** 0.5))
        reading = self.reading
        reading.mv = mv
        reading.ma = s * 100000 // mv
        reading.neutral_ma = reading.ma + bypass_w * mv // 52900
        reading.w_x10 = -p if turned else p
        reading.var_x10 = -q if turned else q
        reading.pf_x1000 = abs(p) * 1000 // s if s else None
        reading.hz_x100 = _FREQUENCY_X100
