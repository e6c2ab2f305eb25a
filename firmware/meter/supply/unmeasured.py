"""A metering part that does not measure, or answers nonsense: an alarm, then an open supply.

Energy that nobody counts is free, so the supply opens after some minutes, and closes when the part
measures again. Whether it is open for that is kept over power cuts. It is a feature of meters with
a chip: pulses (S0) cannot tell a part that is gone from no load.
"""

from meterbus import codes

from ..face.panel import ALARM

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_FAULT_MS = const(60000)  # of supply time
_MINUTE_MS = const(60000)
_LONGEST_MS = const(1 << 29)


class Unmeasured:
    """A feature: see core.py."""

    def __init__(self, meter):
        self._meter = meter
        self._opens_ms = _MINUTE_MS * meter.settings.number("metering_opens_min", 10, 0, 1440)
        self._open = False
        self._fault_ms = 0
        self.records = ((19, 1, self._pack, self._unpack),)

    def open_reasons(self):
        """Return NOT_MEASURED if the supply is to open because nothing measures it."""
        return codes.NOT_MEASURED if self._open and self._opens_ms else 0

    def status(self):
        """Return the bits of codes.STATUS that are set."""
        return codes.STATUS_METERING_FAULT if self._meter.metering.failed else 0

    def tick(self, supply_ms, _real_ms):
        """Let supply time pass: note a part that does not measure, and one that does again."""
        meter = self._meter
        metering = meter.metering
        fault = metering.reading.fault
        if not fault:
            self._fault_ms = 0
            if metering.failed:
                self._note(fault)
            if self._open and metering.reading.w_x10 is not None:
                self._open = False
                meter.changed()
            return
        self._fault_ms = min(self._fault_ms + supply_ms, _LONGEST_MS)
        if not metering.failed and self._fault_ms >= _FAULT_MS:
            self._note(fault)
            what = "%s E%d" % (meter.words.text("Not measured"), fault)
            meter.panel.show("Meter fault", what, ALARM)
        if self._opens_ms and not self._open and self._fault_ms >= self._opens_ms:
            self._open = True
            meter.changed()

    def _note(self, fault):
        self._meter.metering.failed = fault != 0
        self._meter.events.note(codes.EVENT_METERING_FAULT, fault, 2)

    def _pack(self, buf, at):
        buf[at] = 1
        return 1 if self._open else 0

    def _unpack(self, data, _version):
        self._open = bool(data and data[0])
