"""Exported energy, in a meter with the setting "export": 1 and a part that has a direction."""

import struct

from meterbus import energy_rows, registers

from ..face.show import kwh
from ..store.slots import unpack

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_SAVE_WH = const(10)
_ENERGY_MASK = const(0xFFFFFFFF)
_RECORD = ">II"  # export_wh, remainder


class Export:
    """A feature: see core.py.

    export_wh: total exported, 0..2^32-1, then from 0 again. remainder: as that of the account.
    measured: the metering part has a direction, and export_wh is known.
    """

    def __init__(self, meter):
        self._meter = meter
        self._counts = meter.metering.exports
        self.measured = False
        self._unsaved_wh = 0
        self.records = ((18, 1, self._pack, self._unpack),)
        self._unpack(None, 0)
        if self._counts:
            energy_rows.add(energy_rows.EXPORT)

    def known(self):
        """Return EXPORT_KNOWN while the energy is counted and the ledger has it."""
        known = self._counts and self.measured and self._meter.ledger.loaded
        return energy_rows.EXPORT_KNOWN if known else 0

    def count(self, pulses):
        """Add the energy of exported pulses; the ledger is saved when time passes."""
        self.measured = True
        if not pulses or not self._counts:
            return
        thousandths = self.remainder + 1000 * pulses
        wh = thousandths // self._meter.pulses_per_kwh
        self.remainder = thousandths % self._meter.pulses_per_kwh
        self.export_wh = self.export_wh + wh & _ENERGY_MASK
        self._unsaved_wh += wh
        if self._unsaved_wh >= _SAVE_WH:
            self._meter.changed()

    def saved(self):
        """Note that the ledger has the energy."""
        self._unsaved_wh = 0

    def _pack(self, buf, at):
        struct.pack_into(_RECORD, buf, at, self.export_wh, self.remainder)
        return struct.calcsize(_RECORD) if self.export_wh or self.remainder else 0

    def _unpack(self, data, _version):
        self.export_wh, self.remainder = unpack(_RECORD, data, (0, 0))
        self.remainder %= self._meter.pulses_per_kwh  # a part with another constant was fitted

    def _total_kwh(self):
        """Return import and export together, as Eastron's meters have it."""
        return registers.milli(self._meter.account.energy_wh + self.export_wh)

    REGISTERS = {
        "sdm_export": lambda self: registers.milli(self.export_wh),
        "sdm_total": _total_kwh,
        "export_wh": lambda self: self.export_wh,
    }
    CODES = (("852", "Exported", energy_rows.EXPORT_KNOWN, lambda self: kwh(self.export_wh)),)
