"""What the metering part measures at present. Unknown values are None and have no `known` bit."""

from meterbus import codes, registers

_GROUPS = (
    codes.KNOWN_VOLTAGE,
    codes.KNOWN_CURRENT,
    codes.KNOWN_POWER,
    codes.KNOWN_FREQUENCY,
)


class Reading:
    """A feature: see core.py. values: (mV, mA, W, Hz * 100), None if unknown."""

    def __init__(self, _meter=None):
        self.values = (None, None, None, None)

    def known(self):
        """Return the bits of codes.KNOWN of what is measured."""
        bits = 0
        for i in range(len(_GROUPS)):
            if self.values[i] is not None:
                bits |= _GROUPS[i]
        return bits

    def power_w(self):
        """Return the active power in W, or None."""
        return self.values[2]

    REGISTERS = {
        "sdm_voltage": lambda self: registers.milli(self.values[0]),
        "sdm_current": lambda self: registers.milli(self.values[1]),
        "sdm_power": power_w,
        "sdm_frequency": lambda self: registers.milli(10 * self.values[3]),
        "power_w": power_w,
    }
    CODES = (
        ("807", "Voltage", codes.KNOWN_VOLTAGE, lambda self: _tenths(self.values[0], "V")),
        ("808", "Current", codes.KNOWN_CURRENT, lambda self: _tenths(self.values[1], "A")),
        ("814", "Power", codes.KNOWN_POWER, lambda self: "%d W" % self.values[2]),
    )


def _tenths(thousandths, unit):
    tenths = thousandths // 100
    return "%d.%d %s" % (tenths // 10, tenths % 10, unit)
