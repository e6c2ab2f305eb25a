"""Maximum demand: the greatest mean power of a period, W, in this month and in the one before.

A period is "demand_period_min" of UTC and consists of "demand_slides" steps: with 1 the periods
follow each other (block), with more a period ends with each step (sliding). A month is a local
one; it begins with the first step that does.

A power failure within a step does not end it, and steps without power have no energy. Where the
clock is set or the time becomes unknown, the step that runs ends with the energy so far, and the
next period begins anew: the demand is never greater than it was.
"""

import struct

from meterbus import energy_rows, registers

from ..months import month_of
from ..store import pair

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_PERIODS = (5, 10, 15, 20, 30, 60)
_MOST_SLIDES = const(6)
_PLACE = const(1536)  # of two entries in the store, behind the ledger's slots
_SIZE = const(58)
_VERSION = const(1)
# number, version, minutes of a period and of a step, steps in the window, month; maximum with the
# end of its period, those of the month before; step that runs, energy_wh at its beginning; window
_FORM = ">IBBBBH6I5I"
_KNOWN = energy_rows.DEMAND_KNOWN
_LAST_KNOWN = energy_rows.LAST_DEMAND_KNOWN
_UNKNOWN = 0xFFFFFFFF
_WRAP = 0xFFFFFFFF
_CLOCK_ERROR_S = const(10)


