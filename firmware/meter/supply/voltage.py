"""Over-voltage and under-voltage, with a hysteresis: recorded, and a reason to open if set so.

Where they open the supply, it is not closed after a start before the voltage was measured once; a
part that has not done so within the delay may not measure it at all.
"""

from meterbus import codes

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_OK, _HIGH, _LOW = 0, 1, 2
_EVENTS = (codes.EVENT_VOLTAGE_GOOD, codes.EVENT_VOLTAGE_HIGH, codes.EVENT_VOLTAGE_LOW)
_MOST_MS = const(1 << 29)


class Voltage:
    """A feature: see core.py. state: 0 good, 1 too high, 2 too low; kept while the voltage is
    unknown."""

    def __init__(self, meter):
        self._meter = meter
        number = meter.settings.number
        self._high_mv = 1000 * number("over_voltage_v", 276, 100, 500)
        self._low_mv = 1000 * number("under_voltage_v", 160, 0, 500)
        self._hysteresis_mv = 1000 * number("voltage_hysteresis_v", 5, 0, 50)
        self._delay_ms = 1000 * number("voltage_delay_s", 10, 1, 3600)
        self._opens = number("voltage_opens", 0, 0, 1)
        meter.supply.holds = bool(self._opens)
        self.state = _OK
        self._other_ms = 0

    def open_reasons(self):
        """Return VOLTAGE if it is to open the supply."""
        return codes.VOLTAGE if self.state and self._opens else 0

    def tick(self, supply_ms, _real_ms):
        """Let supply time pass."""
        mv, supply = self._meter.metering.reading.mv, self._meter.supply
        if mv is None:
            if supply.holds:
                self._other_ms += supply_ms
                supply.holds = self._other_ms < self._delay_ms
            return
        delay_ms = 0 if supply.holds else self._delay_ms
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
        high = self._high_mv - (self._hysteresis_mv if self.state == _HIGH else 0)
        low = self._low_mv + (self._hysteresis_mv if self.state == _LOW else 0)
        if mv > high:
            return _HIGH
        return _LOW if mv < low else _OK
