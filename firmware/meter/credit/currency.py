"""Credit in a currency: each Wh is charged by the meter's own prices. Integers only.

Loaded instead of account.py's feature by a meter with a setting that begins with "currency".
Prices are in 1e-5 of the currency unit per kWh, as tokens have their amounts, so a Wh costs a
whole number of 1e-8: credit in 1e-8 is exact, and nothing is rounded.

A Wh costs the price of the rate that counts when it is counted (energy/tariffs.py). Without
tariffs, that is the first price; while the rate is unknown, that of "tariff_no_time".
"""

import struct

from meterbus import codes, energy_rows
from sts_portable import amount, results

from ..store.slots import unpack
from . import prices
from .account import Account as EnergyAccount

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_RATES = const(4)
_PER_UNIT = const(1000)  # 1e-8 in the 1e-5 of tokens and settings
_MOST = 10**17  # the credit and the debt that a meter counts: 1e9 of the currency unit
_MOST_PRICE = 0xFFFFFFFF
_MOST_LIMIT = 10**14
_PLACES = const(5)
_DAY_MIN = const(1440)
_MINUTE_MS = const(60000)
_WRAP = 0xFFFFFFFF
_ELECTRICITY = (4, 0xFFFF)  # registers of ClearCredit that this meter has
_RECORD = ">IIqIH"  # energy_wh, remainder, credit, last_field, minutes


