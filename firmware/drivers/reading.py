"""What a metering part measures, in integers.

The part keeps one Reading and changes its values in place: nothing is allocated while it measures.
None is the value of what the part cannot measure, or not now.
"""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


# fault: why the values are None that the part otherwise measures.
OK = const(0)
SILENT = const(1)  # it does not answer
DAMAGED = const(2)  # its answers are damaged
WRONG = const(3)  # it reports a fault of its own
IMPLAUSIBLE = const(4)  # whole answers with values that cannot be: see limits.py
STUCK = const(5)  # whole answers that do not follow the load


class Reading:
    """The values of now.

    mv: voltage, mV. ma: current, mA; neutral_ma: in the neutral wire, where it is measured.
    w_x10: active power, 0.1 W, negative while energy is exported. var_x10: reactive power, 0.1
    var. pf_x1000: power factor without sign, 0 to 1000. hz_x100: frequency, 0.01 Hz.
    number: of the measurement, modulo 2^16; another number means other values. fault: see above.
    together: voltage, current and power are of the same time.
    """

    together = True

    def __init__(self):
        self.number = 0
        self.fault = OK
        self.clear()

    def clear(self):
        """Forget all values: they are unknown."""
        self.mv = self.ma = self.neutral_ma = None
        self.w_x10 = self.var_x10 = self.pf_x1000 = self.hz_x100 = None

    def changed(self):
        """Note that the values are those of another measurement."""
        self.number = self.number + 1 & 0xFFFF

    def failed(self, fault):
        """Note a fault; all values are unknown from now on."""
        if fault != self.fault:
            self.fault = fault
            self.clear()
            self.changed()
