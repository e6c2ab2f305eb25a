"""The load profile: the energy of each half hour, and freezes of each day and month.

Intervals are those of UTC; one is its number, half hours since 1970. While the time is unknown
they have no number (NO_TIME) and last half an hour each. An interval that has no entry is unknown.

An interval ends with one write of the ledger, which has its energy and number; its entry and the
freezes are written after that, and again at the next start if power was cut before the entry was
there. Three rings of the store, see store/ring.py:

profile     35 days: number of the entry u32, flags u8, interval u24, Wh u16
days        62: the local day, days since 1970 u32, energy_wh u32, credit_wh s32, the interval with
            the most energy u32 with its flags (all ones: unknown), its Wh u16, flags u16
months      24: the same; its number is 12 * year + month - 1

A freeze is made when the first interval of another day or month begins; its flags are that
interval's. Where a day ends twice, because the clock was set back, the later freeze remains.
"""

import struct

from .months import month_of
from .store import ring
from .store.slots import unpack

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_HALF_HOUR_S = const(1800)
_ENTRIES = const(1680)
_PROFILE = (4096, _ENTRIES)  # behind the events
_DAYS = (27616, 62)
_MONTHS = (29104, 24)
END = const(29680)  # of the last ring in the store
_FORM = ">IIH"  # entry, interval with flags, Wh
_SIZE = const(14)
_WORDS = const(5)  # registers of an entry on the bus: all but its CRC
_FREEZE = ">IIiIHH"  # day or month, energy_wh, credit_wh, interval with flags, Wh, flags
_FREEZE_SIZE = const(24)
_FREEZE_WORDS = const(10)
_RECORD = ">IIHIIHH"
_FLAGS = const(24)  # the bit where they begin
_INTERVAL = const(0xFFFFFF)
_MAX_WH = const(0xFFFF)
_WRAP = 0xFFFFFFFF
# Flags, and files of the bus: meterbus/descriptions.py
_POWER_FAILED = const(1)
_CLOCK_SET = const(2)
_NO_TIME = const(4)
_OVERFLOW = const(8)
_PROFILE_FILE = const(2)
_DAYS_FILE = const(3)
_MONTHS_FILE = const(4)
_A_DAY_AND_MORE = const(60)  # entries: restarts and the clock add some