class Account(EnergyAccount):
    """The account of a currency meter. A feature: see core.py.

    credit, reserve: in 1e-8 of the currency unit. prices: of the rates 1 to 4, in 1e-5 per kWh,
    which is 1e-8 per Wh; None if they cannot be used: such a meter is not configured, takes no
    token and charges nothing. daily: the charge for a day, in 1e-5.
    last_field: the amount of the last credit token, as the token has it.
    """

    NOT_WH = energy_rows.NOT_ENERGY

    def __init__(self, meter):
        settings = meter.settings
        self._meter = meter
        meter.features.pop()  # that of energy, which its base class is
        # A meter that counts energy needs no heap for what is different here.
        self._report, meter.report = meter.report, self.report
        self._number, settings.number = settings.number, self._amount
        self._no_time = settings.number("tariff_no_time", 1, 1, _RATES)
        self.daily = settings.number("currency_daily", 0, 0, _MOST_PRICE)
        self._places = settings.number("currency_decimals", 2, 0, _PLACES)
        self.currency = prices.currency_of(settings)
        self.prices = prices.prices_of(settings)
        self.crc = prices.checksum(self.currency, self.prices, self.daily)
        if self.crc != settings.given.get("currency_crc"):
            settings.note("currency_crc")
            self.prices = None
        self._ms = 0
        super().__init__(meter)
        self.records = ((1, 2, self._pack, self._unpack),)
        energy_rows.add(energy_rows.MONEY)

    def _pack(self, buf, at):
        values = self.energy_wh, self.remainder, self.credit, self.last_field, self.minutes
        struct.pack_into(_RECORD, buf, at, *values)
        return struct.calcsize(_RECORD)

    def _unpack(self, data, version):
        """Take over the record. A meter that counted energy keeps its register, and a debt is
        charged at the first price; credit in kWh cannot be taken over."""
        if version == 1 and data is not None:
            values = unpack(">IIiI", data, None)
            wh = values[2]
            if wh > 0 or (wh and not self.prices):
                raise ValueError("credit in kWh")
            values = values[0], values[1], wh and wh * self.prices[0], 0, 0
        else:
            values = unpack(_RECORD, data, (0, 0, 0, 0, 0))
        self.energy_wh, self.remainder, self.credit, self.last_field, self.minutes = values
        self.remainder %= self.pulses_per_kwh

    def known(self):
        """Return MONEY_KNOWN while credit and prices can be read."""
        return energy_rows.MONEY_KNOWN if self._ledger.loaded and self.prices else 0

    def rate(self):
        """Return the rate that counts now, 1 to 4."""
        tariffs = getattr(self._meter, "tariffs", None)
        if tariffs is None:
            return 1
        if not tariffs.rate:
            tariffs.tick(0, 0)  # it has not looked yet, and this energy has a rate there too
        return tariffs.rate or self._no_time

    def price(self):
        """Return what a Wh costs now, in 1e-8."""
        return self.prices[self.rate() - 1] if self.prices else 0

    def count(self, pulses):
        """Add the energy of `pulses` and take its price off the credit; return the Wh counted."""
        price = self.price()
        thousandths = self.remainder + 1000 * pulses
        wh = thousandths // self.pulses_per_kwh
        self.remainder = thousandths % self.pulses_per_kwh
        self.energy_wh = self.energy_wh + wh & _WRAP
        self._charge(wh * price)
        return wh

    def _charge(self, amount):
        self.credit = max(-_MOST, self.credit - amount)

    def tick(self, supply_ms, _real_ms):
        """Let supply time pass: charge for each day of it."""
        if not self.daily or not self.prices or not self._ledger.loaded:
            return
        self._ms += supply_ms
        if self._ms < _MINUTE_MS:
            return
        self.minutes += self._ms // _MINUTE_MS
        self._ms %= _MINUTE_MS
        while self.minutes >= _DAY_MIN:
            self.minutes -= _DAY_MIN
            self._charge(self.daily * _PER_UNIT)
            self._meter.changed()

    def pulses_left(self):
        """Return how many pulses use up the credit; see account.py."""
        price = self.price()
        if not price or not self.enforced():
            return self.pulses_per_kwh
        left_wh = -(-(self.credit + self.reserve) // price)
        if left_wh > 1000:
            return self.pulses_per_kwh
        return max(0, (left_wh * self.pulses_per_kwh - self.remainder + 999) // 1000)

    def report(self):
        """Return the meter's report with the credit in money; see core.py."""
        found = self._report()
        credit_wh, found["credit_wh"] = found["credit_wh"], None
        found["currency"] = self.currency
        found["credit_money"] = None if credit_wh is None else self.units()
        return found

    def units(self):
        """Return the credit in 1e-5 of the currency unit, rounded down."""
        return self.credit // _PER_UNIT

    def cost(self, wh, days):
        """Return what `wh` used in `days` cost at the mean price of all energy that the meter has
        counted, in 1e-8; 0 if the prices are unknown."""
        if not self.prices:
            return 0
        return self.daily * _PER_UNIT * days + wh * self._mean_price()

    def _mean_price(self):
        tariffs = getattr(self._meter, "tariffs", None)
        known = tariffs and tariffs.known()
        used = [tariffs.energy_wh(rate) for rate in range(1, _RATES + 1)] if known else ()
        if not sum(used):
            return self.price()
        return sum([self.prices[at] * used[at] for at in range(_RATES)]) // sum(used)

    def _amount(self, name, default, low, high):
        """Return settings.number() of a name; of one in Wh, the amount of money in the setting
        that ends with "_money" in its place, by default what those Wh cost at the first price."""
        settings = self._meter.settings
        if name[-3:] != "_wh":
            return self._number(name, default, low, high)
        if name in settings.given:
            settings.note(name)
        name = name[:-2] + "money"
        if name not in settings.given:
            return default * self.prices[0] if self.prices else 0
        return self._number(name, 0, 0, _MOST_LIMIT) * _PER_UNIT

    def text(self, amount):
        """Return an amount of credit as a text, cut to the currency's decimals."""
        return prices.in_currency(amount, self._places, self.currency)

    def exact(self):
        """Return the credit as a text with all decimals that tokens have."""
        return prices.in_currency(self.credit, _PLACES, self.currency)

    def _plain(self, units):
        return prices.plain(units, self._places, self.currency)

    def _per_kwh(self, price):
        """Return a price as a text; without the unit of energy if there is no room for it."""
        text = self._plain(price)
        return text + "/kWh" if len(text) <= 12 else text

    def entity(self):
        """Return what the credit is in Home Assistant's discovery; see local/discovery.py."""
        return (("device_class", "monetary"), ("unit_of_measurement", self.currency))

    def _last(self):
        return self._plain(amount.decode_currency(self.last_field))

    def _money_token(self, token):
        units = amount.decode_currency(token.value)
        credit = self.credit + units * _PER_UNIT
        if credit < -_MOST or (units > 0 and credit > (self.most or _MOST)):
            return results.OVERFLOW_ERROR, ""
        self.credit = credit
        self.last_field = token.value
        return results.ACCEPT, ("+" if units >= 0 else "") + self.text(units * _PER_UNIT)

    def _clear_token(self, token):
        if token.value not in _ELECTRICITY:
            return results.RANGE_ERROR, ""
        self.clear()
        return results.ACCEPT, "Credit cleared"

    TOKENS = {0x04: _money_token, 0x21: _clear_token}
    REGISTERS = dict(EnergyAccount.REGISTERS)
    REGISTERS.update(
        {
            "credit": lambda self: self.NOT_WH,
            "credit_money": units,
            "currency": lambda self: self.currency,
            "price_now": lambda self: self.price(),
            "price_1": lambda self: self.prices[0],
            "price_2": lambda self: self.prices[1],
            "price_3": lambda self: self.prices[2],
            "price_4": lambda self: self.prices[3],
            "daily_charge": lambda self: self.daily,
            "prices_crc": lambda self: self.crc,
        }
    )
    CODES = (
        ("801", "Credit", codes.KNOWN_LEDGER, exact),
        ("817", "Last amount", codes.KNOWN_LEDGER, _last),
        ("823", "Price", energy_rows.MONEY_KNOWN, lambda self: self._per_kwh(self.price())),
        ("824", "Daily charge", energy_rows.MONEY_KNOWN, lambda self: self._plain(self.daily)),
        ("835", "T1", energy_rows.MONEY_KNOWN, lambda self: self._per_kwh(self.prices[0])),
        ("836", "T2", energy_rows.MONEY_KNOWN, lambda self: self._per_kwh(self.prices[1])),
        ("837", "T3", energy_rows.MONEY_KNOWN, lambda self: self._per_kwh(self.prices[2])),
        ("838", "T4", energy_rows.MONEY_KNOWN, lambda self: self._per_kwh(self.prices[3])),
        EnergyAccount.CODES[2],
    )
