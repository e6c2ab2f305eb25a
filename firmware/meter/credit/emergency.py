"""Emergency credit: used once when there is none, by a key, and paid back by the next tokens."""

from meterbus import codes

from ..face.show import kwh


class Emergency:
    """A feature: see core.py. used: it was taken since there was credit last."""

    def __init__(self, meter):
        self._meter = meter
        self._wh = meter.settings.number("emergency_wh", 0, 0, 1000000)
        self.used = False
        self.records = ((13, 1, self._pack, self._unpack),)

    def pressed(self):
        """Take the emergency credit, if there is no other and it was not used."""
        if self.used or not self._wh or self._meter.account.credit_wh > 0:
            return False
        self._set(True)
        self._meter.events.note(codes.EVENT_EMERGENCY, self._wh // 10, False)
        self._meter.panel.show("Emergency", kwh(self._wh))
        return True

    def emergency(self):
        """Take it by a long press; return (label, text) for the display."""
        if self.pressed():
            return "Emergency", kwh(self._wh)
        if not self._wh:
            return "Emergency", "Not supported"
        return "Emergency", "Used" if self.used else "Not taken"

    def tick(self, _supply_ms, _real_ms):
        """Make it available again once what was used of it is paid back."""
        if self.used and self._meter.account.credit_wh > 0:
            self._set(False)
            self._meter.changed()

    def _set(self, used):
        self.used = used
        self._meter.account.reserve_wh = self._wh if used else 0

    def _pack(self, buf, at):
        buf[at] = 1
        return 1 if self.used else 0

    def _unpack(self, data, _version):
        if data is not None and data != b"\1":
            raise ValueError("emergency credit")
        self._set(data is not None)
