"""The event log: what happened, with a sequence number and a time, in a ring of the store.

An entry is written after the ledger that has its number: where power is cut between the two, the
number is used and its entry is missing. An entry of 16 bytes: sequence u32, UTC seconds u32 (0
unknown), code u8 of codes, count u8, data u16, CRC-32 of these. The place of a sequence is fixed.

What a person or a wire can cause again and again must not push the rest out of the ring. Such
events have 32 places, and one more for each other event. When these are used up, the newest entry,
which is one of them, is written over, and its count grows. The count of other events is 0.
"""

import struct

from meterbus import codes

from .store import ring
from .store.slots import unpack

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


START = const(2048)  # in the store
ENTRIES = const(128)
ENTRY = const(16)
_FORM = ">IIBBH"
_RING = (START, ENTRIES)
_FILE = const(1)  # of the bus: meterbus/descriptions.py
_WORDS = const(6)  # registers of an entry on the bus: all but its CRC
_WAITING = const(8)  # entries that are not written yet, at most
_RECORD = ">IHBB"  # sequence, power_fail_count, places, repeats
_OLD_RECORD = ">IH"
_REPEATED_WAITING = const(4)  # the rest of those that wait is for others
_MOST_PLACES = const(32)
_SEQUENCES = const(0xFFFFFFFF)
_MAX_FAILURES = const(0xFFFF)
# Events that a person or a wire can cause at will are bounded, so that none wears the memory out.
_BURST = const(40)
_ONE_MORE_MS = const(120000)


class Events:
    """A feature: see core.py.

    sequence: of the newest event; grows by one, 0..2^32-1, then from 0 again.
    power_fail_count: starts but for the first one, 0..65535.
    noted: there are events since the ledger was saved. happened: there was one since the supply
    was judged, dropped or not.
    """

    ONCE = ("follow", "power_failed")  # see runtime/overlay.py

    def __init__(self, meter):
        self._meter = meter
        self._unpack(None, 0)
        self.noted = self.happened = False
        self._waiting = bytearray(_WAITING * ENTRY)
        self._count = 0  # of them
        self._room = bytearray((_BURST, _BURST))  # of bounded 1 and 2
        self._room_ms = 0
        self._dropped = 0
        self.records = ((2, 2, self._pack, self._unpack),)

    def note(self, code, data=0, bounded=1):
        """Note an event: code is of codes, data 0 to 65535. It is written with the next save.

        bounded: 1, it can be repeated at will, and may be dropped where too many came; how many is
        an event of its own. 2: so too, but by itself, and with room of its own. 0: never dropped.
        Return False if it was.
        """
        self.happened = True
        if bounded:
            room = self._room
            crowded = bounded == 1 and self._count >= _REPEATED_WAITING
            if crowded or not room[bounded - 1]:
                self._dropped = min(self._dropped + 1, 0xFFFF)
                return False
            room[bounded - 1] -= 1
        count = 0
        if bounded != 1:
            self._places = min(self._places + 1, _MOST_PLACES)
        elif self._places:
            self._places -= 1
            count = 1
        else:
            count = min(self._repeats + 1, 255)
        self._repeats = count
        if count < 2:
            self.sequence = self.sequence + 1 & _SEQUENCES
        self.noted = True
        if self._count < _WAITING:
            at = self._count * ENTRY
            unix = self._meter.unix() or 0
            struct.pack_into(_FORM, self._waiting, at, self.sequence, unix, code, count, data)
            self._count += 1
        return True

    def forget(self):
        """Forget the events since the ledger was saved: what they are about was undone."""
        self._count = 0
        self.noted = False

    def power_failed(self):
        """Count a power failure."""
        self.power_fail_count = min(self.power_fail_count + 1, _MAX_FAILURES)

    def follow(self, store):
        """Set the sequence after the newest entry; return whether the ledger is older."""
        buf = bytearray(ENTRY)
        before = self.sequence
        try:
            for _ in range(_WAITING):
                following = self.sequence + 1 & _SEQUENCES
                if not ring.load(store, _RING, following, buf):
                    break
                self.sequence = following
        except OSError:
            pass  # of a log that cannot be read, the ledger's number is the newest
        if self.sequence == before:
            return False
        self._places = max(self._places, 1)  # the newest entry may be of any event
        return True

    def saved(self):
        """Write the entries that wait. A memory that fails loses them, and nothing else."""
        self.noted = False
        view = memoryview(self._waiting)
        for number in range(self._count):
            try:
                ring.save(self._meter.store, _RING, view[number * ENTRY : (number + 1) * ENTRY])
            except OSError:
                break
        self._count = 0

    def entry(self, sequence):
        """Return (unix, code, data) of an event, unix None if the time was unknown; or None if the
        log does not have it any more."""
        buf = bytearray(ENTRY)
        try:
            if not ring.load(self._meter.store, _RING, sequence, buf):
                return None
        except OSError:
            return None
        _, unix, code, _, data = struct.unpack_from(_FORM, buf)
        return unix or None, code, data

    def _file(self, index, buf):
        """Read an entry for the bus, 0 is the newest; see core.py. An unknown time is all ones."""
        if not ring.load(self._meter.store, _RING, self.sequence - index & _SEQUENCES, buf):
            return False
        if not any(buf[4:8]):
            buf[4:8] = b"\xff\xff\xff\xff"
        return True

    def tick(self, _supply_ms, real_ms):
        """Let real time pass: there is room for more events."""
        room = self._room
        if room[0] + room[1] == 2 * _BURST:
            return
        self._room_ms += real_ms
        if self._room_ms >= _ONE_MORE_MS:
            self._room_ms = 0
            for at in (0, 1):
                room[at] = min(room[at] + 1, _BURST)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self.note(codes.EVENT_DROPPED, dropped)

    def _pack(self, buf, at):
        values = self.sequence, self.power_fail_count, self._places, self._repeats
        struct.pack_into(_RECORD, buf, at, *values)
        return struct.calcsize(_RECORD)

    def _unpack(self, data, version):
        """Take over the state. _places: that repeated events have. _repeats: count of the newest
        entry."""
        values = unpack(_OLD_RECORD if version == 1 else _RECORD, data, (0, 0))
        self.sequence, self.power_fail_count = values[:2]
        self._places, self._repeats = values[2:] or (_MOST_PLACES, 0)

    REGISTERS = {
        "sequence": lambda self: self.sequence,
        "power_fail_count": lambda self: self.power_fail_count,
    }
    FILES = {_FILE: (ENTRIES, _WORDS, _file)}
    CODES = (
        ("809", "Power failures", codes.KNOWN_LEDGER, lambda self: "%d" % self.power_fail_count),
    )
