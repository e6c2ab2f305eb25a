"""Over-voltage and under-voltage, with a hysteresis: recorded, and a reason to open if set so.

Where they open the supply, it is not closed after a start before the voltage was measured once; a
part that has not done so within the delay may not measure it at all.
"""

from meterbus import codes
from runtime import overlay

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_OK, _HIGH, _LOW = 0, 1, 2
_EVENTS = (codes.EVENT_VOLTAGE_GOOD, codes.EVENT_VOLTAGE_HIGH, codes.EVENT_VOLTAGE_LOW)
_MOST_MS = const(1 << 29)
# Of the values: V, seconds, and whether the supply opens.
_OVER_V = const(0)
_UNDER_V = const(1)
_HYSTERESIS_V = const(2)
_DELAY_S = const(3)
_OPENS = const(4)


class Voltage:
    """A feature: see core.py. state: 0 good, 1 too high, 2 too low; kept while the voltage is
    unknown."""

    def __init__(self, meter):
        self._meter = meter
        self.values = overlay.call("meterbus.parameters", "load", meter.settings, "voltage")
        meter.supply.holds = bool(self.values[_OPENS])
        self.state = _OK
        self._other_ms = 0

    def open_reasons(self):
        """Return VOLTAGE if it is to open the supply."""
        return codes.VOLTAGE if self.state and self.values[_OPENS] else 0

    def tick(self, supply_ms, _real_ms):
        """Let supply time pass."""
        mv, supply = self._meter.metering.reading.mv, self._meter.supply
        delay_ms = 1000 * self.values[_DELAY_S]
        if mv is None:
            if supply.holds:
                self._other_ms += supply_ms
                supply.holds = self._other_ms < delay_ms
            return
        if supply.holds:
            delay_ms = 0
            supply.holds = False
        found = self._found(mv)
        if found == self.state:
            self._other_ms = 0
            return
        self._other_ms = min(self._other_ms + supply_ms, _MOST_MS)
        if self._other_ms >= delay_ms:
            self._other_ms = 0
            self.state = found
            self._meter.events.note(_EVENTS[found], min(mv // 100, 0xFFFF), 2)

    def _found(self, mv):
        values = self.values
        high = values[_OVER_V] - (values[_HYSTERESIS_V] if self.state == _HIGH else 0)
        low = values[_UNDER_V] + (values[_HYSTERESIS_V] if self.state == _LOW else 0)
        if mv > 1000 * high:
            return _HIGH
        return _LOW if mv < 1000 * low else _OK
