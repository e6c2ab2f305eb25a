"""Energy and credit, in Wh and integers. Names as in COSEM Account and Credit (111, 112)."""

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


MAX_CREDIT_WH = const(0x7FFFFFFF)  # what the ledger's field and the s32 register hold
MIN_CREDIT_WH = -0x80000000
_ENERGY_MASK = const(0xFFFFFFFF)


class Account:
    """The electricity registers.

    energy_wh: total imported, 0..2^32-1, then from 0 again.
    credit_wh: what is left; negative when energy flowed with none.
    remainder: pulses that are not a whole Wh yet, in 1/1000 pulse, 0..pulses_per_kwh-1.
    """

    def __init__(self, pulses_per_kwh):
        self.pulses_per_kwh = pulses_per_kwh
        self.energy_wh = 0
        self.credit_wh = 0
        self.remainder = 0

    def count(self, pulses):
        """Energy of `pulses` has flowed: energy goes up and credit down. The Wh counted."""
        thousandths = self.remainder + 1000 * pulses
        wh = thousandths // self.pulses_per_kwh
        self.remainder = thousandths % self.pulses_per_kwh
        self.energy_wh = self.energy_wh + wh & _ENERGY_MASK
        self.credit_wh = max(MIN_CREDIT_WH, self.credit_wh - wh)
        return wh

    def pulses_left(self):
        """How many pulses use up the credit, rounded up; 0 if there is none."""
        thousandths = self.credit_wh * self.pulses_per_kwh - self.remainder
        return max(0, (thousandths + 999) // 1000)

    def has_room(self, wh):
        """False if crediting `wh` would overflow the register (OverflowError of the token)."""
        return self.credit_wh + wh <= MAX_CREDIT_WH

    def credit(self, wh):
        """Add bought energy. Ask has_room first."""
        self.credit_wh += wh

    def clear(self):
        """ClearCredit: what is left is taken; a debt stays."""
        self.credit_wh = min(self.credit_wh, 0)