class Demand:
    """A feature: see core.py.

    max_w, max_at: W, UTC seconds of the end of the period; None if unknown. last_w, last_at: of
    the month before.
    """

    def __init__(self, meter):
        self._meter = meter
        number = meter.settings.number
        period = number("demand_period_min", 30, 5, 60)
        self._slides = number("demand_slides", 1, 1, _MOST_SLIDES)
        if period not in _PERIODS:
            meter.settings.note("demand_period_min")
            period = 30
        if period % self._slides:
            meter.settings.note("demand_slides")
            self._slides = 1
        self._period_min = period
        self._step_s = 60 * period // self._slides
        self._offset_s = 60 * number("utc_offset_min", 0, -1440, 1440)
        self.max_w = self.max_at = self.last_w = self.last_at = None
        self._month = 0
        self._now = 0  # the step that runs, UTC divided by its length; 0 for none
        self._start_wh = 0  # the energy at its beginning
        self._window = []  # energy of the steps before it, without a gap
        self._number = 0  # of the newest entry
        self._entry = bytearray(_SIZE)
        self._readable = None  # None: the store was not read yet
        self._unwritten = self._moved = False
        self._left_ms = 0  # until the time is looked at
        energy_rows.add(energy_rows.DEMAND)

    def known(self):
        """Return DEMAND_KNOWN and LAST_DEMAND_KNOWN, each if there is such a maximum."""
        bits = 0
        if self._meter.ledger.loaded:
            if self.max_w is not None:
                bits |= _KNOWN
            if self.last_w is not None:
                bits |= _LAST_KNOWN
        return bits

    def clock_set(self):
        """Note that the clock was set, by more than it may be wrong."""
        self._left_ms = 0
        self._moved = True

    def tick(self, _supply_ms, real_ms):
        """Let real time pass. Nothing is allocated unless a step ends."""
        self._left_ms -= real_ms
        if self._left_ms <= 0 and self._meter.ledger.loaded:
            self._look()

    def _look(self):
        """Compare the time with the step that runs."""
        first = self._readable is None
        if first:
            self._readable = self._load()
        unix = self._meter.unix()
        number, left_s = 0, self._step_s
        if unix is not None:
            number = unix // self._step_s
            left_s -= unix % self._step_s
        self._left_ms = 1000 * left_s
        moved, self._moved = self._moved, False
        same = number == self._now
        if not self._readable or (same and not number):
            return
        if same and not moved and (first or left_s <= _CLOCK_ERROR_S):
            return
        after = number - self._now
        self._end(number, not moved and (after == 1 or (first and after > 0)))

    def _end(self, number, follows):
        """End the step that runs, and begin the step `number`, 0 for none.

        follows: there was no other energy between the two.
        """
        energy_wh = self._meter.account.energy_wh
        wh = energy_wh - self._start_wh & _WRAP
        before = self._slides - 1
        if self._now and wh < 1 << 31:  # more: the ledger is another one
            if len(self._window) == before:
                self._judge((sum(self._window) + wh) * 60 // self._period_min)
            self._window.append(wh)
        if self._now and number and follows:
            window = self._window + [0] * min(number - self._now - 1, before)
            self._window = window[max(0, len(window) - before) :]
        else:
            self._window = []
        self._now, self._start_wh = number, energy_wh
        if number:
            month = month_of((number * self._step_s + self._offset_s) // 86400)
            if month != self._month:
                self.last_w, self.last_at = self.max_w, self.max_at
                self.max_w = self.max_at = None
                self._month = month
        self._unwritten = True
        self._meter.changed()

    def _judge(self, power_w):
        if self.max_w is None or power_w > self.max_w:
            self.max_w = power_w
            self.max_at = (self._now + 1) * self._step_s

    def _load(self):
        """Take over the newest entry; return False if the store cannot be used."""
        try:
            self._number = pair.newest(self._meter.store, _PLACE, self._entry)
        except OSError:
            return False
        if not self._number:
            return True
        found = struct.unpack(_FORM, self._entry[:-4])
        if found[1] != _VERSION:
            return False  # of a newer firmware: it is left alone
        if found[2] != self._period_min or found[3] != self._step_s // 60:
            return True  # another demand than that of the settings
        self._month = found[5]
        values = [None if value == _UNKNOWN else value for value in found[6:10]]
        self.max_w, self.max_at, self.last_w, self.last_at = values
        self._now, self._start_wh = found[10:12]
        self._window = list(found[12 : 12 + found[4]])
        return True

    def saved(self):
        """Write the state, if it is not there; again with the next ledger where that fails."""
        if not self._unwritten:
            return
        maxima = self.max_w, self.max_at, self.last_w, self.last_at
        values = [self._number + 1, _VERSION, self._period_min, self._step_s // 60]
        values += [len(self._window), self._month]
        values += [_UNKNOWN if value is None else value for value in maxima]
        values += [self._now, self._start_wh]
        values += (self._window + [0] * _MOST_SLIDES)[: _MOST_SLIDES - 1]
        struct.pack_into(_FORM, self._entry, 0, *values)
        try:
            pair.save(self._meter.store, _PLACE, self._entry)
        except OSError:
            return
        self._number += 1
        self._unwritten = False

    def _time(self, unix):
        return _text((unix + self._offset_s) // 60)

    REGISTERS = {
        "sdm_max_demand": lambda self: registers.milli(1000 * self.max_w),
        "sdm_max_import_demand": lambda self: registers.milli(1000 * self.max_w),
        "max_demand_w": lambda self: self.max_w,
        "max_demand_at": lambda self: self.max_at,
        "last_max_demand_w": lambda self: self.last_w,
        "last_max_demand_at": lambda self: self.last_at,
    }
    CODES = (
        ("840", "Max demand", _KNOWN, lambda self: "%d W" % self.max_w),
        ("841", "Max demand time", _KNOWN, lambda self: self._time(self.max_at)),
        ("842", "Last max demand", _LAST_KNOWN, lambda self: "%d W" % self.last_w),
        ("843", "Last demand time", _LAST_KNOWN, lambda self: self._time(self.last_at)),
    )


def _text(minutes):
    """Return a time, minutes since 1970, as "2026-10-31 14:30"."""
    day = minutes // 1440
    month = month_of(day)
    of_month = 1
    while month_of(day - of_month) == month:
        of_month += 1
    minute = minutes % 1440
    date = month // 12, month % 12 + 1, of_month, minute // 60, minute % 60
    return "%d-%02d-%02d %02d:%02d" % date
