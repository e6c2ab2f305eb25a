"""What the metering part measures at present. Unknown values are None and have no `known` bit."""

from meterbus import codes, registers

_GROUPS = (
    ("mv", codes.KNOWN_VOLTAGE),
    ("ma", codes.KNOWN_CURRENT),
    ("w_x10", codes.KNOWN_POWER),
    ("hz_x100", codes.KNOWN_FREQUENCY),
)


class _Nothing:
    """What is known before the board has measured; see firmware/drivers/reading.py."""

    number = fault = 0
    together = True
    mv = ma = neutral_ma = w_x10 = var_x10 = pf_x1000 = hz_x100 = None


class Metering:
    """A feature: see core.py. reading: the part's Reading (firmware/drivers/reading.py).

    exports: energy in the other direction is export; otherwise it is charged as imported energy.
    failed: the part has not measured for a minute or more (supply/unmeasured.py).
    """

    failed = False

    def __init__(self, meter):
        self.exports = meter.settings.number("export", 0, 0, 1)
        self.reading = _Nothing  # until the board has measured

    def known(self):
        """Return the bits of codes.KNOWN of what is measured."""
        bits = 0
        for name, bit in _GROUPS:
            if getattr(self.reading, name, None) is not None:
                bits |= bit
        return bits

    def power_w(self):
        """Return the active power in W, negative while energy is exported, or None."""
        tenths = self.reading.w_x10
        if tenths is None:
            return None
        return (tenths + 5) // 10

    def used_x10(self):
        """Return the power that is charged, 0.1 W, or None: both directions without `export`."""
        tenths = self.reading.w_x10
        return -tenths if tenths is not None and tenths < 0 and not self.exports else tenths

    def _mva(self):
        """Return the apparent power, mVA, or None."""
        mv, ma = self.reading.mv, self.reading.ma
        return None if mv is None or ma is None else mv * ma // 1000

    def _pf(self):
        """Return the power factor: the part's, or that of its values of the same time."""
        reading = self.reading
        tenths, pf = reading.w_x10, reading.pf_x1000
        if pf is None and tenths is not None and reading.together and self._mva():
            pf = min(1000, 100000 * abs(tenths) // self._mva())
        return registers.milli(pf, -1 if tenths and tenths < 0 else 1)

    def _power(self):
        return registers.milli(self.reading.w_x10, 100)

    REGISTERS = {
        "sdm_voltage": lambda self: registers.milli(self.reading.mv),
        "sdm_current": lambda self: registers.milli(self.reading.ma),
        "sdm_power": _power,
        "sdm_apparent": lambda self: registers.milli(self._mva()),
        "sdm_reactive": lambda self: registers.milli(self.reading.var_x10, 100),
        "sdm_pf": _pf,
        "sdm_sum_power": _power,
        "sdm_frequency": lambda self: registers.milli(self.reading.hz_x100, 10),
        "power_w": lambda self: max(0, (self.used_x10() + 5) // 10),  # unsigned
    }
    CODES = (
        ("807", "Voltage", codes.KNOWN_VOLTAGE, lambda self: _tenths(self.reading.mv, "V")),
        ("808", "Current", codes.KNOWN_CURRENT, lambda self: _tenths(self.reading.ma, "A")),
        ("814", "Power", codes.KNOWN_POWER, lambda self: "%d W" % self.power_w()),
    )


def _tenths(thousandths, unit):
    tenths = thousandths // 100
    return "%d.%d %s" % (tenths // 10, tenths % 10, unit)
