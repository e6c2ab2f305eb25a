"""Alarms of a low credit: two levels. The second one may open the supply once, for attention."""

from meterbus import codes
from runtime import overlay

from ..face.signals import LOW_CREDIT

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_LEVELS = const(2)  # the first of the values; the next one: whether the second level opens


class Alarms:
    """A feature: see core.py. level: 0, 1 (low) or 2 (lower); unknown credit raises none."""

    def __init__(self, meter):
        self._meter = meter
        self.values = overlay.call("meterbus.parameters", "load", meter.settings, "alarms")
        self.level = None  # until it is known whether the credit is low

    def status(self):
        """Return the bits of codes.STATUS that are set."""
        return codes.STATUS_LOW_CREDIT if self.level else 0

    def tick(self, _supply_ms, _real_ms):
        """Compare the credit with the levels."""
        account, meter = self._meter.account, self._meter
        if not meter.ledger.loaded or not account.enforced():
            self.level = None
            return
        level = 0
        for at in range(_LEVELS):
            if account.credit < self.values[at]:
                level += 1
        before, self.level = self.level, level
        if before is None or level == before:
            return  # at the start the level is not an event
        if level > before:
            meter.events.note(codes.EVENT_LOW_CREDIT, level, 2)
            meter.signals.play(LOW_CREDIT)
            if level == _LEVELS and self.values[_LEVELS]:
                meter.supply.waits = True
        elif self.values[_LEVELS]:
            meter.supply.waits = False
            meter.changed()
