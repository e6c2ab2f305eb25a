"""The event log: what happened, with a sequence number and a time, in a ring of the store.

An entry is written after the ledger that has its number: where power is cut between the two, the
number is used and its entry is missing. An entry of 16 bytes: sequence u32, UTC seconds u32 (0
unknown), code u8 of codes, 0, data u16, CRC-32 of these. The place of a sequence is fixed.
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
_RECORD = ">IH"
_SEQUENCES = const(0xFFFFFFFF)
_MAX_FAILURES = const(0xFFFF)
# Events that a person or a wire can cause at will are bounded, so that none wears the memory out.
_BURST = const(40)
_ONE_MORE_MS = const(120000)


class Events:
    """A feature: see core.py.

    sequence: of the newest event; grows by one, 0..2^32-1, then from 0 again.
    power_fail_count: starts but for the first one, 0..65535.
    noted: there are events since the ledger was saved.
    """

    def __init__(self, meter):
        self._meter = meter
        self.sequence = 0
        self.power_fail_count = 0
        self.noted = False
        self._waiting = bytearray(_WAITING * ENTRY)
        self._count = 0  # of them
        self._room = _BURST
        self._room_ms = 0
        self._dropped = 0
        self.records = ((2, 1, self._pack, self._unpack),)

    def note(self, code, data=0, bounded=True):
        """Note an event: code is of codes, data 0 to 65535. It is written with the next save.

        bounded: it may be dropped where too many came; how many is an event of its own. Return
        False if it was.
        """
        if bounded:
            if not self._room:
                self._dropped = min(self._dropped + 1, 0xFFFF)
                return False
            self._room -= 1
        self.sequence = self.sequence + 1 & _SEQUENCES
        self.noted = True
        if self._count < _WAITING:
            at = self._count * ENTRY
            unix = self._meter.unix() or 0
            struct.pack_into(_FORM, self._waiting, at, self.sequence, unix, code, 0, data)
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
        return self.sequence != before

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
        if self._room == _BURST:
            return
        self._room_ms += real_ms
        if self._room_ms >= _ONE_MORE_MS:
            self._room_ms = 0
            self._room += 1
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self.note(codes.EVENT_DROPPED, dropped)

    def _pack(self, buf, at):
        struct.pack_into(_RECORD, buf, at, self.sequence, self.power_fail_count)
        return struct.calcsize(_RECORD)

    def _unpack(self, data, _version):
        self.sequence, self.power_fail_count = unpack(_RECORD, data, (0, 0))

    REGISTERS = {
        "sequence": lambda self: self.sequence,
        "power_fail_count": lambda self: self.power_fail_count,
    }
    FILES = {_FILE: (ENTRIES, _WORDS, _file)}
    CODES = (
        ("809", "Power failures", codes.KNOWN_LEDGER, lambda self: "%d" % self.power_fail_count),
    )
