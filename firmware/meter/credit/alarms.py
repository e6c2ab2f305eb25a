"""Alarms of a low credit: two levels. The second one may open the supply once, for attention."""

from meterbus import codes

from ..face.signals import LOW_CREDIT


class Alarms:
    """A feature: see core.py. level: 0, 1 (low) or 2 (lower); unknown credit raises none."""

    def __init__(self, meter):
        self._meter = meter
        number = meter.settings.number
        self._levels = (
            number("low_credit_wh", 5000, 0, 1000000),
            number("lower_credit_wh", 1000, 0, 1000000),
        )
        self._opens = number("lower_credit_opens", 0, 0, 1)
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
        for limit in self._levels:
            if account.credit < limit:
                level += 1
        before, self.level = self.level, level
        if before is None or level == before:
            return  # at the start the level is not an event
        if level > before:
            meter.events.note(codes.EVENT_LOW_CREDIT, level, 2)
            meter.signals.play(LOW_CREDIT)
            if level == len(self._levels) and self._opens:
                meter.supply.waits = True
        elif self._opens:
            meter.supply.waits = False
            meter.changed()
