"""Friendly hours and days: the supply is not opened for want of credit then.

It stays open where it was open before. Whether it stayed closed for that is kept over a power cut
(supply/control.py), while the time is friendly. Without a clock there are no such times.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_DAY_MIN = const(1440)
_THURSDAY = const(3)  # 1970-01-01, Monday is 0
_CHECK_MS = const(1000)


class Friendly:
    """A feature: see core.py. Times are minutes of the local day; from = to: none."""

    def __init__(self, meter):
        self._meter = meter
        number = meter.settings.number
        self._from = number("friendly_from_min", 0, 0, _DAY_MIN)
        self._to = number("friendly_to_min", 0, 0, _DAY_MIN)
        self._days = number("friendly_days", 0, 0, 127)  # bit 0 is Monday
        self._offset = number("utc_offset_min", 0, -_DAY_MIN, _DAY_MIN)
        self._waited_ms = _CHECK_MS

    def tick(self, _supply_ms, real_ms):
        """Look at the clock once a second."""
        self._waited_ms += real_ms
        if self._waited_ms < _CHECK_MS or not (self._days or self._from != self._to):
            return
        self._waited_ms = 0
        account = self._meter.account
        friendly = self.now() and (account.friendly or not account.open_reasons())
        if friendly != account.friendly:
            account.friendly = friendly
            self._meter.changed()

    def now(self):
        """Return whether the time is a friendly one, False if it is unknown."""
        unix = self._meter.unix()
        if unix is None:
            return False
        minutes = unix // 60 + self._offset
        minute = minutes % _DAY_MIN
        if self._days >> (minutes // _DAY_MIN + _THURSDAY) % 7 & 1:
            return True
        if self._from <= self._to:
            return self._from <= minute < self._to
        return minute >= self._from or minute < self._to