class Profile:
    """A feature: see core.py.

    sequence: the number of the newest entry, from 1 on; 0 if there is none.
    """

    def __init__(self, meter):
        number = meter.settings.number
        number("profile", 1, 1, 1)
        self._offset_s = 60 * number("utc_offset_min", 0, -1440, 1440)
        self._meter = meter
        self._left_ms = 0  # until the time is looked at
        self._moved = _POWER_FAILED  # flags of what has happened since
        self._unwritten = False  # the newest entry is not in its ring
        self._entry = bytearray(_SIZE)
        self._freeze = bytearray(_FREEZE_SIZE)
        self.records = ((17, 1, self._pack, self._unpack),)

    def _pack(self, buf, at):
        entry = self.sequence, self._last, self._last_wh
        now = self._now, self._start_wh, self._day, self._ended
        struct.pack_into(_RECORD, buf, at, *(entry + now))
        return struct.calcsize(_RECORD)

    def _unpack(self, data, _version):
        """Take over the state.

        _last, _last_wh: the newest entry. _now, _start_wh: the interval that runs, and the energy
        at its beginning. _day: the local day of the newest interval with a number, 0 for none.
        _ended: the day whose freeze is made with the newest entry, 0 for none.
        """
        store, entry = self._meter.store, self._entry
        values = unpack(_RECORD, data, None)
        newest = 0
        try:
            if values is None:  # there may be entries of a ledger that was lost
                newest = _newest(store, entry)
            elif values[1]:
                self._unwritten = not ring.load(store, _PROFILE, values[0], entry)
        except OSError:
            pass
        if values is None:
            energy_wh = self._meter.account.energy_wh
            values = newest, 0, 0, _with_flags(0, 0), energy_wh, 0, 0
        self.sequence, self._last, self._last_wh = values[:3]
        self._now, self._start_wh, self._day, self._ended = values[3:]

    def clock_set(self):
        """Note that the clock was set, by more than it may be wrong."""
        self._left_ms = 0
        self._moved |= _CLOCK_SET

    def tick(self, supply_ms, _real_ms):
        """Let supply time pass. Nothing is allocated unless an interval ends."""
        self._left_ms -= supply_ms
        if self._left_ms <= 0 and self._meter.ledger.loaded:
            self._look()

    def _look(self):
        """Compare the time with the interval that runs."""
        unix = self._meter.unix()
        number, left_s = 0, _HALF_HOUR_S
        if unix is not None:
            number = unix // _HALF_HOUR_S
            left_s -= unix % _HALF_HOUR_S
        self._left_ms = 1000 * left_s
        flags, self._moved = self._moved, 0
        before = self._now & _INTERVAL
        if number and number == before:
            if flags:
                self._now |= flags << _FLAGS
                self._meter.changed()
            return
        if number != (before and before + 1) and not flags:
            flags = _CLOCK_SET
        self._end(number, flags)

    def _end(self, number, flags):
        """End the interval that runs, and begin the next one."""
        energy_wh = self._meter.account.energy_wh
        wh = energy_wh - self._start_wh & _WRAP
        ended = self._now | flags << _FLAGS
        day = number and self._day_of(number)
        turned = self._day and day and day != self._day
        # One of unknown length without energy and time tells nothing.
        if wh or turned or ended & _INTERVAL or ended == _NO_TIME << _FLAGS:
            if wh > _MAX_WH:
                ended |= _OVERFLOW << _FLAGS
            self.sequence += 1
            self._last, self._last_wh = ended, min(wh, _MAX_WH)
            self._ended = self._day if turned else 0
            self._unwritten = True
        self._now, self._start_wh = _with_flags(number, flags), energy_wh
        self._day = day or self._day
        self._meter.changed()

    def _day_of(self, number):
        return (number * _HALF_HOUR_S + self._offset_s) // 86400

    def saved(self):
        """Write the freezes and the newest entry, unless they are there."""
        if not self._unwritten:
            return
        self._unwritten = False
        try:
            if self._ended:
                self._freeze_day()
            struct.pack_into(_FORM, self._entry, 0, self.sequence, self._last, self._last_wh)
            ring.save(self._meter.store, _PROFILE, self._entry)
        except OSError:
            pass  # a memory that fails loses an entry, and nothing else

    def _freeze_day(self):
        """Write the freeze of the day that has ended, and that of its month if it has, too."""
        day = self._ended
        most = self._most_of(day)
        self._write(_DAYS, day, most)
        month = month_of(day)
        if month == month_of(self._day):
            return
        for earlier in range(day - 31, day):
            if month_of(earlier) == month:
                if ring.load(self._meter.store, _DAYS, earlier, self._freeze):
                    _, _, _, interval, wh, _ = struct.unpack_from(_FREEZE, self._freeze)
                    if interval != _WRAP and (most is None or wh > most[0]):
                        most = wh, interval
        self._write(_MONTHS, month, most)

    def _most_of(self, day):
        """Return (Wh, interval with flags) of the greatest entry of a day, None if it has none."""
        most = None
        interval, wh = self._last, self._last_wh
        for back in range(1, _A_DAY_AND_MORE):
            number = interval & _INTERVAL
            if number:
                if self._day_of(number) != day:
                    break
                if most is None or wh >= most[0]:
                    most = wh, interval
            if not ring.load(self._meter.store, _PROFILE, self.sequence - back, self._entry):
                break
            _, interval, wh = struct.unpack_from(_FORM, self._entry)
        return most

    def _write(self, place, number, most):
        wh, interval = most or (_MAX_WH, _WRAP)
        credit_wh = self._meter.account.NOT_WH or self._meter.account.credit
        values = number, self._start_wh, credit_wh, interval, wh, self._now >> _FLAGS
        struct.pack_into(_FREEZE, self._freeze, 0, *values)
        ring.save(self._meter.store, place, self._freeze)

    def _file(self, index, buf):
        """Read an entry for the bus, 0 is the newest; see core.py."""
        number = self.sequence - index
        return number > 0 and ring.load(self._meter.store, _PROFILE, number, buf)

    FILES = {
        _PROFILE_FILE: (_ENTRIES, _WORDS, _file),
        _DAYS_FILE: (
            _DAYS[1],
            _FREEZE_WORDS,
            lambda self, index, buf: ring.at(self._meter.store, _DAYS, index, buf) is not None,
        ),
        _MONTHS_FILE: (
            _MONTHS[1],
            _FREEZE_WORDS,
            lambda self, index, buf: ring.at(self._meter.store, _MONTHS, index, buf) is not None,
        ),
    }


def _newest(store, buf):
    """Return the greatest number in the profile, 0 if there is no entry."""
    best = 0
    for place in range(_ENTRIES):
        best = max(best, ring.at(store, _PROFILE, place, buf) or 0)
    return best


def _with_flags(number, flags):
    """Return an interval as it is stored; 0 is one without time."""
    return number | (flags if number else flags | _NO_TIME) << _FLAGS
