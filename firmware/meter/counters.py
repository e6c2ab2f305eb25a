"""Counters that survive a power failure: events and power failures."""

import struct

from meterbus import codes

from .store.slots import unpack

_RECORD = ">IH"
_MAX_FAILURES = 0xFFFF


class Counters:
    """A feature: see core.py.

    sequence: grows by one with every event, 0..2^32-1, then from 0 again.
    power_fail_count: starts but for the first one, 0..65535.
    """

    def __init__(self, _meter=None):
        self.sequence = 0
        self.power_fail_count = 0
        self.records = ((2, 1, self._pack, self._unpack),)

    def event(self):
        """Count an event."""
        self.sequence = self.sequence + 1 & 0xFFFFFFFF

    def power_failed(self):
        """Count a power failure."""
        self.power_fail_count = min(self.power_fail_count + 1, _MAX_FAILURES)

    def _pack(self, buf, at):
        struct.pack_into(_RECORD, buf, at, self.sequence, self.power_fail_count)
        return struct.calcsize(_RECORD)

    def _unpack(self, data, _version):
        values = unpack(_RECORD, data, (0, 0))
        self.sequence, self.power_fail_count = values

    REGISTERS = {
        "sequence": lambda self: self.sequence,
        "power_fail_count": lambda self: self.power_fail_count,
    }
    CODES = (
        ("809", "Power failures", codes.KNOWN_LEDGER, lambda self: "%d" % self.power_fail_count),
    )
