"""A meter with a load profile, a clock, and power cuts at every byte that it writes."""

import struct
from binascii import crc32

from meter_rig import meter

from meter import profile
from meter.busview import BusView

START = 1792843200  # 2026-10-24 12:00 UTC
OCTOBER_29 = 1793314800  # 2026-10-29 23:00 UTC
HALF_HOUR = 1800
# As in meterbus.descriptions, whose texts would take 30 KB of the heap; a test compares them.
FILE_EVENTS, FILE_PROFILE, FILE_DAYS, FILE_MONTHS = 1, 2, 3, 4
POWER_FAILED, CLOCK_SET, NO_TIME, OVERFLOW = 1, 2, 4, 8


_PAGE = 256


class Large:
    """A memory with the places of all rings; only pages that were written take heap.

    broken, unreadable: writes fail, reads fail. writes: how many there were. log: [(offset,
    bytes)] of them, if a list.
    """

    size = profile.END

    def __init__(self, other=None):
        self._pages = dict(other._pages) if other else {}
        self.broken = self.unreadable = False
        self.writes = 0
        self.log = None

    def read(self, offset, buf):
        if self.unreadable:
            raise OSError(5)
        done = 0
        while done < len(buf):
            page, at = divmod(offset + done, _PAGE)
            part = min(_PAGE - at, len(buf) - done)
            found = self._pages.get(page)
            buf[done : done + part] = found[at : at + part] if found else bytes(part)
            done += part

    def write(self, offset, buf):
        if self.broken:
            raise OSError(28)
        if offset + len(buf) > self.size:
            raise OSError(22)
        self.writes += 1
        if self.log is not None:
            self.log.append((offset, bytes(buf)))
        self.put(offset, buf)

    def put(self, offset, data):
        """Change bytes, as a write does; it is not counted."""
        done = 0
        while done < len(data):
            page, at = divmod(offset + done, _PAGE)
            part = min(_PAGE - at, len(data) - done)
            changed = bytearray(self._pages.get(page) or bytes(_PAGE))
            changed[at : at + part] = bytes(data[done : done + part])
            self._pages[page] = bytes(changed)
            done += part

    def blank(self, offset, size):
        """Return whether nothing was ever written to these bytes, at most a page."""
        return offset // _PAGE not in self._pages and (offset + size) // _PAGE not in self._pages

    def same(self, other):
        """Return whether two memories have the same bytes."""
        return self._pages == other._pages


class Rig:
    """A meter and its clock. unix: the time, None if it is unknown to the meter."""

    def __init__(self, memory=None, unix=START, **changes):
        self.memory = memory or Large()
        self.unix = unix
        self.settings = {"profile": 1, "features": "core"}
        self.settings.update(changes)
        self.start()

    def start(self):
        """Start the meter, as after a power failure."""
        self.meter = None  # the heap does not hold two
        self.meter = meter(self.memory, unix=lambda: self.unix, **self.settings)
        self.meter.elapsed(0, 0)

    def run(self, seconds, wh=0):
        """Use energy, then let time pass."""
        if wh:
            self.meter.pulses(wh)
        if self.unix is not None:
            self.unix += seconds
        self.meter.elapsed(1000 * seconds, 1000 * seconds)

    def file(self, number):
        """Yield the entries of a file, as the bus has them: bytes, those not there left out."""
        view = BusView(self.meter)
        entries, words, _ = self.meter.table("FILES")[number].FILES[number]
        out = bytearray(2 * words)
        for index in range(entries):
            assert view.read_file(number, index * words, words, out) == 0
            if any(byte != 0xFF for byte in out):
                yield bytes(out)
            elif number == FILE_PROFILE:
                return

    def newest_first(self):
        """Yield (interval, flags, Wh) of the profile."""
        for raw in self.file(FILE_PROFILE):
            _, interval, wh = struct.unpack(">IIH", raw)
            yield interval & 0xFFFFFF, interval >> 24, wh

    def profile(self):
        """Return the list of (interval, flags, Wh), the oldest first."""
        return list(reversed(list(self.newest_first())))

    def freezes(self, number):
        """Return {day or month: (energy_wh, credit_wh, interval, Wh, flags)} of a file."""
        found = {}
        for raw in self.file(number):
            day, energy_wh, credit_wh, interval, wh, flags = struct.unpack(">IIiIHH", raw)
            found[day] = (energy_wh, credit_wh, interval, wh, flags)
        return found


