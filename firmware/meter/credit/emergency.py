"""Emergency credit: used once when there is none, by a key, and paid back by the next tokens.

It is not taken where it cannot help: while the supply is not open for want of credit, or also for
something else, or a debt (of friendly hours) is as great.
"""

from meterbus import codes

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_MONEY_EVENT = const(34)  # EVENT_EMERGENCY_MONEY of meterbus/energy_rows.py
_MONEY_UNIT = 10**8  # of a credit in money: the currency unit


class Emergency:
    """A feature: see core.py. used: it was taken since there was credit last."""

    def __init__(self, meter):
        self._meter = meter
        self._amount = meter.settings.number("emergency_wh", 0, 0, 1000000)
        self.used = False
        self._told = 0  # the reasons for which it was refused last
        self.records = ((13, 1, self._pack, self._unpack),)

    def pressed(self):
        """Take the emergency credit, if there is no other and it was not used; True if the
        display has an answer. A refusal is told once: the key has other uses."""
        account, amount = self._meter.account, self._amount
        if self.used or not amount or account.credit > 0:
            return False
        reasons = self._reasons()
        if reasons != codes.NO_CREDIT or account.credit <= -amount:
            told, self._told = self._told, reasons
            if reasons in (0, told):
                return False
            self._meter.panel.show(*self._refusal())
            return True
        self._told = 0
        self._set(True)
        event, noted = codes.EVENT_EMERGENCY, amount // 10
        if account.currency:
            event, noted = _MONEY_EVENT, min(amount // _MONEY_UNIT, 0xFFFF)
        self._meter.events.note(event, noted, False)
        self._meter.panel.show("Emergency", account.text(amount))
        return True

    def emergency(self):
        """Take it by a long press; return (label, text) for the display."""
        if self.pressed() and self.used:
            return "Emergency", self._meter.account.text(self._amount)
        if not self._amount:
            return "Emergency", "Not supported"
        if self.used:
            return "Emergency", "Used"
        return self._refusal()

    def _reasons(self):
        meter = self._meter
        unstored = codes.LEDGER_FAULT if meter.ledger.failing else 0
        return meter.supply.reasons & ~codes.KEY_AWAITED | unstored

    def _refusal(self):
        if self._reasons() & ~codes.NO_CREDIT:
            return "No emergency", self._meter.why_not()
        return "Emergency", "Not taken"

    def tick(self, _supply_ms, _real_ms):
        """Make it available again once what was used of it is paid back."""
        if self.used and self._meter.account.credit > 0:
            self._set(False)
            self._meter.changed()

    def _set(self, used):
        self.used = used
        self._meter.account.reserve = self._amount if used else 0

    def _pack(self, buf, at):
        buf[at] = 1
        return 1 if self.used else 0

    def _unpack(self, data, _version):
        if data is not None and data != b"\1":
            raise ValueError("emergency credit")
        self._set(data is not None)
