"""Tariffs: the imported energy by rate, which a table of local times selects.

The setting "tariffs" is a list of switches [days, minute, rate]: bits of days, 1 is Monday; the
minute of the local day; the rate, 1 to 4, from then on. While the time is unknown, the energy is
that of the rate "tariff_no_time"; so is what the meter had counted before it had tariffs.

The stored sums are those at the last switch; what was used since is the difference to the energy
register, so that at every point the rates together are the register. The sums are written after
the ledger that has their energy: a power cut in between makes the next start switch again.
"""

import struct
from array import array

from meterbus import energy_rows

from ..face.show import kwh
from ..settings import is_whole
from ..store import pair

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_RATES = const(4)
_MOST_SWITCHES = const(16)
_PLACE = const(1664)  # of two entries in the store, behind the ledger's slots
_SIZE = const(26)
_VERSION = const(1)
_FORM = ">IBB4I"  # number, version, rate, sums
_DAY_MIN = const(1440)
_WEEK_MIN = const(10080)
_DAYS = const(127)
_THURSDAY = const(3)  # 1970-01-01, Monday is 0
_MINUTE_MS = const(60000)
_WRAP = 0xFFFFFFFF


class Tariffs:
    """A feature: see core.py.

    rate: the one that counts, 1 to 4; 0 until the store was read, or if it cannot be used.
    """

    def __init__(self, meter):
        self._meter = meter
        number = meter.settings.number
        self._switches = _switches(meter.settings)
        self._no_time = number("tariff_no_time", 1, 1, _RATES)
        self._offset_min = number("utc_offset_min", 0, -_DAY_MIN, _DAY_MIN)
        self.rate = 0
        self._sums = [0] * _RATES
        self._number = 0  # of the newest entry
        self._entry = bytearray(_SIZE)
        self._unread = True
        self._unwritten = False
        self._left_ms = 0  # until the time is looked at
        energy_rows.add(energy_rows.TARIFFS)

    def known(self):
        """Return TARIFFS_KNOWN while the sums are those of the ledger's energy."""
        known = self.rate and self._meter.ledger.loaded
        return energy_rows.TARIFFS_KNOWN if known else 0

    def energy_wh(self, rate):
        """Return the energy of a rate, 0..2^32-1, then from 0 again."""
        wh = self._sums[rate - 1]
        if rate == self.rate:
            wh += self._meter.account.energy_wh - sum(self._sums)
        return wh & _WRAP

    def clock_set(self):
        """Note that the clock was set."""
        self._left_ms = 0

    def tick(self, _supply_ms, real_ms):
        """Let real time pass: look at the clock at each minute."""
        self._left_ms -= real_ms
        if self._left_ms <= 0 and self._meter.ledger.loaded:
            self._look()

    def _look(self):
        if self._unread:
            self._unread = False
            self._load()
        unix = self._meter.unix()
        self._left_ms = _MINUTE_MS
        rate = self._no_time
        if unix is not None:
            self._left_ms -= 1000 * (unix % 60)
            rate = self._rate_at(unix // 60 + self._offset_min)
        if self.rate and rate != self.rate:
            self._sums[self.rate - 1] = self.energy_wh(self.rate)
            self.rate = rate
            self._unwritten = True
            self._meter.changed()

    def _rate_at(self, minutes):
        """Return the rate of the last switch before a local time, minutes since 1970."""
        now = (minutes + _THURSDAY * _DAY_MIN) % _WEEK_MIN
        rate, least = self._no_time, _WEEK_MIN
        switches = self._switches
        for at in range(0, len(switches), 2):
            for day in range(7):
                if switches[at] >> day & 1:
                    since = (now - day * _DAY_MIN - switches[at + 1]) % _WEEK_MIN
                    if since < least:
                        rate, least = 1 + (switches[at] >> 7), since
        return rate

    def _load(self):
        """Take over the newest entry; begin where there is none, or one of another ledger."""
        try:
            self._number = pair.newest(self._meter.store, _PLACE, self._entry)
        except OSError:
            return
        energy_wh = self._meter.account.energy_wh
        if self._number:
            found = struct.unpack(_FORM, self._entry[:-4])
            if found[1] != _VERSION or not 1 <= found[2] <= _RATES:
                return  # of a newer firmware: it is left alone
            if energy_wh - sum(found[3:]) & _WRAP < 1 << 31:
                self.rate, self._sums = found[2], list(found[3:])
                return
        self.rate = self._no_time
        self._sums = [0] * _RATES
        self._sums[self.rate - 1] = energy_wh
        self._unwritten = True
        self._meter.changed()

    def saved(self):
        """Write the sums, if they are not there; again with the next ledger where that fails."""
        if not self._unwritten:
            return
        values = [self._number + 1, _VERSION, self.rate]
        struct.pack_into(_FORM, self._entry, 0, *(values + self._sums))
        try:
            pair.save(self._meter.store, _PLACE, self._entry)
        except OSError:
            return
        self._number += 1
        self._unwritten = False

    REGISTERS = {
        "tariff_1_wh": lambda self: self.energy_wh(1),
        "tariff_2_wh": lambda self: self.energy_wh(2),
        "tariff_3_wh": lambda self: self.energy_wh(3),
        "tariff_4_wh": lambda self: self.energy_wh(4),
        "tariff_now": lambda self: self.rate,
    }
    CODES = (
        ("830", "Tariff", energy_rows.TARIFFS_KNOWN, lambda self: "T%d" % self.rate),
        ("831", "T1", energy_rows.TARIFFS_KNOWN, lambda self: kwh(self.energy_wh(1))),
        ("832", "T2", energy_rows.TARIFFS_KNOWN, lambda self: kwh(self.energy_wh(2))),
        ("833", "T3", energy_rows.TARIFFS_KNOWN, lambda self: kwh(self.energy_wh(3))),
        ("834", "T4", energy_rows.TARIFFS_KNOWN, lambda self: kwh(self.energy_wh(4))),
    )


def _switches(settings):
    """Return pairs (days | (rate - 1) << 7, minute) of the setting; note one that is wrong."""
    found = array("H")
    given = settings.given.get("tariffs")
    good = isinstance(given, list) and 1 <= len(given) <= _MOST_SWITCHES
    for row in given if good else ():
        good = good and isinstance(row, list) and len(row) == 3
        if not (
            good
            and is_whole(row[0], 1, _DAYS)
            and is_whole(row[1], 0, _DAY_MIN - 1)
            and is_whole(row[2], 1, _RATES)
        ):
            good = False
            break
        found.append(row[0] | (row[2] - 1) << 7)
        found.append(row[1])
    if not good:
        settings.note("tariffs")
        return array("H")
    return found
