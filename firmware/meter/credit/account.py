"""Energy and credit, in Wh and integers. Names as in COSEM Account and Credit (111, 112)."""

import struct

from meterbus import codes, registers
from sts_portable import amount, results

from ..face.show import kwh, kwh_exact
from ..store.slots import unpack

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


MAX_CREDIT_WH = const(0x7FFFFFFF)  # what the ledger's field and the s32 register hold
MIN_CREDIT_WH = -0x80000000
_ENERGY_MASK = const(0xFFFFFFFF)
_WH_PER_TENTH = const(100)  # a tenth of a kWh
_ELECTRICITY = (0, 0xFFFF)  # registers of ClearCredit that this meter has
_RECORD = ">IIiI"  # energy_wh, remainder, credit_wh, last_amount


class Account:
    """The electricity registers. A feature: see core.py. currency.py has that of a meter whose
    credit is money: other features use what both have, and no unit.

    energy_wh: total imported, 0..2^32-1, then from 0 again.
    credit: what is left, Wh; negative when energy flowed with none.
    reserve: of emergency credit that may be used, in the unit of the credit.
    currency: of the credit, "" where it is energy.
    remainder: pulses that are not a whole Wh yet, in 1/1000 pulse, 0..pulses_per_kwh-1.
    last_amount: of the last credit token, in 0.1 kWh.
    """

    currency = ""
    NOT_WH = 0  # the credit for fields that have it in Wh, if it is not in Wh
    text = staticmethod(kwh)  # of an amount of credit

    def __init__(self, meter):
        self.pulses_per_kwh = meter.pulses_per_kwh
        self._ledger = meter.ledger
        self.prepaid = None  # 0 postpaid, 1 or None prepaid: a flag of a token
        self.friendly = False  # no disconnection now
        self.reserve = 0
        # Of the credit after a token, 0 none; the ledger's field is a limit besides.
        self.most = meter.settings.number("maximum_credit_wh", 0, 0, MAX_CREDIT_WH)
        self.records = ((1, 1, self._pack, self._unpack),)
        self._unpack(None, 0)

    def _pack(self, buf, at):
        values = self.energy_wh, self.remainder, self.credit, self.last_amount
        struct.pack_into(_RECORD, buf, at, *values)
        return struct.calcsize(_RECORD)

    def _unpack(self, data, _version):
        values = unpack(_RECORD, data, (0, 0, 0, 0))
        self.energy_wh, self.remainder, self.credit, self.last_amount = values
        self.remainder %= self.pulses_per_kwh  # a metering part with another constant was fitted

    def open_reasons(self):
        """Return NO_CREDIT if there is none; an unknown credit is not "none"."""
        if not self._ledger.loaded or not self.enforced():
            return 0
        return codes.NO_CREDIT if self.credit <= -self.reserve else 0

    def enforced(self):
        """Return whether the supply is to open when the credit is gone."""
        return self.prepaid != 0 and not self.friendly

    def count(self, pulses):
        """Add the energy of `pulses` and take it off the credit; return the Wh counted."""
        per_kwh = self.pulses_per_kwh
        thousandths = self.remainder + 1000 * pulses
        wh = thousandths // per_kwh
        self.remainder = thousandths % per_kwh
        energy_wh = self.energy_wh + wh
        credit = self.credit - wh
        # The limits themselves are objects of the heap, and slow.
        self.energy_wh = energy_wh if energy_wh >> 30 < 4 else energy_wh & _ENERGY_MASK
        self.credit = credit if credit >> 30 >= -2 else MIN_CREDIT_WH
        return wh

    def pulses_left(self):
        """Return how many pulses use up the credit, rounded up; 0 if there is none. No more than
        those of a kWh, which small integers hold."""
        left_wh = self.credit + self.reserve
        if left_wh > 1000 or not self.enforced():
            return self.pulses_per_kwh
        thousandths = left_wh * self.pulses_per_kwh - self.remainder
        return max(0, (thousandths + 999) // 1000)

    def has_room(self, wh):
        """Return False if crediting `wh` would overflow the register or the maximum credit."""
        return self.credit + wh <= (self.most or MAX_CREDIT_WH)

    def clear(self):
        """Remove the credit that is left (ClearCredit); a debt stays."""
        self.credit = min(self.credit, 0)

    def exact(self):
        """Return the credit as a text with all its decimals."""
        return kwh_exact(self.credit)

    def _kwh(self):
        return registers.milli(self.energy_wh)

    def _credit_token(self, token):
        tenths = amount.decode(token.value)
        wh = tenths * _WH_PER_TENTH
        if not self.has_room(wh):
            return results.OVERFLOW_ERROR, ""
        self.credit += wh
        self.last_amount = tenths
        return results.ACCEPT, "+" + _tenths(tenths)

    def _clear_token(self, token):
        if token.value not in _ELECTRICITY:
            return results.RANGE_ERROR, ""
        self.clear()
        return results.ACCEPT, "Credit cleared"

    TOKENS = {0x00: _credit_token, 0x21: _clear_token}
    REGISTERS = {
        "sdm_import": _kwh,
        "sdm_total": _kwh,
        "energy_wh": lambda self: self.energy_wh,
        "credit": lambda self: self.credit // 10,
    }
    CODES = (
        ("801", "Credit", codes.KNOWN_LEDGER, exact),
        ("817", "Last amount", codes.KNOWN_LEDGER, lambda self: _tenths(self.last_amount)),
        ("851", "Total", codes.KNOWN_LEDGER, lambda self: kwh(self.energy_wh)),
    )


def _tenths(tenths):
    return "%d.%d kWh" % (tenths // 10, tenths % 10)
