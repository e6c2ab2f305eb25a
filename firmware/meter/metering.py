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
    mv = ma = neutral_ma = w_x10 = var_x10 = pf_x1000 = hz_x100 = None


class Metering:
    """A feature: see core.py. reading: the part's Reading (firmware/drivers/reading.py)."""

    def __init__(self, _meter=None):
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

    REGISTERS = {
        "sdm_voltage": lambda self: registers.milli(self.reading.mv),
        "sdm_current": lambda self: registers.milli(self.reading.ma),
        "sdm_power": lambda self: registers.milli(100 * self.reading.w_x10),
        "sdm_frequency": lambda self: registers.milli(10 * self.reading.hz_x100),
        "power_w": lambda self: max(0, self.power_w()),  # unsigned: power that is imported
    }
    CODES = (
        ("807", "Voltage", codes.KNOWN_VOLTAGE, lambda self: _tenths(self.reading.mv, "V")),
        ("808", "Current", codes.KNOWN_CURRENT, lambda self: _tenths(self.reading.ma, "A")),
        ("814", "Power", codes.KNOWN_POWER, lambda self: "%d W" % self.power_w()),
    )


def _tenths(thousandths, unit):
    tenths = thousandths // 100
    return "%d.%d %s" % (tenths // 10, tenths % 10, unit)