# (name, offset in the store, places, form without the CRC), as docs/meter.md has them
RINGS = (
    ("events", 2048, 128, ">IIBBH"),
    ("profile", 4096, 1680, ">IIH"),
    ("days", 27616, 62, ">IIiIHH"),
    ("months", 29104, 24, ">IIiIHH"),
)


def stored(memory):
    """Return {(ring, number): values} of the entries in a memory that are whole."""
    found = {}
    for name, start, places, form in RINGS:
        size = struct.calcsize(form)
        buf = bytearray(size + 4)
        for at in range(start, start + places * len(buf), len(buf)):
            if memory.blank(at, len(buf)):
                continue
            memory.read(at, buf)
            if struct.unpack_from(">I", buf, size)[0] == crc32(buf[:size]):
                values = struct.unpack_from(form, buf)
                found[name, values[0]] = values[1:]
    return found


class Cuts:
    """Power cuts at every byte of what a meter writes in a stretch of days.

    points: how many were tried; faults: what was found wrong, tuples.
    """

    def __init__(self, half_hours):
        self.points = 0
        self.faults = []
        self._writes = []  # (memory before, offset, bytes, time)
        rig = Rig(unix=OCTOBER_29)
        rig.meter.account.credit = 5000000
        for number in range(half_hours):
            for wh in (3, 11 * (number % 5 == 4)):
                before = Large(rig.memory)
                rig.memory.log = []
                rig.run(HALF_HOUR // 2, wh)
                for offset, data in rig.memory.log:
                    self._writes.append((before, offset, data, rig.unix))
                    before = Large(before)
                    before.put(offset, data)
        self._good = stored(rig.memory)  # of a life without a power failure
        self._turns = {}  # {the last entry of a day: [its freezes]}
        for key, values in self._good.items():
            day, half_hour = divmod(values[0] & 0xFFFFFF, 48)
            if key[0] == "profile" and half_hour == 47:
                self._turns[key] = [("days", day)]
                if day == 20757:  # October's last
                    self._turns[key].append(("months", 12 * 2026 + 9))

    def try_all(self, step=1):
        """Cut every write after 0, `step`, ... bytes, and compare what the next start finds."""
        for number, (before, offset, data, unix) in enumerate(self._writes):
            there = stored(before)
            last = None
            for size in range(number % step, len(data), step):
                self.points += 1
                torn = Large(before)
                torn.put(offset, data[:size])
                if not last or not torn.same(last):
                    for outage in (60, None, 7200):
                        self._boot(torn, unix, outage, there, (number, size, outage))
                last = torn

    def _boot(self, torn, unix, outage, there, where):
        rig = Rig(Large(torn), None if outage is None else unix + outage)
        found = stored(rig.memory)
        energy_wh = rig.meter.account.energy_wh
        if rig.meter.ledger.fault:
            self.faults.append(("ledger", rig.meter.ledger.fault, where))
        for key, values in there.items():
            if found.get(key) != values:
                self.faults.append(("lost", key, where))
        for key, freezes in self._turns.items():
            if found.get(key) == self._good[key]:  # the day has ended with this entry
                lost = [one for one in freezes if found.get(one) != self._good[one]]
                if lost:
                    self.faults.append(("not frozen", lost, where))
        new = {key: found[key] for key in found if key not in there}
        for (name, number), values in new.items():
            if name == "events" or self._good.get((name, number)) == values:
                continue
            # The interval in which the power failed has ended, or its day.
            if name == "profile":
                if not values[0] >> 24 & POWER_FAILED:
                    self.faults.append(("invented", number, where))
            elif values[0] != energy_wh or not values[-1] & POWER_FAILED:
                self.faults.append(("invented", name, number, where))
        total = sum([found[key][1] for key in found if key[0] == "profile"])
        if total > energy_wh or (outage != 60 and total != energy_wh):
            self.faults.append(("sum", total, energy_wh, where))
