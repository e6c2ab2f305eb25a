"""How many days the credit lasts at the consumption of the last seven days of supply time."""

import struct

from meterbus import codes

from ..store.slots import unpack

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_DAYS = const(7)
_DAY_MIN = const(1440)
_MINUTE_MS = const(60000)
# energy_wh at the day's beginning, its minutes so far, days, their Wh of 24 bits in two parts
_RECORD = ">IHBBHBHBHBHBHBHBH"
_RECORD_1 = ">IHB7I"  # of version 1
_WRAP = 0xFFFFFFFF
_MOST_WH = const(0xFFFFFF)


class Forecast:
    """A feature: see core.py."""

    def __init__(self, meter):
        self._meter = meter
        self._ms = 0
        self.records = ((14, 2, self._pack, self._unpack),)
        self._unpack(None, 0)

    def days_left(self):
        """Return the days, 0 without credit; None before a whole day, or where nothing is used."""
        account = self._meter.account
        used = sum(self._used[: self._count])
        if account.currency:
            used = account.cost(used, self._count)
        if not self._count or not used:
            return None
        return max(0, account.credit) * self._count // used

    def tick(self, supply_ms, _real_ms):
        """Let supply time pass."""
        self._ms += supply_ms
        if self._ms < _MINUTE_MS:
            return
        self._minutes += self._ms // _MINUTE_MS
        self._ms %= _MINUTE_MS
        while self._minutes >= _DAY_MIN:
            self._minutes -= _DAY_MIN
            energy_wh = self._meter.account.energy_wh
            used_wh = min(energy_wh - self._start_wh & _WRAP, _MOST_WH)
            self._used = [used_wh] + self._used[: _DAYS - 1]
            self._count = min(self._count + 1, _DAYS)
            self._start_wh = energy_wh
            self._meter.changed()

    def _pack(self, buf, at):
        values = [self._start_wh, self._minutes, self._count]
        for used_wh in self._used:
            values += (used_wh >> 16, used_wh & 0xFFFF)
        struct.pack_into(_RECORD, buf, at, *values)
        return struct.calcsize(_RECORD)

    def _unpack(self, data, version):
        if version == 1:
            values = unpack(_RECORD_1, data, None)
            used = [min(wh, _MOST_WH) for wh in values[3:]]
        else:
            default = (self._meter.account.energy_wh, 0, 0) + (0, 0) * _DAYS
            values = unpack(_RECORD, data, default)
            used = [values[at] << 16 | values[at + 1] for at in range(3, 3 + 2 * _DAYS, 2)]
        self._start_wh, self._minutes, self._count = values[:3]
        if self._minutes >= _DAY_MIN or self._count > _DAYS:
            raise ValueError("days")
        self._used = used

    CODES = (
        (
            "822",
            "Days left",
            codes.KNOWN_LEDGER,
            lambda self: None if self.days_left() is None else "%d" % self.days_left(),
        ),
    )
